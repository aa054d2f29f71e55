/* git_mirror.h - the folder that a remote repository is mirrored in.
 *
 * A mirror is a bare repository that the git backend reads like any other. It comes into being as
 * PATH.new and gets its name once a whole clone is in it, so what stands at PATH was complete at some
 * time. The fetching program may write its packs, its references and its folder `vortex`; all else is
 * the daemon's. One thread at a time per mirror. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "core/error.h"

struct vx_git_owner {
	bool other; /* the fetching program is another user: */
	uid_t uid;
	gid_t gid;
};

/* Who is to fetch: `vortex` or else `nobody` where we are root, else we. -ENOENT there is neither. */
int vx_git_owner_find(struct vx_git_owner *ret, struct vx_error *err);

/* STATE_DIR/git/NAME-HASH.git, the hash of @address. NULL out of memory; the caller frees. */
char *vx_git_mirror_path(const char *state_dir, const char *name, const char *address);

/* Make the mirror at @path ready for a fetch: what a killed one left behind goes, and its writable
 * parts belong to @owner. */
int vx_git_mirror_tidy(const char *path, const struct vx_git_owner *owner, struct vx_error *err);

/* An empty one at @path.new, in place of any that is there. The caller frees *ret_new. */
int vx_git_mirror_make(const char *path, const struct vx_git_owner *owner, char **ret_new,
                       struct vx_error *err);

/* @path.new becomes @path; what was there becomes @path.damaged, in place of an older one. */
int vx_git_mirror_install(const char *path, struct vx_error *err);
