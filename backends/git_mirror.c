/* git_mirror.c - see git_mirror.h. */
#include "backends/git_mirror.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <git2.h>
#include <openssl/evp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cleanup.h"

#define DESCRIPTORS 16
#define HASH_BYTES 8
#define NAME_MAX_BYTES 100

/* The folders that the fetching program writes, and a file that libgit2 empties each time; sandbox.c
 * has the same. */
static const char *const written[] = {"objects/pack", "refs", "vortex"};
#define WRITTEN_FILE "FETCH_HEAD"

int vx_git_owner_find(struct vx_git_owner *ret, struct vx_error *err)
{
	static const char *const names[] = {"vortex", "nobody"};
	char room[16384];
	struct passwd p, *found = NULL;

	*ret = (struct vx_git_owner){false, geteuid(), getegid()};
	if (geteuid() != 0)
		return 0;
	for (size_t i = 0; i < 2; i++) {
		if (getpwnam_r(names[i], &p, room, sizeof(room), &found) == 0 && found &&
		    p.pw_uid != 0 && p.pw_gid != 0) {
			*ret = (struct vx_git_owner){true, p.pw_uid, p.pw_gid};
			return 0;
		}
	}
	return vx_fail(err, -EACCES,
	               "there is no user 'vortex' nor 'nobody' for the fetching program to run as; "
	               "make one: useradd --system vortex");
}

char *vx_git_mirror_path(const char *state_dir, const char *name, const char *address)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	char safe[NAME_MAX_BYTES + 1], digits[2 * HASH_BYTES + 1];
	char *path;
	size_t n = 0;

	for (; name[n] && n < NAME_MAX_BYTES; n++)
		safe[n] = strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_",
		                 name[n])
		                  ? name[n]
		                  : '_';
	safe[n] = '\0';
	if (!EVP_Digest(address, strlen(address), hash, NULL, EVP_sha256(), NULL))
		return NULL;
	for (size_t i = 0; i < HASH_BYTES; i++)
		(void)snprintf(digits + 2 * i, 3, "%02x", hash[i]);
	return asprintf(&path, "%s/git/%s-%s.git", state_dir, safe, digits) < 0 ? NULL : path;
}

/* --- trees ----------------------------------------------------------------------------------- */

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path) < 0 && errno != ENOENT ? -1 : 0;
}

static int remove_tree(const char *path, struct vx_error *err)
{
	if (nftw(path, remove_entry, DESCRIPTORS, FTW_DEPTH | FTW_PHYS) < 0 && errno != ENOENT)
		return vx_fail(err, -errno, "removing %s: %s", path, strerror(errno));
	return 0;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* What a killed fetch leaves: locks of references, packs that were not complete. A link is nobody's
 * business there. */
static int tidy_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	const char *name = path + at->base;
	bool link = S_ISLNK(st->st_mode), folder = S_ISDIR(st->st_mode);

	(void)type;
	if (!folder && (link || ends_with(name, ".lock") || strstr(name, "_git2_")))
		(void)unlink(path); /* the fetch says if it is in the way */
	return 0;
}

static int tidy_part(const char *path, const char *part)
{
	VX_AUTO(vx_freep) char *at = NULL;

	if (asprintf(&at, "%s/%s", path, part) < 0) {
		at = NULL;
		return -ENOMEM;
	}
	if (mkdir(at, 0700) < 0 && errno != EEXIST)
		return -errno;
	return nftw(at, tidy_entry, DESCRIPTORS, FTW_PHYS) < 0 ? -errno : 0;
}

static int give(int at, const char *name, const struct vx_git_owner *owner, unsigned depth);

static int give_entries(int fd, const struct vx_git_owner *owner, unsigned depth)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0), rc = 0;
	DIR *dir = own >= 0 ? fdopendir(own) : NULL;
	const struct dirent *e;

	if (!dir) {
		rc = -errno;
		vx_close(&own);
		return rc;
	}
	while (rc == 0 && (e = readdir(dir))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (e->d_type == DT_DIR)
			rc = give(fd, e->d_name, owner, depth + 1);
		else if (fchownat(fd, e->d_name, owner->uid, owner->gid, AT_SYMLINK_NOFOLLOW) < 0)
			rc = errno == ENOENT ? 0 : -errno;
	}
	(void)closedir(dir); /* only read */
	return rc;
}

/* Give the folder @at/@name and all in it to @owner, through descriptors: no link leads elsewhere. */
static int give(int at, const char *name, const struct vx_git_owner *owner, unsigned depth)
{
	VX_AUTO(vx_close)
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (depth > 64)
		return -ELOOP;
	if (fchmod(fd, 0700) < 0 || fchown(fd, owner->uid, owner->gid) < 0)
		return -errno;
	return give_entries(fd, owner, depth);
}

