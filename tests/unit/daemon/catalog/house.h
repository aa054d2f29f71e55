/* house.h - a real catalog without a mount, with all that it is told to, for unit tests. */
#pragma once

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "daemon/catalog/catalog_i.h"
#include "daemon/catalog/query.h"
#include "daemon/settings.h"
#include "tests/unit/backends/open.h"

struct house {
	struct vx_events *events;
	struct vx_problems *problems;
	struct vx_settings *settings;
	struct vx_catalog *catalog;
	struct vx_ctx ctx;
	struct vx_error err;
	uint64_t seen; /* the event that was waited for last */
};

/* A catalog over @backends, where each at sign stands for the folder @base. */
static inline void open_house(struct house *h, const char *base, const char *backends)
{
	static const char *const types[] = {"directory", "git", "never"};
	static char *const no_environment[] = {NULL};
	char path[128], state_dir[128];
	struct vx_daemon_settings_from from = {.config = path,
	                                       .environ = no_environment,
	                                       .root = true,
	                                       .types = types,
	                                       .n_types = 3};
	FILE *f;

	memset(h, 0, sizeof(*h));
	(void)snprintf(path, sizeof(path), "%s/vortexd.yaml", base);
	(void)snprintf(state_dir, sizeof(state_dir), "%s/state", base);
	f = fopen(path, "w");
	assert_non_null(f);
	(void)fprintf(f, "backends:\n");
	for (const char *c = backends; *c; c++)
		(void)fprintf(f, "%.*s", *c == '@' ? 64 : 1, *c == '@' ? base : c);
	assert_int_equal(fclose(f), 0);
	h->events = vx_events_new(vx_clock_system(), 100);
	h->problems = vx_problems_new(vx_clock_system(), h->events, 100);
	if (vx_daemon_settings_load(&from, NULL, NULL, &h->settings, &h->err) < 0 ||
	    vx_catalog_new(h->settings, vx_clock_system(), state_dir,
	                   &(struct vx_catalog_tells){h->events, h->problems}, &h->catalog,
	                   &h->err) < 0)
		fail_msg("%s", h->err.msg);
	vx_ctx_init(&h->ctx, vx_clock_system(), 30000);
}

static inline void leave_house(struct house *h)
{
	vx_ctx_fini(&h->ctx);
	vx_catalog_cancel(h->catalog);
	vx_catalog_free(h->catalog);
	vx_settings_put(h->settings);
	vx_problems_free(h->problems);
	vx_events_free(h->events);
}

static inline struct vx_coords *coords(const char *app, const char *profile, const char *label)
{
	struct vx_coords *at;

	assert_int_equal(vx_coords_new(app, profile, label, &at, NULL), 0);
	return at;
}

/* What vx_catalog_snapshot answers; the snapshot as properties in *ret (free it), or NULL. */
static inline int ask(struct house *h, const char *app, const char *profile, const char *label,
                      enum vx_moment moment, const struct vx_at_revision *rev, char **ret)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = coords(app, profile, label);
	VX_AUTO(vx_snapshot_put_p) struct vx_snapshot *s = NULL;
	struct vx_bytes *bytes;
	int rc = vx_catalog_snapshot(h->catalog, &h->ctx, at, moment, rev, &s, &h->err);

	*ret = NULL;
	if (rc == 0) {
		assert_int_equal(vx_render(s, VX_OUT_PROPERTIES, &bytes, NULL, NULL), 0);
		*ret = strdup(bytes->data);
		vx_bytes_put(bytes);
	}
	return rc;
}

/* Wait for an event that has both texts in it. */
static inline void wait_for(struct house *h, const char *type, const char *text)
{
	bool found = false;

	while (!found) {
		struct vx_bytes *line;
		uint64_t lost;

		if (vx_events_next(h->events, h->seen, 20000, &h->seen, &lost, &line) < 0)
			fail_msg("no event '%s' of '%s'", type, text);
		found = strstr(line->data, type) && strstr(line->data, text);
		vx_bytes_put(line);
	}
}

/* Have a track made as if somebody had looked at @at's files; wait for the event @type of it. */
static inline void serve(struct house *h, const char *app, const char *profile, const char *label,
                         const char *type)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = coords(app, profile, label);
	struct track *t;

	vx_lock(&h->catalog->lock);
	t = track_get(h->catalog, at, false);
	assert_non_null(t);
	t->dirty = true;
	track_kick(t);
	vx_unlock(&h->catalog->lock);
	track_put(t);
	wait_for(h, type, at->text);
	vx_lock(&h->catalog->lock); /* the event comes a little before the job's end */
	while (h->catalog->jobs > 0)
		(void)pthread_cond_wait(&h->catalog->quiet, &h->catalog->lock);
	vx_unlock(&h->catalog->lock);
}
