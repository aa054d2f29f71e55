/* feed.c - the layers of one backend: what is known, what is being fetched, what failed.
 *
 * Each coordinates that were ever asked have an entry. A question finds it fresh (answered at
 * once), in flight, or old: then a fetch starts and `settled` tells when to ask again. A failure
 * leaves the last good layers where they are, and the next attempt, once its back-off and the
 * breaker allow it, goes on behind the readers' back: nobody waits twice for a source that did not
 * answer. Nothing here blocks but the backend's own threads. */
#include "daemon/catalog/feed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "daemon/catalog/feed_i.h"

/* Entries kept for coordinates that are asked for; an entry without layers is about 1 KiB, so this
 * bounds what a crawler of unknown names can take to 10 MiB. */
#define ENTRIES_MAX 10000
/* How many of the oldest are looked at for one to forget. */
#define EVICT_LOOK 64

struct vx_feed_entry {
	UT_hash_handle hh;
	struct vx_feed *feed;
	struct vx_coords *at;
	struct vx_layers *layers; /* last good; NULL none */
	bool gone;                /* the source has no such label */
	bool behind;              /* the fetch in flight is behind the readers' back */
	struct vx_known known;
	struct vx_ctx ctx; /* of the fetch in flight */
	char *settles;     /* at->text for the event at its end, when the entry may be gone */
	struct vx_job job;
};

uint64_t vx_feed_random(void)
{
	uint64_t r = 0;

	(void)!getrandom(&r, sizeof(r), GRND_NONBLOCK); /* only jitter depends on it */
	return r;
}

static void entry_free(struct vx_feed_entry *e)
{
	vx_layers_put(e->layers);
	vx_coords_free(e->at);
	free(e->settles);
	free(e);
}

/* Whether forgetting @e loses nothing that was ever served: a name that nobody knows. */
static bool worthless(const struct vx_feed_entry *e)
{
	return !e->known.inflight && (!e->layers || (!e->layers->app_known && e->layers->n == 0));
}

/* Forget entries that nobody is fetching, down to the bound: among the least recently asked those
 * of unknown names first, so that a crawler does not push out what is served. */
static void entries_bound(struct vx_feed *f)
{
	for (unsigned all = 0; all < 2; all++) {
		struct vx_feed_entry *e, *next;
		size_t looked = 0;

		HASH_ITER (hh, f->entries, e, next) {
			if (HASH_COUNT(f->entries) < ENTRIES_MAX || looked++ == EVICT_LOOK)
				break;
			if (e->known.inflight || (!all && !worthless(e)))
				continue;
			HASH_DEL(f->entries, e);
			vx_feed_tell_over(f, &e->known, e->at->text);
			entry_free(e);
		}
	}
}

/* The entry for @at, made where there is none, now the most recently asked. NULL: no memory. */
static struct vx_feed_entry *entry_get(struct vx_feed *f, const struct vx_coords *at)
{
	struct vx_feed_entry *e;

	HASH_FIND_STR(f->entries, at->text, e);
	if (e) {
		HASH_DEL(f->entries, e);
	} else {
		entries_bound(f);
		e = calloc(1, sizeof(*e));
		if (!e || vx_coords_dup(at, &e->at) < 0) {
			free(e);
			return NULL;
		}
		e->feed = f;
	}
	HASH_ADD_KEYPTR(hh, f->entries, e->at->text, strlen(e->at->text), e);
	return e;
}

void vx_feed_forget(struct vx_feed *f, const char *text)
{
	struct vx_feed_entry *e;

	VX_LOCKED(&f->lock);
	HASH_FIND_STR(f->entries, text, e);
	if (e)
		vx_feed_tell_over(f, &e->known, text);
}

void vx_feed_abandon(struct vx_feed *f, const char *text)
{
	struct vx_feed_entry *e;

	VX_LOCKED(&f->lock);
	HASH_FIND_STR(f->entries, text, e);
	if (e && e->known.inflight && !e->behind)
		vx_ctx_cancel(&e->ctx);
}

