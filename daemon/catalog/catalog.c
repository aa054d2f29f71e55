/* catalog.c - the feeds, the table of tracks, and what happens to them: a source changed, a fetch
 * settled, time passed, the end. */
#include "daemon/catalog/catalog.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "daemon/catalog/catalog_i.h"

/* Composing is all processor: as many threads as a small machine has cores leave the rest alone. */
#define COMPOSERS 2

/* A change of more applications than this is taken for one of all: looking a track up in a long list
 * would hold the lock longer than asking the feeds what they already know. */
#define APPS_LOOK 64

/* Tracks that are looked at before the lock is given up for a moment: a reader's lookup waits for it
 * on the loop's thread, which has 1 ms. Some 0.1 us each, and jobs are handed out between slices. */
#define SLICE 256

/* 16 bytes each: 64 kB, which the first lookup has to touch. At the default limits.tracks, 25 to a
 * bucket: some 3 us. */
#define BUCKETS_MAX ((size_t)1 << 12)

/* --- tracks ---------------------------------------------------------------------------------- */

/* A walk over all tracks that gives the lock up between slices. What is taken out of the table, or
 * moved to its end, meanwhile is stepped over; what is moved is met there (again). */
struct walk {
	struct walk *link; /* catalog->walks */
	struct track *next;
};

/* Take @t out of the table. L. */
static void table_del(struct vx_catalog *c, struct track *t)
{
	for (struct walk *w = c->walks; w; w = w->link)
		if (w->next == t)
			w->next = t->hh.next;
	HASH_DEL(c->tracks, t);
}

static void walk_begin(struct vx_catalog *c, struct walk *w)
{
	*w = (struct walk){c->walks, c->tracks};
	c->walks = w;
}

static void walk_end(struct vx_catalog *c, struct walk *w)
{
	struct walk **at = &c->walks;

	while (*at != w)
		at = &(*at)->link;
	*at = w->link;
}

/* Give the table, which has its first track, all its buckets at once: doubling them under 8,000
 * tracks takes 2 ms of a reader's lookup, which has 1. */
static void size_table(struct vx_catalog *c)
{
	UT_hash_table *table = c->tracks->hh.tbl;
	size_t most = c->tracks_max < BUCKETS_MAX ? c->tracks_max : BUCKETS_MAX;

	while (table->num_buckets < most)
		HASH_EXPAND_BUCKETS(hh, table, c->tracks);
	table->noexpand = 1;
}

static struct track *track_new(struct vx_catalog *c, const struct vx_coords *at, bool probe)
{
	struct track *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->catalog = c;
	t->probe = probe;
	t->job.run = track_run;
	if (vx_coords_dup(at, &t->at) < 0 ||
	    asprintf(&t->key, "%s%s", probe ? "?" : "", at->text) < 0) {
		vx_coords_free(t->at);
		free(t);
		return NULL;
	}
	atomic_init(&t->refs, 2); /* the table's and the caller's */
	HASH_ADD_KEYPTR(hh, c->tracks, t->key, strlen(t->key), t);
	if (HASH_COUNT(c->tracks) == 1)
		size_table(c);
	return t;
}

/* Whether nothing would be lost by forgetting @t. L. */
static bool idle(const struct track *t)
{
	return !t->busy && !t->waits && !t->shown && !t->questions && !t->orphaned_ns;
}

/* Over limits.tracks the least recently asked go: the table is kept in that order. L; the tracks
 * that were taken out are returned as a list for track_put outside the lock. */
static struct track *forget_tracks(struct vx_catalog *c, size_t most, int64_t before_ns)
{
	struct track *t, *next, *gone = NULL;

	HASH_ITER (hh, c->tracks, t, next) {
		bool over = HASH_COUNT(c->tracks) > most;

		if (!over && t->used_ns >= before_ns)
			break;
		if (!idle(t))
			continue;
		table_del(c, t);
		t->next_waiting = gone;
		gone = t;
	}
	return gone;
}

struct track *track_get(struct vx_catalog *c, const struct vx_coords *at, bool probe)
{
	char key[VX_PROFILES_MAX * (VX_NAME_BYTES + 1) + 4 * VX_NAME_BYTES + 512];
	struct track *t;

	(void)snprintf(key, sizeof(key), "%s%s", probe ? "?" : "", at->text);
	HASH_FIND_STR(c->tracks, key, t);
	if (t) {
		atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
		if (t->hh.next) { /* to the end: most recently asked */
			table_del(c, t);
			HASH_ADD_KEYPTR(hh, c->tracks, t->key, strlen(t->key), t);
		} /* else it is there, and the table of a single track would end with it */
	} else {
		t = track_new(c, at, probe);
	}
	if (t)
		t->used_ns = vx_mono_ns(c->clock);
	return t;
}

