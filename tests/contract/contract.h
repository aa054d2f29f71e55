/* contract.h - what a backend brings to the contract test: a source that the cases can write to.
 *
 * One program a backend: contract.c, and one file that defines `vx_fixture`. A new backend adds its
 * file and one line in tests.cmake. Functions of a fixture end the test when they fail. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct vx_contract_file {
	const char *path;
	const char *text; /* NULL: remove it */
};

struct vx_fixture {
	const char *name;
	bool labels;  /* labels other than the default are kept, and unknown ones refused */
	bool history; /* old revisions can be read and listed */
	bool pushes;  /* tells of changes at once */

	/* A new source without any file. The state is handed to all the others. */
	void *(*setup)(void);
	void (*teardown)(void *state);
	/* The entry in `backends`, one "key: value" a line; the caller frees. */
	char *(*settings)(void *state);
	/* Write @n files at @label (NULL: the default) as one change. */
	void (*put)(void *state, const char *label, const struct vx_contract_file *files, size_t n);
	/* Make the source unreachable, and reachable again. */
	void (*away)(void *state, bool away);
};

extern const struct vx_fixture vx_fixture;

/* For fixtures: a new folder below $TMPDIR, and its removal; run a command, which must succeed. */
char *vx_contract_folder(void); /* the caller frees */
void vx_contract_remove(const char *folder);
void vx_contract_run(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
