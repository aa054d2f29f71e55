/* bytes.c - counted bytes. */
#include "core/bytes.h"

#include <stdint.h>
#include <string.h>

struct vx_bytes *vx_bytes_new(const void *bytes, size_t n)
{
	struct vx_bytes *b;

	if (n > SIZE_MAX - sizeof(*b) - 1)
		return NULL;
	b = malloc(sizeof(*b) + n + 1);
	if (!b)
		return NULL;
	atomic_init(&b->refs, 1);
	b->len = n;
	if (n)
		memcpy(b->data, bytes, n);
	b->data[n] = '\0';
	return b;
}

struct vx_bytes *vx_bytes_ref(struct vx_bytes *b)
{
	atomic_fetch_add_explicit(&b->refs, 1, memory_order_relaxed);
	return b;
}

void vx_bytes_put(struct vx_bytes *b)
{
	if (b && atomic_fetch_sub_explicit(&b->refs, 1, memory_order_acq_rel) == 1)
		free(b);
}
