/* case_file.h - the composition cases of one *.case file (the format: README.md). */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"

#define CASE_BACKENDS_MAX 4
#define CASE_INPUTS_MAX 32
#define CASE_WANTS_MAX 8

struct case_backend {
	const char *name;
	long priority;
	const char *search_paths; /* "a,b", or NULL */
	const char *labels;       /* NULL: the backend's default */
};

struct case_input {
	size_t backend; /* index in the case's backends */
	const char *path;
	const char *bytes;
	size_t len;
};

struct case_want {
	const char *kind;     /* "json", "error" ... */
	const char *argument; /* what follows on the line; "" nothing */
	const char *bytes;    /* the block, escapes resolved where the kind asks for it */
	size_t len;
};

struct a_case {
	const char *name;
	const char *rule;
	const char *app;
	const char *profiles;
	const char *label; /* NULL: none */
	const char *overrides;
	bool any_application; /* tree.unknown_application: shared */
	bool any_profile;     /* tree.unknown_profile: base */
	size_t n_backends, n_inputs, n_wants;
	struct case_backend backend[CASE_BACKENDS_MAX];
	struct case_input input[CASE_INPUTS_MAX];
	struct case_want want[CASE_WANTS_MAX];
	struct a_case *next;
};

/* All cases of the file at @path, in @arena. A file that breaks the format ends the program with a
 * sentence: it is a mistake of whoever wrote it. */
struct a_case *case_file_read(struct vx_arena *arena, const char *path);
