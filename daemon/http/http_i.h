/* http_i.h - what the rooms of the local interface share.
 *
 *	server.c   life of the server; from libmicrohttpd's calls to a request and back
 *	socket.c   the listening socket: its folder, whether another answers there, its end
 *	accept.c   taking callers in, as many as there are places
 *	route.c    the table of paths, and the parameters of each
 *	reply.c    values, origins, errors and pages as JSON
 *	caller.c   who asks, and what they may see
 *	side.c     parsing (pure)
 *	flat.c     a tree as sorted flat keys
 *	moment.c   from a side to its snapshot
 *	walk.c     all configurations in order, a page at a time
 *	get_*.c    what answers the paths
 *	stream.c   the events as they come
 *
 * Only server.c knows libmicrohttpd: a handler gets the question taken apart and gives back JSON, so
 * that whatever else asks one day is answered by the same code. */
#pragma once

#include <jansson.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "core/ctx.h"
#include "core/snapshot.h"
#include "daemon/catalog/query.h"
#include "daemon/http/http.h"
#include "daemon/http/side.h"

#define VX_PAGE_DEFAULT 100
#define VX_PAGE_MAX 1000
/* A page that has so many is full: each of its items may quote a document of limits.document, and 32
 * callers may ask at once. */
#define VX_PAGE_BYTES ((size_t)4 << 20)

/* --- who asks (caller.c) --------------------------------------------------------------------- */

struct vx_http_caller {
	uid_t uid;
	gid_t gid;
	gid_t *groups; /* supplementary ones; owned */
	size_t n_groups;
	bool commands; /* root, the daemon's own user, a member of control.group */
};

/* Whom the kernel names at the other end of the socket @fd. @control: the gid of control.group, or
 * -1. 0 and *ret (fini it). */
int vx_caller_of(int fd, gid_t control, struct vx_http_caller *ret, struct vx_error *err);
void vx_caller_fini(struct vx_http_caller *who);

/* Whether @who may read files of @mode, as the kernel decides it. */
bool vx_caller_may_read(const struct vx_http_caller *who, const struct vx_mode *mode);

/* --- a question ------------------------------------------------------------------------------ */

enum vx_param {
	VX_P_AT,
	VX_P_A,
	VX_P_B,
	VX_P_KEY,
	VX_P_FILE,
	VX_P_VALUE,
	VX_P_LABEL,
	VX_P_REV,
	VX_P_APP,
	VX_P_BACKEND,
	VX_P_ALL,
	VX_P_ORIGINS,
	VX_P_AFTER,
	VX_P_FOLLOW,
	VX_P_LIMIT,
	VX_P_CURSOR,
	VX_PARAMS
};

struct vx_http_request {
	const struct vx_http_parts *parts;
	struct vx_ctx *ctx;
	struct vx_http_caller caller;
	const char *name;             /* what stands for the path's `*`; NULL */
	const char *param[VX_PARAMS]; /* NULL: not given */
	size_t limit;                 /* of the page; the default where it is not given */
	int64_t work_until_ns;        /* monotonic: a page that composes ends here */
	int64_t started_ns;           /* of the server: monotonic, and wall time */
	int64_t started_wall_ns;
};

/* Answer. 0 and *ret (the caller's reference), or why not. Blocks until the ctx's deadline. */
typedef int vx_http_handler(const struct vx_http_request *rq, json_t **ret, struct vx_error *err);

/* --- the table of paths (route.c) ------------------------------------------------------------ */

struct vx_route {
	const char *method, *path; /* one `*` in the path stands for a name without slashes */
	uint32_t params;           /* bits of enum vx_param */
	bool command;              /* only for those who may command */
	vx_http_handler *handler;  /* NULL: the stream of events */
};

/* 0, *ret and *ret_name (the caller frees; NULL: no `*`); -ENOENT no such path; -EROFS another
 * method, *ret_allow (static) is the path's own. */
