/* query.c - a snapshot for somebody who asks: what is served, what the sources say now, or what
 * they said at another revision.
 *
 * Composing is serving's own (exists.c, core/compose.h); only the layers come another way. They are
 * read by the asking thread's leave on the feeds' threads (feed_query.c), from all feeds at once, and
 * nothing of them stays. */
#include "daemon/catalog/query.h"

#include <errno.h>
#include <string.h>

#include "daemon/catalog/catalog_i.h"

/* The layers of one application; vx_resolve asks for some twice. */
struct read {
	struct read *next;
	char *text; /* of the coordinates */
	size_t n;
	struct vx_layers *layers[]; /* one a feed */
};

struct reading {
	struct vx_catalog *catalog;
	const struct vx_ctx *ctx;
	const struct vx_coords *at;
	const struct vx_at_revision *rev;
	struct read *all;
};

static void reading_fini(struct reading *r)
{
	while (r->all) {
		struct read *d = r->all;

		r->all = d->next;
		for (size_t i = 0; i < d->n; i++)
			vx_layers_put(d->layers[i]);
		free(d->text);
		free(d);
	}
}

static bool same_label(const struct vx_coords *a, const struct vx_coords *b)
{
	return a->label && b->label ? strcmp(a->label, b->label) == 0 : a->label == b->label;
}

/* The revision to read @f at. An import that names a label of its own stays where it is. */
static const char *revision_for(const struct reading *r, const struct vx_feed *f,
                                const struct vx_coords *at)
{
	return r->rev && strcmp(r->rev->backend, vx_feed_name(f)) == 0 && same_label(r->at, at)
	               ? r->rev->revision
	               : NULL;
}

/* Ask all feeds, then wait for each: together they take as long as the slowest. */
static int read_all(struct reading *r, const struct vx_coords *at, struct read *d,
                    struct vx_error *err)
{
	struct vx_catalog *c = r->catalog;
	VX_AUTO(vx_freep) struct vx_feed_query **asked = calloc(c->n_feeds + 1, sizeof(*asked));
	int rc = asked ? 0 : -ENOMEM;

	for (size_t i = 0; rc == 0 && i < c->n_feeds; i++) {
		const struct vx_feed_question q = {
			.asked = VX_FEED_LAYERS,
			.at = at,
			.revision = revision_for(r, c->feeds[i], at),
		};

		rc = vx_feed_ask(c->feeds[i], r->ctx, &q, &asked[i], err);
	}
	for (size_t i = 0; asked && i < c->n_feeds; i++) {
		struct vx_feed_answer answer = {0};

		if (rc < 0) {
			vx_feed_leave(asked[i]);
			continue;
		}
		rc = vx_feed_await(asked[i], r->ctx, &answer, err);
		if (rc == 0)
			d->layers[d->n++] = answer.layers;
	}
	return rc;
}

static int gather(void *arg, const struct vx_coords *at, struct vx_layer_set *ret,
                  struct vx_error *err)
{
	struct reading *r = arg;
	struct read *d;

	for (d = r->all; d; d = d->next)
		if (strcmp(d->text, at->text) == 0)
			break;
	if (!d) {
		int rc;

		d = calloc(1, sizeof(*d) + r->catalog->n_feeds * sizeof(d->layers[0]));
		if (!d)
			return -ENOMEM;
		d->next = r->all;
		r->all = d;
		d->text = strdup(at->text);
		rc = d->text ? read_all(r, at, d, err) : -ENOMEM;
		if (rc < 0)
			return rc;
	}
	ret->layers = d->layers;
	ret->n = d->n;
	return 0;
}

static int compose(struct vx_catalog *c, const struct vx_ctx *ctx, const struct vx_coords *at,
                   const struct vx_at_revision *rev, struct vx_snapshot **ret, struct vx_error *err)
{
	VX_AUTO(reading_fini) struct reading r = {c, ctx, at, rev, NULL};
	struct vx_resolved *resolved = NULL;
	struct vx_layer_set own;
	int rc = catalog_resolve(c, at, gather, &r, &own, &resolved, err);

	if (rc == 0 && (rc = vx_ctx_check(ctx)) < 0)
		(void)vx_fail(err, rc, "no time was left to compose %s", at->text);
	if (rc == 0)
		rc = vx_compose(resolved, &c->compose, ret, err);
	vx_resolved_put(resolved);
	return rc;
}

/* The snapshot that readers get at @at, a reference; NULL: none is in memory. */
static struct vx_snapshot *served(struct vx_catalog *c, const struct vx_coords *at)
{
	struct track *t;

	VX_LOCKED(&c->lock);
	HASH_FIND_STR(c->tracks, at->text, t); /* a probe's key begins with '?' */
	return t && t->snapshot ? vx_snapshot_ref(t->snapshot) : NULL;
}

int vx_catalog_snapshot(struct vx_catalog *c, const struct vx_ctx *ctx, const struct vx_coords *at,
                        enum vx_moment moment, const struct vx_at_revision *rev,
                        struct vx_snapshot **ret, struct vx_error *err)
{
	struct vx_snapshot *s = moment == VX_SERVED && !rev ? served(c, at) : NULL;

	if (s) {
		*ret = s;
		return 0;
	}
	if (rev && !catalog_find_feed(c, rev->backend))
		return vx_fail(err, -ENOENT, "no backend has the name '%s'", rev->backend);
	return compose(c, ctx, at, rev, ret, err);
}
