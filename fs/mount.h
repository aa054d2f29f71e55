/* mount.h - the mount itself: made, taken away, found dead. See also vx_mount_reclaim in fs.h. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"

struct vx_mount {
	char *path;        /* where it is attached; NULL: nowhere */
	int superblock_fd; /* the detached, writable mount: the right to rename; -1 unprivileged */
	uint64_t id;       /* of what is attached, as in /proc/self/mountinfo; 0 unknown */
	unsigned device;   /* minor number of the filesystem: its name in fusectl; 0 unknown */
};

#define VX_MOUNT_INIT                                                                              \
	{                                                                                          \
		NULL, -1, 0, 0                                                                     \
	}

/* A superblock over the FUSE device @device, detached; nothing is visible yet. Needs CAP_SYS_ADMIN.
 * @context: SELinux context or "". 0 or -EPERM, -ENOSYS (kernel older than 5.12), … */
int vx_mount_create(int device, const char *context, struct vx_mount *ret, struct vx_error *err);

/* Attach a read-only, nosuid, nodev clone of it at @path. Something must serve the device. */
int vx_mount_attach(struct vx_mount *m, const char *path, struct vx_error *err);

/* Learn id and device of what libfuse has mounted at @path. */
int vx_mount_adopt(struct vx_mount *m, const char *path, struct vx_error *err);

/* Whether what was attached still is. true where that cannot be known. */
bool vx_mount_stands(const struct vx_mount *m);

/* Take the attached mount away, lazily, unless it has gone already; close the superblock. */
void vx_mount_detach(struct vx_mount *m);

/* Break the connection, so that nobody waits for us any more. Needs fusectl mounted. */
void vx_mount_abort(const struct vx_mount *m);

void vx_mount_fini(struct vx_mount *m);
