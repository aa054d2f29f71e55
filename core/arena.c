/* arena.c - a list of chunks, each twice the last up to 64 KiB: small documents stay small. */
#include "core/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_MIN ((size_t)1024)
#define CHUNK_MAX ((size_t)64 * 1024)

struct vx_arena_chunk {
	struct vx_arena_chunk *next;
	size_t cap;
	size_t len;
	alignas(max_align_t) char data[];
};

static struct vx_arena_chunk *grow(struct vx_arena *a, size_t n)
{
	size_t cap = a->chunks ? a->chunks->cap * 2 : CHUNK_MIN;
	struct vx_arena_chunk *c;

	if (cap > CHUNK_MAX)
		cap = CHUNK_MAX;
	if (cap < n)
		cap = n;
	c = malloc(sizeof(*c) + cap);
	if (!c)
		return NULL;
	c->cap = cap;
	c->len = 0;
	c->next = a->chunks;
	a->chunks = c;
	return c;
}

void *vx_arena_alloc(struct vx_arena *a, size_t n)
{
	const size_t align = alignof(max_align_t);
	struct vx_arena_chunk *c = a->chunks;
	void *p;

	if (n > SIZE_MAX / 2)
		return NULL;
	n = (n + align - 1) / align * align;
	if (!c || c->cap - c->len < n)
		c = grow(a, n);
	if (!c)
		return NULL;
	p = c->data + c->len;
	c->len += n;
	a->used += n;
	return memset(p, 0, n);
}

char *vx_arena_strndup(struct vx_arena *a, const char *s, size_t n)
{
	char *p = n == SIZE_MAX ? NULL : vx_arena_alloc(a, n + 1);

	if (p && n)
		memcpy(p, s, n);
	return p;
}

void vx_arena_fini(struct vx_arena *a)
{
	while (a->chunks) {
		struct vx_arena_chunk *c = a->chunks;

		a->chunks = c->next;
		free(c);
	}
	a->used = 0;
}
