/* git_i.h - what the rooms of the git backend share; for backends/git*.c only.
 *
 * libgit2's objects belong to one thread at a time, so each call borrows a *handle*, a repository
 * that nobody else uses meanwhile. What is learnt from it is copied into immutable folders that
 * all threads share (git_index.c). */
#pragma once

#include <git2.h>
#include <pthread.h>
#include <sys/stat.h>

#include "backends/backend.h"
#include "backends/git_remote.h"
#include "backends/layout.h"
#include "backends/lru.h"

#define VX_GIT_MAGIC 0x67697420u
#define VX_GIT_ID_DIGITS GIT_OID_HEXSZ

/* Handles that wait for the next call: an idle one costs about 20 KiB and the packs' descriptors;
 * opening one takes about 200 us. More calls than that at once open more, and close them after. */
#define VX_GIT_IDLE_MAX 4

struct vx_git_handle {
	git_repository *repo;
	git_odb *odb;
	dev_t dev; /* of the repository's folder when it was opened */
	ino_t ino;
	unsigned generation; /* of the mirror's packs, see git_remote.h */
	bool damaged;        /* an object was missing or broken */
	struct vx_git_handle *next;
};

struct vx_git_watch;

struct vx_backend {
	unsigned magic;
	char *name;                   /* of the settings' entry */
	char *path;                   /* of the repository, or of its mirror */
	char *shown;                  /* where it is, for people */
	struct vx_git_remote *remote; /* NULL: the repository is on this machine */
	char *default_label;
	struct vx_layout layout;
	struct vx_doc_limits limits;
	const struct vx_clock *clock;
	struct vx_doc_cache *docs;
	struct vx_lru *folders; /* of trees, and each commit's tree */
	struct vx_git_watch *watch;

	pthread_mutex_t lock; /* leaf; guards the idle handles */
	struct vx_git_handle *idle;
	size_t n_idle;
};

/* --- git_pool.c ----------------------------------------------------------------------------- */

/* Borrow a handle. 0 and *ret (give it back); -EAGAIN the repository is away or is none; -EACCES.
 */
int vx_git_take(struct vx_backend *b, struct vx_git_handle **ret, struct vx_error *err);
/* The same for a call that can wait: of a remote, until its first clone is here. */
int vx_git_await(struct vx_backend *b, const struct vx_ctx *ctx, struct vx_git_handle **ret,
                 struct vx_error *err);
void vx_git_give(struct vx_backend *b, struct vx_git_handle *h); /* NULL is a no-op */
void vx_git_pool_fini(struct vx_backend *b);

/* Fail with what libgit2 said last on this thread after "...: ". @grc is its code: an object that
 * is missing or broken is -EBADMSG (and @h is noted as damaged), no memory -ENOMEM. */
int vx_git_fail(struct vx_git_handle *h, struct vx_error *err, int grc, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* --- git_refs.c ----------------------------------------------------------------------------- */

/* The commit that @label (NULL: the default) names: a branch, a tag, or 7 to 40 hex digits of a
 * commit. -ENOENT no such label; -EINVAL digits that more than one object begins with. */
int vx_git_resolve(const struct vx_backend *b, struct vx_git_handle *h, const char *label,
                   git_oid *ret, struct vx_error *err);

struct vx_git_ref {
	char *name;     /* "refs/heads/main" */
	git_oid commit; /* peeled */
};
struct vx_git_refs {
	struct vx_git_ref *refs; /* branches and tags, by name */
	size_t n;
};
void vx_git_refs_fini(struct vx_git_refs *r);
int vx_git_refs(struct vx_git_handle *h, const struct vx_ctx *ctx, struct vx_git_refs *ret,
                struct vx_error *err);
/* "main" of "refs/heads/main"; NULL if it is neither a branch nor a tag. */
const char *vx_git_ref_label(const char *name);

/* --- git_index.c ---------------------------------------------------------------------------- */

/* The table of folders, of about @max_bytes; vx_lru_free it. NULL when out of memory. */
struct vx_lru *vx_git_folders_new(size_t max_bytes);

struct vx_git_view {
	struct vx_backend *b;
	struct vx_git_handle *h;
	struct vx_folder *root; /* of one commit */
};
/* The tree of @commit as a view on @h. 0 (fini it), -ESTALE no such commit any more, -EBADMSG. */
int vx_git_view(struct vx_backend *b, struct vx_git_handle *h, const struct vx_ctx *ctx,
                const git_oid *commit, struct vx_git_view *ret, struct vx_error *err);
void vx_git_view_fini(struct vx_git_view *v);
struct vx_source vx_git_source(struct vx_git_view *view, const struct vx_ctx *ctx);

/* --- git_history.c, git_watch.c ------------------------------------------------------------- */

int vx_git_history(struct vx_backend *b, const struct vx_ctx *ctx, const struct vx_coords *at,
                   const char *cursor, size_t max, struct vx_history *ret, struct vx_error *err);
int vx_git_watch(struct vx_backend *b, vx_backend_changed_fn *changed, void *arg,
                 struct vx_error *err);
void vx_git_unwatch(struct vx_backend *b);
/* Compare with what was told last, soon; without a watch a no-op. */
void vx_git_look_now(struct vx_backend *b);
