/* walk.c - every application and profile in order, as much as fits a page and its time.
 *
 * The names come page by page from the catalog, once as they are served and once as a revision has
 * them, and are merged. Nothing is remembered between pages but the cursor: the coordinates that were
 * seen last, and perhaps a key of theirs. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/http/http_i.h"

#define NAMES 500

/* Names of one side in order. */
struct names {
	struct vx_list list;
	size_t i;
	bool more;
	char cursor[VX_NAME_BYTES + 1];
	const struct vx_at_revision *rev;
	bool off; /* this side is not asked */
};

struct state {
	const struct vx_walk *w;
	struct vx_items *page;
	struct vx_coords *done; /* what was seen last; NULL nothing yet */
	struct vx_coords *from; /* the cursor's */
	const char *from_key;
	bool over;
};

/* --- names ----------------------------------------------------------------------------------- */

static void names_fini(struct names n[2])
{
	vx_list_fini(&n[0].list);
	vx_list_fini(&n[1].list);
}

static void names_init(struct names n[2], const struct vx_walk *w, const char *after)
{
	for (size_t i = 0; i < 2; i++) {
		n[i] = (struct names){.more = true};
		(void)snprintf(n[i].cursor, sizeof(n[i].cursor), "%s", after);
	}
	n[0].off = !w->served;
	n[1].off = !w->rev;
	n[1].rev = w->rev;
}

/* Have a name at hand, where there is one. Without @app: applications. */
static int fill(struct names *n, const struct vx_walk *w, const char *app, struct vx_error *err)
{
	while (!n->off && n->i == n->list.n && n->more) {
		int rc;

		vx_list_fini(&n->list);
		n->list = (struct vx_list){0};
		n->i = 0;
		rc = vx_catalog_names(w->rq->parts->catalog, w->rq->ctx,
		                      app ? VX_LIST_PROFILES : VX_LIST_APPS, app, w->label, n->rev,
		                      n->cursor, NAMES, &n->list, err);
		if (rc == -ENOENT && app)
			n->more = false; /* this side does not have it */
		else if (rc < 0)
			return rc;
		else
			n->more = n->list.more;
		if (n->list.n == 0)
			n->more = false;
		else
			(void)snprintf(n->cursor, sizeof(n->cursor), "%s",
			               n->list.names[n->list.n - 1]);
	}
	return 0;
}

/* The next name of either side into @ret. 1, 0 at the end, or an error. */
static int next_name(struct names n[2], const struct vx_walk *w, const char *app,
                     char ret[VX_NAME_BYTES + 1], struct vx_error *err)
{
	const char *least = NULL;

	for (size_t i = 0; i < 2; i++) {
		int rc = fill(&n[i], w, app, err);
		const char *name = n[i].i < n[i].list.n ? n[i].list.names[n[i].i] : NULL;

		if (rc < 0)
			return rc;
		if (name && (!least || strcmp(name, least) < 0))
			least = name;
	}
	if (!least)
		return 0;
	(void)snprintf(ret, VX_NAME_BYTES + 1, "%s", least);
	for (size_t i = 0; i < 2; i++)
		if (n[i].i < n[i].list.n && strcmp(n[i].list.names[n[i].i], ret) == 0)
			n[i].i++;
	return 1;
}

/* --- configurations -------------------------------------------------------------------------- */

/* The page ends here: what was seen last is where the next one goes on. */
static void stop(struct state *s)
{
	vx_items_end(s->page, s->done ? s->done->text : NULL);
	s->over = true;
}

static int see(struct state *s, const char *app, const char *profile, const char *key,
               struct vx_error *err)
{
	const struct vx_http_request *rq = s->w->rq;
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	int rc = vx_coords_new(app, profile, s->w->label, &at, NULL);

	if (rc < 0)
		return rc == -ENOMEM ? rc : 0; /* a source's name that cannot be served */
	if (s->done &&
	    (vx_items_full(s->page) || vx_mono_ns(rq->parts->clock) >= rq->work_until_ns)) {
		stop(s);
		return 0;
	}
	if (vx_may_see(rq, at, s->w->rev ? s->w->rev->revision : NULL))
		rc = s->w->visit(s->w->arg, at, key, err);
	if ((rc == -ETIMEDOUT || rc == -ECANCELED) && s->done && vx_ctx_check(rq->ctx) < 0) {
		stop(s);
		return 0;
	}
	vx_coords_free(s->done);
	s->done = vx_steal(at);
	s->over |= s->page->next != NULL;
	return rc;
}

static int see_app(struct state *s, const char *app, const char *after, struct vx_error *err)
{
	char profile[VX_NAME_BYTES + 1];
	struct names n[2];
	int rc;

	names_init(n, s->w, after);
	while ((rc = next_name(n, s->w, app, profile, err)) > 0) {
		rc = see(s, app, profile, NULL, err);
		if (rc < 0 || s->over)
			break;
	}
	names_fini(n);
	return rc < 0 ? rc : 0;
}

static int see_all(struct state *s, const char *after, struct vx_error *err)
{
	char app[VX_NAME_BYTES + 1];
	struct names n[2];
	int rc;

	names_init(n, s->w, after);
	while ((rc = next_name(n, s->w, NULL, app, err)) > 0) {
		rc = see_app(s, app, "", err);
		if (rc < 0 || s->over)
			break;
	}
	names_fini(n);
	return rc < 0 ? rc : 0;
}

/* Go on where the cursor stands: in the middle of an application, or of a configuration. */
static int go_on(struct state *s, struct vx_error *err)
{
	const struct vx_coords *from = s->from;
	int rc = 0;

	if (s->from_key)
		rc = see(s, from->app, from->profiles[0], s->from_key, err);
	if (rc == 0 && !s->over)
		rc = see_app(s, from->app, from->profiles[0], err);
	if (rc == 0 && !s->over && !s->w->app)
		rc = see_all(s, from->app, err);
	return rc;
}

int vx_walk(const struct vx_walk *w, struct vx_items *p, struct vx_error *err)
{
	struct state s = {.w = w, .page = p};
	const char *cursor = w->rq->param[VX_P_CURSOR];
	int rc = cursor ? vx_place_parse(cursor, &s.from, &s.from_key, err) : 0;

	if (rc == 0 && s.from)
		rc = go_on(&s, err);
	else if (rc == 0 && w->app)
		rc = see_app(&s, w->app, "", err);
	else if (rc == 0)
		rc = see_all(&s, "", err);
	vx_coords_free(s.done);
	vx_coords_free(s.from);
	return rc;
}
