/* mounts.h - which Vortex mounts there are, from /proc/self/mountinfo. */
#pragma once

#include <stddef.h>

#include "core/cleanup.h"
#include "core/error.h"

struct vx_ctl_mounts {
	size_t n;
	char **paths; /* in the kernel's order; a mount below another of ours is not counted */
};

/* 0 and @ret (fini it); -ENOMEM; what reading /proc gave. */
int vx_ctl_mounts_read(struct vx_ctl_mounts *ret, struct vx_error *err);
void vx_ctl_mounts_fini(struct vx_ctl_mounts *m);

/* In a path of mountinfo, "\040" and its like become the bytes that they stand for. */
void vx_ctl_mounts_unescape(char *s);

/* The mount that a verb means, opened as an O_PATH directory: @given, else VORTEX_MOUNT, else the
 * only one that there is. The descriptor (close it), or -ENOTCONN nothing is mounted there or its
 * daemon is gone, -EINVAL several are mounted, -EACCES, -ENOMEM. */
int vx_ctl_mount_open(const char *given, struct vx_error *err);

/* What the absolute @path names inside the Vortex filesystem that is mounted at or above it, also
 * where only a part of it is: "payment/prod/nginx.conf", "" for its root. Nothing is looked up.
 * 0 and *ret (free it); -ENOENT no such mount; -ENOMEM. */
int vx_ctl_mounts_below(const char *path, char **ret, struct vx_error *err);
