/* get_state.c - what the daemon is, what is wrong, what is in memory. Asks no backend. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/http/http_i.h"

int vx_get_version(const struct vx_http_request *rq, json_t **ret, struct vx_error *err)
{
	const int64_t up_ns = vx_mono_ns(rq->parts->clock) - rq->started_ns;
	json_t *o = json_object();
	int failed = 0;

	(void)err;
	failed |= json_object_set_new(o, "version", json_string(VX_RELEASE));
	failed |= json_object_set_new(o, "pid", json_integer(getpid()));
	failed |= json_object_set_new(o, "mount", vx_json_str(rq->parts->mount));
	failed |= json_object_set_new(o, "started", vx_json_time(rq->started_wall_ns / VX_SEC));
	failed |= json_object_set_new(o, "uptime_s", json_integer(up_ns / VX_SEC));
	if (failed) {
		json_decref(o);
		return -ENOMEM;
	}
	*ret = o;
	return 0;
}

/* --- problems -------------------------------------------------------------------------------- */

/* What is wrong behind the cursor, copied: under the problems' lock nothing else may be asked. */
struct problems {
	const char *cursor;
	struct vx_problem *problem; /* owned, with their strings */
	size_t n, cap;
	bool failed;
};

static void copy_problem(void *arg, const struct vx_problem *p)
{
	struct problems *all = arg;
	struct vx_problem copy = *p;

	if (all->failed || (all->cursor && strcmp(p->key, all->cursor) <= 0))
		return;
	if (all->n == all->cap) {
		size_t cap = all->cap ? all->cap * 2 : 64;
		struct vx_problem *grown = reallocarray(all->problem, cap, sizeof(*grown));

		all->failed = !grown;
		if (!grown)
			return;
		all->problem = grown;
		all->cap = cap;
	}
	copy.key = strdup(p->key);
	copy.sentence = strdup(p->sentence);
	all->failed = !copy.key || !copy.sentence;
	all->problem[all->n++] = copy;
}

static void problems_fini(struct problems *all)
{
	for (size_t i = 0; i < all->n; i++) {
		free((void *)(uintptr_t)all->problem[i].key); /* ours: copy_problem made it */
		free((void *)(uintptr_t)all->problem[i].sentence);
	}
	free(all->problem);
}

static void add_problem(struct vx_items *page, const struct vx_problem *p)
{
	json_t *o = json_object();
	int failed = 0;

	failed |= json_object_set_new(o, "key", vx_json_str(p->key));
	failed |= json_object_set_new(o, "severity", json_string(vx_severity_name(p->severity)));
	failed |= json_object_set_new(o, "since", vx_json_time(p->since_s));
	failed |= json_object_set_new(o, "message", vx_json_str(p->sentence));
	vx_items_add(page, o, failed);
}

int vx_get_problems(const struct vx_http_request *rq, json_t **ret, struct vx_error *err)
{
	struct problems all = {.cursor = rq->param[VX_P_CURSOR]};
	const char *last = NULL;
	struct vx_items page;
	size_t dropped;
	json_t *more;
	int rc = vx_items_init(&page, rq);

	(void)err;
	if (rc < 0)
		return rc;
	dropped = vx_problems_each(rq->parts->problems, copy_problem, &all);
	for (size_t i = 0; i < all.n && !all.failed && !page.next; i++) {
		if (!vx_may_hear(rq, all.problem[i].key))
			continue;
		if (vx_items_full(&page)) {
			vx_items_end(&page, last);
			break;
		}
		add_problem(&page, &all.problem[i]);
		last = all.problem[i].key;
	}
	more = json_object();
	page.failed |= all.failed;
	page.failed |= json_object_set_new(more, "dropped", json_integer((json_int_t)dropped)) < 0;
	rc = vx_items_reply(&page, more, ret);
	problems_fini(&all);
	vx_items_fini(&page);
	return rc;
}

/* --- tracks ---------------------------------------------------------------------------------- */