void track_put(struct track *t)
{
	if (t && atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) == 1)
		track_clear(t);
}

/* Make ready what track_kick starts; the caller submits t->job. false: it runs already. L. */
static bool claim(struct track *t)
{
	if (t->busy) {
		t->again = true;
		return false;
	}
	if (t->waits) {
		*t->prev_waiting = t->next_waiting;
		if (t->next_waiting)
			t->next_waiting->prev_waiting = t->prev_waiting;
		t->waits = false;
		t->dirty = true; /* what it waited for is still to be fetched */
	}
	t->busy = true;
	t->catalog->jobs++;
	atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return true;
}

void track_kick(struct track *t)
{
	if (claim(t))
		vx_pool_submit(t->catalog->pool, &t->job);
}

struct vx_feed *catalog_find_feed(struct vx_catalog *c, const char *name)
{
	for (size_t i = 0; i < c->n_feeds; i++)
		if (strcmp(vx_feed_name(c->feeds[i]), name) == 0)
			return c->feeds[i];
	return NULL;
}

struct vx_feed *catalog_feed(struct vx_catalog *c, const char *name)
{
	struct vx_feed *f = catalog_find_feed(c, name);

	vx_assert(f); /* a snapshot's backends are the catalog's */
	return f;
}

struct vx_mode catalog_mode(struct vx_catalog *c, const struct vx_coords *at)
{
	VX_LOCKED(&c->lock);
	return vx_access_file(c->access, at, c->default_label);
}

/* --- events ---------------------------------------------------------------------------------- */

static bool needs(const struct track *t, const char *text)
{
	if (!text)
		return t->needs_labels;
	for (size_t i = 0; i < t->n_needs; i++)
		if (strcmp(t->needs[i], text) == 0)
			return true;
	return false;
}

static void on_settled(void *arg, struct vx_feed *feed, const char *text)
{
	struct vx_catalog *c = arg;
	struct track *next;

	(void)feed;
	VX_LOCKED(&c->lock);
	c->settles++;
	for (struct track *t = c->waiting; t; t = next) {
		next = t->next_waiting;
		if (needs(t, text))
			track_kick(t);
	}
}

/* Whether what happened to @app concerns @t: its own documents, all, or what it imports. L. */
static bool concerns(const struct track *t, const char *app)
{
	const struct vx_snapshot *s = t->snapshot;
	size_t n = strlen(app);

	if (strcmp(app, "application") == 0 || strcmp(app, t->at->app) == 0)
		return true;
	for (size_t i = 0; s && i < s->n_imports; i++)
		if (strncmp(s->imports[i].to, app, n) == 0 && s->imports[i].to[n] == '/')
			return true;
	return t->failed; /* perhaps over an import */
}

/* What happened to @apps (NULL: to all) happened to @t; whether its job is to be submitted. L. */
static bool mark(struct track *t, const char *const *apps, size_t n_apps)
{
	bool hit = !apps || n_apps > APPS_LOOK;

	for (size_t i = 0; i < n_apps && !hit; i++)
		hit = concerns(t, apps[i]);
	if (!hit)
		return false;
	t->dirty = true;
	t->changes++;
	if (t->elsewhere == ELSEWHERE_ANSWERED)
		t->elsewhere = ELSEWHERE_UNASKED;
	/* Else whoever asks next brings it up to date; a failure is looked into, so that a problem
	 * which was mended does not stand until somebody reads. */
	return (t->shown || t->busy || t->waits || t->failed) && claim(t);
}

static void on_changed(void *arg, struct vx_feed *feed, const char *const *apps, size_t n_apps)
{
	struct vx_catalog *c = arg;
	struct track *start[SLICE];
	struct walk w;
	bool more;

	(void)feed;
	vx_lock(&c->lock);
	walk_begin(c, &w);
	do {
		size_t n = 0;

		for (size_t i = 0; i < SLICE && w.next; i++) {
			struct track *t = w.next;

			w.next = t->hh.next;
			if (mark(t, apps, n_apps))
				start[n++] = t; /* its job's reference keeps it */
		}
		more = w.next;
		if (!more)
			walk_end(c, &w);
		vx_unlock(&c->lock);
		for (size_t i = 0; i < n; i++)
			vx_pool_submit(c->pool, &start[i]->job);
		if (more)
			vx_lock(&c->lock);
	} while (more);
}

/* Once a second: due retries, orphans whose time is over, questions whose askers have left, tracks
 * that nobody shows. */
