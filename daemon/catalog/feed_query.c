/* feed_query.c - questions that somebody waits for.
 *
 * The asking thread and the feed's share one counted structure: whoever asks may leave at his
 * deadline while the backend is still at it, and a question may stand in the queue of a source that
 * answers nobody long after. Who leaves cancels the call; the last of the two frees. */
#include <errno.h>
#include <string.h>

#include "daemon/catalog/feed_i.h"

struct vx_feed_query {
	struct vx_feed_call call;
	atomic_int refs; /* the asking thread's and the feed's */
	struct vx_feed *feed;

	/* The question, copied. */
	enum vx_feed_asked asked;
	struct vx_coords *at; /* with the revision as its label */
	bool at_revision;
	bool cut; /* it ends before the feed's own timeout */
	enum vx_list_what what;
	char *app;
	char *label; /* or the revision */
	char *cursor;
	size_t max;

	pthread_mutex_t lock; /* above the feed's and a ctx's; guards all below */
	pthread_cond_t done;
	bool over;
	bool left;
	struct vx_ctx *running; /* of the call that is with the backend now */
	int rc;
	struct vx_error err;
	struct vx_feed_answer answer;
};

static void answer_fini(struct vx_feed_answer *a)
{
	vx_layers_put(a->layers);
	vx_list_fini(&a->list);
	vx_history_fini(&a->history);
	*a = (struct vx_feed_answer){0};
}

static void query_put(struct vx_feed_query *q)
{
	if (!q || atomic_fetch_sub_explicit(&q->refs, 1, memory_order_acq_rel) != 1)
		return;
	answer_fini(&q->answer);
	(void)pthread_cond_destroy(&q->done);
	(void)pthread_mutex_destroy(&q->lock);
	vx_coords_free(q->at);
	free(q->app);
	free(q->label);
	free(q->cursor);
	free(q);
}

/* --- on the feed's thread -------------------------------------------------------------------- */

static int read_layers(struct vx_feed_query *q, struct vx_backend *b,
                       const struct vx_backend_ops *ops, const struct vx_ctx *ctx,
                       struct vx_feed_answer *ret, struct vx_error *err)
{
	int rc;

	if (!q->at_revision)
		return vx_feed_fetch(q->feed, ctx, q->at, NULL, &ret->layers, err);
	rc = ops->fetch(b, ctx, q->at, NULL, &ret->layers, err);
	if (rc == 0 && !ret->layers->label_known)
		return vx_fail(err, -EOPNOTSUPP, "it keeps no revisions");
	return rc;
}

/* Whether @b has @label; a source that cannot tell now has said so before. */
static bool lacks(struct vx_backend *b, const struct vx_backend_ops *ops, const struct vx_ctx *ctx,
                  const char *label)
{
	char revision[VX_REVISION_MAX];

	return label && ops->revision(b, ctx, label, revision, NULL) == -ENOENT;
}

static int list_names(struct vx_feed_query *q, struct vx_backend *b,
                      const struct vx_backend_ops *ops, const struct vx_ctx *ctx,
                      struct vx_feed_answer *ret, struct vx_error *err)
{
	const char *label = q->label;
	int rc = ops->list(b, ctx, q->what, q->app, label, q->cursor, q->max, &ret->list, err);

	if (rc == -ENOENT && lacks(b, ops, ctx, label)) {
		if (q->at_revision || q->feed->missing_label == VX_MISSING_REFUSE)
			return rc;
		ret->lacks_label = true;
		if (q->feed->missing_label == VX_MISSING_SKIP)
			return 0;
		label = NULL;
		rc = ops->list(b, ctx, q->what, q->app, NULL, q->cursor, q->max, &ret->list, err);
	}
	if (rc != -ENOENT || q->what != VX_LIST_PROFILES)
		return rc;
	ret->unknown = true; /* the label is there: it is the application that is not */
	return 0;
}

