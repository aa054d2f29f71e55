/* track_leave.c - when everybody who asked for a track has left.
 *
 * An interrupted reader has its EINTR from fs at once. Here his question is dropped, and what the
 * backends were asked for its sake alone is cancelled: within a second, when the tick looks. A track
 * that somebody is shown, or that still has to be taken away, goes on. */
#include <errno.h>
#include <string.h>

#include "daemon/catalog/catalog_i.h"

bool track_is_left(const struct track *t)
{
	if (!t->questions || t->shown || t->orphaned_ns)
		return false;
	for (const struct question *q = t->questions; q; q = q->next)
		if (vx_ctx_check(vx_ask_ctx(q->ask)) != -ECANCELED)
			return false;
	return true;
}

/* Whether a track waits for @text. L. */
static bool wanted(const struct vx_catalog *c, const char *text)
{
	for (const struct track *t = c->waiting; t; t = t->next_waiting)
		for (size_t i = 0; i < t->n_needs; i++)
			if (strcmp(t->needs[i], text) == 0)
				return true;
	return false;
}

bool track_abandon(struct track *t)
{
	struct vx_catalog *c = t->catalog;
	struct question *q = NULL;
	bool left;

	vx_lock(&c->lock);
	left = track_is_left(t) && !c->ending;
	if (left) {
		q = t->questions;
		t->questions = NULL;
		t->dirty = true;
	}
	vx_unlock(&c->lock);
	while (q) {
		struct question *next = q->next;

		vx_ask_error(q->ask, -ECANCELED); /* fs has replied EINTR already */
		vx_dir_put(q->dir);
		free(q);
		q = next;
	}
	for (size_t i = 0; left && i < t->n_needs; i++) {
		bool still;

		vx_lock(&c->lock);
		still = wanted(c, t->needs[i]);
		vx_unlock(&c->lock);
		/* One that begins to want it just now is told by `settled` and asks again. */
		for (size_t k = 0; !still && k < c->n_feeds; k++)
			vx_feed_abandon(c->feeds[k], t->needs[i]);
	}
	return left;
}
