/* doctor_mount.c - the mount point, what is mounted there, and every Vortex mount; see doctor_i.h.
 *
 * The mount table tells without asking a filesystem; only what is ours is asked, each mount in a
 * process of its own. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "tools/vortexctl/doctor_i.h"
#include "tools/vortexctl/doctor_path.h"
#include "tools/vortexctl/mounts.h"

#define ANSWER_MS 2000 /* a mount that answers does so within microseconds */

bool doctor_can_be_made(const char *path)
{
	char above[PATH_MAX];
	size_t len = strlen(path);

	if (*path != '/' || len >= sizeof(above))
		return false; /* vortexd makes relative paths absolute */
	memcpy(above, path, len + 1);
	do {
		while (len > 1 && above[len - 1] != '/')
			len--;
		while (len > 1 && above[len - 1] == '/')
			len--;
		above[len] = '\0';
	} while (len > 1 && access(above, F_OK) < 0);
	return access(above, W_OK | X_OK) == 0;
}

/* --- mounts that there are --------------------------------------------------------------------- */

/* Open it, which asks its daemon where stat is answered from the kernel's memory. */
static void check_mount(struct doctor *d, const void *arg)
{
	const char *path = arg;
	VX_AUTO(vx_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char fix[PATH_MAX + 64];

	(void)snprintf(fix, sizeof(fix), "%s %s", d->root ? "umount -l" : "fusermount3 -uz", path);
	if (fd >= 0)
		doctor_say(d, DOCTOR_OK, "mounts", NULL, "%s answers", path);
	else if (errno == ENOTCONN || errno == ECONNABORTED)
		doctor_say(
			d, DOCTOR_PROBLEM, "mounts", fix,
			"%s is dead: its daemon is gone; a vortexd that starts there frees it too",
			path);
	else
		doctor_say(d, DOCTOR_NOTE, "mounts", "run doctor as the user that mounted it",
		           "%s: %s", path, strerror(errno));
}

void doctor_check_mounts(struct doctor *d)
{
	VX_AUTO(vx_ctl_mounts_fini) struct vx_ctl_mounts m = {0};
	struct vx_error err = {0};
	int rc = vx_ctl_mounts_read(&m, &err);

	if (rc < 0)
		doctor_say(d, DOCTOR_PROBLEM, "mounts", "mount -t proc proc /proc", "%s",
		           vx_error_text(&err, rc));
	else if (m.n == 0)
		doctor_say(d, DOCTOR_OK, "mounts", NULL, "no Vortex filesystem is mounted");
	for (size_t i = 0; i < m.n; i++) {
		size_t before = d->n;

		doctor_run(d, "mounts", check_mount, m.paths[i], ANSWER_MS);
		if (d->n == before + 1 && strstr(d->findings[before].message, "no answer")) {
			d->n--;
			free(d->findings[before].check);
			free(d->findings[before].message);
			free(d->findings[before].fix);
			doctor_say(d, DOCTOR_PROBLEM, "mounts",
			           "see vortexd's log; if it hangs, end it and start it again",
			           "%s does not answer", m.paths[i]);
		}
	}
}

/* --- the mount point --------------------------------------------------------------------------- */

/* What the mount table says of the place where @path is. */
struct place {
	char point[PATH_MAX]; /* of the mount that @path is in, or that is mounted on it */
	char type[64];
	bool shared;
};

/* proc(5): id, parent, device, root, mount point, options, optional fields, "-", type. */
static bool parse(char *line, struct place *ret)
{
	char *save = NULL, *field = strtok_r(line, " ", &save);

	ret->shared = false;
	for (int i = 1; field && i < 5; i++)
		field = strtok_r(NULL, " ", &save);
	if (!field || strlen(field) >= sizeof(ret->point))
		return false;
	(void)snprintf(ret->point, sizeof(ret->point), "%s", field);
	vx_ctl_mounts_unescape(ret->point);
	while ((field = strtok_r(NULL, " ", &save)) && strcmp(field, "-") != 0)
		ret->shared |= strncmp(field, "shared:", 7) == 0;
	field = field ? strtok_r(NULL, " ", &save) : NULL;
	(void)snprintf(ret->type, sizeof(ret->type), "%s", field ? field : "");
	return field;
}

static bool is_in(const char *path, const char *point)
{
	size_t n = strlen(point);

	return strcmp(point, "/") == 0 ||
	       (strncmp(path, point, n) == 0 && (path[n] == '/' || path[n] == '\0'));
}

/* The innermost mount that covers @path; of several at one place the last is on top. */
static bool find_place(const char *path, struct place *ret)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	struct place one;
	char *line = NULL;
	size_t cap = 0;
	bool found = false;

	while (f && getline(&line, &cap, f) > 0) {
		if (!parse(line, &one) || !is_in(path, one.point))
			continue;
		if (!found || strlen(one.point) >= strlen(ret->point))
			*ret = one;
		found = true;
	}
	free(line);
	if (f)
		(void)fclose(f); /* it was only read */
	return found;
}

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *e;
	bool empty = true;

	while (dir && (e = readdir(dir)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			empty = false;
	if (dir)
		(void)closedir(dir); /* it was only read */
	return empty;
}

static void check_propagation(struct doctor *d, const struct place *place)
{
	char fix[PATH_MAX + 32];

	(void)snprintf(fix, sizeof(fix), "mount --make-rshared %s", place->point);
	if (place->shared)
		doctor_say(
			d, DOCTOR_OK, "mount point", NULL,
			"%s is shared: containers that are given the mount point with rslave see "
			"the mount come and go",
			place->point);
	else
		doctor_say(d, DOCTOR_NOTE, "mount point", fix,
		           "%s is private: a container that runs already, or a host that gave this "
		           "container its folder, does not see the mount",
		           place->point);
}

static void check_folder(struct doctor *d, const char *path)
{
	char fix[PATH_MAX + 64];
	struct stat st;

	(void)snprintf(fix, sizeof(fix), "mkdir -p %s, or set mount.path", path);
	if (stat(path, &st) < 0 && errno == ENOENT && doctor_can_be_made(path))
		doctor_say(d, DOCTOR_OK, "mount point", NULL, "%s will be made", path);
	else if (stat(path, &st) < 0)
		doctor_say(d, DOCTOR_PROBLEM, "mount point", fix, "%s: %s", path, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		doctor_say(d, DOCTOR_PROBLEM, "mount point", "set mount.path to a directory",
		           "%s is not a directory", path);
	else if (!d->root && (st.st_uid != geteuid() || access(path, W_OK) < 0))
		doctor_say(d, DOCTOR_PROBLEM, "mount point",
		           "set mount.path to a directory of yours",
		           "%s is not yours; users mount over their own directories", path);
	else if (!is_empty(path))
		doctor_say(d, DOCTOR_WARNING, "mount point", "set mount.path to an empty directory",
		           "%s is not empty; the mount will hide what is there", path);
	else
		doctor_say(d, DOCTOR_OK, "mount point", NULL, "%s is ready", path);
}

void doctor_check_mount_point(struct doctor *d, const void *arg)
{
	const char *path = d->settings ? vx_settings_str(d->settings, "mount.path") : NULL;
	char fix[PATH_MAX + 64];
	struct place place;

	(void)arg;
	if (!path || !find_place(path, &place))
		return; /* a relative one, or no /proc: said elsewhere */
	if (strcmp(place.point, path) == 0 && strcmp(place.type, "fuse.vortex") == 0)
		return; /* doctor_check_mounts asks it */
	if (strcmp(place.point, path) == 0) {
		(void)snprintf(fix, sizeof(fix), "umount %s, or set mount.path", path);
		doctor_say(d, DOCTOR_PROBLEM, "mount point", fix,
		           "another filesystem (%s) is mounted at %s", place.type, path);
		return;
	}
	check_folder(d, path);
	check_propagation(d, &place);
}