void vx_feed_retry(struct vx_feed *f)
{
	struct vx_feed_entry *e, *next;

	VX_LOCKED(&f->lock);
	HASH_ITER (hh, f->entries, e, next)
		e->known.retry_ns = 0;
	f->labels_known.retry_ns = 0;
}

bool vx_feed_may_ask(struct vx_feed *f, struct vx_known *k)
{
	int64_t now = vx_mono_ns(f->clock);

	if (k->rc < 0 && now < k->retry_ns)
		return false;
	if (vx_breaker_allow(&f->breaker, now))
		return true;
	k->rc = vx_fail(&k->err, -EAGAIN, "%s has not answered lately and is left alone for %.1f s",
	                f->name, (double)(f->breaker.open_until_ns - now) / 1e9);
	k->retry_ns = f->breaker.open_until_ns;
	k->told = false;
	return false;
}

void vx_feed_note(struct vx_feed *f, struct vx_known *k, int rc, const struct vx_error *err,
                  const char *what, const char *kept)
{
	int64_t now = vx_mono_ns(f->clock);
	const char *text = vx_error_text(err, rc);

	vx_breaker_note(&f->breaker, rc, now, vx_feed_random());
	vx_feed_heard(f, rc);
	vx_feed_tell(f, k, rc, text, what, kept);
	k->inflight = false;
	k->fresh = rc >= 0 && !k->again;
	k->rc = rc < 0 && rc != -ECANCELED ? rc : 0;
	k->told = false;
	k->attempts = rc >= 0 ? 0 : k->attempts + (rc != -ECANCELED);
	k->retry_ns = k->again ? 0 : now + vx_backoff_ns(k->attempts, vx_feed_random());
	k->again = false;
	if (k->rc < 0) {
		f->counts.failures++;
		(void)vx_fail(&k->err, rc, "%s", text);
	}
}

/* The documents of the source's default label, for @at whatever its label is. That the default label
 * is missing is a failure: to serve nothing of a source would silently take its keys away. */
static int fetch_default(struct vx_feed *f, const struct vx_ctx *ctx, const struct vx_coords *at,
                         const char *have, struct vx_layers **ret, struct vx_error *err)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *plain = NULL;
	const char *list = strchr(at->text, '/') + 1;
	VX_AUTO(vx_freep) char *profiles = strndup(list, strcspn(list, "/"));
	int rc = profiles ? vx_coords_new(at->app, profiles, NULL, &plain, err) : -ENOMEM;

	if (rc == 0)
		rc = f->ops->fetch(f->backend, ctx, plain, have, ret, err);
	return rc == -ENOENT ? vx_wrap(err, -EBADMSG, "the default label") : rc;
}

int vx_feed_fetch(struct vx_feed *f, const struct vx_ctx *ctx, const struct vx_coords *at,
                  const char *have, struct vx_layers **ret, struct vx_error *err)
{
	int rc = vx_ctx_check(ctx);

	if (rc < 0)
		return rc;
	if (!at->label)
		return fetch_default(f, ctx, at, have, ret, err);
	rc = f->ops->fetch(f->backend, ctx, at, have, ret, err);
	if (rc != -ENOENT || f->missing_label == VX_MISSING_REFUSE)
		return rc;
	if (f->missing_label == VX_MISSING_SKIP) {
		*ret = vx_layers_ref(f->empty);
		return 0;
	}
	rc = fetch_default(f, ctx, at, NULL, ret, err);
	if (rc == 0)
		(*ret)->label_known = false;
	return rc;
}

/* The source's timeout is for its answer: finding a thread for the question is our own affair, and a
 * change of all tracks makes thousands wait for one. But if the source fell silent meanwhile, the
 * rest of the queue is not to learn it one timeout each. 0, or why @e is not to be asked after all.
 * The lock is held. */
