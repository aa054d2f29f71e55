/* doctor_service.c - vortexd's settings, and the places that they name; see doctor_i.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backends/backend.h"
#include "daemon/settings.h"
#include "tools/vortexctl/doctor_i.h"
#include "tools/vortexctl/mounts.h"

#define TYPES_MAX 16
#define ANSWER_MS 2000 /* a mount that answers does so within microseconds */

static void warn(void *arg, const char *sentence)
{
	doctor_say(arg, DOCTOR_WARNING, "settings", "see docs/settings.md", "%s", sentence);
}

void doctor_check_settings(struct doctor *d)
{
	const char *types[TYPES_MAX];
	struct vx_daemon_settings_from from = {
		.config = d->config, .environ = environ, .root = d->root, .types = types};
	struct vx_error err = {0};
	size_t n;
	int rc;

	while (from.n_types < TYPES_MAX && vx_backend_at(from.n_types)) {
		types[from.n_types] = vx_backend_at(from.n_types)->type;
		from.n_types++;
	}
	rc = vx_daemon_settings_load(&from, warn, d, &d->settings, &err);
	if (rc < 0) {
		doctor_say(d, DOCTOR_BAD, "settings", "correct it; vortexd --check tries again",
		           "%s", vx_error_text(&err, rc));
		return;
	}
	n = vx_settings_count(d->settings, "backends");
	doctor_say(d, DOCTOR_FINE, "settings", NULL, "%zu backend%s, mounted at %s", n,
	           n == 1 ? "" : "s", vx_settings_str(d->settings, "mount.path"));
}

/* A local folder or repository; what is remote is vortexd's to try. */
static void check_source(struct doctor *d, const char *name, const char *path)
{
	if (access(path, R_OK | X_OK) == 0)
		doctor_say(d, DOCTOR_FINE, "backend", NULL, "%s: %s can be read", name, path);
	else
		doctor_say(d, DOCTOR_BAD, "backend", "create it, or let vortexd's user read it",
		           "%s: %s: %s", name, path, strerror(errno));
}

void doctor_check_backends(struct doctor *d)
{
	size_t n = d->settings ? vx_settings_count(d->settings, "backends") : 0;

	for (size_t i = 0; i < n; i++) {
		const struct vx_settings_map *m = vx_settings_at(d->settings, "backends", i);
		const char *type = vx_map_str(m, "type");

		if (strcmp(type, "directory") == 0)
			check_source(d, vx_map_str(m, "name"), vx_map_str(m, "path"));
		else if (strcmp(type, "git") == 0 && vx_map_str(m, "uri")[0] == '/')
			check_source(d, vx_map_str(m, "name"), vx_map_str(m, "uri"));
	}
}

/* Whether @path could be made: the nearest folder above it that exists may be written to. */
static bool can_be_made(const char *path)
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

