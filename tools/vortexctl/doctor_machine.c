/* doctor_machine.c - what this machine and this user's rights allow; see doctor_i.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/clock.h"
#include "tools/vortexctl/doctor_i.h"

#define DEVICE "/dev/fuse"
#define CONTAINER                                                                                  \
	"in a container: docker run --device " DEVICE " ..., in Kubernetes privileged: true"

void doctor_check_device(struct doctor *d, const void *arg)
{
	VX_AUTO(vx_close) int fd = open(DEVICE, O_RDWR | O_CLOEXEC);
	struct stat st;

	(void)arg;
	if (fd >= 0)
		doctor_say(d, DOCTOR_OK, "device", NULL, DEVICE " can be opened");
	else if (errno == ENOENT)
		doctor_say(d, DOCTOR_PROBLEM, "device", "modprobe fuse; " CONTAINER,
		           DEVICE " does not exist");
	else if (errno == ENODEV || errno == ENXIO)
		doctor_say(d, DOCTOR_PROBLEM, "device", "modprobe fuse",
		           DEVICE " exists, but the kernel has no FUSE");
	else if (errno == EACCES && stat(DEVICE, &st) == 0)
		doctor_say(d, DOCTOR_PROBLEM, "device", "chmod 0666 " DEVICE,
		           DEVICE " has the mode %04o and is not for you", st.st_mode & 07777);
	else /* EPERM: a container's rules for devices */
		doctor_say(d, DOCTOR_PROBLEM, "device", CONTAINER, DEVICE " cannot be opened: %s",
		           strerror(errno));
}

/* The effective capabilities, from the CapEff line; 0 when /proc cannot be read. */
static unsigned long long capabilities(void)
{
	unsigned long long found = 0;
	FILE *f = fopen("/proc/self/status", "re");
	char *line = NULL;
	size_t cap = 0;

	while (f && getline(&line, &cap, f) > 0)
		if (strncmp(line, "CapEff:", 7) == 0)
			found = strtoull(line + 7, NULL, 16);
	free(line);
	if (f)
		(void)fclose(f); /* it was only read */
	return found;
}

void doctor_check_privileges(struct doctor *d, const void *arg)
{
	(void)arg;
	if (!d->root)
		doctor_say(d, DOCTOR_NOTE, "privileges", "run vortexd as root if others shall read",
		           "not root: the mount is yours alone, and access rules do not count");
	else if (!(capabilities() & (1ULL << CAP_SYS_ADMIN)))
		doctor_say(d, DOCTOR_PROBLEM, "privileges",
		           "in a container: --cap-add SYS_ADMIN --device " DEVICE
		           " --security-opt apparmor=unconfined",
		           "root without CAP_SYS_ADMIN may not mount");
	else
		doctor_say(d, DOCTOR_OK, "privileges", NULL, "root with CAP_SYS_ADMIN");
}

/* The path of @program in PATH; the caller frees it; NULL: there is none. */
static char *find_program(const char *program)
{
	const char *path = getenv("PATH");
	VX_AUTO(vx_freep) char *copy = strdup(path ? path : "/usr/bin:/bin");
	char *save = NULL;

	for (char *dir = copy ? strtok_r(copy, ":", &save) : NULL; dir;
	     dir = strtok_r(NULL, ":", &save)) {
		char *full = NULL;

		if (asprintf(&full, "%s/%s", dir, program) < 0)
			return NULL;
		if (access(full, X_OK) == 0)
			return full;
		free(full);
	}
	return NULL;
}

/* Whether a line of /etc/fuse.conf is user_allow_other. */
static bool others_allowed(void)
{
	FILE *f = fopen("/etc/fuse.conf", "re");
	bool allowed = false;
	char *line = NULL;
	size_t cap = 0;

	while (f && getline(&line, &cap, f) > 0) {
		char word[32];

		if (sscanf(line, " %31s", word) == 1 && strcmp(word, "user_allow_other") == 0)
			allowed = true;
	}
	free(line);
	if (f)
		(void)fclose(f); /* it was only read */
	return allowed;
}

