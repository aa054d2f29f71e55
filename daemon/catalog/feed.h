/* feed.h - one backend as the catalog sees it: never blocking, never forgetting.
 *
 * A feed owns the backend, its threads, the last good layers for each coordinates, retries with
 * back-off and a circuit breaker. What is asked for is either known now, or is being fetched and
 * `settled` will be called. Threads: every function any thread; callbacks come from the feed's own
 * threads with no lock held. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backends/backend.h"
#include "core/layer.h"
#include "daemon/pool.h"
#include "daemon/telemetry/problems.h"

struct vx_feed;

struct vx_feed_events {
	/* What was asked for at the coordinates @text (or, NULL, the labels) is known or has failed:
	 * ask again. */
	void (*settled)(void *arg, struct vx_feed *feed, const char *text);
	/* The source has changed; @apps as in vx_backend_changed_fn. Layers asked for from now on are
	 * newer. Also called when a failed fetch is due to be tried again. */
	void (*changed)(void *arg, struct vx_feed *feed, const char *const *apps, size_t n_apps);
	void *arg;
	struct vx_events *tell;       /* nullable; outlives the feed, as: */
	struct vx_problems *problems; /* nullable */
};

/* Open the backend that the settings entry @cfg describes. @env is copied but for what it points
 * to. Labels that went are listed for @retain_ns more. 0 and *ret; what open says, with the sentence. */
int vx_feed_open(const struct vx_settings_map *cfg, const struct vx_backend_env *env,
                 int64_t retain_ns, const struct vx_feed_events *events, struct vx_feed **ret,
                 struct vx_error *err);

/* Begin to watch the source. Once, after the catalog is ready for events. */
int vx_feed_watch(struct vx_feed *f, struct vx_error *err);

/* The layers at @at as of the last change that was heard of.
 *   0             *ret is a reference: the newest, or the last good ones where the last fetch has
 *                 failed. An optional source that has never answered gives empty layers, as does
 *                 a label that it lacks where `missing_label` is skip.
 *   -EINPROGRESS  being fetched; settled() follows, perhaps before this returns
 *   else          the source has failed and nothing is known: ask again after changed() */
int vx_feed_layers(struct vx_feed *f, const struct vx_coords *at, struct vx_layers **ret,
                   struct vx_error *err);

/* Everybody who waited for the layers at the coordinates @text has left: the call to the backend is
 * cancelled. settled() follows; whoever wants them yet asks again. */
void vx_feed_abandon(struct vx_feed *f, const char *text);

/* A counted, immutable list of labels in byte order, with those that went not long ago. */
struct vx_label_list {
	atomic_size_t refs;
	struct vx_list list;
	int64_t *gone_ns; /* for each: 0, or since when the source has it no more (monotonic) */
};
void vx_label_list_put(struct vx_label_list *l); /* NULL is a no-op */
VX_DEFINE_AUTO(struct vx_label_list *, vx_label_list_put);

/* The labels that the source has; answers as vx_feed_layers does. */
int vx_feed_labels(struct vx_feed *f, struct vx_label_list **ret, struct vx_error *err);

/* A listing or a plain file: run on one of the feed's threads with a ctx that has the feed's
 * timeout. @rc is 0, or why the source is not to be asked (-EAGAIN breaker open, -ECANCELED ending,
 * -ETIMEDOUT it waited too long for a thread); run returns what the source said. The structure is
 * the caller's again once run begins. */
struct vx_feed_call {
	int (*run)(struct vx_feed_call *call, struct vx_backend *b,
	           const struct vx_backend_ops *ops, const struct vx_ctx *ctx, int rc);
	int64_t until_ns; /* monotonic; 0: the feed's timeout from now */
	struct vx_feed *feed;
	struct vx_job job;
	int64_t deadline_ns;
	int admitted; /* 0, or the rc that run gets */
};
void vx_feed_call(struct vx_feed *f, struct vx_feed_call *call);

/* A question that somebody waits for on a thread of his own: asked of the backend itself, answered
 * once, remembered nowhere. */
