/* feed_call.c - what a feed is asked beside layers: listings, plain files, and the labels, of which
 * it keeps the last good list. */
#include <errno.h>
#include <string.h>

#include "daemon/catalog/feed_i.h"

/* Labels kept of one backend; more than this in a leaf would make `ls` useless anyway. */
#define LABELS_MAX 10000

static void unlink_running(struct vx_feed *f, struct vx_feed_running *r)
{
	for (struct vx_feed_running **at = &f->running; *at; at = &(*at)->next) {
		if (*at == r) {
			*at = r->next;
			return;
		}
	}
}

static void run_call(struct vx_job *job)
{
	struct vx_feed_call *call =
		(struct vx_feed_call *)((char *)job - offsetof(struct vx_feed_call, job));
	struct vx_feed *f = call->feed;
	bool labels = call == &f->labels_call; /* notes its outcome itself */
	int admitted = call->admitted, rc = admitted;
	struct vx_feed_running running;

	vx_ctx_init(&running.ctx, f->clock, -1);
	running.ctx.deadline_ns = call->deadline_ns;
	vx_lock(&f->lock);
	if (rc == 0)
		rc = f->ending ? -ECANCELED : vx_ctx_check(&running.ctx);
	f->counts.calls += rc == 0;
	running.next = f->running;
	f->running = &running;
	vx_unlock(&f->lock);

	if (rc < 0) {
		(void)call->run(call, f->backend, f->ops, &running.ctx, rc);
		rc = -ECANCELED; /* the source was not asked: the breaker learns nothing */
	} else {
		rc = call->run(call, f->backend, f->ops, &running.ctx, 0);
	}
	vx_lock(&f->lock);
	unlink_running(f, &running);
	if (!labels && admitted == 0) {
		vx_feed_heard(f, rc);
		vx_breaker_note(&f->breaker, rc, vx_mono_ns(f->clock), vx_feed_random());
	}
	vx_unlock(&f->lock);
	vx_ctx_fini(&running.ctx);
}

void vx_feed_submit(struct vx_feed *f, struct vx_feed_call *call)
{
	call->feed = f;
	call->job.run = run_call;
	call->deadline_ns =
		call->until_ns ? call->until_ns : vx_mono_ns(f->clock) + f->timeout_ms * VX_MSEC;
	vx_pool_submit(f->pool, &call->job);
}

void vx_feed_call(struct vx_feed *f, struct vx_feed_call *call)
{
	vx_lock(&f->lock);
	call->admitted = vx_breaker_allow(&f->breaker, vx_mono_ns(f->clock)) ? 0 : -EAGAIN;
	vx_unlock(&f->lock);
	vx_feed_submit(f, call);
}

void vx_label_list_put(struct vx_label_list *l)
{
	if (!l || atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1)
		return;
	vx_list_fini(&l->list);
	free(l->gone_ns);
	free(l);
}

/* All labels in pages; -E2BIG beyond LABELS_MAX. */
static int list_labels(struct vx_backend *b, const struct vx_backend_ops *ops,
                       const struct vx_ctx *ctx, struct vx_list *all, struct vx_error *err)
{
	for (;;) {
		const char *cursor = all->n ? all->names[all->n - 1] : "";
		struct vx_list page = {0};
		char **names;
		int rc = ops->list(b, ctx, VX_LIST_LABELS, NULL, NULL, cursor, 1000, &page, err);

		if (rc < 0)
			return rc;
		if (all->n + page.n > LABELS_MAX)
			rc = vx_fail(err, -E2BIG, "more than %d labels", LABELS_MAX);
		names = rc < 0 ? NULL
		               : reallocarray(all->names, all->n + page.n + 1, sizeof(*names));
		if (!names) {
			vx_list_fini(&page);
			return rc < 0 ? rc : -ENOMEM;
		}
		all->names = names;
		for (size_t i = 0; i < page.n; i++)
			all->names[all->n++] = vx_steal(page.names[i]);
		rc = page.more && page.n > 0;
		vx_list_fini(&page);
		if (!rc)
			return 0;
	}
}

