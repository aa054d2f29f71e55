/* git_remote.h - keeping the mirror of a remote repository fresh.
 *
 * A thread of its own runs vortex-git-fetch (git_child.h): when it is begun, every `refresh` (a tenth
 * more or less), when somebody asks, and after a failure with growing pauses. Reading the mirror is
 * none of its business. Threads: every function any thread. */
#pragma once

#include "backends/backend.h"
#include "backends/git_uri.h"

struct vx_git_remote;

/* From the entry @cfg; *@uri is taken over (and emptied). No thread and no network yet. */
int vx_git_remote_new(const struct vx_settings_map *cfg, const struct vx_backend_env *env,
                      struct vx_git_uri *uri, struct vx_git_remote **ret, struct vx_error *err);
/* Kills a fetch that is under way. NULL is a no-op. Nobody else may use it any more. */
void vx_git_remote_free(struct vx_git_remote *r);

const char *vx_git_remote_path(const struct vx_git_remote *r);   /* of the mirror */
const char *vx_git_remote_source(const struct vx_git_remote *r); /* for people */

/* Call @fetched, from the thread, after each fetch that went well; NULL: no more. When it returns no
 * call of an earlier one is under way. */
void vx_git_remote_listen(struct vx_git_remote *r, void (*fetched)(void *arg), void *arg);

/* Begin to fetch; idempotent. */
int vx_git_remote_begin(struct vx_git_remote *r, struct vx_error *err);

/* Return once there is a mirror to read, beginning to fetch if nobody has. -ETIMEDOUT, -ECANCELED by
 * @ctx; or why the last attempt at the first clone has failed. */
int vx_git_remote_wait(struct vx_git_remote *r, const struct vx_ctx *ctx, struct vx_error *err);

/* A fetch that begins now or later, to its end: what came of it. */
int vx_git_remote_refresh(struct vx_git_remote *r, const struct vx_ctx *ctx, struct vx_error *err);

void vx_git_remote_status(struct vx_git_remote *r, struct vx_backend_status *ret);

/* A reader has met objects that are missing or broken: clone anew, unless that was tried lately. */
void vx_git_remote_suspect(struct vx_git_remote *r);

/* How often packs were merged: a handle that was opened before holds space that is free. */
unsigned vx_git_remote_generation(struct vx_git_remote *r);
