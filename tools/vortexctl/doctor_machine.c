/* doctor_machine.c - what the kernel and this user's rights allow; see doctor_i.h. */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "tools/vortexctl/doctor_i.h"

#define DEVICE "/dev/fuse"

void doctor_check_device(struct doctor *d)
{
	VX_AUTO(vx_close) int fd = open(DEVICE, O_RDWR | O_CLOEXEC);

	if (fd >= 0)
		doctor_say(d, DOCTOR_FINE, "device", NULL, DEVICE " can be opened");
	else if (errno == ENOENT)
		doctor_say(d, DOCTOR_BAD, "device",
		           "modprobe fuse; in a container: --device " DEVICE,
		           DEVICE " does not exist");
	else if (errno == ENODEV || errno == ENXIO)
		doctor_say(d, DOCTOR_BAD, "device", "modprobe fuse",
		           DEVICE " exists, but the kernel has no FUSE");
	else
		doctor_say(d, DOCTOR_BAD, "device",
		           "chmod 0666 " DEVICE "; in a container: --device " DEVICE,
		           DEVICE " cannot be opened: %s", strerror(errno));
}

/* Whether the kernel knows a system call: asked with arguments that it must refuse. */
static bool has_call(long number)
{
	return syscall(number, -1L, 0L, 0L, 0L, 0L) >= 0 || errno != ENOSYS;
}

void doctor_check_kernel(struct doctor *d)
{
	static const struct {
		const char *name;
		long number;
	} calls[] = {{"fsopen", SYS_fsopen},
	             {"fsmount", SYS_fsmount},
	             {"open_tree", SYS_open_tree},
	             {"move_mount", SYS_move_mount},
	             {"mount_setattr", SYS_mount_setattr}};
	const char *missing = NULL;
	struct utsname name;

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++)
		if (!has_call(calls[i].number))
			missing = calls[i].name;
	if (uname(&name) < 0)
		strcpy(name.release, "unknown"); /* it cannot fail with a valid pointer */
	if (!missing)
		doctor_say(d, DOCTOR_FINE, "kernel", NULL,
		           "Linux %s has the system calls for a detached read-only mount",
		           name.release);
	else if (d->root)
		doctor_say(d, DOCTOR_BAD, "kernel", "use Linux 5.12 or newer, or run as a user",
		           "Linux %s has no %s, which mounting as root needs", name.release,
		           missing);
	else
		doctor_say(d, DOCTOR_WARNING, "kernel", "use Linux 5.12 or newer to mount as root",
		           "Linux %s has no %s; mounting as a user does without it", name.release,
		           missing);
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

void doctor_check_privileges(struct doctor *d)
{
	if (!d->root)
		doctor_say(d, DOCTOR_WARNING, "privileges", "run vortexd as root, or leave it so",
		           "not root: the mount is yours alone, and access rules do not count");
	else if (!(capabilities() & (1ULL << CAP_SYS_ADMIN)))
		doctor_say(d, DOCTOR_BAD, "privileges",
		           "in a container: --cap-add SYS_ADMIN --device " DEVICE
		           " --security-opt apparmor=unconfined",
		           "root without CAP_SYS_ADMIN may not mount");
	else
		doctor_say(d, DOCTOR_FINE, "privileges", NULL, "root with CAP_SYS_ADMIN");
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

void doctor_check_fusermount(struct doctor *d)
{
	VX_AUTO(vx_freep) char *program = NULL;
	struct stat st;

	if (d->root)
		return; /* root mounts by itself */
	program = find_program("fusermount3");
	if (!program)
		doctor_say(d, DOCTOR_BAD, "fusermount3", "apt-get install fuse3",
		           "fusermount3 is not installed; users mount through it");
	else if (stat(program, &st) < 0 || !(st.st_mode & S_ISUID) || st.st_uid != 0)
		doctor_say(d, DOCTOR_BAD, "fusermount3",
		           "chown root fusermount3; chmod 4755 fusermount3",
		           "%s is not set-uid root, so it may not mount", program);
	else
		doctor_say(d, DOCTOR_FINE, "fusermount3", NULL, "%s is set-uid root", program);
	if (!others_allowed())
		doctor_say(d, DOCTOR_WARNING, "allow_other",
		           "write user_allow_other into /etc/fuse.conf if others shall read",
		           "only you will be able to read your mount");
}
