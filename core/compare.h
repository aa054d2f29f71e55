/* compare.h - what differs between two snapshots, key by key: one pure function behind diff,
 * guards, audit and previews. */
#pragma once

#include "core/arena.h"
#include "core/snapshot.h"

enum vx_change_kind {
	VX_KEY_ADDED,
	VX_KEY_REMOVED,
	VX_KEY_CHANGED,       /* same type, other text */
	VX_KEY_TYPE_CHANGED,  /* also a scalar that became a map, and back */
	VX_KEY_ORIGIN_CHANGED /* same value from another backend, path or line */
};

struct vx_change {
	enum vx_change_kind kind;
	const char *key;          /* flat, "server.ports[0]" */
	const struct vx_value *a; /* NULL when added */
	const struct vx_value *b; /* NULL when removed */
};

/* All changes from @a to @b (either may be NULL: empty), by key in byte order, in @arena; a plain
 * file counts as the key "file:<name>" with NULL values. 0 or -ENOMEM. */
int vx_compare(const struct vx_snapshot *a, const struct vx_snapshot *b, struct vx_arena *arena,
               struct vx_change **ret, size_t *ret_n);
