/* directory_read.c - reading files of a tree that others write while we read.
 *
 * Nothing below the root is reached through a symbolic link: paths are opened one name at a time.
 * The root itself may be one, as `/etc/app/current` often is. And a root that holds a link named
 * `..data` is a volume of Kubernetes (ConfigMap, Secret, projected): the files that it shows are
 * links into the folder to which `..data` points, and an update is that one link's replacement. We
 * take that folder for the root, so that an update is seen whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "backends/directory_i.h"

#define TRIES 3

static int refused(const char *path, int rc, struct vx_error *err)
{
	if (rc == -EACCES || rc == -EPERM)
		return vx_fail(err, -EACCES, "'%s' may not be read", path);
	if (rc == -ENOENT)
		return vx_fail(err, -EAGAIN, "the folder '%s' does not exist", path);
	if (rc == -ENOTDIR)
		return vx_fail(err, -EAGAIN, "'%s' is not a folder", path);
	return vx_fail(err, -EAGAIN, "'%s' cannot be read: %s", path, strerror(-rc));
}

int vx_root_open(const char *path, struct vx_error *err)
{
	VX_AUTO(vx_close) int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	char target[VX_NAME_BYTES + 1];
	ssize_t n;
	int inside;

	if (fd < 0)
		return refused(path, -errno, err);
	n = readlinkat(fd, VX_DATA_LINK, target, sizeof(target) - 1);
	if (n <= 0)
		return vx_steal_fd(&fd);
	target[n] = '\0';
	if (strchr(target, '/') || strcmp(target, "..") == 0 || strcmp(target, ".") == 0)
		return vx_steal_fd(&fd);
	inside = openat(fd, target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return inside >= 0 ? inside : refused(path, -errno, err);
}

static bool same_status(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* Feed the digest with all of @fd. -ESTALE: it does not have @size bytes; one that grows as fast as it
 * is read has no end. */
static int digest_bytes(EVP_MD_CTX *md, int fd, off_t size)
{
	char part[16384];
	off_t at = 0;

	for (;;) {
		ssize_t n = pread(fd, part, sizeof(part), at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return at == size ? 0 : -ESTALE;
		if (EVP_DigestUpdate(md, part, (size_t)n) != 1)
			return -ENOMEM;
		at += n;
		if (at > size)
			return -ESTALE;
	}
}

static int digest(int fd, off_t size, unsigned char ret_id[VX_BLOB_ID_BYTES])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	char head[32];
	int len = snprintf(head, sizeof(head), "blob %lld", (long long)size);
	int rc = -ENOMEM;

	if (md && EVP_DigestInit_ex(md, EVP_sha1(), NULL) == 1 &&
	    EVP_DigestUpdate(md, head, (size_t)len + 1) == 1)
		rc = digest_bytes(md, fd, size);
	if (rc == 0 && EVP_DigestFinal_ex(md, ret_id, NULL) != 1)
		rc = -ENOMEM;
	EVP_MD_CTX_free(md);
	return rc;
}

int vx_file_id(int at, const char *name, struct stat *ret_st,
               unsigned char ret_id[VX_BLOB_ID_BYTES])
{
	int rc = -ESTALE;

	for (int i = 0; i < TRIES; i++) {
		VX_AUTO(vx_close)
		int fd = openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		struct stat before;

		if (fd < 0 || fstat(fd, &before) < 0)
			return -errno;
		if (!S_ISREG(before.st_mode))
			return -ENOENT;
		rc = digest(fd, before.st_size, ret_id);
		if (rc < 0 && rc != -ESTALE)
			return rc;
		if (fstat(fd, ret_st) < 0)
			return -errno;
		if (rc == 0 && same_status(&before, ret_st))
			return 0;
	}
	/* It is being written all the time. What was read last stands for it: if it is no longer
	 * that when its bytes are wanted, reading says -ESTALE. */
	return rc == -ESTALE ? vx_blob_id("", 0, ret_id) : rc;
}

/* Open the file at @path below the folder @root, one name at a time. */
static int open_below(int root, const char *path)
{
	VX_AUTO(vx_close) int at = -1;
	int from = root;

	for (;;) {
		size_t n = strcspn(path, "/");
		char name[VX_NAME_BYTES + 1];
		int fd;

		if (n == 0 || n > VX_NAME_BYTES)
			return -ENOENT;
		memcpy(name, path, n);
		name[n] = '\0';
		fd = openat(from, name,
		            O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC |
		                    (path[n] ? O_DIRECTORY : 0));
		if (fd < 0 || !path[n])
			return fd < 0 ? -errno : fd;
		vx_close(&at);
		at = from = fd;
		path += n + 1;
	}
}

/* All @size bytes of @fd; -ESTALE if it has fewer. */
static int read_all(int fd, size_t size, struct vx_bytes **ret)
{
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *bytes = NULL;
	VX_AUTO(vx_freep) char *buf = malloc(size + 1);
	size_t at = 0;

	if (!buf)
		return -ENOMEM;
	while (at < size) {
		ssize_t n = pread(fd, buf + at, size - at, (off_t)at);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -ESTALE;
		at += n > 0 ? (size_t)n : 0;
	}
	bytes = vx_bytes_new(buf, size);
	if (!bytes)
		return -ENOMEM;
	*ret = vx_steal(bytes);
	return 0;
}

int vx_file_read(const char *root, const char *path, const unsigned char id[VX_BLOB_ID_BYTES],
                 size_t max, struct vx_bytes **ret, struct vx_error *err)
{
	VX_AUTO(vx_close) int at = vx_root_open(root, err);
	VX_AUTO(vx_close) int fd = -1;
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *bytes = NULL;
	unsigned char found[VX_BLOB_ID_BYTES];
	struct stat st;
	int rc;

	if (at < 0)
		return at;
	fd = open_below(at, path);
	if (fd < 0 && (fd == -ENOENT || fd == -ELOOP || fd == -ENOTDIR || fd == -ENXIO))
		return vx_fail(err, -ESTALE, "'%s' is no longer there", path);
	if (fd < 0)
		return refused(path, fd, err);
	if (fstat(fd, &st) < 0)
		return refused(path, -errno, err);
	if ((uint64_t)st.st_size > max)
		return vx_source_too_big(path, (uint64_t)st.st_size, max, err);
	rc = read_all(fd, (size_t)st.st_size, &bytes);
	if (rc == 0) {
		vx_assert(bytes);
		rc = vx_blob_id(bytes->data, bytes->len, found);
	}
	if (rc == -ENOMEM)
		return vx_fail(err, rc, "out of memory");
	if (rc < 0 && rc != -ESTALE)
		return refused(path, rc, err);
	if (rc == -ESTALE || memcmp(found, id, sizeof(found)) != 0)
		return vx_fail(err, -ESTALE, "'%s' has changed", path);
	*ret = vx_steal(bytes);
	return 0;
}