static int begin_fetch(struct vx_feed *f, struct vx_feed_entry *e, struct vx_error *err)
{
	int64_t now = vx_mono_ns(f->clock);

	f->counts.fetches++;
	e->ctx.deadline_ns = now + f->timeout_ms * VX_MSEC;
	return now < f->breaker.open_until_ns ? vx_fail(err, -EAGAIN, "%s does not answer", f->name)
	                                      : 0;
}

static void run_fetch(struct vx_job *job)
{
	struct vx_feed_entry *e =
		(struct vx_feed_entry *)((char *)job - offsetof(struct vx_feed_entry, job));
	struct vx_feed *f = e->feed;
	VX_AUTO(vx_layers_put_p) struct vx_layers *was = NULL;
	VX_AUTO(vx_freep) char *text = NULL;
	struct vx_layers *now = NULL;
	char app[VX_NAME_BYTES + 1];
	struct vx_error err = {0};
	bool behind, back;
	int rc;

	vx_lock(&f->lock);
	was = e->layers ? vx_layers_ref(e->layers) : NULL;
	rc = begin_fetch(f, e, &err);
	vx_unlock(&f->lock);

	if (rc == 0)
		rc = vx_feed_fetch(f, &e->ctx, e->at, was ? was->revision : NULL, &now, &err);
	text = vx_steal(e->settles);
	(void)snprintf(app, sizeof(app), "%s", e->at->app);

	vx_lock(&f->lock);
	behind = e->behind;
	back = f->silent;
	e->behind = false;
	vx_ctx_fini(&e->ctx);
	e->gone = rc == -ENOENT; /* an answer, not a failure: what was last good is so no more */
	vx_feed_note(f, &e->known, e->gone ? 0 : rc, &err, e->at->text,
	             e->layers ? e->layers->revision : NULL);
	if (now && !e->at->label)
		(void)snprintf(f->revision, sizeof(f->revision), "%s", now->revision);
	if (rc == 0 || e->gone) {
		vx_layers_put(e->layers);
		e->layers = now;
	} else if (rc == 1) {
		f->counts.unchanged++;
	}
	if (e->gone)
		(void)vx_fail(&e->known.err, rc, "%s", vx_error_text(&err, rc));
	back = back && !f->silent;
	vx_unlock(&f->lock);               /* from here on the entry may be gone */
	if (back || (behind && rc >= 0)) { /* those who went on without it */
		const char *apps[] = {app};

		f->events.changed(f->events.arg, f, back ? NULL : apps, back ? 0 : 1);
	}
	f->events.settled(f->events.arg, f, text);
}

/* Begin to fetch @e; the lock is held. */
static void start_fetch(struct vx_feed *f, struct vx_feed_entry *e)
{
	e->settles = strdup(e->at->text);
	if (!e->settles) {
		vx_feed_note(f, &e->known, -ENOMEM, NULL, e->at->text, NULL);
		return;
	}
	e->known.inflight = true;
	e->job.run = run_fetch;
	vx_ctx_init(&e->ctx, f->clock, -1); /* until it begins */
	vx_pool_submit(f->pool, &e->job);
}

/* What is left to answer with when the source is not to be asked; the lock is held. */
static int last_good(struct vx_feed *f, struct vx_feed_entry *e, struct vx_layers **ret,
                     struct vx_error *err)
{
	if (!e->layers && !f->optional)
		return vx_fail(err, e->known.rc, "%s: %s", f->name, e->known.err.msg);
	*ret = vx_layers_ref(e->layers ? e->layers : f->empty);
	return 0;
}

int vx_feed_layers(struct vx_feed *f, const struct vx_coords *at, struct vx_layers **ret,
                   struct vx_error *err)
{
	struct vx_feed_entry *e;
	struct vx_known *k;

