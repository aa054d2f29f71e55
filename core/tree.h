/* tree.h - building the tree of one document from keys as their author wrote them.
 *
 * Keys like `a.b[0].c` are split here and nowhere else (rules 4.1 and 4.2 of docs/composition.md);
 * what is put later meets what was put before by the rules for one document (4.5 to 4.9). */
#pragma once

#include <stdint.h>

#include "core/docs.h"
#include "core/error.h"
#include "core/value.h"

/* One step of a path: a name, or the position in a list. */
struct vx_step {
	const char *name; /* inside the key; NULL: the element @index */
	size_t len;
	uint32_t index;
};

/* What is left of a key that is being split. */
struct vx_key {
	const char *at, *end;
	bool started;
};

/* Take the next step of @k, which begins as {key, key + length, false}. @max is the largest index.
 * 1 and *ret; 0 at the end; -EBADMSG an empty segment or a NUL; -E2BIG an index above @max. */
int vx_key_next(struct vx_key *k, uint32_t max, struct vx_step *ret, struct vx_error *err);

/* What the documents of one file share while they are built: begins as {arena, limits, 0, 0}. */
struct vx_tree {
	struct vx_arena *arena; /* of the values; texts of what is put must live in it, too */
	const struct vx_doc_limits *limits;
	size_t values;     /* made so far, in all documents of the file */
	size_t text_bytes; /* of their keys and texts, each time that they stand somewhere */
};

/* Lay what @raw says at @key below @root, the map under construction. Maps in @raw have literal
 * keys, which are split as well. @line is that of the key. After a failure @root holds a part.
 * 0, -EBADMSG not a key, -E2BIG over a limit (err begins with "line N: "), -ENOMEM. */
int vx_tree_put(struct vx_tree *t, struct vx_value *root, const char *key, size_t len,
                const struct vx_value *raw, uint32_t line, struct vx_error *err);

/* Finish @root: elements that no key set become null. 0 or -ENOMEM. */
int vx_tree_finish(struct vx_tree *t, struct vx_value *root);
