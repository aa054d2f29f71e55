/* query_list.c - names, history and news for somebody who asks: all backends are asked at once, and
 * nothing of their answers stays. */
#include <errno.h>
#include <string.h>

#include "daemon/catalog/catalog_i.h"
#include "daemon/catalog/query.h"

/* One page of names from every feed. */
struct names {
	size_t n;         /* feeds */
	bool known;       /* some backend knows the application */
	bool label_known; /* some backend has the label */
	struct vx_feed_answer answers[];
};

static void names_free(struct names *l)
{
	for (size_t i = 0; l && i < l->n; i++)
		vx_list_fini(&l->answers[i].list);
	free(l);
}
VX_DEFINE_AUTO(struct names *, names_free);

/* Put the question to every feed, with @rev to the one that it names. An element is NULL where
 * *ret_rc < 0 kept it from being asked; all is NULL without memory. */
static struct vx_feed_query **ask_all(struct vx_catalog *c, const struct vx_ctx *ctx,
                                      const struct vx_feed_question *common,
                                      const struct vx_at_revision *rev, struct vx_error *err,
                                      int *ret_rc)
{
	struct vx_feed_query **asked = calloc(c->n_feeds + 1, sizeof(*asked));
	int rc = asked ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < c->n_feeds; i++) {
		struct vx_feed_question q = *common;

		if (rev && strcmp(rev->backend, vx_feed_name(c->feeds[i])) == 0)
			q.revision = rev->revision;
		rc = vx_feed_ask(c->feeds[i], ctx, &q, &asked[i], err);
	}
	*ret_rc = rc;
	return asked;
}

/* Every feed's page. An optional one that fails lists nothing; half a listing from the others would
 * look like a whole one, so their failure is the listing's. */
static int ask_names(struct vx_catalog *c, const struct vx_ctx *ctx,
                     const struct vx_feed_question *q, const struct vx_at_revision *rev,
                     struct names *l, struct vx_error *err)
{
	int rc;
	VX_AUTO(vx_freep) struct vx_feed_query **asked = ask_all(c, ctx, q, rev, err, &rc);

	for (size_t i = 0; asked && i < c->n_feeds; i++) {
		struct vx_feed_answer *a = &l->answers[i];
		bool at_rev = rev && strcmp(rev->backend, vx_feed_name(c->feeds[i])) == 0;
		struct vx_error why = {0};
		int result;

		if (rc < 0) {
			vx_feed_leave(asked[i]);
			continue;
		}
		result = vx_feed_await(asked[i], ctx, a, &why);
		if (result == 0) {
			l->known |= !a->unknown;
			l->label_known |= !a->lacks_label;
		} else if (at_rev || result == -ENOENT || !vx_feed_optional(c->feeds[i]) ||
		           vx_ctx_check(ctx) < 0) {
			rc = result;
			if (err)
				*err = why;
		}
	}
	return rc;
}

/* Copy the first @max of @m. */
static int copy_page(const struct merged *m, size_t max, struct vx_list *ret)
{
	VX_AUTO(vx_list_fini) struct vx_list page = {0};
	size_t n = m->n < max ? m->n : max;

	page.names = calloc(n + 1, sizeof(*page.names));
	if (!page.names)
		return -ENOMEM;
	for (; page.n < n; page.n++) {
		page.names[page.n] = strdup(m->names[page.n]);
		if (!page.names[page.n])
			return -ENOMEM;
	}
	page.more = m->more || m->n > max;
	*ret = page;
	memset(&page, 0, sizeof(page)); /* it is the caller's */
	return 0;
}

