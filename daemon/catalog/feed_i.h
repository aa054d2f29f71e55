/* feed_i.h - what the rooms of a feed share: feed.c (layers), feed_call.c (labels, listings, files),
 * feed_query.c (questions of people), feed_tell.c (what is said of the source). */
#pragma once

#include <pthread.h>
#include <uthash.h>

#include "daemon/catalog/breaker.h"
#include "daemon/catalog/feed.h"

enum vx_missing_label { VX_MISSING_DEFAULT, VX_MISSING_SKIP, VX_MISSING_REFUSE };

/* What is known of one question and whether it is being asked. Guarded by the feed's lock. */
struct vx_known {
	int rc;     /* 0, or why the last attempt failed */
	bool fresh; /* as of the last change that was heard of */
	bool inflight;
	bool again;   /* changed while in flight */
	bool told;    /* that a new attempt is due was said */
	bool failing; /* its failure was logged and has not ended */
	unsigned attempts;
	int64_t retry_ns; /* not before */
	struct vx_error err;
};

/* A call that is with the backend now; on its thread's stack. */
struct vx_feed_running {
	struct vx_ctx ctx;
	struct vx_feed_running *next;
};

struct vx_feed {
	char *name;
	int64_t retain_ns; /* how long a label that went is still listed */
	const struct vx_backend_ops *ops;
	struct vx_backend *backend;
	struct vx_pool *pool;
	const struct vx_clock *clock;
	struct vx_feed_events events;
	int64_t priority;
	int64_t timeout_ms;
	bool optional;
	enum vx_missing_label missing_label;
	struct vx_layers *empty; /* what an optional or label-less answer is */

	pthread_mutex_t lock; /* guards all below; no callback and no backend call under it */
	bool ending;
	struct vx_breaker breaker;
	struct vx_feed_entry *entries; /* uthash by coordinates' text, least recently asked first */
	struct vx_label_list *labels;  /* last good; NULL none */
	struct vx_known labels_known;
	bool labels_behind;
	struct vx_feed_call labels_call;
	struct vx_feed_counts counts;
	struct vx_feed_running *running; /* listings and the like */
	bool silent; /* that it does not answer was logged, and it has not answered since */
	struct vx_error silence; /* why, while silent */
	struct vx_error away;    /* what the backend's status says; code 0: nothing is wrong */
	int64_t progress_ns;     /* when its progress was logged last; 0 never */
	int64_t good_ns;         /* when it was last heard of; 0 never */
	char revision[VX_REVISION_MAX]; /* of the default label, as last told; "" unknown */
	bool revision_old;              /* the source has changed since */
	bool revision_asked;            /* revision_call is under way */
	struct vx_feed_call revision_call;
};

/* Whether the question may be asked now; otherwise @k says why not. The lock is held. */
bool vx_feed_may_ask(struct vx_feed *f, struct vx_known *k);

/* Hand @call, whose admission is decided, to a thread. */
void vx_feed_submit(struct vx_feed *f, struct vx_feed_call *call);

/* Note the outcome of an attempt at @what, and log it once; @kept (nullable) is the revision that
 * stays in use. The lock is held. */
void vx_feed_note(struct vx_feed *f, struct vx_known *k, int rc, const struct vx_error *err,
                  const char *what, const char *kept);

/* Fresh bits for jitter. */
uint64_t vx_feed_random(void);

/* Whether whoever shows labels should ask again: a new attempt is due, or one that went is to be
 * listed no longer. The lock is held. */
bool vx_feed_labels_tick(struct vx_feed *f, int64_t now_ns);

/* The source has changed: whatever is known of the labels is old. The lock is held. */
void vx_feed_labels_changed(struct vx_feed *f);

/* Ask the backend for the layers at @at, with what a label that it lacks means for this feed. As
 * vx_backend_ops.fetch; not under the lock. */
int vx_feed_fetch(struct vx_feed *f, const struct vx_ctx *ctx, const struct vx_coords *at,
                  const char *have, struct vx_layers **ret, struct vx_error *err);

/* The source was asked and @rc came of it. The lock is held. */
void vx_feed_heard(struct vx_feed *f, int rc);

/* Say, once, that @what fails or is well again; arguments as of vx_feed_note, with the sentence as
 * @text. The lock is held. */
void vx_feed_tell(struct vx_feed *f, struct vx_known *k, int rc, const char *text, const char *what,
                  const char *kept);

/* The source has news: what failed may be tried again at once. */
void vx_feed_retry(struct vx_feed *f);

/* Nobody asks for @what any more: its failure is no problem. The lock is held. */
void vx_feed_tell_over(struct vx_feed *f, struct vx_known *k, const char *what);

/* The source has changed; arguments as of vx_backend_changed_fn. Not under the lock. */
void vx_feed_tell_changed(struct vx_feed *f, const char *const *apps, size_t n_apps);

/* Look how the source is doing and say so where it is news. Not under the lock; one thread. */
void vx_feed_tell_status(struct vx_feed *f, int64_t now_ns);

/* Have the revision of the default label asked for where it is not known any more. */
void vx_feed_ask_revision(struct vx_feed *f);