int vx_route_find(const char *method, const char *path, const struct vx_route **ret,
                  char **ret_name, const char **ret_allow, struct vx_error *err);

/* Take one parameter into @rq; its text is borrowed. -EINVAL unknown, twice, or no UTF-8. */
int vx_route_param(const struct vx_route *route, struct vx_http_request *rq, const char *name,
                   const char *text, size_t len, struct vx_error *err);

/* "true" or "false"; false where it is not given. */
int vx_param_bool(const struct vx_http_request *rq, enum vx_param p, bool *ret,
                  struct vx_error *err);
/* -EINVAL unless it is given. */
int vx_param_need(const struct vx_http_request *rq, enum vx_param p, struct vx_error *err);

/* --- JSON (reply.c); NULL or non-zero: out of memory ------------------------------------------ */

json_t *vx_json_text(const char *s, size_t n);   /* what is no UTF-8 becomes U+FFFD */
json_t *vx_json_str(const char *s);              /* null for NULL */
json_t *vx_json_some(const char *s);             /* null for NULL and for "" */
json_t *vx_json_time(int64_t wall_s);            /* RFC 3339 */
json_t *vx_json_value(const struct vx_value *v); /* the text; null for a null, list or map */

/* "backend", "path", "line" of @v, and "revision" where @revision; added to @to. */
int vx_json_origin(json_t *to, const struct vx_value *v, bool revision);

/* {"error": {"code", "message"}}. */
json_t *vx_json_error(const struct vx_error *err, int rc);

/* Items of a page, and its end. */
struct vx_items {
	json_t *items;
	size_t limit, bytes; /* as many may there be; what those that are there take as JSON */
	char *next;          /* the cursor, owned; NULL: the last page */
	bool failed;         /* out of memory */
};
int vx_items_init(struct vx_items *p, const struct vx_http_request *rq); /* 0 or -ENOMEM; fini it */
void vx_items_fini(struct vx_items *p);
bool vx_items_full(const struct vx_items *p);
void vx_items_add(struct vx_items *p, json_t *item, int failed); /* takes @item over */
void vx_items_end(struct vx_items *p, const char *next); /* the cursor; NULL: nothing comes */

/* {@more..., "items", "next"}; takes @more over (nullable). 0 and *ret, or -ENOMEM. */
int vx_items_reply(struct vx_items *p, json_t *more, json_t **ret);

/* --- snapshots ------------------------------------------------------------------------------- */

/* Whether the caller may see what is at @at; @rev (nullable): also that label of it. caller.c */
bool vx_may_see(const struct vx_http_request *rq, const struct vx_coords *at, const char *rev);
int vx_must_see(const struct vx_http_request *rq, const struct vx_coords *at, const char *rev,
                struct vx_error *err); /* 0, -EACCES, -ENOMEM */

/* Whether the caller may hear of what has the problem key @key: "track payment/prod". caller.c */
bool vx_may_hear(const struct vx_http_request *rq, const char *key);

/* See that the backend *name has revisions; where it is NULL, the only one that does is meant, and
 * *name becomes it (the caller frees it). 0; -ENOENT no such backend; -EOPNOTSUPP it, or none, has
 * revisions; -EINVAL several have. moment.c */
int vx_revision_backend(const struct vx_http_request *rq, char **name, struct vx_error *err);

/* The snapshot of a side that the caller may see. 0 and *ret (put it). moment.c */
int vx_side_snapshot(const struct vx_http_request *rq, struct vx_side *side,
                     struct vx_snapshot **ret, struct vx_error *err);

/* A tree as flat keys in byte order: its leaves, and what overrode something as a whole. flat.c */
struct vx_flat_item {
	const char *key; /* in the arena */
	const struct vx_value *value;
};
struct vx_flat {
	struct vx_arena arena;
	struct vx_flat_item *items;
	size_t n, cap;
	bool failed;
};
int vx_flat_init(struct vx_flat *f, const struct vx_snapshot *s); /* 0 or -ENOMEM; fini it */
void vx_flat_fini(struct vx_flat *f);
size_t vx_flat_after(const struct vx_flat *f, const char *key); /* first index behind @key */

