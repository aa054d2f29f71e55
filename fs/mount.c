/* mount.c - a superblock that is writable but detached, and what of it is attached: a read-only
 * clone.
 *
 * With OPEN answered ENOSYS nobody asks us whether a file may be opened for writing, and a page
 * that root maps shared could be changed for all readers. The clone's MOUNT_ATTR_RDONLY refuses
 * that in the VFS, in every mount made from it; only the descriptor that stays here may rename.
 * glibc 2.36 has the calls, but not beside <linux/mount.h>: the constants come from <sys/mount.h>.
 * No descriptor on the attached mount is kept: it would make a person's umount fail with EBUSY. */
#include "fs/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "fs/fs.h"

#define FS_TYPE "fuse.vortex" /* what /proc/self/mountinfo calls our mounts */

static int set_string(int fs, const char *key, const char *value)
{
	return fsconfig(fs, FSCONFIG_SET_STRING, key, value, 0) < 0 ? -errno : 0;
}

static int set_flag(int fs, const char *key)
{
	return fsconfig(fs, FSCONFIG_SET_FLAG, key, NULL, 0) < 0 ? -errno : 0;
}

static int configure(int fs, int device, const char *context)
{
	char fd[16];
	int rc;

	(void)snprintf(fd, sizeof(fd), "%d", device); /* 11 bytes at most */
	if ((rc = set_string(fs, "source", "vortex")) < 0 ||
	    (rc = set_string(fs, "subtype", "vortex")) < 0 || (rc = set_string(fs, "fd", fd)) < 0 ||
	    (rc = set_string(fs, "rootmode", "40000")) < 0 ||
	    (rc = set_string(fs, "user_id", "0")) < 0 ||
	    (rc = set_string(fs, "group_id", "0")) < 0 || (rc = set_flag(fs, "allow_other")) < 0 ||
	    (rc = set_flag(fs, "default_permissions")) < 0)
		return rc;
	if (*context && (rc = set_string(fs, "context", context)) < 0)
		return rc;
	return fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0 ? -errno : 0;
}

int vx_mount_create(int device, const char *context, struct vx_mount *ret, struct vx_error *err)
{
	VX_AUTO(vx_close) int fs = fsopen("fuse", FSOPEN_CLOEXEC);
	int rc, fd;

	if (fs < 0)
		return vx_fail(err, -errno,
		               "opening a FUSE superblock: %s; mounting as root needs "
		               "CAP_SYS_ADMIN and Linux 5.12 or later",
		               strerror(errno));
	rc = configure(fs, device, context);
	if (rc < 0)
		return vx_fail(err, rc, "setting up the FUSE superblock: %s", strerror(-rc));
	fd = fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (fd < 0)
		return vx_fail(err, -errno, "making the mount: %s", strerror(errno));
	ret->superblock_fd = fd;
	return 0;
}

/* Note what @fd is a part of. Without an upcall: nobody may be serving yet. */
static int learn(struct vx_mount *m, int fd, const char *path)
{
	struct statx st;
	char *copy;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) < 0)
		return -errno;
	copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	free(m->path);
	m->path = copy;
	m->id = st.stx_mask & STATX_MNT_ID ? st.stx_mnt_id : 0;
	m->device = st.stx_dev_minor;
	return 0;
}

