/* placeholder.h - `${key}` and `${key:default}` in values and in plain text.
 *
 * The rules are section 6 of docs/composition.md. Every placeholder is looked up in one merged
 * tree; nothing else is ever consulted. Time is linear in the texts and the results: each value is
 * resolved once, and what is put in place of placeholders is bounded altogether. */
#pragma once

#include "core/arena.h"
#include "core/bytes.h"
#include "core/error.h"
#include "core/value.h"

/* One resolved value, and what resolving may add to one plain file. */
#define VX_RESULT_BYTES ((size_t)1 << 20)
/* All that is put in place of placeholders in one tree: 16 results of the largest size. */
#define VX_RESOLVED_BYTES ((size_t)16 << 20)
/* References and nested braces that are followed at once; each takes a few hundred bytes of stack.
 */
#define VX_PLACEHOLDER_DEPTH 128

/* Resolve all strings of the tree @root in place; new texts live in @a. After a failure the tree
 * is resolved in part.
 * 0, -ELOOP (err: "placeholders form a cycle: a -> b -> a"), -E2BIG over one of the bounds above,
 * -ENOMEM. */
int vx_placeholders_resolve(struct vx_arena *a, struct vx_value *root, struct vx_error *err);

/* Resolve the text @in of @n bytes against the resolved tree @root. Any thread.
 * 0 and *ret (put it), -E2BIG over a bound, -ENOMEM. */
int vx_placeholders_text(const struct vx_value *root, const char *in, size_t n,
                         struct vx_bytes **ret, struct vx_error *err);
