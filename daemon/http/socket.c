/* socket.c - the name in the file system at which we are asked.
 *
 * The socket is bound under a name of its own, given its group and mode, and only then renamed to the
 * one that callers know: nobody ever finds it with other permissions, or not yet listening. Of two
 * daemons with the same name, the one that holds the lock beside it answers there; the lock goes with
 * its process, so what a dead daemon left is replaced without guessing. The lock's file stays: if it
 * were removed, two could each hold one of that name. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/http/http_i.h"

/* Beyond the limit of connections they wait here instead of being refused. */
#define BACKLOG 64
#define ASIDE ".new"

static int live(const char *path, struct vx_error *err)
{
	return vx_fail(err, -EADDRINUSE,
	               "another vortexd answers at %s; give this one its own http.socket", path);
}

int vx_control_group(const struct vx_settings *s, gid_t *ret, struct vx_error *err)
{
	const char *name = vx_settings_str(s, "control.group");
	char buffer[65536]; /* a group of 8,000 members */
	struct group group, *found = NULL;
	unsigned long id;
	char *end;

	*ret = (gid_t)-1;
	if (!*name)
		return 0;
	if (*name >= '0' && *name <= '9') {
		id = strtoul(name, &end, 10);
		if (*end || id >= UINT32_MAX)
			return vx_fail(err, -EINVAL, "control.group '%s' is no group's number",
			               name);
		*ret = (gid_t)id;
		return 0;
	}
	if (getgrnam_r(name, &group, buffer, sizeof(buffer), &found) != 0 || !found)
		return vx_fail(err, -EINVAL,
		               "control.group: this machine has no group '%s'; make it, or name "
		               "another",
		               name);
	*ret = found->gr_gid;
	return 0;
}

static int make_folder(const char *path, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	for (char *c = copy + 1; *c; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return vx_fail(err, -errno, "making %s for http.socket: %s", copy,
			               strerror(errno));
		*c = '/';
	}
	return 0;
}

static int take_lock(const char *path, int *ret, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *name = NULL;
	VX_AUTO(vx_close) int fd = -1;

	if (asprintf(&name, "%s.lock", path) < 0) {
		name = NULL;
		return -ENOMEM;
	}
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return vx_fail(err, -errno, "http.socket: opening %s: %s", name, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return live(path, err);
	*ret = vx_steal_fd(&fd);
	return 0;
}

static int make_address(const char *path, const char *suffix, struct sockaddr_un *ret,
                        struct vx_error *err)
{
	const size_t most = sizeof(ret->sun_path) - 1 - strlen(ASIDE);

	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (*path != '/')
		return vx_fail(err, -EINVAL, "http.socket '%.200s' does not begin with a '/'",
		               path);
	if (strlen(path) > most)
		return vx_fail(err, -EINVAL,
		               "http.socket '%.200s' is longer than %zu bytes, the most that the "
		               "path of a socket can have here",
		               path, most);
	(void)snprintf(ret->sun_path, sizeof(ret->sun_path), "%s%s", path, suffix);
	return 0;
}

/* What stands at the name already: nothing, a socket that nobody listens on, or a reason to stop. */
static int check_name(const struct sockaddr_un *name, struct vx_error *err)
{
	VX_AUTO(vx_close) int fd = -1;
	struct stat st;

	if (lstat(name->sun_path, &st) < 0)
		return errno == ENOENT ? 0
		                       : vx_fail(err, -errno, "http.socket %s: %s", name->sun_path,
		                                 strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return vx_fail(err, -EEXIST,
		               "http.socket %s is there and is no socket; remove it, or name "
		               "another place",
		               name->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return vx_fail(err, -errno, "socket: %s", strerror(errno));
	/* It is refused where nobody listens; a full backlog (EAGAIN) is somebody's. */
	if (connect(fd, (const struct sockaddr *)name, sizeof(*name)) == 0 || errno == EAGAIN)
		return live(name->sun_path, err);
	return 0;
}

/* Bind and listen at @aside, as callers will find it. */
static int bind_aside(int fd, const struct sockaddr_un *aside, gid_t group, struct vx_error *err)
{
	const char *path = aside->sun_path;

	(void)unlink(path); /* of one that died between binding and renaming: we hold the lock */
	if (bind(fd, (const struct sockaddr *)aside, sizeof(*aside)) < 0)
		return vx_fail(err, -errno, "http.socket: binding %s: %s", path, strerror(errno));
	if (group != (gid_t)-1 && lchown(path, (uid_t)-1, group) < 0)
		return vx_fail(
			err, -errno,
			"http.socket: giving %s to the group %u: %s; without root, vortexd's "
			"user has to be a member of control.group",
			path, (unsigned)group, strerror(errno));
	if (chmod(path, 0660) < 0)
		return vx_fail(err, -errno, "http.socket: chmod 0660 %s: %s", path,
		               strerror(errno));
	if (listen(fd, BACKLOG) < 0)
		return vx_fail(err, -errno, "http.socket: listening at %s: %s", path,
		               strerror(errno));
	return 0;
}

static int put_in_place(struct vx_socket *s, const struct sockaddr_un *name, gid_t group,
                        struct vx_error *err)
{
	struct sockaddr_un aside;
	struct stat st = {0};
	int rc = make_address(name->sun_path, ASIDE, &aside, err);

	if (rc < 0)
		return rc;
	rc = bind_aside(s->fd, &aside, group, err);
	if (rc == 0 && lstat(aside.sun_path, &st) < 0)
		rc = vx_fail(err, -errno, "http.socket: %s: %s", aside.sun_path, strerror(errno));
	if (rc == 0 && rename(aside.sun_path, name->sun_path) < 0)
		rc = vx_fail(err, -errno, "http.socket: renaming to %s: %s", name->sun_path,
		             strerror(errno));
	if (rc < 0) {
		(void)unlink(aside.sun_path); /* it may never have been made */
		return rc;
	}
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	s->path = strdup(name->sun_path);
	if (!s->path)
		(void)unlink(name->sun_path);
	return s->path ? 0 : -ENOMEM;
}

int vx_socket_open(const char *path, gid_t control, struct vx_socket *ret, struct vx_error *err)
{
	const gid_t group = control == (gid_t)-1 && geteuid() == 0 ? 0 : control;
	struct vx_socket s = {.fd = -1, .lock = -1};
	struct sockaddr_un name;
	int rc = make_address(path, "", &name, err);

	if (rc == 0)
		rc = make_folder(path, err);
	if (rc == 0)
		rc = take_lock(path, &s.lock, err);
	if (rc == 0)
		rc = check_name(&name, err);
	if (rc == 0) {
		s.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (s.fd < 0)
			rc = vx_fail(err, -errno, "socket: %s", strerror(errno));
	}
	if (rc == 0)
		rc = put_in_place(&s, &name, group, err);
	if (rc < 0) {
		vx_socket_fini(&s);
		return rc;
	}
	*ret = s;
	return 0;
}

void vx_socket_fini(struct vx_socket *s)
{
	struct stat st;

	if (s->path && lstat(s->path, &st) == 0 && st.st_dev == s->dev && st.st_ino == s->ino)
		(void)unlink(s->path);
	free(s->path);
	vx_close(&s->fd);
	vx_close(&s->lock);
	*s = (struct vx_socket){.fd = -1, .lock = -1};
}
