/* sandbox.c - giving up what a fetch does not need.
 *
 * Started by root, the program becomes another user before it speaks to anybody. The state directory
 * is root's alone, so it first gets a mount namespace of its own in which the mirror stands where
 * every user can reach it: read-only, but for the packs, the references and the folder of its own.
 * All else is read-only there, and the trees that vortexd mounts are taken out of it: a namespace keeps
 * a filesystem alive, and nobody should have to wait for ours to end a mount. Last, syscalls.c. */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <mntent.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/git_fetch/fetch_i.h"
#include "core/cleanup.h"

/* Folders that are there on every system, and that nothing here needs. */
static const char *const places[] = {"/mnt", "/media", "/srv", "/opt", "/var/tmp", "/tmp"};

/* What is written in a mirror: see vx_git_mirror_prepare. */
static const char *const written[] = {"objects/pack", "refs", "vortex", "FETCH_HEAD"};
#define N_WRITTEN (sizeof(written) / sizeof(*written))

static int no_namespace(struct failure *f, const char *what)
{
	if (errno == ENOENT || errno == ENOTDIR)
		return fail_as(f, VX_GIT_KIND_MIRROR, "a part of the mirror is missing");
	return fail_as(f, VX_GIT_KIND_SETUP,
	               "%s for the fetching program: %s; run vortexd with CAP_SYS_ADMIN, or as an "
	               "ordinary user",
	               what, strerror(errno));
}

/* Take the trees of vortexd, this one's and others', out of our namespace. */
static void drop_trees(void)
{
	FILE *mounts = setmntent("/proc/self/mounts", "re");
	struct mntent *m;

	while (mounts && (m = getmntent(mounts)))
		if (strcmp(m->mnt_type, "fuse.vortex") == 0)
			(void)umount2(m->mnt_dir, MNT_DETACH | UMOUNT_NOFOLLOW); /* best effort */
	if (mounts)
		(void)endmntent(mounts); /* only read */
}

static int set_flags(int tree, const char *path, unsigned flags, uint64_t on)
{
	struct mount_attr attr = {.attr_set = on};

	return mount_setattr(tree, path, flags, &attr, sizeof(attr));
}

/* A detached copy of what stands at @path/@name (@name "": at @path); -1. */
static int copy_tree(const char *path, const char *name)
{
	VX_AUTO(vx_freep) char *at = NULL;

	if (asprintf(&at, "%s/%s", path, name) < 0) {
		at = NULL;
		errno = ENOMEM;
		return -1;
	}
	return open_tree(AT_FDCWD, at, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

/* Put @tree, a detached copy, at @path/@name. */
static int attach(int tree, const char *path, const char *name, uint64_t flags)
{
	VX_AUTO(vx_freep) char *at = NULL;

	if (asprintf(&at, "%s/%s", path, name) < 0) {
		at = NULL;
		errno = ENOMEM;
		return -1;
	}
	return set_flags(tree, "", AT_EMPTY_PATH, flags) < 0
	               ? -1
	               : move_mount(tree, "", AT_FDCWD, at, MOVE_MOUNT_F_EMPTY_PATH);
}

static const char *find_place(void)
{
	struct stat st;

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (stat(places[i], &st) == 0 && S_ISDIR(st.st_mode))
			return places[i];
	errno = ENOENT;
	return NULL;
}

/* The mirror at @mirror comes to *ret_place. All is copied before anything becomes read-only. */
static int move_mirror(const char *mirror, const char **ret_place, struct failure *f)
{
	const uint64_t strict = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
	VX_AUTO(vx_close) int tree = copy_tree(mirror, "");
	const char *place = find_place();
	int parts[N_WRITTEN], failed = tree < 0 || !place;

	for (size_t i = 0; i < N_WRITTEN; i++) {
		parts[i] = failed ? -1 : copy_tree(mirror, written[i]);
		failed = failed || parts[i] < 0;
	}
	/* Older kernels cannot; the user that we become can write little anyway. */
	(void)set_flags(AT_FDCWD, "/", AT_RECURSIVE,
	                MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	failed = failed || attach(tree, place, "", strict | MOUNT_ATTR_RDONLY) < 0;
	for (size_t i = 0; i < N_WRITTEN; i++) {
		failed = failed || attach(parts[i], place, written[i], strict) < 0;
		if (failed)
			break; /* the program ends */
		vx_close(&parts[i]);
	}
	if (failed)
		return no_namespace(f, "the mirror cannot be mounted");
	*ret_place = place;
	return 0;
}

/* Root becomes @uid for good. */
static int become(uid_t uid, gid_t gid, struct failure *f)
{
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return fail_as(f, VX_GIT_KIND_SETUP,
		               "the fetching program cannot become the user %u: %s", (unsigned)uid,
		               strerror(errno));
	vx_assert(setuid(0) < 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); /* there are none left */
	return 0;
}

int confine(const char *run_as, const char *mirror, const char **ret_mirror, struct failure *f)
{
	char *end = NULL;
	unsigned long uid, gid;
	int rc = 0;

	*ret_mirror = mirror;
	if (*run_as) {
		uid = strtoul(run_as, &end, 10);
		gid = strtoul(end, &end, 10);
		if (*end || uid == 0 || gid == 0 || uid >= UINT32_MAX || gid >= UINT32_MAX)
			return fail_as(f, VX_GIT_KIND_SETUP, "the fetching program is to be root");
		if (unshare(CLONE_NEWNS) < 0 ||
		    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
			return no_namespace(f, "there is no mount namespace");
		drop_trees();
		rc = move_mirror(mirror, ret_mirror, f);
		if (rc == 0)
			rc = become((uid_t)uid, (gid_t)gid, f);
	}
	/* Both are lost by becoming another user. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	return rc == 0 ? refuse_syscalls(f) : rc;
}
