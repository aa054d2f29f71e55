/* listing.c - one page of a branch: every backend is asked for its names, and the pages are merged.
 *
 * Nothing is composed and nothing kept: a listing costs what it shows. A backend that fails makes
 * the listing fail (half a listing would look like a whole one), unless it is optional. */
#include <errno.h>
#include <string.h>

#include "daemon/catalog/catalog_i.h"

#define PAGE 1000

struct listing {
	struct vx_catalog *catalog;
	struct vx_ask *ask;
	enum vx_list_what what;
	char *app;
	char *cursor;
	atomic_size_t outstanding;
	struct part {
		struct vx_feed_call call;
		struct listing *listing;
		struct vx_list list;
		int rc;
	} parts[];
};

static void listing_free(struct listing *l)
{
	for (size_t i = 0; i < l->catalog->n_feeds; i++)
		vx_list_fini(&l->parts[i].list);
	free(l->app);
	free(l->cursor);
	free(l);
}

static void finish(struct listing *l)
{
	size_t n = l->catalog->n_feeds;
	const struct vx_list **pages = calloc(n + 1, sizeof(const struct vx_list *));
	struct merged m = {0};
	bool known = false;
	int rc = pages ? 0 : -ENOMEM;

	for (size_t i = 0; pages && i < n; i++) {
		pages[i] = &l->parts[i].list;
		known |= l->parts[i].rc == 0;
		if (l->parts[i].rc < 0 && l->parts[i].rc != -ENOENT &&
		    !vx_feed_optional(l->catalog->feeds[i]))
			rc = l->parts[i].rc;
	}
	if (rc == 0)
		rc = names_merge(l->what, pages, n, l->cursor, known, &m);
	if (rc < 0)
		vx_ask_error(l->ask, rc);
	else
		vx_ask_page(l->ask, m.names, m.n, m.more);
	free(m.names);
	free(pages);
	listing_free(l);
}

static int run_part(struct vx_feed_call *call, struct vx_backend *b,
                    const struct vx_backend_ops *ops, const struct vx_ctx *ctx, int rc)
{
	struct part *p = (struct part *)((char *)call - offsetof(struct part, call));
	struct listing *l = p->listing;

	if (rc == 0)
		rc = ops->list(b, ctx, l->what, l->app, NULL, l->cursor, PAGE, &p->list, NULL);
	p->rc = rc; /* -ENOENT: the source lacks the label, or does not know the application */
	if (atomic_fetch_sub(&l->outstanding, 1) == 1)
		finish(l);
	return rc;
}

void listing_ask(struct vx_catalog *c, struct vx_ask *ask, enum vx_list_what what, const char *app,
                 const char *cursor)
{
	struct listing *l = calloc(1, sizeof(*l) + c->n_feeds * sizeof(l->parts[0]));

	if (!l) {
		vx_ask_error(ask, -ENOMEM);
		return;
	}
	l->catalog = c;
	l->ask = ask;
	l->what = what;
	l->app = app ? strdup(app) : NULL;
	l->cursor = strdup(cursor);
	atomic_init(&l->outstanding, c->n_feeds);
	if (!l->cursor || (app && !l->app)) {
		listing_free(l);
		vx_ask_error(ask, -ENOMEM);
		return;
	}
	for (size_t i = 0; i < c->n_feeds; i++) {
		l->parts[i].listing = l;
		l->parts[i].call.run = run_part;
	}
	for (size_t i = 0, n = c->n_feeds; i < n; i++)
		vx_feed_call(c->feeds[i], &l->parts[i].call); /* the last one frees l */
}
