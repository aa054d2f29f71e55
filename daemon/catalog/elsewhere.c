/* elsewhere.c - does what the default label lacks exist under another label?
 *
 * A service that was added on a branch has a directory before the branch is merged: `payment/` and
 * `payment/prod/` exist if any label has them, so that `payment/prod/<label>/` can be reached. The
 * question is asked only of names that the default label does not know, on the backends' own
 * threads, and its answer is kept with the track until a source changes. */
#include <errno.h>
#include <string.h>

#include "daemon/catalog/catalog_i.h"

/* Labels that are looked at; each costs a look into an index, some 50 us, on the backend's thread. */
#define LABELS_MAX 256

struct search {
	struct track *track; /* a reference */
	uint64_t changes;    /* the track's, when the search began */
	atomic_size_t outstanding;
	atomic_bool found;
	struct part {
		struct vx_feed_call call;
		struct search *search;
		int rc;
	} parts[];
};

/* Whether @b has the track's application and profiles at @label. 0, -ENOENT, another error. */
static int look_at(const struct track *t, struct vx_backend *b, const struct vx_backend_ops *ops,
                   const struct vx_ctx *ctx, const char *label)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	VX_AUTO(vx_layers_put_p) struct vx_layers *layers = NULL;
	VX_AUTO(vx_freep) char *spelled = vx_label_encode(label);
	int rc = spelled ? vx_coords_new(t->at->app, strchr(t->at->text, '/') + 1, spelled, &at,
	                                 NULL)
	                 : -ENOMEM;

	if (rc == -EINVAL || rc == -ENAMETOOLONG)
		return -ENOENT; /* a branch whose name no label can have */
	if (rc == 0)
		rc = ops->fetch(b, ctx, at, NULL, &layers, NULL);
	if (rc == -EBADMSG || rc == -E2BIG)
		return 0; /* it is there, if not well */
	if (rc < 0)
		return rc;
	vx_assert(at && layers);
	if (!layers->label_known || !layers->app_known)
		return -ENOENT;
	for (size_t i = 0; i < at->n_profiles; i++)
		if (!(layers->profiles_known & 1u << i) && strcmp(at->profiles[i], "default") != 0)
			return -ENOENT;
	return 0;
}

static int look_at_labels(const struct track *t, struct vx_backend *b,
                          const struct vx_backend_ops *ops, const struct vx_ctx *ctx)
{
	struct vx_list labels = {0};
	int rc = ops->list(b, ctx, VX_LIST_LABELS, NULL, NULL, "", LABELS_MAX, &labels, NULL);

	if (rc < 0)
		return rc;
	rc = -ENOENT;
	for (size_t i = 0; rc == -ENOENT && i < labels.n; i++)
		rc = look_at(t, b, ops, ctx, labels.names[i]);
	vx_list_fini(&labels);
	return rc;
}

/* All parts have answered. */
static void finish(struct search *s)
{
	struct track *t = s->track;
	struct vx_catalog *c = t->catalog;
	int rc = -ENOENT;

	for (size_t i = 0; i < c->n_feeds; i++)
		if (s->parts[i].rc != -ENOENT && !vx_feed_optional(c->feeds[i]))
			rc = s->parts[i].rc;
	if (atomic_load(&s->found))
		rc = 0;
	vx_lock(&c->lock);
	t->elsewhere = s->changes == t->changes ? ELSEWHERE_ANSWERED : ELSEWHERE_UNASKED;
	t->elsewhere_rc = rc;
	c->settles++;
	if (t->waits)
		track_kick(t);
	vx_unlock(&c->lock);
	track_put(t);
	free(s);
}

static int run_part(struct vx_feed_call *call, struct vx_backend *b,
                    const struct vx_backend_ops *ops, const struct vx_ctx *ctx, int rc)
{
	struct part *p = (struct part *)((char *)call - offsetof(struct part, call));
	struct search *s = p->search;
	const struct track *t = s->track;
	struct vx_list profiles = {0};

	if (rc == 0 && t->probe) { /* perhaps in a folder of another profile's */
		rc = ops->list(b, ctx, VX_LIST_PROFILES, t->at->app, NULL, "", 1, &profiles, NULL);
		vx_list_fini(&profiles);
	} else if (rc == 0) {
		rc = -ENOENT;
	}
	if (rc == -ENOENT && !atomic_load(&s->found))
		rc = look_at_labels(t, b, ops, ctx);
	p->rc = rc;
	if (rc == 0)
		atomic_store(&s->found, true);
	if (atomic_fetch_sub(&s->outstanding, 1) == 1)
		finish(s);
	return rc;
}

/* Begin to search; the track's state says ELSEWHERE_ASKING already. */
static int start(struct track *t, uint64_t changes)
{
	struct vx_catalog *c = t->catalog;
	size_t n = c->n_feeds;
	struct search *s = calloc(1, sizeof(*s) + n * sizeof(s->parts[0]));

	if (!s)
		return -ENOMEM;
	s->track = t;
	s->changes = changes;
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	atomic_init(&s->outstanding, n);
	for (size_t i = 0; i < n; i++) {
		s->parts[i].search = s;
		s->parts[i].call.run = run_part;
	}
	for (size_t i = 0; i < n; i++)
		vx_feed_call(c->feeds[i], &s->parts[i].call); /* the last one frees s */
	return -EINPROGRESS;
}

int elsewhere(struct track *t)
{
	struct vx_catalog *c = t->catalog;
	uint64_t changes;
	int rc;

	bool ask;

	vx_lock(&c->lock);
	ask = t->elsewhere == ELSEWHERE_UNASKED && !c->ending;
	rc = c->ending                            ? -ECANCELED
	     : t->elsewhere == ELSEWHERE_ANSWERED ? t->elsewhere_rc
	                                          : -EINPROGRESS;
	if (ask)
		t->elsewhere = ELSEWHERE_ASKING;
	if (rc < 0 && rc != -ENOENT && rc != -EINPROGRESS) {
		t->elsewhere = ELSEWHERE_UNASKED; /* a failure is no answer to keep: */
		t->dirty = true;                  /* whoever asks next asks anew */
	}
	changes = t->changes;
	vx_unlock(&c->lock);
	if (!ask)
		return rc;
	rc = start(t, changes);
	if (rc == -ENOMEM) {
		vx_lock(&c->lock);
		t->elsewhere = ELSEWHERE_UNASKED;
		vx_unlock(&c->lock);
	}
	return rc;
}