static void tick(struct vx_catalog *c)
{
	int64_t now = vx_mono_ns(c->clock);
	struct track *t, *next, *gone;

	for (size_t i = 0; i < c->n_feeds; i++)
		vx_feed_tick(c->feeds[i], now);
	vx_lock(&c->lock);
	HASH_ITER (hh, c->tracks, t, next) {
		if (t->orphaned_ns && now - t->orphaned_ns >= c->retain_ns)
			t->dirty = true;
		else if (!t->lost)
			continue;
		if (t->shown || t->orphaned_ns)
			track_kick(t);
	}
	for (t = c->waiting; t; t = next) {
		next = t->next_waiting;
		if (track_is_left(t))
			track_kick(t);
	}
	gone = forget_tracks(c, c->tracks_max, now - c->ttl_ns);
	vx_unlock(&c->lock);
	while (gone) {
		t = gone;
		gone = t->next_waiting;
		tell_forgotten(t);
		track_put(t);
	}
}

static void *run_ticker(void *arg)
{
	struct vx_catalog *c = arg;

	(void)pthread_setname_np(pthread_self(), "vx-tick");
	vx_lock(&c->lock);
	while (!c->ending) {
		struct timespec at;

		(void)clock_gettime(CLOCK_MONOTONIC, &at);
		at.tv_sec++;
		(void)pthread_cond_timedwait(&c->tick, &c->lock, &at);
		if (c->ending)
			break;
		vx_unlock(&c->lock);
		tick(c);
		vx_lock(&c->lock);
	}
	vx_unlock(&c->lock);
	return NULL;
}

/* --- life ------------------------------------------------------------------------------------ */

static int by_priority(const void *a, const void *b)
{
	const struct vx_feed *const *x = a, *const *y = b;
	int64_t p = vx_feed_priority(*x), q = vx_feed_priority(*y);

	return (p > q) - (p < q);
}

static int open_feeds(struct vx_catalog *c, const char *state_dir, struct vx_error *err)
{
	const struct vx_feed_events events = {on_settled, on_changed, c, c->tells.events,
	                                      c->tells.problems};
	struct vx_doc_limits limits = VX_DOC_LIMITS_DEFAULT;
	size_t n = vx_settings_count(c->settings, "backends");

	limits.bytes = (size_t)vx_settings_int(c->settings, "limits.document");
	c->feeds = calloc(n + 1, sizeof(*c->feeds));
	if (!c->feeds)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct vx_settings_map *m = vx_settings_at(c->settings, "backends", i);
		const char *label = vx_map_str(m, "default_label");
		struct vx_backend_env env = {c->clock, limits, *label ? label : c->default_label,
		                             state_dir};
		int rc;

		if (!vx_map_bool(m, "enabled"))
			continue;
		rc = vx_feed_open(m, &env, c->retain_ns, &events, &c->feeds[c->n_feeds], err);
		if (rc < 0)
			return rc;
		c->n_feeds++;
		c->commits |= vx_backend_find(vx_map_str(m, "type"))->commits;
	}
	qsort(c->feeds, c->n_feeds, sizeof(*c->feeds), by_priority);
	return 0;
}

static void read_settings(struct vx_catalog *c)
{
	const struct vx_settings *s = c->settings;

	c->default_label = vx_settings_str(s, "tree.default_label");
	c->unknown_app_shared =
		strcmp(vx_settings_str(s, "tree.unknown_application"), "shared") == 0;
	c->unknown_profile_base = strcmp(vx_settings_str(s, "tree.unknown_profile"), "base") == 0;
	c->resolve_plain = vx_settings_bool(s, "tree.resolve_plain");
	c->compose.overrides = vx_settings_tree(s, "tree.overrides");
	c->ttl_ns = vx_settings_int(s, "cache.ttl") * VX_MSEC;
	c->retain_ns = vx_settings_int(s, "tree.retain") * VX_MSEC;
	c->tracks_max = (size_t)vx_settings_int(s, "limits.tracks");
}

int vx_catalog_new(struct vx_settings *s, const struct vx_clock *clock, const char *state_dir,
                   const struct vx_catalog_tells *tells, struct vx_catalog **ret,
                   struct vx_error *err)
{
	struct vx_catalog *c = calloc(1, sizeof(*c));
	pthread_condattr_t attr;
	int rc;

	if (!c)
		return -ENOMEM;
	c->magic = VX_CATALOG_MAGIC;
	c->clock = clock;
	c->tells = *tells;
	c->settings = vx_settings_ref(s);
	vx_assert(pthread_mutex_init(&c->lock, NULL) == 0);
	vx_assert(pthread_condattr_init(&attr) == 0);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	vx_assert(pthread_cond_init(&c->tick, &attr) == 0);
	(void)pthread_condattr_destroy(&attr);
	vx_assert(pthread_cond_init(&c->quiet, NULL) == 0);
	read_settings(c);
	rc = vx_access_new(s, &c->access, err);
	if (rc == 0)
		rc = vx_pool_new("vx-compose", COMPOSERS, &c->pool);
	if (rc == 0)
		rc = open_feeds(c, state_dir, err);
	if (rc < 0) {
		vx_catalog_free(c);
		return rc;
	}
	*ret = c;
	return 0;
}