enum vx_feed_asked {
	VX_FEED_LAYERS, /* at `at`, as vx_feed_layers would have it, at `revision` where there is one */
	VX_FEED_NAMES,   /* as vx_backend_ops.list, at `revision` where there is one */
	VX_FEED_HISTORY, /* as vx_backend_ops.history */
	VX_FEED_REFRESH  /* as vx_backend_ops.refresh; also while the breaker is open */
};

struct vx_feed_question {
	enum vx_feed_asked asked;
	const struct vx_coords *at; /* LAYERS, HISTORY */
	const char *revision;       /* nullable: a label that the backend itself has to have */
	enum vx_list_what what;     /* NAMES, as the next two */
	const char *app;
	const char *label;
	const char *cursor; /* NAMES, HISTORY */
	size_t max;
};

struct vx_feed_answer {
	struct vx_layers *layers;
	struct vx_list list;
	struct vx_history history;
	bool lacks_label; /* NAMES: what is listed is what `missing_label` makes of it */
	bool unknown;     /* NAMES: no document of it names the application */
};

struct vx_feed_query;

/* Ask. Ends with @ctx's deadline or the feed's timeout, whichever is first (a refresh: with the
 * deadline alone). 0 and *ret, which vx_feed_await or vx_feed_leave ends; -EINVAL @q->revision can be
 * no label; -ENOMEM. */
int vx_feed_ask(struct vx_feed *f, const struct vx_ctx *ctx, const struct vx_feed_question *q,
                struct vx_feed_query **ret, struct vx_error *err);

/* Wait for the answer, at most until @ctx is over; then nobody waits any more and the backend's call
 * is cancelled. @q is gone in any case.
 *   0  *ret is the caller's: put, fini. An optional source that fails gives empty layers.
 *   -ENOENT it lacks the label (`missing_label: refuse`) or the revision
 *   -EOPNOTSUPP it keeps no history, or no revisions   else: what the backend says, or @ctx */
int vx_feed_await(struct vx_feed_query *q, const struct vx_ctx *ctx, struct vx_feed_answer *ret,
                  struct vx_error *err);
void vx_feed_leave(struct vx_feed_query *q); /* NULL is a no-op */

const char *vx_feed_name(const struct vx_feed *f);
int64_t vx_feed_priority(const struct vx_feed *f);
bool vx_feed_optional(const struct vx_feed *f);

struct vx_feed_counts {
	uint64_t fetches, unchanged, calls, failures;
	size_t known; /* coordinates whose layers are held */
	bool breaker_open;
};
void vx_feed_count(struct vx_feed *f, struct vx_feed_counts *ret);

/* How the source is doing, as it is known without asking. */
struct vx_feed_state {
	const char *type;               /* of the backend; static */
	const char *source;             /* where it reads from; NULL or valid as long as the feed */
	const char *state;              /* "ok", "starting", "failing", "resting"; static */
	char revision[VX_REVISION_MAX]; /* of the default label; "" unknown */
	char message[VX_ERROR_MAX];     /* why it fails, or what is under way; "" */
	int64_t good_ns;                /* when it was last heard of, monotonic; 0 never */
	int64_t next_ns;                /* when it is asked again, monotonic; 0 no timer */
};
void vx_feed_look(struct vx_feed *f, struct vx_feed_state *ret);

/* Nobody asks for the coordinates @text any more: a problem with them is one no longer. */
void vx_feed_forget(struct vx_feed *f, const char *text);

/* Once a second or so: tries again what is due, drops what nobody has asked for. */
void vx_feed_tick(struct vx_feed *f, int64_t now_ns);

/* Cancel everything under way; from now on everything asked answers -ECANCELED. */
void vx_feed_cancel(struct vx_feed *f);

/* After vx_feed_cancel: end the threads that ask the backend; their last events come during it. */
void vx_feed_join(struct vx_feed *f);

/* After vx_feed_join of all feeds and when nobody asks any more: close the backend, free. NULL is a
 * no-op; a feed that failed to open may be closed at once. */
void vx_feed_close(struct vx_feed *f);
