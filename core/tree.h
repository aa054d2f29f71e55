/* tree.h - building the tree of one document from keys as their author wrote them (core/key.h).
 *
 * What is put later meets what was put before by the rules for one document (rules 4.5 to 4.9 of
 * docs/composition.md). */
#pragma once

#include <stdint.h>

#include "core/docs.h"
#include "core/error.h"
#include "core/value.h"

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
