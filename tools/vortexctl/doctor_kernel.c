/* doctor_kernel.c - what this kernel can do: docs/kernels.md, row by row, probed by doing.
 *
 * A system call is asked with arguments that it must refuse: ENOSYS says that it is missing. What
 * FUSE can do the kernel says itself: in the INIT request that it sends to whoever makes a FUSE
 * superblock. Such a one is made here, attached nowhere, and gone with its descriptors. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "tools/vortexctl/doctor_i.h"

#define REQUEST_MAX 65536 /* the kernel refuses reads shorter than FUSE_MIN_READ_BUFFER, 8192 */

/* Whether the kernel knows a system call: asked with arguments that it must refuse. */
static bool has_call(long number)
{
	return syscall(number, -1L, 0L, 0L, 0L, 0L) >= 0 || errno != ENOSYS;
}

static bool has_mount_ids(void)
{
	struct statx st;

	return statx(AT_FDCWD, "/", AT_STATX_DONT_SYNC, STATX_MNT_ID, &st) == 0 &&
	       st.stx_mask & STATX_MNT_ID;
}

static void check_calls(struct doctor *d, const char *release)
{
	static const struct {
		const char *name, *since;
		long number;
	} calls[] = {{"fsopen", "5.2", SYS_fsopen},
	             {"fsmount", "5.2", SYS_fsmount},
	             {"open_tree", "5.2", SYS_open_tree},
	             {"move_mount", "5.2", SYS_move_mount},
	             {"mount_setattr", "5.12", SYS_mount_setattr}};
	bool whole = true;

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		if (has_call(calls[i].number))
			continue;
		whole = false;
		doctor_say(d, d->root ? DOCTOR_PROBLEM : DOCTOR_NOTE, "kernel",
		           "boot Linux 5.12 or newer, or run vortexd as a user",
		           "Linux %s has no %s (since %s), by which root mounts", release,
		           calls[i].name, calls[i].since);
	}
	if (whole)
		doctor_say(d, DOCTOR_OK, "kernel", NULL,
		           "Linux %s has fsopen, fsmount, open_tree, move_mount and mount_setattr",
		           release);
}

/* Not needed by this release; said so that nobody is surprised by the next. */
static void check_later(struct doctor *d)
{
	int fd = fanotify_init(FAN_CLASS_NOTIF | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY | O_CLOEXEC);
	bool marks = fd >= 0 && fanotify_mark(fd, FAN_MARK_ADD | FAN_MARK_FILESYSTEM, FAN_OPEN,
	                                      AT_FDCWD, "/") == 0;
	int why = errno;

	vx_close(&fd); /* the mark goes with it */
	if (marks)
		doctor_say(d, DOCTOR_OK, "kernel", NULL, "fanotify marks filesystems");
	else
		doctor_say(d, DOCTOR_NOTE, "kernel", NULL,
		           "fanotify marks no filesystem here (%s); from Linux 4.20 root may. This "
		           "release does without",
		           strerror(why));
	if (!has_call(SYS_pidfd_open))
		doctor_say(d, DOCTOR_NOTE, "kernel", NULL,
		           "no pidfd_open (since Linux 5.3). This release does without");
	if (!has_mount_ids())
		doctor_say(d, DOCTOR_WARNING, "kernel", "boot Linux 5.8 or newer",
		           "statx tells no mount ids (since 5.8): vortexd does not notice when "
		           "somebody unmounts it");
}

void doctor_check_kernel(struct doctor *d, const void *arg)
{
	struct utsname name;

	(void)arg;
	if (uname(&name) < 0)
		strcpy(name.release, "unknown"); /* it cannot fail with a valid pointer */
	check_calls(d, name.release);
	check_later(d);
}

/* --- FUSE --------------------------------------------------------------------------------------- */

/* The INIT request as <linux/fuse.h> lays it out; the header of the machine that builds may be older
 * than the kernel that runs. */
struct init_request {
	uint32_t len, opcode;
	uint64_t unique, nodeid;
	uint32_t uid, gid, pid, padding;
	uint32_t major, minor, max_readahead, flags, flags2;
};

#define INIT_OPCODE 26
#define INIT_EXT ((uint64_t)1 << 30) /* flags2 is there */