/* {"repo": "4f1c..."} from the lines "revision.repo 4f1c...". */
static json_t *make_revisions(const char *lines)
{
	json_t *o = json_object();
	VX_AUTO(vx_freep) char *copy = strdup(lines ? lines : "");
	char *rest = copy, *line;
	int failed = copy ? 0 : -1;

	while ((line = strsep(&rest, "\n"))) {
		/* A backend's name may hold a blank, a revision does not. */
		char *value = strrchr(line, ' '), *name = strchr(line, '.');

		if (!value || !name || name > value)
			continue;
		*value++ = '\0';
		failed |= json_object_set_new(o, name + 1, vx_json_str(value));
	}
	if (!failed)
		return o;
	json_decref(o);
	return NULL;
}

static int make_track(const struct vx_http_request *rq, const struct vx_track_info *t,
                      const struct vx_coords *at, json_t *o)
{
	const char *profiles = strchr(at->text, '/') + 1;
	const int64_t now_s = vx_wall_ns(rq->parts->clock) / VX_SEC;
	const bool is = t->published_s != 0;
	int failed = 0;

	failed |= json_object_set_new(o, "at", vx_json_str(t->at));
	failed |= json_object_set_new(o, "app", vx_json_str(at->app));
	failed |= json_object_set_new(o, "profile", vx_json_text(profiles, strcspn(profiles, "/")));
	failed |= json_object_set_new(o, "label", vx_json_str(at->label));
	failed |= json_object_set_new(o, "state", json_string(vx_track_state_name(t->state)));
	failed |= json_object_set_new(o, "version", vx_json_some(t->version));
	failed |= json_object_set_new(
		o, "number", t->number ? json_integer((json_int_t)t->number) : json_null());
	failed |= json_object_set_new(o, "published",
	                              is ? vx_json_time(t->published_s) : json_null());
	failed |= json_object_set_new(
		o, "age_s",
		is ? json_integer(now_s > t->published_s ? now_s - t->published_s : 0)
		   : json_null());
	failed |= json_object_set_new(o, "idle_s", json_integer(t->idle_s));
	failed |= json_object_set_new(o, "revisions", make_revisions(t->revisions));
	failed |= json_object_set_new(o, "error", vx_json_str(t->error));
	return failed;
}

static int add_track(const struct vx_http_request *rq, struct vx_items *p,
                     const struct vx_track_info *t)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	int rc = vx_at_parse(t->at, &at, NULL);
	json_t *o;

	if (rc < 0 || !vx_may_see(rq, at, NULL))
		return rc;
	o = json_object();
	vx_items_add(p, o, make_track(rq, t, at, o));
	return 0;
}

/* Pages of the catalog until this one is full: what may not be seen leaves it emptier. */
int vx_get_tracks(const struct vx_http_request *rq, json_t **ret, struct vx_error *err)
{
	VX_AUTO(vx_freep)
	char *cursor = strdup(rq->param[VX_P_CURSOR] ? rq->param[VX_P_CURSOR] : "");
	struct vx_items p;
	bool more = true;
	int rc = cursor ? vx_items_init(&p, rq) : -ENOMEM;

	(void)err;
	if (rc < 0)
		return rc;
	while (rc == 0 && more && !vx_items_full(&p)) {
		struct vx_track_page tracks = {0};

		rc = vx_catalog_tracks(rq->parts->catalog, cursor,
		                       rq->limit - json_array_size(p.items), &tracks);
		for (size_t i = 0; rc == 0 && i < tracks.n; i++)
			rc = add_track(rq, &p, &tracks.tracks[i]);
		more = rc == 0 && tracks.more && tracks.n > 0;
		if (more) {
			free(cursor);
			cursor = strdup(tracks.tracks[tracks.n - 1].at);
			rc = cursor ? 0 : -ENOMEM;
		}
		vx_track_page_fini(&tracks);
	}
	if (rc == 0 && more)
		vx_items_end(&p, cursor);
	if (rc == 0)
		rc = vx_items_reply(&p, NULL, ret);
	vx_items_fini(&p);
	return rc;
}
