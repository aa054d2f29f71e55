/* doctor_service.c - vortexd's settings and its state directory; see doctor_i.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "backends/backend.h"
#include "daemon/settings.h"
#include "tools/vortexctl/doctor_i.h"
#include "tools/vortexctl/doctor_path.h"

#define TYPES_MAX 16

/* --- settings ---------------------------------------------------------------------------------- */

static void warn(void *arg, const char *sentence)
{
	doctor_say(arg, DOCTOR_WARNING, "settings", "see vortexd.yaml(5)", "%s", sentence);
}

/* The sentence about a plain secret in a file for everybody ends with the command that helps. */
static void say_bad(struct doctor *d, const char *why)
{
	const char *fix = strstr(why, "chmod o-r ");

	doctor_say(d, DOCTOR_PROBLEM, "settings",
	           fix ? fix : "correct it; vortexd --check tries again", "%s", why);
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
		say_bad(d, vx_error_text(&err, rc));
		return;
	}
	n = vx_settings_count(d->settings, "backends");
	d->assumed =
		strncmp(vx_map_where(vx_settings_at(d->settings, "backends", 0)), "(no ", 4) == 0;
	if (d->assumed)
		doctor_say(d, DOCTOR_NOTE, "settings",
		           "write /etc/vortex/vortexd.yaml, or name yours by -c FILE",
		           "there is no settings file; vortexd would serve the directory %s at %s, "
		           "with its state in %s",
		           vx_map_str(vx_settings_at(d->settings, "backends", 0), "path"),
		           vx_settings_str(d->settings, "mount.path"),
		           vx_settings_str(d->settings, "state.path"));
	else
		doctor_say(d, DOCTOR_OK, "settings", NULL,
		           "%zu backend%s, mounted at %s, state in %s", n, n == 1 ? "" : "s",
		           vx_settings_str(d->settings, "mount.path"),
		           vx_settings_str(d->settings, "state.path"));
}

/* --- the state directory ----------------------------------------------------------------------- */

static void check_filesystem(struct doctor *d, const char *path)
{
	struct statfs fs;

	if (statfs(path, &fs) < 0)
		return; /* its stat went well: whatever is wrong, the space says it */
	switch (fs.f_type) {
	case NFS_SUPER_MAGIC:
	case SMB_SUPER_MAGIC:
	case CIFS_SUPER_MAGIC:
	case SMB2_SUPER_MAGIC:
	case V9FS_MAGIC:
		doctor_say(
			d, DOCTOR_WARNING, "state", "set state.path to a local disk",
			"%s is on a network filesystem: its locks may not hold, and a server that "
			"is away stops vortexd",
			path);
		break;
	case TMPFS_MAGIC:
	case RAMFS_MAGIC:
		doctor_say(d, DOCTOR_NOTE, "state", "set state.path to a disk",
		           "%s is in memory: pins and numbers are lost at a reboot", path);
		break;
	default: /* a number, not an enum: every other one is a local filesystem */
		break;
	}
}

static void check_space(struct doctor *d, const char *path)
{
	struct statvfs fs;
	const char *why;
	enum doctor_verdict verdict;
	char fix[PATH_MAX + 32];

	if (statvfs(path, &fs) < 0)
		return; /* as in check_filesystem */
	/* Filesystems without a table of inodes say 0 of 0. */
	verdict = doctor_judge_space((uint64_t)fs.f_bavail * fs.f_frsize,
	                             fs.f_files ? fs.f_favail : UINT64_MAX, &why);
	(void)snprintf(fix, sizeof(fix), "df -h %s; make room there", path);
	if (verdict != DOCTOR_OK)
		doctor_say(d, verdict, "state", fix, "%s: %s", path, why);
}

/* Whether locks hold there: on a file without a name, which leaves nothing behind. */
static void check_locks(struct doctor *d, const char *path)
{
	VX_AUTO(vx_close) int fd = open(path, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) < 0)
		doctor_say(d, DOCTOR_PROBLEM, "state", "set state.path to a local disk",
		           "%s keeps no locks: %s", path, strerror(errno));
	else if (fd < 0 && errno == EROFS)
		doctor_say(d, DOCTOR_PROBLEM, "state",
		           "set state.path to a disk that can be written",
		           "%s is on a read-only filesystem", path);
}

/* Who uses it now, from the lock that vortexd holds (daemon/state/dir.c). */
static void check_user(struct doctor *d, const char *path)
{
	char lock[PATH_MAX], pid[32] = "";
	VX_AUTO(vx_close) int fd = -1;
	ssize_t n;

	if (snprintf(lock, sizeof(lock), "%s/lock", path) >= (int)sizeof(lock))
		return;
	fd = open(lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK) {
		n = pread(fd, pid, sizeof(pid) - 1, 0);
		pid[n > 0 ? n : 0] = '\0';
		pid[strspn(pid, "0123456789")] = '\0';
		doctor_say(d, DOCTOR_OK, "state", NULL, "%s is used by a running vortexd (pid %s)",
		           path, *pid ? pid : "unknown");
	} else {
		doctor_say(d, DOCTOR_OK, "state", NULL, "%s can be written to", path);
	}
}

static void check_there(struct doctor *d, const char *path, const struct stat *st)
{
	char fix[PATH_MAX + 64];

	if (!S_ISDIR(st->st_mode)) {
		doctor_say(d, DOCTOR_PROBLEM, "state", "set state.path to a directory",
		           "%s is not a directory", path);
	} else if (st->st_uid != geteuid()) {
		(void)snprintf(fix, sizeof(fix), "chown %u %s, or run doctor as uid %u",
		               (unsigned)geteuid(), path, (unsigned)st->st_uid);
		doctor_say(d, DOCTOR_PROBLEM, "state", fix, "%s belongs to uid %u", path,
		           (unsigned)st->st_uid);
	} else if (st->st_mode & 077 || (st->st_mode & 0700) != 0700) {
		(void)snprintf(fix, sizeof(fix), "chmod 0700 %s", path);
		doctor_say(d, DOCTOR_PROBLEM, "state", fix,
		           "%s has the mode %04o; vortexd wants 0700", path, st->st_mode & 07777);
	} else {
		check_user(d, path);
		check_locks(d, path);
		check_filesystem(d, path);
		check_space(d, path);
	}
}

void doctor_check_state(struct doctor *d, const void *arg)
{
	const char *path = d->settings ? vx_settings_str(d->settings, "state.path") : NULL;
	char fix[PATH_MAX + 64];
	struct stat st;

	(void)arg;
	if (!path)
		return;
	if (stat(path, &st) == 0) {
		check_there(d, path, &st);
	} else if (errno == ENOENT && doctor_can_be_made(path)) {
		doctor_say(d, DOCTOR_OK, "state", NULL, "%s will be made", path);
	} else {
		(void)snprintf(fix, sizeof(fix), "install -d -m 0700 -o %u %s", (unsigned)geteuid(),
		               path);
		doctor_say(d, DOCTOR_PROBLEM, "state", fix, "%s: %s", path, strerror(errno));
	}
}
