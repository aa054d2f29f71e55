/* nearest.h - "did you mean": the candidate nearest to a misspelt word. No allocation, any thread. */
#pragma once

#include <stddef.h>

/* The nearest so far; begins as {.word = word}. */
struct vx_nearest {
	const char *word; /* borrowed, as is each candidate */
	const char *best; /* NULL: none is near enough */
	size_t len;       /* of best, which need not end there */
	size_t distance;
};
/* See whether @candidate (of @len bytes) is nearer than the best so far. */
void vx_nearest_try(struct vx_nearest *n, const char *candidate, size_t len);
