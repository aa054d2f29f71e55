/* dir.c - making, checking and locking the state directory. */
#include "daemon/state/dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cleanup.h"

static int make_path(const char *path, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	if (!*copy)
		return vx_fail(err, -EINVAL, "state.path is empty");
	for (char *c = copy + 1; *c; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return vx_fail(err, -errno, "making %s: %s", copy, strerror(errno));
		*c = '/';
	}
	if (mkdir(copy, 0700) < 0 && errno != EEXIST)
		return vx_fail(err, -errno, "making state.path %s: %s", copy, strerror(errno));
	return 0;
}

static int check(int dir, const char *path, struct vx_error *err)
{
	struct stat st;

	if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode) && st.st_uid != geteuid() &&
	    st.st_uid != 0)
		return vx_fail(err, -EACCES, "state.path %s is a link of another user's (uid %u)",
		               path, (unsigned)st.st_uid);
	if (fstat(dir, &st) < 0)
		return vx_fail(err, -errno, "state.path %s: %s", path, strerror(errno));
	if (st.st_uid != geteuid())
		return vx_fail(err, -EACCES, "state.path %s belongs to another user (uid %u)", path,
		               (unsigned)st.st_uid);
	if (st.st_mode & 0077)
		return vx_fail(
			err, -EACCES,
			"state.path %s may be read by others; chmod 0700 it, or choose another",
			path);
	return 0;
}

/* Who holds the lock, for the message; "" where it cannot be read. */
static void read_holder(int fd, char *pid, size_t n)
{
	ssize_t got = pread(fd, pid, n - 1, 0);

	pid[got > 0 ? got : 0] = '\0';
	pid[strcspn(pid, "\n")] = '\0';
}

int vx_state_dir_open(const char *path, int *ret_fd, struct vx_error *err)
{
	VX_AUTO(vx_close) int dir = -1;
	VX_AUTO(vx_close) int fd = -1;
	char pid[32];
	int rc = make_path(path, err);

	if (rc < 0)
		return rc;
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return vx_fail(err, -errno, "opening state.path %s: %s%s", path, strerror(errno),
		               errno == EACCES ? "; run vortexd as its owner, or set state.path to "
		                                 "a directory of yours"
		                               : "");
	rc = check(dir, path, err);
	if (rc < 0)
		return rc;
	fd = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return vx_fail(err, -errno, "opening %s/lock: %s", path, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		read_holder(fd, pid, sizeof(pid));
		return vx_fail(
			err, -EBUSY,
			"another vortexd (pid %s) uses state.path %s; stop it, or give this one "
			"a state.path of its own",
			pid, path);
	}
	(void)snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, strlen(pid), 0) < 0)
		return vx_fail(err, -errno, "writing %s/lock: %s", path, strerror(errno));
	*ret_fd = vx_steal_fd(&fd);
	return 0;
}