void doctor_check_fusermount(struct doctor *d, const void *arg)
{
	VX_AUTO(vx_freep) char *program = NULL;
	char fix[PATH_MAX + 64];
	struct stat st;

	(void)arg;
	if (d->root)
		return; /* root mounts by itself */
	program = find_program("fusermount3");
	if (!program) {
		doctor_say(d, DOCTOR_PROBLEM, "fusermount3", "sudo apt-get install fuse3",
		           "fusermount3 is not installed; users mount through it");
		return;
	}
	(void)snprintf(fix, sizeof(fix), "sudo chown root %s && sudo chmod 4755 %s", program,
	               program);
	if (stat(program, &st) < 0 || !(st.st_mode & S_ISUID) || st.st_uid != 0)
		doctor_say(d, DOCTOR_PROBLEM, "fusermount3", fix,
		           "%s is not set-uid root, so it may not mount", program);
	else
		doctor_say(d, DOCTOR_OK, "fusermount3", NULL, "%s is set-uid root", program);
	if (others_allowed())
		doctor_say(d, DOCTOR_OK, "fusermount3", NULL, "/etc/fuse.conf: user_allow_other");
	else
		doctor_say(d, DOCTOR_NOTE, "fusermount3",
		           "echo user_allow_other | sudo tee -a /etc/fuse.conf",
		           "/etc/fuse.conf has no user_allow_other: only you can read your mount");
}

/* --- the clock ---------------------------------------------------------------------------------- */

void doctor_check_clock(struct doctor *d, const void *arg)
{
	const struct vx_clock *clock = vx_clock_system();
	int64_t real_ns = vx_wall_ns(clock), mono_ns = vx_mono_ns(clock);
	struct timex now = {0}; /* modes 0: only asks */
	int state = adjtimex(&now);
	struct doctor_clock seen = {
		.real_s = real_ns / VX_SEC,
		.drift_ns = (real_ns - d->real_ns) - (mono_ns - d->mono_ns),
		.known = state >= 0,
		.synchronised = state >= 0 && !(now.status & STA_UNSYNC),
	};
	const char *why, *fix;
	enum doctor_verdict verdict = doctor_judge_clock(&seen, &why, &fix);

	(void)arg;
	doctor_say(d, verdict, "clock", fix, "%s", why);
}

/* --- limits -------------------------------------------------------------------------------------- */

#define FILES_MIN 1024 /* 8 threads and 64 MiB of cached blobs a backend, connections: some 100 */

void doctor_check_limits(struct doctor *d, const void *arg)
{
	struct rlimit files;

	(void)arg;
	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return; /* cannot fail */
	if (files.rlim_cur < FILES_MIN)
		doctor_say(d, DOCTOR_WARNING, "limits",
		           "ulimit -n 4096; with systemd: LimitNOFILE=4096",
		           "only %llu files may be open at a time",
		           (unsigned long long)files.rlim_cur);
	else
		doctor_say(d, DOCTOR_OK, "limits", NULL, "%llu files may be open at a time",
		           (unsigned long long)files.rlim_cur);
}

/* --- SELinux and AppArmor ----------------------------------------------------------------------- */

/* The first line of @path without its newline; "" where it cannot be read. */
static void first_line(const char *path, char *ret, size_t n)
{
	VX_AUTO(vx_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd >= 0 ? read(fd, ret, n - 1) : -1;

	ret[got > 0 ? got : 0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}

void doctor_check_confinement(struct doctor *d, const void *arg)
{
	char selinux[8], profile[256];

	(void)arg;
	first_line("/sys/fs/selinux/enforce", selinux, sizeof(selinux));
	first_line("/proc/self/attr/apparmor/current", profile, sizeof(profile));
	if (strcmp(selinux, "1") == 0)
		doctor_say(d, DOCTOR_NOTE, "confinement",
		           "set mount.context, for example system_u:object_r:etc_t:s0",
		           "SELinux is enforcing: confined services may be refused our files");
	if (strstr(profile, "(enforce)"))
		doctor_say(d, DOCTOR_NOTE, "confinement",
		           "in a container: --security-opt apparmor=unconfined",
		           "AppArmor confines this process: %s", profile);
	if (strcmp(selinux, "1") != 0 && !strstr(profile, "(enforce)"))
		doctor_say(d, DOCTOR_OK, "confinement", NULL,
		           "neither SELinux nor AppArmor confines this process");
}
