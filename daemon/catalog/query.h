/* query.h - questions to the catalog that people ask: what is served, where a value comes from, what
 * another revision would change.
 *
 * All of these block until their ctx's deadline, and run on the caller's thread (the HTTP server's,
 * never the loop's). They compose by the same code as serving does, and make no track: asking for
 * ten thousand configurations leaves nothing behind. Threads: any. */
#pragma once

#include "core/ctx.h"
#include "core/snapshot.h"
#include "daemon/catalog/access.h"
#include "daemon/catalog/catalog.h"
#include "daemon/catalog/feed.h"

/* Read one backend at a revision (or label) of its own, the others as they are. */
struct vx_at_revision {
	const char *backend;  /* settings name */
	const char *revision; /* as a label of that backend: a branch, tag or commit */
};

enum vx_moment {
	VX_SERVED, /* what readers get now: the track's snapshot where there is one, else as VX_HEAD */
	VX_HEAD    /* what the sources say now */
};

/* The snapshot at @at. @rev (nullable) implies VX_HEAD.
 * 0 and *ret (put it); -ENOENT there is nothing at @at; or why it cannot be composed (the sentence
 * names backend, file and line). */
int vx_catalog_snapshot(struct vx_catalog *c, const struct vx_ctx *ctx, const struct vx_coords *at,
                        enum vx_moment moment, const struct vx_at_revision *rev,
                        struct vx_snapshot **ret, struct vx_error *err);

/* A page of applications or of @app's profiles, merged from all backends; as vx_backend_ops.list. */
int vx_catalog_names(struct vx_catalog *c, const struct vx_ctx *ctx, enum vx_list_what what,
                     const char *app, const char *label, const struct vx_at_revision *rev,
                     const char *cursor, size_t max, struct vx_list *ret, struct vx_error *err);

enum vx_track_state {
	VX_TRACK_LIVE,    /* the kernel shows it */
	VX_TRACK_IDLE,    /* in memory, shown nowhere */
	VX_TRACK_STALE,   /* served, but its head fails: the last good version stands in */
	VX_TRACK_FAILED,  /* cannot be served */
	VX_TRACK_ORPHANED /* no source has it any more */
};
const char *vx_track_state_name(enum vx_track_state s);

/* One track in memory. Owned by the page. */
struct vx_track_info {
	char *at; /* coordinates' text */
	enum vx_track_state state;
	char version[VX_VERSION_DIGITS + 1]; /* "" if there is none */
	uint64_t number;
	int64_t published_s; /* wall time; 0: not */
	int64_t idle_s;      /* since it was last asked for */
	char *revisions;     /* "revision.repo 4f1c...\n..." as in .version; may be NULL */
	char *error;         /* why it is stale or failed; NULL */
};
struct vx_track_page {
	struct vx_track_info *tracks; /* by coordinates' text, in byte order */
	size_t n;
	bool more;
};
int vx_catalog_tracks(struct vx_catalog *c, const char *cursor, size_t max,
                      struct vx_track_page *ret);
void vx_track_page_fini(struct vx_track_page *p);

/* One backend; strings are owned by it. */
struct vx_backend_info {
	char *name, *type;
	char *source; /* where it reads from, without credentials; may be NULL */
	int64_t priority;
	bool optional;
	const char *state;              /* "ok", "starting", "failing", "resting" (breaker open) */
	char revision[VX_REVISION_MAX]; /* of its default label; "" unknown */
	char *message;                  /* why it fails, or what is under way; NULL */
	int64_t good_age_ms;            /* since it was last heard of; -1: never */
	int64_t next_ms;                /* until it is asked again; -1: no timer */
	struct vx_feed_counts counts;
};
struct vx_backend_list {
	struct vx_backend_info *backends; /* lowest priority first */
	size_t n;
};
/* Does not wait for a backend: what is known is told. */
int vx_catalog_backends(struct vx_catalog *c, struct vx_backend_list *ret);
void vx_backend_list_fini(struct vx_backend_list *l);

/* Ask the backend @name (NULL: each) for news now, and wait for its answer. 0; -ENOENT no such
 * backend; or why it could not be asked. One that needs no asking (it is watched) answers 0. */
int vx_catalog_refresh(struct vx_catalog *c, const struct vx_ctx *ctx, const char *name,
                       struct vx_error *err);

/* The revisions in which @at's documents changed in backend @name, newest first; as
 * vx_backend_ops.history. -EOPNOTSUPP it keeps none. */
int vx_catalog_history(struct vx_catalog *c, const struct vx_ctx *ctx, const char *name,
                       const struct vx_coords *at, const char *cursor, size_t max,
                       struct vx_history *ret, struct vx_error *err);

/* Owner, group and mode of the files at @at, by the access rules in force. */
struct vx_mode vx_catalog_access(struct vx_catalog *c, const struct vx_coords *at);
