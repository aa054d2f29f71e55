/* directory_events.c - what inotify told, kept until every scan that has to know has begun.
 *
 * Each event becomes a mark with a number. A scan says how many it had seen when it began, so the
 * marks after that are what the next one has to look at, whoever makes it and however many are
 * made at once. All but vx_since_* under the backend's lock. */
#include <stdlib.h>
#include <string.h>

#include "backends/directory_i.h"

static struct vx_mark *at(const struct vx_events *e, uint64_t i)
{
	return &e->ring[i % VX_DIRECTORY_MARKS];
}

void vx_events_note(struct vx_events *e, int wd, bool gone, const char *name)
{
	struct vx_mark *last = e->n > e->taken && e->n > e->lost ? at(e, e->n - 1) : NULL;
	struct vx_mark *mark;

	/* The writes to one file, one after the other. */
	if (last && last->wd == wd && last->gone == gone && strcmp(last->name, name) == 0)
		return;
	mark = at(e, e->n++);
	mark->wd = wd;
	mark->gone = gone;
	mark->known = false;
	(void)strcpy(mark->name, name);
}

void vx_events_lose(struct vx_events *e)
{
	e->lost = ++e->n;
}

static int by_wd(const void *a, const void *b)
{
	const struct vx_mark *x = a, *y = b;

	return (x->wd > y->wd) - (x->wd < y->wd);
}

void vx_events_since(struct vx_events *e, uint64_t had, struct vx_since *ret)
{
	uint64_t n = e->n - had;

	e->taken = e->n;
	*ret = (struct vx_since){.events = e->n, .whole = true};
	if (!e->ring || had < e->lost || n > VX_DIRECTORY_MARKS)
		return;
	ret->mark = n ? calloc(n, sizeof(*ret->mark)) : NULL;
	if (n && !ret->mark)
		return; /* looking at everything needs no marks */
	ret->whole = false;
	ret->n = n;
	for (uint64_t i = 0; i < n; i++)
		ret->mark[i] = *at(e, had + i);
	if (n)
		qsort(ret->mark, n, sizeof(*ret->mark), by_wd);
}

void vx_since_fini(struct vx_since *s)
{
	free(s->mark);
}

struct vx_mark *vx_since_find(const struct vx_since *s, int wd, size_t *ret_n)
{
	size_t lo = 0, hi = s->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (s->mark[mid].wd < wd)
			lo = mid + 1;
		else
			hi = mid;
	}
	for (hi = lo; hi < s->n && s->mark[hi].wd == wd;)
		hi++;
	*ret_n = hi - lo;
	return s->mark + lo;
}
