/* side.h - the words of a question: coordinates, sides, revisions, cursors, patterns of keys.
 *
 * Pure: no catalog, no clock, nothing that blocks. The grammar is that of docs/api.md. Errors are
 * -EINVAL or -ENAMETOOLONG with a sentence that quotes the word, or -ENOMEM. Threads: any. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/coords.h"
#include "core/error.h"
#include "core/snapshot.h"

/* Which of the configurations at some coordinates is meant. */
enum vx_side_kind {
	VX_SIDE_SERVED,
	VX_SIDE_HEAD,    /* @head */
	VX_SIDE_NUMBER,  /* @17 */
	VX_SIDE_VERSION, /* @<32 hex digits> */
	VX_SIDE_REVISION /* @rev:[BACKEND:]REVISION */
};

struct vx_side {
	struct vx_coords *at;
	enum vx_side_kind kind;
	uint64_t number;
	char version[VX_VERSION_DIGITS + 1]; /* lower case */
	char *backend;                       /* NULL: the only one that has revisions */
	char *revision;
	char *text; /* as it is shown: the coordinates' text, and "/@..." where there is a moment */
};

/* "app/profile[,profile][/label][/@moment]"; with @base (nullable) also "@moment" alone, which is
 * that of its coordinates. A moment begins at the first "/@". 0 and *ret (fini it). */
int vx_side_parse(const char *text, const struct vx_coords *base, struct vx_side *ret,
                  struct vx_error *err);
void vx_side_fini(struct vx_side *s);

/* "app/profile[,profile][/label]". 0 and *ret (free it). */
int vx_at_parse(const char *text, struct vx_coords **ret, struct vx_error *err);

/* "[BACKEND:]REVISION". 0 and both (the caller frees them); *ret_backend NULL where it is left out.
 * A revision is a name of the backend's own and has the rules of a label. */
int vx_revision_parse(const char *text, char **ret_backend, char **ret_revision,
                      struct vx_error *err);

/* A place in a walk over all configurations: "app/profile[/label][#key]": what comes after that
 * configuration, or, with a key, after that key of it. 0, *ret_at (free it) and *ret_key (borrowed
 * from @text; NULL: none). */
int vx_place_parse(const char *text, struct vx_coords **ret_at, const char **ret_key,
                   struct vx_error *err);

/* A decimal number from @min to @max that is called @name. */
int vx_count_parse(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *ret,
                   struct vx_error *err);

/* Whether the flat key @key is @at or stands below it: "a.b" and "a[0]" below "a". */
bool vx_key_below(const char *key, const char *at);

/* `*` in @pattern stands for any characters, also none; everything else for itself. */
bool vx_star_match(const char *pattern, const char *text);
