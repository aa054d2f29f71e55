/* bytes.h - immutable counted bytes: what is rendered once and then shared by every reader. */
#pragma once

#include <stdatomic.h>
#include <stddef.h>

#include "core/cleanup.h"

struct vx_bytes {
	atomic_size_t refs;
	size_t len;
	char data[]; /* len bytes and a NUL that is not counted */
};

/* A copy of @n bytes with one reference; NULL when out of memory. */
struct vx_bytes *vx_bytes_new(const void *bytes, size_t n);
struct vx_bytes *vx_bytes_ref(struct vx_bytes *b);
void vx_bytes_put(struct vx_bytes *b); /* NULL is a no-op */
VX_DEFINE_AUTO(struct vx_bytes *, vx_bytes_put);
