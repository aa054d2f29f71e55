/* merge.h - laying one document over the tree of the documents below it.
 *
 * The rules are 4.4 to 4.10 of docs/composition.md. A merged value has an origin, and in `hidden`
 * the chain of values that it replaced, newest first. */
#pragma once

#include <stdbool.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/value.h"

/* Deeper than any document that parses; what comes otherwise (overrides) is held to it, too. */
#define VX_MERGE_DEPTH 128

/* The document that is laid over the tree. */
struct vx_merge_source {
	const struct vx_origin *origin; /* of all its values; lives as long as the tree */
	bool borrowed; /* the document lives as long as the tree, which then shares its texts */
};

/* Lay the map @doc over the map @into, whose values live in @a. After a failure @into holds a part.
 * 0, -E2BIG deeper than VX_MERGE_DEPTH, -ENOMEM. */
int vx_merge(struct vx_arena *a, struct vx_value *into, const struct vx_value *doc,
             const struct vx_merge_source *from, struct vx_error *err);

/* The same for one key of a document: lay @child over what @into has at the segment @key. */
int vx_merge_key(struct vx_arena *a, struct vx_value *into, const char *key,
                 const struct vx_value *child, const struct vx_merge_source *from,
                 struct vx_error *err);
