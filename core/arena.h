/* arena.h - memory that is given back all at once: a document's or a snapshot's.
 *
 * One thread at a time allocates; what was allocated may be read from any thread. Nothing that is
 * put into an arena has a destructor. */
#pragma once

#include <stddef.h>

struct vx_arena {
	struct vx_arena_chunk *chunks; /* newest first */
	size_t used;                   /* bytes handed out, for accounting */
};

/* clang-format off */
#define VX_ARENA_INIT {NULL, 0}
/* clang-format on */

/* @n bytes, zeroed, aligned for any type; NULL when out of memory. */
void *vx_arena_alloc(struct vx_arena *a, size_t n);

/* A NUL-terminated copy of @n bytes; NULL when out of memory. */
char *vx_arena_strndup(struct vx_arena *a, const char *s, size_t n);

void vx_arena_fini(struct vx_arena *a); /* frees everything; the arena is empty and usable again */