static int give_file(int at, const struct vx_git_owner *owner)
{
	VX_AUTO(vx_close)
	int fd = openat(at, WRITTEN_FILE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || fchmod(fd, 0600) < 0 || fchown(fd, owner->uid, owner->gid) < 0)
		return -errno;
	return 0;
}

/* --- mirrors --------------------------------------------------------------------------------- */

/* Readable by the fetching program; the state directory above keeps everybody else out. */
static int open_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)type;
	(void)at;
	if (S_ISLNK(st->st_mode))
		return 0;
	return chmod(path, S_ISDIR(st->st_mode) ? 0755 : 0644);
}

int vx_git_mirror_tidy(const char *path, const struct vx_git_owner *owner, struct vx_error *err)
{
	VX_AUTO(vx_close) int fd = -1;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(written) / sizeof(*written); i++)
		rc = tidy_part(path, written[i]);
	if (rc == 0 && owner->other) {
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rc = fd < 0 ? -errno : 0;
		for (size_t i = 0; rc == 0 && i < sizeof(written) / sizeof(*written); i++)
			rc = give(fd, written[i], owner, 0);
		if (rc == 0)
			rc = give_file(fd, owner);
	}
	return rc < 0 ? vx_fail(err, rc, "preparing %s: %s", path, strerror(-rc)) : 0;
}

static int make_parent(const char *path, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *parent = strdup(path);

	if (!parent)
		return vx_fail(err, -ENOMEM, "out of memory");
	*strrchr(parent, '/') = '\0';
	if (mkdir(parent, 0700) < 0 && errno != EEXIST)
		return vx_fail(err, -errno, "making %s: %s", parent, strerror(errno));
	return 0;
}

/* libgit2 makes a folder of hooks, which nobody would ever run. */
static int drop_hooks(const char *path, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *hooks = NULL;

	if (asprintf(&hooks, "%s/hooks", path) < 0) {
		hooks = NULL;
		return vx_fail(err, -ENOMEM, "out of memory");
	}
	return remove_tree(hooks, err);
}

int vx_git_mirror_make(const char *path, const struct vx_git_owner *owner, char **ret_new,
                       struct vx_error *err)
{
	VX_AUTO(vx_freep) char *new = NULL;
	git_repository *repo = NULL;
	int rc;

	if (asprintf(&new, "%s.new", path) < 0) {
		new = NULL;
		return vx_fail(err, -ENOMEM, "out of memory");
	}
	rc = make_parent(path, err);
	if (rc == 0)
		rc = remove_tree(new, err);
	if (rc < 0)
		return rc;
	if (git_repository_init(&repo, new, true) < 0)
		return vx_fail(err, errno == ENOSPC ? -ENOSPC : -EAGAIN, "making %s: %s", new,
		               git_error_last() ? git_error_last()->message : "failed");
	git_repository_free(repo);
	rc = drop_hooks(new, err);
	if (rc < 0)
		return rc;
	if (owner->other && nftw(new, open_entry, DESCRIPTORS, FTW_PHYS) < 0)
		return vx_fail(err, -errno, "making %s: %s", new, strerror(errno));
	rc = vx_git_mirror_tidy(new, owner, err);
	if (rc == 0)
		*ret_new = vx_steal(new);
	return rc;
}

/* The names in the folder that holds @path are on the disk. */
static void sync_parent(const char *path)
{
	VX_AUTO(vx_freep) char *parent = strdup(path);
	VX_AUTO(vx_close) int fd = -1;

	if (!parent)
		return;
	*strrchr(parent, '/') = '\0';
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		(void)fsync(fd); /* else a crash costs another clone */
}

int vx_git_mirror_install(const char *path, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *new = NULL;
	VX_AUTO(vx_freep) char *old = NULL;
	int rc;

	if (asprintf(&new, "%s.new", path) < 0) {
		new = NULL;
		return vx_fail(err, -ENOMEM, "out of memory");
	}
	if (asprintf(&old, "%s.damaged", path) < 0) {
		old = NULL;
		return vx_fail(err, -ENOMEM, "out of memory");
	}
	rc = remove_tree(old, err);
	if (rc < 0)
		return rc;
	if (rename(path, old) < 0 && errno != ENOENT)
		return vx_fail(err, -errno, "setting %s aside: %s", path, strerror(errno));
	if (rename(new, path) < 0)
		return vx_fail(err, -errno, "renaming %s: %s", new, strerror(errno));
	sync_parent(path);
	return 0;
}