void doctor_check_state(struct doctor *d)
{
	const char *path = d->settings ? vx_settings_str(d->settings, "state.path") : NULL;
	struct stat st;

	if (!path)
		return;
	if (stat(path, &st) < 0 && errno == ENOENT && can_be_made(path))
		doctor_say(d, DOCTOR_FINE, "state", NULL, "%s will be made", path);
	else if (stat(path, &st) < 0)
		doctor_say(d, DOCTOR_BAD, "state", "make it as vortexd's user, with mode 0700",
		           "%s: %s", path, strerror(errno));
	else if (!S_ISDIR(st.st_mode) || access(path, R_OK | W_OK | X_OK) < 0)
		doctor_say(d, DOCTOR_BAD, "state", "make it a directory of vortexd's user",
		           "%s is no directory that this user may write to", path);
	else if (st.st_mode & 077)
		doctor_say(d, DOCTOR_WARNING, "state", "chmod 0700 on it",
		           "%s is open to others (mode %04o)", path, st.st_mode & 07777);
	else
		doctor_say(d, DOCTOR_FINE, "state", NULL, "%s can be written to", path);
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

static bool is_ours(const char *path)
{
	VX_AUTO(vx_ctl_mounts_fini) struct vx_ctl_mounts m = {0};
	bool found = false;

	if (vx_ctl_mounts_read(&m, NULL) < 0)
		return false;
	for (size_t i = 0; i < m.n; i++)
		found |= strcmp(m.paths[i], path) == 0;
	return found;
}

void doctor_check_mount_point(struct doctor *d)
{
	const char *path = d->settings ? vx_settings_str(d->settings, "mount.path") : NULL;
	struct stat st;

	if (!path || is_ours(path))
		return; /* doctor_check_mounts looks at it, and a hung one would make us wait here
		         */
	if (stat(path, &st) < 0 && errno == ENOENT && can_be_made(path))
		doctor_say(d, DOCTOR_FINE, "mount point", NULL, "%s will be made", path);
	else if (stat(path, &st) < 0)
		doctor_say(d, DOCTOR_BAD, "mount point", "make the directory, or set mount.path",
		           "%s: %s", path, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		doctor_say(d, DOCTOR_BAD, "mount point", "set mount.path to a directory",
		           "%s is not a directory", path);
	else if (!d->root && (st.st_uid != geteuid() || access(path, W_OK) < 0))
		doctor_say(d, DOCTOR_BAD, "mount point", "set mount.path to a directory of yours",
		           "%s is not yours; users mount over their own directories", path);
	else if (!is_empty(path))
		doctor_say(d, DOCTOR_WARNING, "mount point", "set mount.path to an empty directory",
		           "%s is not empty; the mount will hide what is there", path);
	else
		doctor_say(d, DOCTOR_FINE, "mount point", NULL, "%s is ready", path);
}

/* Open @path, which asks its daemon where stat is answered from the kernel's memory. In a process
 * of its own, which can be given up on: a request that a hung daemon has taken cannot be
 * interrupted even by SIGKILL (fs/fuse/dev.c, request_wait_answer), so it is left to init in that
 * case. 0, or the positive errno; ETIMEDOUT: no answer. */
static int try_open(const char *path)
{
	VX_AUTO(vx_close) int pidfd = -1;
	struct pollfd ended = {.events = POLLIN};
	pid_t pid = fork();
	int status; /* of _exit(errno): Linux's errnos fit */

	if (pid < 0)
		return errno;
	if (pid == 0)
		_exit(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0 ? errno : 0);
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	ended.fd = pidfd;
	if (pidfd >= 0 && poll(&ended, 1, ANSWER_MS) == 0) {
		(void)kill(pid, SIGKILL); /* it is our child and not waited for: no other process */
		return ETIMEDOUT;
	}
	if (waitpid(pid, &status, 0) < 0)
		return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

static void say_dead(struct doctor *d, const char *path)
{
	char fix[PATH_MAX + 64];

	(void)snprintf(fix, sizeof(fix), "%s %s; or start vortexd again, which replaces it",
	               d->root ? "umount -l" : "fusermount3 -uz", path);
	doctor_say(d, DOCTOR_BAD, "mounts", fix, "%s is dead: its daemon is gone", path);
}

void doctor_check_mounts(struct doctor *d)
{
	VX_AUTO(vx_ctl_mounts_fini) struct vx_ctl_mounts m = {0};
	struct vx_error err = {0};
	int rc = vx_ctl_mounts_read(&m, &err);

	if (rc < 0)
		doctor_say(d, DOCTOR_BAD, "mounts", "mount /proc", "%s", vx_error_text(&err, rc));
	else if (m.n == 0)
		doctor_say(d, DOCTOR_FINE, "mounts", NULL, "no Vortex filesystem is mounted");
	for (size_t i = 0; i < m.n; i++) {
		int failed = try_open(m.paths[i]);

		if (failed == 0)
			doctor_say(d, DOCTOR_FINE, "mounts", NULL, "%s answers", m.paths[i]);
		else if (failed == ENOTCONN || failed == ECONNABORTED)
			say_dead(d, m.paths[i]);
		else if (failed == ETIMEDOUT)
			doctor_say(d, DOCTOR_BAD, "mounts",
			           "see vortexd's log; if it hangs, end it and start it again",
			           "%s does not answer", m.paths[i]);
		else
			doctor_say(d, DOCTOR_WARNING, "mounts", "run as the user that mounted it",
			           "%s: %s", m.paths[i], strerror(failed));
	}
}