static int ask_backend(struct vx_feed_query *q, struct vx_backend *b,
                       const struct vx_backend_ops *ops, const struct vx_ctx *ctx,
                       struct vx_feed_answer *ret, struct vx_error *err)
{
	switch (q->asked) {
	case VX_FEED_LAYERS:
		return read_layers(q, b, ops, ctx, ret, err);
	case VX_FEED_NAMES:
		return list_names(q, b, ops, ctx, ret, err);
	case VX_FEED_HISTORY:
		if (!ops->history)
			return vx_fail(err, -EOPNOTSUPP, "it keeps no history");
		return ops->history(b, ctx, q->at, q->cursor, q->max, &ret->history, err);
	case VX_FEED_REFRESH:
		return ops->refresh ? ops->refresh(b, ctx, err) : 0;
	}
	return -EINVAL;
}

/* The sentence where the source was not asked at all. */
static void say_why_not(int rc, struct vx_error *err)
{
	if (rc == -EAGAIN)
		(void)vx_fail(err, rc, "it has not answered lately and is left alone for a while");
	else if (rc == -ETIMEDOUT)
		(void)vx_fail(err, rc, "all its threads were busy until the time was over");
	else
		(void)vx_fail(err, rc, "the daemon is ending");
}

/* From here on a leaving asker finds the call to cancel. false: he has left already. */
static bool enter(struct vx_feed_query *q, const struct vx_ctx *ctx)
{
	VX_LOCKED(&q->lock);
	q->running = (struct vx_ctx *)(uintptr_t)ctx; /* cancelling is no change its owner fears */
	return !q->left;
}

static int run_query(struct vx_feed_call *call, struct vx_backend *b,
                     const struct vx_backend_ops *ops, const struct vx_ctx *ctx, int rc)
{
	struct vx_feed_query *q =
		(struct vx_feed_query *)((char *)call - offsetof(struct vx_feed_query, call));
	struct vx_feed_answer answer = {0};
	struct vx_error err = {0};
	bool cut = q->cut;

	if (rc < 0)
		say_why_not(rc, &err);
	else if (!enter(q, ctx))
		rc = -ECANCELED;
	else
		rc = ask_backend(q, b, ops, ctx, &answer, &err);
	if (rc < 0)
		answer_fini(&answer);
	if (rc == 0 && q->asked == VX_FEED_REFRESH)
		vx_feed_retry(q->feed);
	vx_lock(&q->lock);
	q->running = NULL;
	q->over = true;
	q->rc = rc;
	q->err = err;
	q->answer = answer;
	(void)pthread_cond_signal(&q->done);
	vx_unlock(&q->lock);
	query_put(q);
	/* Who gives a source less than its timeout has not learnt that it is silent. */
	return rc == -ETIMEDOUT && cut ? -ECANCELED : rc;
}

/* --- on the asking thread -------------------------------------------------------------------- */

static int copy(const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return text && !*ret ? -ENOMEM : 0;
}

/* @at with the revision as its label. */
static int at_revision(const struct vx_coords *at, const char *revision, struct vx_coords **ret,
                       struct vx_error *err)
{
	const char *list = strchr(at->text, '/') + 1;
	VX_AUTO(vx_freep) char *profiles = strndup(list, strcspn(list, "/"));
	VX_AUTO(vx_freep) char *label = vx_label_encode(revision);

	return profiles && label ? vx_coords_new(at->app, profiles, label, ret, err) : -ENOMEM;
}

static int copy_question(struct vx_feed_query *q, const struct vx_feed_question *from,
                         struct vx_error *err)
{
	int rc = 0;

	q->asked = from->asked;
	q->what = from->what;
	q->max = from->max;
	q->at_revision = from->revision != NULL;
	if (from->at && from->revision)
		rc = at_revision(from->at, from->revision, &q->at, err);
	else if (from->at)
		rc = vx_coords_dup(from->at, &q->at);
	else if (from->revision)
		rc = vx_label_check(from->revision, err);
	if (rc == 0)
		rc = copy(from->app, &q->app);
	if (rc == 0)
		rc = copy(from->revision ? from->revision : from->label, &q->label);
	return rc == 0 ? copy(from->cursor, &q->cursor) : rc;
}