/* --- walking all configurations (walk.c) ------------------------------------------------------ */

struct vx_walk {
	const struct vx_http_request *rq;
	const char *label;                /* NULL: the default one */
	const char *app;                  /* only this one; NULL: all */
	bool served;                      /* names as they are served ... */
	const struct vx_at_revision *rev; /* ... and, where not NULL, as they are there */
	/* Called for each that the caller may see, in the order of names. @key: go on behind it. It
	 * ends the page by vx_items_end, or adds to it until it is full. 0 or an error. */
	int (*visit)(void *arg, const struct vx_coords *at, const char *key, struct vx_error *err);
	void *arg;
};

/* Walk from the request's cursor on until @p is full or ended, the budget is spent, or all is seen;
 * the cursor is set. 0, or what a listing or visit says. */
int vx_walk(const struct vx_walk *w, struct vx_items *p, struct vx_error *err);

/* --- events (stream.c) ------------------------------------------------------------------------ */

struct vx_stream;

/* Follow the events after `after`, or @last_id (the header; nullable), or from now on; with
 * follow=false only what has happened already, from the first that is kept. @rq is kept
 * until free; @ending (borrowed) ends it. */
int vx_stream_new(const struct vx_http_request *rq, const char *last_id, const atomic_bool *ending,
                  struct vx_stream **ret, struct vx_error *err);
void vx_stream_free(struct vx_stream *s); /* NULL is a no-op */

/* Up to @max bytes. 0: nothing yet (it has waited a moment); -1: the end. */
ssize_t vx_stream_read(struct vx_stream *s, char *to, size_t max);

/* --- handlers --------------------------------------------------------------------------------- */

vx_http_handler vx_get_version, vx_get_problems, vx_get_tracks; /* get_state.c */
vx_http_handler vx_get_backends, vx_post_refresh;               /* get_backends.c */
vx_http_handler vx_get_explain;                                 /* get_explain.c */
vx_http_handler vx_get_find;                                    /* get_find.c */
vx_http_handler vx_get_diff;                                    /* get_diff.c */
vx_http_handler vx_get_preview, vx_get_validate;                /* get_preview.c */
vx_http_handler vx_get_history;                                 /* get_history.c */

/* --- the socket (socket.c) -------------------------------------------------------------------- */

struct vx_socket {
	int fd;   /* listening; -1 */
	int lock; /* held as long as we answer there */
	char *path;
	dev_t dev;
	ino_t ino; /* of the name that we made */
};

/* The gid of control.group; -1 where it is empty. -EINVAL this machine has none of that name. */
int vx_control_group(const struct vx_settings *s, gid_t *ret, struct vx_error *err);

/* Listen at @path: mode 0660, group @control (-1: root's, or our own). Fini it on every path. */
int vx_socket_open(const char *path, gid_t control, struct vx_socket *ret, struct vx_error *err);
/* Take the name away, if it is still ours. */
void vx_socket_fini(struct vx_socket *s);

/* --- taking callers in (accept.c) ------------------------------------------------------------- */

struct vx_acceptor;

/* Begin to accept at @listening (borrowed) on a thread of its own. @take gets each new descriptor,
 * which is its own from then on; true: a place is taken until vx_acceptor_leave.
 * 0 and *ret, which is written before the first call of @take (end it, then free it). */
int vx_acceptor_new(int listening, unsigned places, bool (*take)(void *arg, int fd), void *arg,
                    struct vx_acceptor **ret, struct vx_error *err);
void vx_acceptor_leave(struct vx_acceptor *a); /* a caller has gone; any thread */
void vx_acceptor_end(struct vx_acceptor *a);   /* take nobody in any more; joins */
void vx_acceptor_free(struct vx_acceptor *a);  /* both: NULL is a no-op */