	VX_LOCKED(&f->lock);
	if (f->ending)
		return vx_fail(err, -ECANCELED, "the daemon is ending");
	e = entry_get(f, at);
	if (!e)
		return -ENOMEM;
	k = &e->known;
	if (k->fresh) {
		if (e->gone)
			return vx_fail(err, -ENOENT, "%s: %s", f->name, k->err.msg);
		*ret = vx_layers_ref(e->layers);
		return 0;
	}
	if (!k->inflight && vx_feed_may_ask(f, k)) {
		e->behind = k->rc < 0 && (e->layers || f->optional);
		start_fetch(f, e);
	}
	if (k->inflight && !e->behind)
		return -EINPROGRESS;
	return last_good(f, e, ret, err);
}

static bool touches(const struct vx_feed_entry *e, const char *const *apps, size_t n_apps)
{
	if (!apps)
		return true;
	for (size_t i = 0; i < n_apps; i++)
		if (strcmp(apps[i], "application") == 0 || strcmp(apps[i], e->at->app) == 0)
			return true;
	return false;
}

/* What is known of @apps is old. */
static void backend_changed(void *arg, const char *const *apps, size_t n_apps)
{
	struct vx_feed *f = arg;
	struct vx_feed_entry *e, *next;

	vx_lock(&f->lock);
	f->breaker = (struct vx_breaker){0}; /* it lives */
	HASH_ITER (hh, f->entries, e, next) {
		if (!touches(e, apps, n_apps))
			continue;
		e->known.fresh = false;
		e->known.rc = 0;
		e->known.told = false;
		e->known.retry_ns = 0;
		e->known.again = e->known.inflight;
	}
	f->revision_old = true;
	vx_feed_labels_changed(f);
	vx_unlock(&f->lock);
	f->events.changed(f->events.arg, f, apps, n_apps);
}

/* From the backend's watching thread. */
static void heard_of_change(void *arg, const char *const *apps, size_t n_apps)
{
	backend_changed(arg, apps, n_apps);
	vx_feed_tell_changed(arg, apps, n_apps);
}

int vx_feed_watch(struct vx_feed *f, struct vx_error *err)
{
	int rc = f->ops->watch(f->backend, heard_of_change, f, err);

	if (rc < 0)
		return vx_wrap(err, rc, "watching backend '%s'", f->name);
	backend_changed(f, NULL, 0); /* what was read before the watch began may be old already */
	return 0;
}

/* After a change what failed is unknown, until somebody asks again: those who use it do so at once.
 * If nobody has from one tick to the next, it is no problem any more. */
static void forget_failure(struct vx_feed *f, struct vx_feed_entry *e)
{
	struct vx_known *k = &e->known;

	if (!k->failing || k->fresh || k->inflight || k->rc != 0)
		return;
	if (k->told)
		vx_feed_tell_over(f, k, e->at->text);
	k->told = true;
}

void vx_feed_tick(struct vx_feed *f, int64_t now_ns)
{
	struct vx_feed_entry *e, *next;
	const char **apps = NULL;
	bool labels;
	size_t n = 0;

	vx_feed_tell_status(f, now_ns);
	vx_feed_ask_revision(f);
	vx_lock(&f->lock);
	labels = !f->ending && vx_feed_labels_tick(f, now_ns);
	if (!f->ending)
		apps = calloc(HASH_COUNT(f->entries) + 1, sizeof(*apps));
	HASH_ITER (hh, f->entries, e, next) {
		struct vx_known *k = &e->known;

		forget_failure(f, e);
		if (!apps || k->inflight || k->rc == 0 || k->told || now_ns < k->retry_ns)
			continue;
		k->told = true; /* whoever still wants it asks again, and so starts the fetch */
		apps[n] = strdup(e->at->app);
		n += apps[n] != NULL;
	}
	vx_unlock(&f->lock);
	if (labels || n > 0)
		f->events.changed(f->events.arg, f, labels ? NULL : apps, n);
	for (size_t i = 0; i < n; i++)
		free((void *)(uintptr_t)apps[i]);
	free(apps);
}