static int merge_page(const struct names *l, const struct vx_feed_question *q, struct vx_list *ret)
{
	VX_AUTO(vx_freep) const struct vx_list **pages = calloc(l->n + 1, sizeof(*pages));
	struct merged m = {0};
	int rc = pages ? 0 : -ENOMEM;

	for (size_t i = 0; pages && i < l->n; i++)
		pages[i] = &l->answers[i].list;
	if (rc == 0)
		rc = names_merge(q->what, pages, l->n, q->cursor, l->known, &m);
	if (rc == 0)
		rc = copy_page(&m, q->max, ret);
	free(m.names);
	return rc;
}

int vx_catalog_names(struct vx_catalog *c, const struct vx_ctx *ctx, enum vx_list_what what,
                     const char *app, const char *label, const struct vx_at_revision *rev,
                     const char *cursor, size_t max, struct vx_list *ret, struct vx_error *err)
{
	const struct vx_feed_question q = {
		.asked = VX_FEED_NAMES,
		.what = what,
		.app = app,
		.label = label,
		.cursor = cursor,
		.max = max,
	};
	VX_AUTO(names_free_p) struct names *l = NULL;
	int rc;

	if (rev && !catalog_find_feed(c, rev->backend))
		return vx_fail(err, -ENOENT, "no backend has the name '%s'", rev->backend);
	l = calloc(1, sizeof(*l) + c->n_feeds * sizeof(l->answers[0]));
	if (!l)
		return -ENOMEM;
	l->n = c->n_feeds;
	rc = ask_names(c, ctx, &q, rev, l, err);
	if (rc < 0)
		return rc;
	if (label && !l->label_known)
		return vx_fail(err, -ENOENT, "no backend has the label '%s'", label);
	if (what == VX_LIST_PROFILES && !l->known)
		return vx_fail(err, -ENOENT, "no document names the application '%s'", app);
	return merge_page(l, &q, ret);
}

int vx_catalog_history(struct vx_catalog *c, const struct vx_ctx *ctx, const char *name,
                       const struct vx_coords *at, const char *cursor, size_t max,
                       struct vx_history *ret, struct vx_error *err)
{
	const struct vx_feed_question q = {
		.asked = VX_FEED_HISTORY, .at = at, .cursor = cursor, .max = max};
	struct vx_feed *f = catalog_find_feed(c, name);
	struct vx_feed_answer answer = {0};
	struct vx_feed_query *asked;
	int rc;

	if (!f)
		return vx_fail(err, -ENOENT, "no backend has the name '%s'", name);
	rc = vx_feed_ask(f, ctx, &q, &asked, err);
	if (rc == 0)
		rc = vx_feed_await(asked, ctx, &answer, err);
	if (rc == 0)
		*ret = answer.history;
	return rc;
}

/* All are asked also when one fails: the first failure is told. */
static int refresh_all(struct vx_catalog *c, const struct vx_ctx *ctx,
                       const struct vx_feed_question *q, struct vx_error *err)
{
	int rc;
	VX_AUTO(vx_freep) struct vx_feed_query **asked = ask_all(c, ctx, q, NULL, err, &rc);

	for (size_t i = 0; asked && i < c->n_feeds; i++) {
		struct vx_feed_answer answer = {0};
		int result =
			asked[i] ? vx_feed_await(asked[i], ctx, &answer, rc < 0 ? NULL : err) : 0;

		rc = rc < 0 ? rc : result;
	}
	return rc;
}

int vx_catalog_refresh(struct vx_catalog *c, const struct vx_ctx *ctx, const char *name,
                       struct vx_error *err)
{
	const struct vx_feed_question q = {.asked = VX_FEED_REFRESH};
	struct vx_feed_answer answer = {0};
	struct vx_feed_query *asked;
	struct vx_feed *f;
	int rc;

	if (!name)
		return refresh_all(c, ctx, &q, err);
	f = catalog_find_feed(c, name);
	if (!f)
		return vx_fail(err, -ENOENT, "no backend has the name '%s'", name);
	rc = vx_feed_ask(f, ctx, &q, &asked, err);
	return rc < 0 ? rc : vx_feed_await(asked, ctx, &answer, err);
}