int vx_mount_attach(struct vx_mount *m, const char *path, struct vx_error *err)
{
	VX_AUTO(vx_close) int clone = -1;
	struct mount_attr attr = {.attr_set =
	                                  MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV};
	int rc;

	clone = open_tree(m->superblock_fd, "",
	                  AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (clone < 0)
		return vx_fail(err, -errno, "cloning the mount: %s", strerror(errno));
	if (mount_setattr(clone, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return vx_fail(err, -errno, "making the mount read-only: %s", strerror(errno));
	if (move_mount(clone, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return vx_fail(err, -errno, "mounting at %s: %s", path, strerror(errno));
	rc = learn(m, clone, path);
	if (rc < 0) {
		(void)umount2(path, MNT_DETACH); /* we made it a moment ago */
		return vx_fail(err, rc, "mounting at %s: %s", path, strerror(-rc));
	}
	return 0;
}

int vx_mount_adopt(struct vx_mount *m, const char *path, struct vx_error *err)
{
	VX_AUTO(vx_close) int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : learn(m, fd, path);

	return rc < 0 ? vx_fail(err, rc, "mounting at %s: %s", path, strerror(-rc)) : 0;
}

/* Call @fn for each line of the mount table until it says true; whether it did. -errno if the
 * table cannot be read. */
static int scan_mounts(bool (*fn)(const char *line, const void *arg), const void *arg)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t cap = 0;
	int found = 0;

	if (!f)
		return -errno;
	while (!found && getline(&line, &cap, f) > 0)
		found = fn(line, arg);
	free(line);
	(void)fclose(f); /* was only read */
	return found;
}

static bool has_id(const char *line, const void *arg)
{
	return strtoull(line, NULL, 10) == *(const uint64_t *)arg;
}

static bool is_ours(const char *line, const void *arg)
{
	return has_id(line, arg) && strstr(line, " - " FS_TYPE " ");
}

bool vx_mount_stands(const struct vx_mount *m)
{
	return !m->path || !m->id || scan_mounts(has_id, &m->id) != 0;
}

extern char **environ;

/* A user's mount is taken away by the helper that made it. */
static int unmount_as_user(const char *path)
{
	char name[] = "fusermount3", quiet[] = "-quz", end[] = "--";
	VX_AUTO(vx_freep) char *copy = strdup(path);
	char *argv[] = {name, quiet, end, copy, NULL};
	pid_t pid;
	int status, rc;

	if (!copy)
		return -ENOMEM;
	rc = posix_spawnp(&pid, name, NULL, NULL, argv, environ);
	if (rc)
		return -rc;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EPERM;
}

static int unmount(const char *path)
{
	if (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		return 0;
	return errno == EPERM ? unmount_as_user(path) : -errno;
}

void vx_mount_detach(struct vx_mount *m)
{
	struct statx st;

	/* Somebody may have put another mount there since. */
	if (m->path && statx(AT_FDCWD, m->path, AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) == 0 &&
	    (!m->id || st.stx_mnt_id == m->id))
		(void)unmount(m->path); /* nothing is left to do if it fails */
	vx_close(&m->superblock_fd);
	m->superblock_fd = -1;
}

void vx_mount_abort(const struct vx_mount *m)
{
	char path[64];
	int fd;

	if (!m->device)
		return;
	(void)snprintf(path, sizeof(path), "/sys/fs/fuse/connections/%u/abort", m->device);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* fusectl is not mounted: the connection ends with the descriptor */
	if (write(fd, "1", 1) < 0) {
		/* Nothing is left to do. */
	}
	vx_close(&fd);
}

void vx_mount_fini(struct vx_mount *m)
{
	free(m->path);
	vx_close(&m->superblock_fd);
	*m = (struct vx_mount)VX_MOUNT_INIT;
}

/* --- the mount of a server that died ---------------------------------------------------------- */

int vx_mount_reclaim(const char *path, struct vx_error *err)
{
	struct statx st;
	int rc;

	/* From the kernel's memory: a server that died answers nothing. */
	if (statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) < 0)
		rc = -errno;
	else if (!(st.stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return 0;
	else if (scan_mounts(is_ours, &(uint64_t){st.stx_mnt_id}) != 1)
		return vx_fail(err, -EBUSY, "%s is a mount point of another filesystem", path);
	else /* what a living server answers at once */
		rc = statx(AT_FDCWD, path, AT_STATX_FORCE_SYNC, STATX_BASIC_STATS, &st) < 0 ? -errno
		                                                                            : 0;
	if (rc == 0)
		return vx_fail(err, -EBUSY,
		               "a running vortex serves %s; stop it first, or mount elsewhere",
		               path);
	if (rc != -ENOTCONN && rc != -ECONNABORTED)
		return vx_fail(err, rc, "%s: %s", path, strerror(-rc));
	rc = unmount(path);
	if (rc < 0)
		return vx_fail(err, rc, "taking away the mount of a server that died at %s: %s",
		               path, strerror(-rc));
	return 0;
}