static const struct {
	const char *name, *since;
	uint64_t flag; /* in INIT; 0: told by the minor version */
	uint32_t minor;
	enum doctor_verdict without;
	const char *effect;
} features[] = {
	{"READDIRPLUS", "3.9", (uint64_t)1 << 13, 21, DOCTOR_WARNING, "ls -l asks for each name"},
	{"OPEN without an answer", "3.16", (uint64_t)1 << 17, 23, DOCTOR_PROBLEM,
         "every open would fail"},
	{"parallel lookups", "4.7", (uint64_t)1 << 18, 25, DOCTOR_WARNING,
         "lookups in one directory wait for each other"},
	{"symlink caching", "4.20", (uint64_t)1 << 23, 28, DOCTOR_NOTE,
         "each readlink is asked for"},
	{"cached listings", "4.20", 0, 28, DOCTOR_WARNING, "each ls reads the directory anew"},
	{"RESEND", "6.9", (uint64_t)1 << 39, 40, DOCTOR_NOTE,
         "this release does without; a coming one restarts more gently with it"},
};

/* Make a superblock and read what the kernel says first. 0; -errno with *ret_step. */
static int ask_init(struct init_request *ret, const char **ret_step)
{
	static char request[REQUEST_MAX]; /* too large for a stack of unknown size */
	VX_AUTO(vx_close) int device = open("/dev/fuse", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	VX_AUTO(vx_close) int fs = -1;
	struct pollfd p = {.fd = device, .events = POLLIN};
	char fd[16];
	ssize_t n;

	*ret_step = "opening /dev/fuse";
	if (device < 0)
		return -errno;
	*ret_step = "fsopen";
	fs = fsopen("fuse", FSOPEN_CLOEXEC);
	if (fs < 0)
		return -errno;
	(void)snprintf(fd, sizeof(fd), "%d", device); /* 11 bytes at most */
	*ret_step = "making a FUSE superblock";
	if (fsconfig(fs, FSCONFIG_SET_STRING, "fd", fd, 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "rootmode", "40000", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "user_id", "0", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_SET_STRING, "group_id", "0", 0) < 0 ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	*ret_step = "reading INIT";
	if (poll(&p, 1, 1000) == 0)
		return -ETIMEDOUT;
	n = read(device, request, sizeof(request));
	if (n < 0)
		return -errno;
	memset(ret, 0, sizeof(*ret));
	memcpy(ret, request, (size_t)n < sizeof(*ret) ? (size_t)n : sizeof(*ret));
	return ret->opcode == INIT_OPCODE ? 0 : -EPROTO;
}

void doctor_check_fuse(struct doctor *d, const void *arg)
{
	struct init_request init = {0};
	const char *step;
	uint64_t flags;
	size_t missing = 0;
	int rc;

	(void)arg;
	if (!d->root) {
		doctor_say(d, DOCTOR_NOTE, "fuse", "sudo vortexctl doctor",
		           "what FUSE can do here is told to root only");
		return;
	}
	rc = ask_init(&init, &step);
	if (rc == -EPERM || rc == -EACCES)
		doctor_say(d, DOCTOR_PROBLEM, "fuse",
		           "in a container: --cap-add SYS_ADMIN --device /dev/fuse --security-opt "
		           "apparmor=unconfined",
		           "%s is not permitted here: %s", step, strerror(-rc));
	else if (rc < 0)
		doctor_say(d, DOCTOR_PROBLEM, "fuse", "modprobe fuse", "%s: %s", step,
		           strerror(-rc));
	if (rc < 0)
		return;
	flags = init.flags | (init.flags & INIT_EXT ? (uint64_t)init.flags2 << 32 : 0);
	for (size_t i = 0; i < sizeof(features) / sizeof(*features); i++) {
		if (features[i].flag ? flags & features[i].flag : init.minor >= features[i].minor)
			continue;
		missing++;
		doctor_say(d, features[i].without, "fuse",
		           features[i].without == DOCTOR_NOTE ? NULL : "boot a newer kernel",
		           "no %s (since Linux %s): %s", features[i].name, features[i].since,
		           features[i].effect);
	}
	doctor_say(d, DOCTOR_OK, "fuse", NULL, "protocol %u.%u, a superblock can be made%s",
	           init.major, init.minor, missing ? "" : "; nothing is missing");
}