static void set_deadline(struct vx_feed_query *q, const struct vx_ctx *ctx)
{
	int64_t own = vx_mono_ns(q->feed->clock) + q->feed->timeout_ms * VX_MSEC;

	q->cut = ctx->deadline_ns < own || q->asked == VX_FEED_REFRESH;
	q->call.until_ns = q->cut ? ctx->deadline_ns : own;
}

int vx_feed_ask(struct vx_feed *f, const struct vx_ctx *ctx,
                const struct vx_feed_question *question, struct vx_feed_query **ret,
                struct vx_error *err)
{
	struct vx_feed_query *q = calloc(1, sizeof(*q));
	pthread_condattr_t attr;
	int rc;

	if (!q)
		return -ENOMEM;
	q->feed = f;
	q->call.run = run_query;
	atomic_init(&q->refs, 1);
	vx_assert(pthread_mutex_init(&q->lock, NULL) == 0);
	vx_assert(pthread_condattr_init(&attr) == 0);
	vx_assert(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	vx_assert(pthread_cond_init(&q->done, &attr) == 0);
	(void)pthread_condattr_destroy(&attr);
	rc = copy_question(q, question, err);
	if (rc < 0) {
		query_put(q);
		return rc;
	}
	set_deadline(q, ctx);
	atomic_store(&q->refs, 2);
	if (q->asked == VX_FEED_REFRESH)
		vx_feed_submit(f, &q->call); /* a person says that it is worth trying */
	else
		vx_feed_call(f, &q->call);
	*ret = q;
	return 0;
}

static void wake(void *arg)
{
	struct vx_feed_query *q = arg;

	VX_LOCKED(&q->lock);
	(void)pthread_cond_signal(&q->done);
}

/* Wait until there is an answer or @ctx is over: 0 or what it says. The lock is held. */
static int wait_for_answer(struct vx_feed_query *q, const struct vx_ctx *ctx)
{
	const struct timespec until = {ctx->deadline_ns / VX_SEC, ctx->deadline_ns % VX_SEC};
	int rc = 0;

	while (!q->over && (rc = vx_ctx_check(ctx)) == 0)
		(void)pthread_cond_timedwait(&q->done, &q->lock, &until); /* either is seen above */
	return q->over ? 0 : rc;
}

/* What an answer means for who asked: failing optional sources are absent, as in serving. */
static int judge(const struct vx_feed_query *q, int rc, struct vx_feed_answer *ret)
{
	if (rc == 0 || q->asked != VX_FEED_LAYERS || q->at_revision || !q->feed->optional ||
	    rc == -ENOENT || rc == -ECANCELED || rc == -ENOMEM)
		return rc;
	ret->layers = vx_layers_ref(q->feed->empty);
	return 0;
}

int vx_feed_await(struct vx_feed_query *q, const struct vx_ctx *ctx, struct vx_feed_answer *ret,
                  struct vx_error *err)
{
	struct vx_ctx *mine =
		(struct vx_ctx *)(uintptr_t)ctx; /* a hook is no change to its owner */
	struct vx_ctx_hook hook = {.fn = wake, .arg = q};
	struct vx_feed_answer answer = {0};
	struct vx_error why = {0};
	int rc;

	vx_ctx_hook(mine, &hook);
	vx_lock(&q->lock);
	rc = wait_for_answer(q, ctx);
	if (rc < 0) {
		(void)vx_fail(&why, rc, "no answer from the backend '%s' in time", q->feed->name);
	} else {
		answer = q->answer;
		q->answer = (struct vx_feed_answer){0};
		why = q->err;
		rc = judge(q, q->rc, &answer);
		if (rc < 0)
			(void)vx_wrap(&why, rc, "%s", q->feed->name);
	}
	vx_unlock(&q->lock);
	vx_ctx_unhook(mine, &hook);
	if (rc < 0 && err)
		*err = why;
	if (rc == 0)
		*ret = answer;
	vx_feed_leave(q);
	return rc;
}

void vx_feed_leave(struct vx_feed_query *q)
{
	if (!q)
		return;
	vx_lock(&q->lock);
	q->left = true;
	if (q->running)
		vx_ctx_cancel(q->running);
	vx_unlock(&q->lock);
	query_put(q);
}
