/* git_mirror.c - see git_mirror.h. */
#include "backends/git_mirror.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <git2.h>
#include <openssl/evp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cleanup.h"

#define DESCRIPTORS 16
#define DEPTH_MAX 64    /* folders, each of which takes a descriptor */
#define ROUNDS_MAX 1000 /* of a removal: 64,000 folders deep, or somebody makes new ones */
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

	for (; n < NAME_MAX_BYTES && name[n]; n++)
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

/* --- trees -----------------------------------------------------------------------------------
 *
 * What is below belongs to whoever fetches, who may be in the hands of a hostile server and may be
 * at work in it now, while we may be root. So each folder is reached through the descriptor of the
 * one above: no link leads elsewhere, however names change meanwhile. */

struct tree {
	DIR *dir; /* NULL: not opened */
	int fd;   /* its descriptor */
};

static void tree_fini(struct tree *t)
{
	if (t->dir)
		(void)closedir(t->dir); /* only read */
}

/* The folder @name of the folder @at. 0, or a negative errno. */
static int tree_open(int at, const char *name, struct tree *ret)
{
	VX_AUTO(vx_close)
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

	if (!dir)
		return -errno;
	*ret = (struct tree){dir, vx_steal_fd(&fd)};
	return 0;
}

static const struct dirent *tree_next(struct tree *t)
{
	const struct dirent *e;

	do
		e = readdir(t->dir);
	while (e && (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0));
	return e;
}

/* A removal under way. What is too deep for as many descriptors is moved up to the top. */
struct removal {
	int top;
	bool moved;
};

static int move_up(struct removal *r, int at, const char *name)
{
	char aside[32];
	uint64_t number = 0;

	(void)!getrandom(&number, sizeof(number), 0); /* a name that is taken is refused */
	(void)snprintf(aside, sizeof(aside), "deep-%016llx", (unsigned long long)number);
	r->moved = true;
	return renameat2(at, name, r->top, aside, RENAME_NOREPLACE) < 0 ? -errno : 0;
}

static int remove_below(struct removal *r, struct tree *t, unsigned depth);

static int remove_entry(struct removal *r, int at, const char *name, unsigned depth)
{
	VX_AUTO(tree_fini) struct tree t = {0};
	int rc;

	if (unlinkat(at, name, 0) == 0)
		return 0;
	if (errno != EISDIR)
		return errno == ENOENT ? 0 : -errno;
	if (depth == DEPTH_MAX)
		return move_up(r, at, name);
	rc = tree_open(at, name, &t);
	if (rc == 0)
		rc = remove_below(r, &t, depth + 1);
	if (rc == 0 && unlinkat(at, name, AT_REMOVEDIR) < 0)
		rc = -errno;
	return rc == -ENOENT ? 0 : rc;
}

static int remove_below(struct removal *r, struct tree *t, unsigned depth)
{
	const struct dirent *e;
	int rc = 0;

	while (rc == 0 && (e = tree_next(t)))
		rc = remove_entry(r, t->fd, e->d_name, depth);
	return rc;
}

/* The folder @path, in a folder of ours, and all that is in it; none is none to remove. */
static int remove_tree(const char *path, struct vx_error *err)
{
	VX_AUTO(tree_fini) struct tree t = {0};
	int rc = tree_open(AT_FDCWD, path, &t);
	struct removal r = {t.fd, rc == 0};

	vx_assert(rc < 0 || t.dir);
	for (int i = 0; r.moved && rc == 0; i++) {
		r.moved = false;
		rewinddir(t.dir);
		rc = i < ROUNDS_MAX ? remove_below(&r, &t, 0) : -ELOOP;
	}
	if (rc == 0 && rmdir(path) < 0)
		rc = -errno;
	return rc < 0 && rc != -ENOENT ? vx_fail(err, rc, "removing %s: %s", path, strerror(-rc))
	                               : 0;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

/* Whether the file @name stays: locks of references and packs that were not complete are what a
 * killed fetch leaves, and a link or a FIFO is nobody's business there. */
static bool stays(const char *name, mode_t mode)
{
	return S_ISREG(mode) && !ends_with(name, ".lock") && !strstr(name, "_git2_");
}

static int tidy_folder(int at, const char *name, const struct vx_git_owner *owner, unsigned depth);

static int tidy_entry(int at, const char *name, const struct vx_git_owner *owner, unsigned depth)
{
	struct stat st;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(st.st_mode))
		return tidy_folder(at, name, owner, depth + 1);
	if (!stays(name, st.st_mode))
		(void)unlinkat(at, name, 0); /* the fetch says if it is in the way */
	else if (owner->other &&
	         fchownat(at, name, owner->uid, owner->gid, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -errno;
	return 0;
}

/* Tidy up the folder @at/@name, and give it and all in it to @owner. */
static int tidy_folder(int at, const char *name, const struct vx_git_owner *owner, unsigned depth)
{
	VX_AUTO(tree_fini) struct tree t = {0};
	const struct dirent *e;
	int rc;

	if (depth > DEPTH_MAX)
		return 0; /* the fetch says if it is in the way */
	rc = tree_open(at, name, &t);
	if (rc == 0 && owner->other &&
	    (fchmod(t.fd, 0700) < 0 || fchown(t.fd, owner->uid, owner->gid) < 0))
		rc = -errno;
	while (rc == 0 && (e = tree_next(&t)))
		rc = tidy_entry(t.fd, e->d_name, owner, depth);
	return rc;
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
	VX_AUTO(vx_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -errno : 0;

	for (size_t i = 0; rc == 0 && i < sizeof(written) / sizeof(*written); i++) {
		if (mkdirat(fd, written[i], 0700) < 0 && errno != EEXIST)
			rc = -errno;
		else
			rc = tidy_folder(fd, written[i], owner, 0);
	}
	if (rc == 0 && owner->other)
		rc = give_file(fd, owner);
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