static int read_settings(struct vx_feed *f, const struct vx_settings_map *cfg)
{
	const char *missing = vx_map_str(cfg, "missing_label");

	f->name = strdup(vx_map_str(cfg, "name"));
	f->priority = vx_map_int(cfg, "priority");
	f->timeout_ms = vx_map_int(cfg, "timeout");
	f->optional = vx_map_bool(cfg, "optional");
	f->missing_label = strcmp(missing, "skip") == 0     ? VX_MISSING_SKIP
	                   : strcmp(missing, "refuse") == 0 ? VX_MISSING_REFUSE
	                                                    : VX_MISSING_DEFAULT;
	f->empty = f->name ? vx_layers_new(f->name, "") : NULL;
	return f->empty ? 0 : -ENOMEM;
}

int vx_feed_open(const struct vx_settings_map *cfg, const struct vx_backend_env *env,
                 int64_t retain_ns, const struct vx_feed_events *events, struct vx_feed **ret,
                 struct vx_error *err)
{
	struct vx_feed *f = calloc(1, sizeof(*f));
	int rc = f ? 0 : -ENOMEM;

	if (rc < 0)
		return rc;
	vx_assert(pthread_mutex_init(&f->lock, NULL) == 0);
	f->clock = env->clock;
	f->retain_ns = retain_ns;
	f->events = *events;
	f->ops = vx_backend_find(vx_map_str(cfg, "type"));
	if (!f->ops)
		rc = vx_fail(err, -EOPNOTSUPP, "%s: backends of type '%s' are not built in",
		             vx_map_where(cfg), vx_map_str(cfg, "type"));
	if (rc == 0)
		rc = read_settings(f, cfg);
	if (rc == 0)
		rc = vx_pool_new(f->name, (size_t)vx_map_int(cfg, "pool.max"), &f->pool);
	if (rc == 0)
		rc = f->ops->open(cfg, env, &f->backend, err);
	if (rc < 0) {
		rc = vx_wrap(err, rc, "backend '%s'", vx_map_str(cfg, "name"));
		vx_feed_close(f);
		return rc;
	}
	*ret = f;
	return 0;
}

void vx_feed_cancel(struct vx_feed *f)
{
	struct vx_feed_entry *e, *next;

	VX_LOCKED(&f->lock);
	f->ending = true;
	HASH_ITER (hh, f->entries, e, next)
		if (e->known.inflight)
			vx_ctx_cancel(&e->ctx);
	for (struct vx_feed_running *r = f->running; r; r = r->next)
		vx_ctx_cancel(&r->ctx);
}

void vx_feed_join(struct vx_feed *f)
{
	vx_pool_free(f->pool);
	f->pool = NULL;
}

void vx_feed_close(struct vx_feed *f)
{
	struct vx_feed_entry *e, *next;

	if (!f)
		return;
	vx_pool_free(f->pool);
	if (f->ops && f->backend)
		f->ops->close(f->backend);
	HASH_ITER (hh, f->entries, e, next) {
		HASH_DEL(f->entries, e);
		entry_free(e);
	}
	vx_label_list_put(f->labels);
	vx_layers_put(f->empty);
	(void)pthread_mutex_destroy(&f->lock);
	free(f->name);
	free(f);
}

const char *vx_feed_name(const struct vx_feed *f)
{
	return f->name;
}

int64_t vx_feed_priority(const struct vx_feed *f)
{
	return f->priority;
}

bool vx_feed_optional(const struct vx_feed *f)
{
	return f->optional;
}

void vx_feed_count(struct vx_feed *f, struct vx_feed_counts *ret)
{
	VX_LOCKED(&f->lock);
	*ret = f->counts;
	ret->known = HASH_COUNT(f->entries);
	ret->breaker_open = f->breaker.open_until_ns != 0;
}
