/* track.c - one track's job.
 *
 * A job takes the questions that came, brings the track up to date if a source has changed,
 * answers, and publishes. It never waits: what a feed is still fetching ends the job, and the
 * feed's `settled` starts it again. Since the job of one track never runs twice at once,
 * publications of a track are in order. */
#include <errno.h>
#include <string.h>

#include "daemon/catalog/catalog_i.h"

/* --- gathering layers: the callback of vx_resolve -------------------------------------------- */

/* The layers of every application that took part in one attempt; they live as long as it. */
struct gathered {
	struct gathered *next;
	size_t n;
	struct vx_layers *layers[];
};

struct attempt {
	struct track *track;
	struct gathered *all;
	bool hollow; /* only other labels have it: a leaf of nothing but labels */
	struct vx_resolved *resolved;
	char *revisions; /* "revision.repo 4f1c...\n" for each backend, for .version */
};

static int need(struct track *t, const char *text)
{
	char **grown = reallocarray(t->needs, t->n_needs + 1, sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	t->needs = grown;
	t->needs[t->n_needs] = strdup(text);
	if (!t->needs[t->n_needs])
		return -ENOMEM;
	t->n_needs++;
	return 0;
}

static void forget_needs(struct track *t)
{
	for (size_t i = 0; i < t->n_needs; i++)
		free(t->needs[i]);
	free(t->needs);
	t->needs = NULL;
	t->n_needs = 0;
	t->needs_labels = false;
}

static int gather(void *arg, const struct vx_coords *at, struct vx_layer_set *ret,
                  struct vx_error *err)
{
	struct attempt *a = arg;
	struct vx_catalog *c = a->track->catalog;
	struct gathered *g = calloc(1, sizeof(*g) + c->n_feeds * sizeof(g->layers[0]));
	bool pending = false;

	if (!g)
		return -ENOMEM;
	g->next = a->all;
	a->all = g;
	for (size_t i = 0; i < c->n_feeds; i++) {
		int rc = vx_feed_layers(c->feeds[i], at, &g->layers[g->n], err);

		if (rc == -EINPROGRESS)
			pending = true;
		else if (rc < 0)
			return rc;
		else
			g->n++;
	}
	if (pending) {
		int rc = need(a->track, at->text);

		return rc < 0 ? rc : -EINPROGRESS;
	}
	ret->layers = g->layers;
	ret->n = g->n;
	return 0;
}

static void attempt_fini(struct attempt *a)
{
	vx_resolved_put(a->resolved);
	free(a->revisions);
	while (a->all) {
		struct gathered *g = a->all;

		a->all = g->next;
		for (size_t i = 0; i < g->n; i++)
			vx_layers_put(g->layers[i]);
		free(g);
	}
}

/* A probe: does the application exist? One whose documents do not parse does. */
static int probe(struct attempt *a, struct vx_error *err)
{
	struct track *t = a->track;
	struct vx_layer_set set;
	int rc = gather(a, t->at, &set, err);

	if (rc == -EBADMSG || rc == -E2BIG)
		return 0;
	return rc < 0 ? rc : catalog_exists(t->catalog, t->at, &set, err);
}

/* --- composing ------------------------------------------------------------------------------- */

/* The labels of every feed, for the leaf of the default label. */
static int gather_labels(struct track *t, struct vx_label_list **ret, struct vx_error *err)
{
	struct vx_catalog *c = t->catalog;
	int result = 0;

	for (size_t i = 0; i < c->n_feeds && !t->at->label; i++) {
		int rc = vx_feed_labels(c->feeds[i], &ret[i], err);

		if (rc == -EINPROGRESS)
			t->needs_labels = true;
		if (rc < 0 && (result == 0 || rc != -EINPROGRESS))
			result = rc;
	}
	return result;
}

static bool same_labels(const struct track *t, struct vx_label_list *const *now)
{
	for (size_t i = 0; i < t->catalog->n_feeds; i++) {
		const struct vx_list *a = t->labels && t->labels[i] ? &t->labels[i]->list : NULL;
		const struct vx_list *b = now[i] ? &now[i]->list : NULL;
		size_t n = a ? a->n : 0;

		if (n != (b ? b->n : 0))
			return false;
		for (size_t k = 0; k < n; k++)
			if (strcmp(a->names[k], b->names[k]) != 0)
				return false;
	}
	return true;
}

static void labels_free(const struct vx_catalog *c, struct vx_label_list **labels)
{
	for (size_t i = 0; labels && i < c->n_feeds; i++)
		vx_label_list_put(labels[i]);
	free(labels);
}

static char *revisions_text(const struct vx_layer_set *set)
{
	struct vx_buf b = VX_BUF_INIT;

	for (size_t i = 0; i < set->n; i++)
		vx_buf_printf(&b, "revision.%s %s\n", set->layers[i]->backend,
		              set->layers[i]->revision);
	return vx_buf_steal(&b);
}

/* Find what takes part: a->resolved. */
static int resolve(struct attempt *a, struct vx_error *err)
{
	struct track *t = a->track;
	struct vx_layer_set own;
	int rc = catalog_resolve(t->catalog, t->at, gather, a, &own, &a->resolved, err);

	if (rc == 0 && !(a->revisions = revisions_text(&own)))
		rc = -ENOMEM;
	return rc;
}

/* What was served and is gone from every source stays for tree.retain: whether that is over. */
static bool orphan_is_over(struct track *t)
{
	int64_t now = vx_mono_ns(t->catalog->clock), since;

	vx_lock(&t->catalog->lock);
	since = t->orphaned_ns;
	if (since == 0)
		t->orphaned_ns = now;
	vx_unlock(&t->catalog->lock);
	if (since == 0 && t->snapshot)
		tell_orphaned(t);
	return since != 0 && now - since >= t->catalog->retain_ns;
}

/* Put what an attempt gave in its place. true: what is served has changed. */
static bool install(struct attempt *a, int rc, struct vx_snapshot *now,
                    struct vx_label_list **labels, const struct vx_error *err)
{
	struct track *t = a->track;
	struct vx_catalog *c = t->catalog;
	struct vx_snapshot *was = NULL;
	bool changed = false, gone = rc == -ENOENT || a->hollow;
	bool had = t->snapshot || (t->probe && t->known && t->rc == 0);
	bool over = gone && had && orphan_is_over(t);

	if (t->probe && gone && had && !over)
		rc = 0; /* its configurations are still served */

	if (rc < 0)
		tell_failure(t, rc, err);
	if (over || (rc == 0 && !gone) || (gone && !had))
		tell_well(t);
	vx_lock(&c->lock);
	if (rc == 0 && !gone)
		t->orphaned_ns = 0;
	if (rc == 0 && now) {
		bool other = !t->snapshot || strcmp(t->snapshot->version, now->version) != 0;

		c->counts.composed++;
		changed = other || !same_labels(t, labels);
		if (other) { /* else what was published stays, lines and revisions too */
			was = t->snapshot;
			t->snapshot = vx_snapshot_ref(now);
			t->number++;
			t->published_ns = vx_wall_ns(c->clock);
			t->unannounced = true;
			free(t->revisions);
			t->revisions = vx_steal(a->revisions);
		}
	} else if (over) {
		was = t->snapshot;
		t->snapshot = NULL;
		t->orphaned_ns = 0;
		changed = true;
	} else if (rc == 0 && !t->probe) {
		changed = !same_labels(t, labels);
	}
	t->known = true;
	t->failed = rc < 0 && rc != -ENOENT;
	t->dirty |= rc == -ENOMEM;
	t->lost |= rc == -ENOMEM;
	t->rc = t->snapshot ? 0 : rc;
	t->err = *err;
	vx_unlock(&c->lock);
	vx_snapshot_put(was);
	return changed;
}

/* Everything that a publication needs: what takes part, the labels, and the snapshot, which stays
 * NULL where the inputs are the very ones that were composed last. */
static int prepare(struct attempt *a, struct vx_label_list **labels, struct vx_snapshot **ret,
                   struct vx_error *err)
{
	struct track *t = a->track;
	struct vx_error labels_err = {0};
	int labels_rc = gather_labels(t, labels, &labels_err);
	int rc = resolve(a, err);

	if ((rc == 0 || rc == -ENOENT) && labels_rc < 0) {
		*err = labels_err;
		rc = labels_rc;
	}
	if (rc < 0 || (t->snapshot && vx_resolved_same(t->resolved, a->resolved)))
		return rc;
	return vx_compose(a->resolved, &t->catalog->compose, ret, err);
}

/* Bring the track up to date. 0, or -EINPROGRESS: feeds are asked, come again. */
static int refresh(struct track *t, bool *ret_changed)
{
	struct vx_catalog *c = t->catalog;
	struct attempt a = {.track = t};
	VX_AUTO(vx_snapshot_put_p) struct vx_snapshot *now = NULL;
	struct vx_label_list **labels = calloc(c->n_feeds + 1, sizeof(*labels));
	struct vx_error err = {0};
	int rc = labels ? 0 : -ENOMEM;

	forget_needs(t);
	if (rc == 0)
		rc = t->probe ? probe(&a, &err) : prepare(&a, labels, &now, &err);
	if (rc == -ENOENT && !t->at->label) {
		rc = elsewhere(t);
		a.hollow = rc == 0;
	}
	if (rc != -EINPROGRESS)
		*ret_changed |= install(&a, rc, now, labels, &err);
	if (rc == 0) {
		struct vx_label_list **was = t->labels;

		t->labels = labels;
		labels = was;
	}
	if (now) {
		struct vx_resolved *was = t->resolved;

		t->resolved = a.resolved;
		a.resolved = was;
	}
	labels_free(c, labels);
	attempt_fini(&a);
	return rc == -EINPROGRESS ? rc : 0;
}

/* --- answering and publishing ---------------------------------------------------------------- */

/* Remember that @dir shows the track, so that it hears of publications. */
static int show(struct track *t, struct vx_dir *dir)
{
	struct shown *s;

	VX_LOCKED(&t->catalog->lock);
	for (s = t->shown; s; s = s->next)
		if (s->dir == dir)
			return 0;
	s = malloc(sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->dir = vx_dir_ref(dir);
	s->next = t->shown;
	t->shown = s;
	return 0;
}

void track_unshow(struct track *t, struct vx_dir *dir)
{
	struct shown *gone = NULL;

	vx_lock(&t->catalog->lock);
	for (struct shown **s = &t->shown; *s; s = &(*s)->next) {
		if ((*s)->dir == dir) {
			gone = *s;
			*s = gone->next;
			break;
		}
	}
	vx_unlock(&t->catalog->lock);
	if (gone)
		vx_dir_put(gone->dir);
	free(gone);
}

/* The kernel may have forgotten @dir while its index was made (the reader was killed): then nobody
 * will say so any more. */
static void unshow_forgotten(struct track *t, struct vx_dir *dir)
{
	struct vx_fs *fs;

	vx_lock(&t->catalog->lock);
	fs = t->catalog->fs;
	vx_unlock(&t->catalog->lock);
	if (fs && !vx_fs_shows(fs, dir))
		track_unshow(t, dir);
}

static void answer(struct track *t, struct question *q)
{
	struct vx_names *names = NULL;
	int rc = t->rc;

	if (!q->dir) {
		tree_answer_node(t, rc, q->ask);
	} else {
		if (rc == 0)
			rc = index_build(t, place_of(q->dir), &names);
		if (rc == 0)
			rc = show(t, q->dir);
		if (rc == 0) {
			vx_ask_index(q->ask, names);
			unshow_forgotten(t, q->dir);
		} else {
			vx_names_put(names);
			vx_ask_error(q->ask, rc);
		}
	}
	vx_dir_put(q->dir);
	free(q);
}

/* Give every directory that shows the track its new index. false: memory ran out for some. */
static bool publish(struct track *t)
{
	bool whole;
	struct vx_catalog *c = t->catalog;
	struct vx_fs *fs;
	struct vx_dir **dirs;
	size_t n = 0, i = 0;

	vx_lock(&c->lock);
	fs = c->fs;
	for (struct shown *s = t->shown; s; s = s->next)
		n++;
	dirs = calloc(n + 1, sizeof(*dirs));
	for (struct shown *s = t->shown; s && dirs; s = s->next)
		dirs[i++] = vx_dir_ref(s->dir);
	c->counts.published += n > 0;
	vx_unlock(&c->lock);
	whole = dirs != NULL;
	t->generation++;
	for (i = 0; dirs && i < n; i++) {
		struct vx_names *names = NULL;

		if (index_build(t, place_of(dirs[i]), &names) == 0)
			vx_fs_publish(fs, dirs[i], names, NULL, NULL);
		else
			whole = false;
		vx_dir_put(dirs[i]);
	}
	free(dirs);
	files_sweep(t);
	return whole;
}

/* Whether the job must go round once more; otherwise it is over. */
static bool more_to_do(struct track *t, bool pending, uint64_t seen)
{
	struct vx_catalog *c = t->catalog;

	VX_LOCKED(&c->lock);
	if (t->again || (!pending && t->questions) || (pending && c->settles != seen) ||
	    c->ending) {
		t->again = false;
		if (!c->ending || t->questions)
			return true;
	}
	t->busy = false;
	if (--c->jobs == 0)
		(void)pthread_cond_broadcast(&c->quiet);
	if (pending) {
		t->waits = true;
		t->next_waiting = c->waiting;
		t->prev_waiting = &c->waiting;
		if (c->waiting)
			c->waiting->prev_waiting = &t->next_waiting;
		c->waiting = t;
	}
	return false;
}

/* The questions that may be answered now: all, unless a fetch is under way and nothing is shown yet
 * that a publication would correct. */
static struct question *take_questions(struct track *t, bool pending)
{
	struct question *q;

	VX_LOCKED(&t->catalog->lock);
	if (pending && !(t->snapshot && t->shown) && !t->catalog->ending)
		return NULL;
	if (t->catalog->ending) {
		t->rc = -ECANCELED;
		t->known = true;
	}
	q = t->questions;
	t->questions = NULL;
	return q;
}

void track_run(struct vx_job *job)
{
	struct track *t = (struct track *)((char *)job - offsetof(struct track, job));
	struct vx_catalog *c = t->catalog;
	bool pending = false;
	uint64_t seen;

	do {
		bool left = track_abandon(t), stale, changed, ending, whole = true;

		vx_lock(&c->lock);
		ending = c->ending;
		changed = t->lost && t->known;
		t->lost = false;
		seen = c->settles;
		left = left && !t->questions;
		stale = (t->dirty || !t->known || pending) && !ending && !left;
		t->dirty = left;
		t->again = false;
		vx_unlock(&c->lock);
		pending = stale && refresh(t, &changed) == -EINPROGRESS;
		if (changed && !ending)
			whole = publish(t);
		if (t->unannounced && t->snapshot)
			tell_published(t);
		t->unannounced = false;
		if (!whole) { /* the tick tries again */
			vx_lock(&c->lock);
			t->lost = true;
			vx_unlock(&c->lock);
		}
		for (struct question *q = take_questions(t, pending); q;) {
			struct question *next = q->next;

			answer(t, q);
			q = next;
		}
	} while (more_to_do(t, pending, seen));
	track_put(t);
}

/* Whether @t answers now; its rc in *ret_rc. L. */
static bool answers_now(const struct track *t, int *ret_rc)
{
	*ret_rc = t->rc;
	if (!t->known)
		return false;
	return (t->snapshot && t->shown) || (!t->dirty && !t->waits && !t->busy);
}

void track_ask(struct vx_catalog *c, const struct vx_coords *at, bool probe_only,
               struct vx_ask *ask, struct vx_dir *dir)
{
	struct question *q = malloc(sizeof(*q));
	struct track *t = NULL;
	int rc = -ENOMEM;
	bool now = false;

	vx_lock(&c->lock);
	if (q)
		t = track_get(c, at, probe_only);
	if (c->ending) {
		rc = -ECANCELED;
	} else if (t && !dir && answers_now(t, &rc)) {
		now = true;
	} else if (t) {
		*q = (struct question){t->questions, ask, dir ? vx_dir_ref(dir) : NULL};
		t->questions = vx_steal(q);
		track_kick(t);
		rc = 0;
	}
	vx_unlock(&c->lock);
	if (now)
		tree_answer_node(t, rc, ask);
	else if (rc < 0)
		vx_ask_error(ask, rc);
	free(q);
	track_put(t);
}

void track_clear(struct track *t)
{
	vx_assert(!t->questions && !t->busy);
	while (t->shown) {
		struct shown *s = t->shown;

		t->shown = s->next;
		vx_dir_put(s->dir);
		free(s);
	}
	files_clear(t);
	forget_needs(t);
	labels_free(t->catalog, t->labels);
	vx_snapshot_put(t->snapshot);
	vx_resolved_put(t->resolved);
	vx_coords_free(t->at);
	free(t->revisions);
	free(t->key);
	free(t);
}
