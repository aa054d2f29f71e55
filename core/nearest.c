/* nearest.c - see nearest.h.
 *
 * Nearness is the number of letters to insert, drop, change or swap with their neighbour. A
 * suggestion that is far off is worse than none, so short words may differ by one only. */
#include "core/nearest.h"

#include <string.h>

#define WORD_MAX 64

static size_t min_of(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The optimal string alignment distance, of words shorter than WORD_MAX. */
static size_t distance(const char *a, size_t la, const char *b, size_t lb)
{
	size_t rows[3][WORD_MAX];
	size_t *before = rows[0], *last = rows[1], *row = rows[2];

	for (size_t j = 0; j <= lb; j++)
		last[j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *oldest = before;

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			row[j] = min_of(last[j - 1] + (a[i - 1] != b[j - 1]),
			                min_of(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = min_of(row[j], before[j - 2] + 1);
		}
		before = last;
		last = row;
		row = oldest;
	}
	return last[lb];
}

void vx_nearest_try(struct vx_nearest *n, const char *candidate, size_t len)
{
	size_t word = strlen(n->word);
	size_t near, d;

	if (word >= WORD_MAX || len >= WORD_MAX)
		return;
	near = word < 4 ? 1 : word < 8 ? 2 : 3;
	d = distance(n->word, word, candidate, len);
	if (d > near || (n->best && d >= n->distance))
		return;
	n->best = candidate;
	n->len = len;
	n->distance = d;
}
