/* fs.h - a mounted filesystem: start it, publish into it, stop it. */
#pragma once

#include "fs/provider.h"

struct vx_fs;

struct vx_fs_options {
	const char *path;        /* where to mount; an existing empty directory */
	int64_t entry_ttl_ms;    /* how long the kernel may keep what it was told */
	int64_t negative_ttl_ms; /* misses in loaded leaves */
	int64_t branch_ttl_ms;   /* names in branches: 5 s */
	const char *context;     /* SELinux context of the mount; "" none */
	const struct vx_clock *clock;
};

/* Mount and start the loop's thread. As root: a detached superblock with a read-only clone at
 * @path, OPEN answered ENOSYS. Otherwise through fusermount3, OPEN answered.
 * 0 and *ret (stop it); -EBUSY something is mounted at @path; -EACCES, -EPERM, -ENOENT, with a
 * sentence that says what to do. */
int vx_fs_start(const struct vx_fs_options *options, const struct vx_provider *provider, void *self,
                struct vx_fs **ret, struct vx_error *err);

/* Replace the index of the leaf @dir by @names (sealed; reference taken over). Any thread, in call
 * order per directory. The index switches at once; then every name that the kernel holds and whose
 * node differs is invalidated, by the filesystem's own notifier thread, and @done (nullable) is
 * called there. A directory that the kernel has forgotten meanwhile: @done at once. */
void vx_fs_publish(struct vx_fs *fs, struct vx_dir *dir, struct vx_names *names,
                   void (*done)(void *arg), void *arg);

/* Whether the kernel still knows @dir: once it does not, provider->dropped was called or is about
 * to be, and nothing can be published there. */
bool vx_fs_shows(struct vx_fs *fs, struct vx_dir *dir);

/* Whether the kernel holds an inode of @name in @dir now. */
bool vx_fs_holds(struct vx_fs *fs, struct vx_dir *dir, const char *name);

/* A descriptor that becomes readable when the mount has ended from outside (umount, abort). */
int vx_fs_ended_fd(const struct vx_fs *fs);

/* Counters since start, for tests and metrics: requests by operation. */
struct vx_fs_counts {
	uint64_t lookup, getattr, read, readdir, readlink, forget, other, slow_provider_calls;
};
void vx_fs_count(const struct vx_fs *fs, struct vx_fs_counts *ret);

/* Detach the mount, answer what waits with EIO, end the threads, free. Every ask that the provider
 * still holds must be answered before this returns: it waits for them. */
void vx_fs_stop(struct vx_fs *fs);

/* Whether a dead server's mount stands at @path (ENOTCONN); if so, detach it. 0 nothing there or
 * freed; -EBUSY a live filesystem of ours or a foreign mount; errno of umount. */
int vx_mount_reclaim(const char *path, struct vx_error *err);
