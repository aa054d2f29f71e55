/* backend.h - where configuration comes from.
 *
 * A backend answers one question: which documents apply at these coordinates now? It knows no
 * kernel, no other backend and no rollout, and never logs above debug. Threads: any number of calls
 * at once on one instance; calls block (the caller gives each backend threads of its own) and are
 * made with no lock held. Every call that takes a ctx honours its deadline and cancellation.
 *
 * Errors common to all calls: -ETIMEDOUT, -ECANCELED, -EAGAIN unreachable (may retry), -EACCES
 * refused by the server, -ENOMEM. Outputs are written on success only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/coords.h"
#include "core/ctx.h"
#include "core/error.h"
#include "core/layer.h"
#include "core/settings.h"

#define VX_REVISION_MAX 72

struct vx_backend; /* each backend's own; the registry never looks inside */

/* What the daemon lends a backend; everything is copied or outlives it. */
struct vx_backend_env {
	const struct vx_clock *clock;
	struct vx_doc_limits limits; /* of one document */
	const char *default_label;   /* the backend's own, else tree.default_label */
	const char *state_dir;       /* for mirrors; NULL: none */
};

enum vx_list_what {
	VX_LIST_APPS,     /* every application, by the one reading of docs/composition.md */
	VX_LIST_PROFILES, /* of @app: those that a document's file name or activation names */
	VX_LIST_LABELS    /* decoded; empty for a backend without labels */
};

/* A page of names in byte order. */
struct vx_list {
	char **names;
	size_t n;
	bool more; /* go on with the last name as the cursor */
};
void vx_list_fini(struct vx_list *l);

struct vx_history_entry {
	char revision[VX_REVISION_MAX];
	char *author; /* "Name <mail>" */
	char *message;
	int64_t time_s; /* wall time, since 1970 */
};
struct vx_history {
	struct vx_history_entry *entries; /* newest first */
	size_t n;
	bool more; /* go on with the last revision as the cursor */
};
void vx_history_fini(struct vx_history *h);

/* What changed. Called from a thread of the backend's own, never from inside another call; must not
 * block. @apps NULL: anything may have changed; else the applications whose documents or plain
 * files did ("application" stands for all). */
typedef void vx_backend_changed_fn(void *arg, const char *const *apps, size_t n_apps);

/* How a source is doing that is asked for news rather than read in place. */
struct vx_backend_status {
	int rc;                     /* of the last attempt: 0, or why it failed */
	char message[VX_ERROR_MAX]; /* why it failed; else what is under way, or "" */
	int64_t good_ns;            /* when it last answered, monotonic; 0 never */
	int64_t next_ns;            /* when it is asked next, monotonic; 0 unknown */
	bool busy;                  /* it is being asked now */
	bool first;                 /* nothing of it has arrived yet: calls wait for it */
};

struct vx_backend_ops {
	const char *type; /* value of backends[].type, "git" */
	bool commits;     /* 7 to 40 hex digits of a revision are a label too, unlisted */

	/* Open from @cfg (borrowed, not kept). No network I/O here, and a source that is away is no
	 * error. 0 and *ret (close it), -EINVAL bad setting, -ENOENT, -EACCES unreadable secret. */
	int (*open)(const struct vx_settings_map *cfg, const struct vx_backend_env *env,
	            struct vx_backend **ret, struct vx_error *err);

	/* The layers at @at (label NULL: the default label), unless their revision still is @have
	 * (nullable). An application or profile that nothing names is no error: see app_known.
	 *   0  *ret owns the layers, put them     1  unchanged, *ret untouched
	 *   -ENOENT no such label   -EBADMSG a document does not parse (err: path, line, why)
	 *   -E2BIG a document is over a limit */
	int (*fetch)(struct vx_backend *b, const struct vx_ctx *ctx, const struct vx_coords *at,
	             const char *have, struct vx_layers **ret, struct vx_error *err);

	/* The revision of @label (NULL: default) now; cheap. -ENOENT no such label. */
	int (*revision)(struct vx_backend *b, const struct vx_ctx *ctx, const char *label,
	                char ret[VX_REVISION_MAX], struct vx_error *err);

	/* At most @max names after @cursor ("" from the start), in byte order. @app only for profiles;
	 * @label NULL: default. -ENOENT no such label; for profiles also: no document names @app. */
	int (*list)(struct vx_backend *b, const struct vx_ctx *ctx, enum vx_list_what what,
	            const char *app, const char *label, const char *cursor, size_t max,
	            struct vx_list *ret, struct vx_error *err);

	/* The raw bytes of the plain file @path as it was at @revision (both from vx_layers). -ENOENT
	 * gone; -E2BIG larger than @max bytes; -ESTALE that revision can no longer be had. */
	int (*file)(struct vx_backend *b, const struct vx_ctx *ctx, const char *revision,
	            const char *path, size_t max, struct vx_bytes **ret, struct vx_error *err);

	/* The revisions in which documents of @at changed, newest first, after @cursor (""). Optional:
	 * NULL means that the backend keeps none. */
	int (*history)(struct vx_backend *b, const struct vx_ctx *ctx, const struct vx_coords *at,
	               const char *cursor, size_t max, struct vx_history *ret,
	               struct vx_error *err);

	/* Call @changed after each change from now on, at most until close. Once per instance. */
	int (*watch)(struct vx_backend *b, vx_backend_changed_fn *changed, void *arg,
	             struct vx_error *err);

	/* Ask the source for news now, and return once they can be read (`changed` is called as ever).
	 * Optional: NULL means that there is nothing to ask, changes are seen as they happen. */
	int (*refresh)(struct vx_backend *b, const struct vx_ctx *ctx, struct vx_error *err);

	/* Optional, as refresh. Never blocks. */
	void (*status)(struct vx_backend *b, struct vx_backend_status *ret);

	/* Where it reads from, for people: no user, password or token in it. Borrowed, as long as
	 * the backend. Optional. */
	const char *(*source)(struct vx_backend *b);

	/* Ends the watch first; NULL is a no-op; cannot fail. */
	void (*close)(struct vx_backend *b);
};

/* The backend of that type, NULL if it is not built in. */
const struct vx_backend_ops *vx_backend_find(const char *type);
/* The i-th built-in backend, NULL past the last. */
const struct vx_backend_ops *vx_backend_at(size_t i);
