/* lru.h - a bounded table of counted immutable objects, found by the digest of what they came from.
 *
 * Because a key names content, an entry never becomes wrong: it only leaves when the bytes are
 * needed for another, the least recently used first. Threads: all functions any thread. */
#pragma once

#include <stddef.h>

#include "core/cleanup.h"
#include "core/layer.h"

struct vx_lru;

struct vx_lru_ops {
	void *(*ref)(void *value); /* one more reference, the value itself */
	void (*put)(void *value);
};

struct vx_lru_key {
	unsigned char id[VX_BLOB_ID_BYTES];
	unsigned char kind; /* what was made of the content, the caller's numbering */
};

/* A table that holds values weighing at most @max_bytes together. NULL when out of memory. */
struct vx_lru *vx_lru_new(size_t max_bytes, const struct vx_lru_ops *ops);
void vx_lru_free(struct vx_lru *l); /* NULL is a no-op; puts every value */
VX_DEFINE_AUTO(struct vx_lru *, vx_lru_free);

/* The value at @key with a reference for the caller, or NULL. */
void *vx_lru_get(struct vx_lru *l, const struct vx_lru_key *key);

/* Keep @value, which weighs @bytes. If the key has one already that one stays. A value that is too
 * heavy, or for which there is no memory, is not kept: that is no error. The caller's reference is
 * taken over; the answer is the value to use, with a reference for the caller. */
void *vx_lru_add(struct vx_lru *l, const struct vx_lru_key *key, void *value, size_t bytes);