/* The place of @name in @l by binary search, or where it would stand. */
static size_t place(const struct vx_list *l, const char *name)
{
	size_t lo = 0, hi = l->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(l->names[mid], name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

/* Put @name, gone since @since, into @l at @at. */
static int insert_gone(struct vx_label_list *l, size_t at, const char *name, int64_t since)
{
	char *copy = strdup(name);
	char **names = reallocarray(l->list.names, l->list.n + 1, sizeof(*names));
	int64_t *gone;

	if (names)
		l->list.names = names;
	gone = names ? reallocarray(l->gone_ns, l->list.n + 1, sizeof(*gone)) : NULL;
	if (gone)
		l->gone_ns = gone;
	if (!copy || !gone) {
		free(copy);
		return -ENOMEM;
	}
	memmove(names + at + 1, names + at, (l->list.n - at) * sizeof(*names));
	memmove(gone + at + 1, gone + at, (l->list.n - at) * sizeof(*gone));
	names[at] = copy;
	gone[at] = since;
	l->list.n++;
	return 0;
}

/* Take what @was lists and @now lacks over, unless it went too long ago. */
static int keep_gone(const struct vx_feed *f, const struct vx_label_list *was,
                     struct vx_label_list *now)
{
	int64_t time = vx_mono_ns(f->clock);
	int rc = 0;

	for (size_t i = 0; was && rc == 0 && i < was->list.n; i++) {
		const char *name = was->list.names[i];
		int64_t since = was->gone_ns[i] ? was->gone_ns[i] : time;
		size_t at = place(&now->list, name);

		if (at < now->list.n && strcmp(now->list.names[at], name) == 0)
			continue;
		if (time - since < f->retain_ns)
			rc = insert_gone(now, at, name, since);
	}
	return rc;
}

static int run_labels(struct vx_feed_call *call, struct vx_backend *b,
                      const struct vx_backend_ops *ops, const struct vx_ctx *ctx, int rc)
{
	struct vx_feed *f = call->feed;
	struct vx_label_list *l = calloc(1, sizeof(*l));
	struct vx_error err = {0};
	bool behind, back;

	if (rc == 0)
		rc = l ? list_labels(b, ops, ctx, &l->list, &err) : -ENOMEM;
	if (rc == 0 && !(l->gone_ns = calloc(l->list.n + 1, sizeof(*l->gone_ns))))
		rc = -ENOMEM;
	if (l)
		atomic_init(&l->refs, 1);
	vx_lock(&f->lock);
	behind = f->labels_behind;
	back = f->silent;
	f->labels_behind = false;
	if (rc == 0)
		rc = keep_gone(f, f->labels, l);
	vx_feed_note(f, &f->labels_known, rc, &err, "labels", f->labels ? "of before" : NULL);
	if (rc == 0) {
		struct vx_label_list *was = f->labels;

		f->labels = l;
		l = was;
	}
	back = back && !f->silent;
	vx_unlock(&f->lock);
	vx_label_list_put(l);
	if (back || (behind && rc == 0))
		f->events.changed(f->events.arg, f, NULL, 0); /* those who went on without */
	f->events.settled(f->events.arg, f, NULL);
	return rc;
}

/* Whether a label that went is to be listed no longer. The lock is held. */
static bool some_are_over(const struct vx_feed *f, int64_t now_ns)
{
	for (size_t i = 0; f->labels && i < f->labels->list.n; i++)
		if (f->labels->gone_ns[i] && now_ns - f->labels->gone_ns[i] >= f->retain_ns)
			return true;
	return false;
}

bool vx_feed_labels_tick(struct vx_feed *f, int64_t now_ns)
{
	struct vx_known *k = &f->labels_known;

	if (some_are_over(f, now_ns) && k->fresh) {
		k->fresh = false;
		return true;
	}
	if (k->inflight || k->rc == 0 || k->told || now_ns < k->retry_ns)
		return false;
	k->told = true;
	return true;
}

int vx_feed_labels(struct vx_feed *f, struct vx_label_list **ret, struct vx_error *err)
{
	struct vx_known *k = &f->labels_known;
	bool start = false;
	int rc = 0;

	vx_lock(&f->lock);
	if (f->ending) {
		rc = vx_fail(err, -ECANCELED, "the daemon is ending");
	} else if (!k->fresh && !k->inflight && vx_feed_may_ask(f, k)) {
		start = true;
		k->inflight = true;
		f->labels_behind = k->rc < 0 && (f->labels || f->optional);
	}
	if (rc == 0 && k->inflight && !f->labels_behind)
		rc = -EINPROGRESS;
	else if (rc == 0 && !f->labels && !f->optional)
		rc = vx_fail(err, k->rc, "%s: %s", f->name, k->err.msg);
	if (rc == 0) {
		if (f->labels)
			atomic_fetch_add_explicit(&f->labels->refs, 1, memory_order_relaxed);
		*ret = f->labels;
	}
	vx_unlock(&f->lock);
	if (start) {
		f->labels_call.run = run_labels;
		vx_feed_submit(f, &f->labels_call);
	}
	return rc;
}

void vx_feed_labels_changed(struct vx_feed *f)
{
	f->labels_known.fresh = false;
	f->labels_known.rc = 0;
	f->labels_known.retry_ns = 0;
	f->labels_known.again = f->labels_known.inflight;
}