int vx_catalog_start(struct vx_catalog *c, struct vx_fs *fs, struct vx_error *err)
{
	sigset_t all, was;
	int rc = 0;

	vx_lock(&c->lock);
	c->fs = fs;
	vx_unlock(&c->lock);
	for (size_t i = 0; rc == 0 && i < c->n_feeds; i++) {
		struct vx_label_list *labels = NULL;

		rc = vx_feed_watch(c->feeds[i], err);
		/* A first question, so that a source that is away is in the log before a reader is. */
		if (rc == 0 && vx_feed_labels(c->feeds[i], &labels, NULL) == 0)
			vx_label_list_put(labels);
	}
	if (rc < 0)
		return rc;
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &was);
	rc = -pthread_create(&c->ticker, NULL, run_ticker, c);
	(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
	c->ticking = rc == 0;
	return rc < 0 ? vx_fail(err, rc, "no thread could be started") : 0;
}

void vx_catalog_reload(struct vx_catalog *c, struct vx_settings *s)
{
	struct vx_access *access = NULL, *was = NULL;
	struct track *t, *next;
	struct vx_error err = {0};
	int rc = vx_access_new(s, &access, &err);

	if (rc < 0) {
		vx_log(VX_LOG_ERROR, VX_NO_FIELDS, "%s; the access rules in force stay",
		       vx_error_text(&err, rc));
		return;
	}
	vx_lock(&c->lock);
	was = c->access;
	c->access = access;
	HASH_ITER (hh, c->tracks, t, next) {
		if (!t->shown)
			continue;
		t->lost = true; /* the modes in its indexes */
		track_kick(t);
	}
	vx_unlock(&c->lock);
	vx_access_free(was);
}

void vx_catalog_count(struct vx_catalog *c, struct vx_catalog_counts *ret)
{
	struct track *t, *next;

	VX_LOCKED(&c->lock);
	*ret = c->counts;
	ret->tracks = HASH_COUNT(c->tracks);
	ret->live = 0;
	HASH_ITER (hh, c->tracks, t, next)
		ret->live += t->shown != NULL;
}

void vx_catalog_log_counts(struct vx_catalog *c)
{
	struct vx_catalog_counts n;

	vx_catalog_count(c, &n);
	vx_log(VX_LOG_INFO, VX_NO_FIELDS,
	       "counts: composed=%" PRIu64 " published=%" PRIu64 " tracks=%zu live=%zu", n.composed,
	       n.published, n.tracks, n.live);
	for (size_t i = 0; i < c->n_feeds; i++) {
		struct vx_feed_counts f;

		vx_feed_count(c->feeds[i], &f);
		vx_log(VX_LOG_INFO, VX_FIELDS({"backend", vx_feed_name(c->feeds[i])}),
		       "counts: fetches=%" PRIu64 " unchanged=%" PRIu64 " calls=%" PRIu64
		       " failures=%" PRIu64 " known=%zu breaker=%s",
		       f.fetches, f.unchanged, f.calls, f.failures, f.known,
		       f.breaker_open ? "open" : "closed");
	}
}

void vx_catalog_cancel(struct vx_catalog *c)
{
	struct track *t, *next;

	for (size_t i = 0; i < c->n_feeds; i++)
		vx_feed_cancel(c->feeds[i]);
	vx_lock(&c->lock);
	c->ending = true;
	(void)pthread_cond_broadcast(&c->tick);
	HASH_ITER (hh, c->tracks, t, next)
		if (t->questions)
			track_kick(t);
	while (c->jobs > 0) /* one that began before may be about to publish */
		(void)pthread_cond_wait(&c->quiet, &c->lock);
	vx_unlock(&c->lock);
	if (c->ticking)
		(void)pthread_join(c->ticker, NULL);
	c->ticking = false;
}

void vx_catalog_free(struct vx_catalog *c)
{
	struct track *t, *next;

	if (!c)
		return;
	for (size_t i = 0; i < c->n_feeds; i++)
		vx_feed_join(c->feeds[i]); /* the last settled() comes from here */
	for (size_t i = 0; i < c->n_feeds; i++)
		vx_feed_close(c->feeds[i]);
	vx_pool_free(c->pool);
	HASH_ITER (hh, c->tracks, t, next) {
		HASH_DEL(c->tracks, t);
		track_put(t);
	}
	free(c->feeds);
	vx_access_free(c->access);
	vx_settings_put(c->settings);
	(void)pthread_cond_destroy(&c->tick);
	(void)pthread_cond_destroy(&c->quiet);
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
}
