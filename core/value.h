/* value.h - the value tree: what a document says and what a snapshot is made of.
 *
 * A value has a type of its own and, beside it, perhaps children (the keys below it): a plain map
 * has the type VX_MAP; a scalar that is also a map (`org.x: W` beside `org.x.y: E`) has the
 * scalar's type and children. Keys here are single segments: `a.b: 1` and `a: {b: 1}` build the
 * same tree. A scalar keeps the text that its author wrote beside its type.
 *
 * Everything lives in one arena and is immutable once its document or snapshot is finished; then
 * any thread may read it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"

enum vx_type { VX_MAP, VX_NULL, VX_BOOL, VX_INT, VX_FLOAT, VX_STRING, VX_LIST };

/* Where a value came from. One an applied document; shared by all its values. */
struct vx_origin {
	const char *backend;  /* settings name, e.g. "repo"; "overrides" for tree.overrides */
	const char *path;     /* inside the backend, e.g. "payment-prod.yml" */
	const char *revision; /* of the backend when it was read; may be "" */
	uint32_t rank;        /* position in the precedence of the snapshot, 0 lowest */
};

struct vx_entry {
	const char *key; /* one segment, NUL-terminated, not empty */
	struct vx_value *value;
};

struct vx_value {
	enum vx_type type;
	uint32_t line;    /* 1-based in its document; 0 unknown */
	const char *text; /* scalars: len bytes of UTF-8 and a NUL; VX_NULL: as written, maybe "" */
	size_t len;
	struct vx_value **items; /* VX_LIST: n_items values */
	size_t n_items;
	struct vx_entry *entries; /* children in order of first appearance */
	size_t n_entries;
	size_t cap_entries;
	uint32_t *index; /* open addressing over entries, once there are many; value.c only */
	size_t n_index;
	const struct vx_origin *origin; /* in a snapshot; NULL in a document */
	const struct vx_value *hidden;  /* in a snapshot: what this value overrode, newest first */
};

/* All of these return NULL when out of memory. */
struct vx_value *vx_value_new(struct vx_arena *a, enum vx_type type, uint32_t line);
struct vx_value *vx_value_scalar(struct vx_arena *a, enum vx_type type, const char *text,
                                 size_t len, uint32_t line);

/* The child of @v at the one segment @key, or NULL. O(1) in large maps. */
struct vx_value *vx_value_child(const struct vx_value *v, const char *key, size_t key_len);

/* Put @child under @key (copied into @a), replacing in place or appending. false: out of memory. */
bool vx_value_set(struct vx_arena *a, struct vx_value *v, const char *key, size_t key_len,
                  struct vx_value *child);

/* Remove the entry at @key and keep the order of the rest; false if there was none. */
bool vx_value_remove(struct vx_value *v, const char *key, size_t key_len);

/* The value at a dotted path with list indices, "server.ports[0].name"; "" is @v. NULL: none. */
const struct vx_value *vx_value_find(const struct vx_value *v, const char *path);

/* The name of a type for messages: "map", "null", "bool", "int", "float", "string", "list". */
const char *vx_type_name(enum vx_type type);
