/* mounts.c - finding Vortex mounts; see mounts.h.
 *
 * A line of mountinfo (proc(5)) has its optional fields ended by " - ", after which comes the
 * type of the filesystem; blanks in paths are written as \040. */
#include "tools/vortexctl/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>

#define FSTYPE "fuse.vortex"

void vx_ctl_mounts_unescape(char *s)
{
	char *to = s;

	for (const char *from = s; *from; to++) {
		if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
		    from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
			*to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + from[3] - '0');
			from += 4;
		} else {
			*to = *from++;
		}
	}
	*to = '\0';
}

/* The mount point in the fifth field of @line if the type is ours, else NULL; *ret_root is the
 * fourth: which part of the filesystem is mounted there. Changes @line. */
static char *our_path(char *line, char **ret_root)
{
	char *type = strstr(line, " - ");
	char *save = NULL, *path, *root = NULL;

	if (!type || strncmp(type + 3, FSTYPE " ", strlen(FSTYPE " ")) != 0)
		return NULL;
	path = strtok_r(line, " ", &save);
	for (int field = 1; path && field < 5; field++) {
		root = path;
		path = strtok_r(NULL, " ", &save);
	}
	if (!path)
		return NULL;
	vx_ctl_mounts_unescape(path);
	vx_ctl_mounts_unescape(root);
	*ret_root = root;
	return path;
}

/* What follows @above in @path, without slashes before it; NULL: it is not below. */
static const char *rest_of(const char *path, const char *above)
{
	size_t len = strlen(above);

	while (len > 0 && above[len - 1] == '/')
		len--;
	if (strncmp(path, above, len) != 0 || (path[len] != '/' && path[len] != '\0'))
		return NULL;
	return path + len + strspn(path + len, "/");
}

static bool below_another(const struct vx_ctl_mounts *m, const char *path)
{
	for (size_t i = 0; i < m->n; i++)
		if (rest_of(path, m->paths[i]))
			return true;
	return false;
}

static int add(struct vx_ctl_mounts *m, const char *path)
{
	char **more = reallocarray(m->paths, m->n + 1, sizeof(*more));

	if (!more)
		return -ENOMEM;
	m->paths = more;
	m->paths[m->n] = strdup(path);
	if (!m->paths[m->n])
		return -ENOMEM;
	m->n++;
	return 0;
}

int vx_ctl_mounts_read(struct vx_ctl_mounts *ret, struct vx_error *err)
{
	struct vx_ctl_mounts m = {0};
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t cap = 0;
	int rc = 0;

	if (!f)
		return vx_fail(err, -errno, "/proc/self/mountinfo: %s", strerror(errno));
	while (rc == 0 && getline(&line, &cap, f) > 0) {
		char *root;
		const char *path = our_path(line, &root);

		if (path && !below_another(&m, path))
			rc = add(&m, path);
	}
	free(line);
	(void)fclose(f); /* it was only read */
	if (rc < 0) {
		vx_ctl_mounts_fini(&m);
		return vx_fail(err, rc, "out of memory");
	}
	*ret = m;
	return 0;
}

void vx_ctl_mounts_fini(struct vx_ctl_mounts *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->paths[i]);
	free(m->paths);
	*m = (struct vx_ctl_mounts){0};
}

int vx_ctl_mounts_below(const char *path, char **ret, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *found = NULL;
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t cap = 0;
	int rc = 0;

	if (!f)
		return vx_fail(err, -errno, "/proc/self/mountinfo: %s", strerror(errno));
	while (rc == 0 && getline(&line, &cap, f) > 0) {
		char *root;
		const char *point = our_path(line, &root);
		const char *rest = point ? rest_of(path, point) : NULL;

		if (!rest)
			continue;
		root += strspn(root, "/");
		free(found); /* a later line lies over the earlier ones, or deeper */
		if (asprintf(&found, "%s%s%s", root, *root && *rest ? "/" : "", rest) < 0) {
			found = NULL; /* asprintf leaves it undefined */
			rc = vx_fail(err, -ENOMEM, "out of memory");
		}
	}
	free(line);
	(void)fclose(f); /* it was only read */
	if (rc == 0 && !found)
		rc = vx_fail(err, -ENOENT,
		             "%s is not inside a mounted Vortex filesystem; without a path, "
		             "write APP/PROFILE[/LABEL]",
		             path);
	if (rc == 0)
		*ret = vx_steal(found);
	return rc;
}

/* Open @path and see that a FUSE filesystem is mounted there and alive. */
static int open_mount(const char *path, struct vx_error *err)
{
	VX_AUTO(vx_close) int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return vx_fail(err, -EACCES, "%s: %s", path, strerror(errno));
	if (fd < 0 || fstatfs(fd, &fs) < 0)
		return vx_fail(err, -ENOTCONN, "%s: %s; is vortexd running? vortexctl doctor", path,
		               strerror(errno));
	if (fs.f_type != FUSE_SUPER_MAGIC)
		return vx_fail(err, -ENOTCONN,
		               "nothing is mounted at %s; start vortexd, or name the mount point "
		               "by --mount",
		               path);
	return vx_steal_fd(&fd);
}

int vx_ctl_mount_open(const char *given, struct vx_error *err)
{
	VX_AUTO(vx_ctl_mounts_fini) struct vx_ctl_mounts m = {0};
	const char *path = given ? given : getenv("VORTEX_MOUNT");
	int rc;

	if (path && *path)
		return open_mount(path, err);
	rc = vx_ctl_mounts_read(&m, err);
	if (rc < 0)
		return rc;
	if (m.n == 0)
		return vx_fail(err, -ENOTCONN,
		               "no Vortex filesystem is mounted here; start vortexd, or see "
		               "vortexctl doctor");
	if (m.n > 1)
		return vx_fail(err, -EINVAL,
		               "several are mounted, %s and %s among them; say which by --mount",
		               m.paths[0], m.paths[1]);
	return open_mount(m.paths[0], err);
}
