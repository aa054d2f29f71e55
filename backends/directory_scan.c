/* directory_scan.c - the whole tree as it is: one stat a file, and a read of what is new.
 *
 * The revision is the root folder's id, which comes from names and bytes alone: a touched file, a
 * checkout there and back, or a restart of ours do not make a new one. A status that did not change
 * proves that the bytes did not, unless the file was written so recently that a second write could
 * have got the same time stamp; those are read again. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

#include "backends/directory_i.h"

#define DEPTH_MAX 64
#define FILES_MAX 1000000

/* Two writes can share a time stamp for as long as one tick of the kernel, 10 ms at HZ=100. */
#define RACY_NS (20 * VX_MSEC)

#define EVENTS                                                                                     \
	(IN_CREATE | IN_DELETE | IN_MODIFY | IN_ATTRIB | IN_MOVE | IN_CLOSE_WRITE |                \
	 IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR | IN_EXCL_UNLINK)

struct vx_scan_file {
	const char *name; /* the folder's */
	ino_t ino;
	off_t size;
	int64_t mtime_ns;
	int64_t ctime_ns;
	int64_t seen_ns; /* when its bytes were read */
	unsigned char id[VX_BLOB_ID_BYTES];
};

/* A scan that is being made. */
struct work {
	struct vx_scan *scan;
	const struct vx_scan *was;
	const struct vx_ctx *ctx;
	int inotify;
	size_t n_files;
	struct vx_error *err;
};

struct vx_scan *vx_scan_ref(struct vx_scan *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void vx_scan_put(struct vx_scan *s)
{
	if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	for (size_t i = 0; i < s->n_folders; i++) {
		vx_folder_put(s->folders[i].folder);
		free(s->folders[i].files);
	}
	free(s->folders);
	vx_arena_fini(&s->arena);
	free(s);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct vx_scan_folder *)a)->path,
	              ((const struct vx_scan_folder *)b)->path);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct vx_scan_file *)a)->name,
	              ((const struct vx_scan_file *)b)->name);
}

const struct vx_scan_folder *vx_scan_find(const struct vx_scan *s, const char *path)
{
	struct vx_scan_folder key = {.path = path};

	return bsearch(&key, s->folders, s->n_folders, sizeof(key), by_path);
}

static int64_t ns(struct timespec t)
{
	return (int64_t)t.tv_sec * VX_SEC + t.tv_nsec;
}

/* What the scan before knew of @name, if that still holds. */
static const struct vx_scan_file *known(const struct vx_scan_folder *was, const char *name,
                                        const struct stat *st)
{
	struct vx_scan_file key = {.name = name};
	const struct vx_scan_file *f;

	if (!was || !was->n_files)
		return NULL;
	f = bsearch(&key, was->files, was->n_files, sizeof(key), by_name);
	if (!f || f->ino != st->st_ino || f->size != st->st_size ||
	    f->mtime_ns != ns(st->st_mtim) || f->ctime_ns != ns(st->st_ctim))
		return NULL;
	return f->seen_ns - f->mtime_ns > RACY_NS && f->seen_ns - f->ctime_ns > RACY_NS ? f : NULL;
}

/* A file that cannot be read has an id that no bytes have: whoever wants it is told why. */
static int unreadable_id(const struct stat *st, unsigned char ret_id[VX_BLOB_ID_BYTES])
{
	char text[64];
	int n = snprintf(text, sizeof(text), "unreadable %llu %lld", (unsigned long long)st->st_ino,
	                 (long long)ns(st->st_ctim));

	return vx_blob_id(text, (size_t)n, ret_id);
}

static int scan_file(struct work *w, int fd, const char *path, const char *name, struct stat *st,
                     const struct vx_scan_folder *was, struct vx_scan_folder *into)
{
	struct vx_scan_file f = {0};
	const struct vx_scan_file *old = known(was, name, st);
	struct vx_scan_file *files = into->files;
	int rc = 0;

	if (++w->n_files > FILES_MAX)
		return vx_fail(w->err, -E2BIG, "more than %d files", FILES_MAX);
	if (old) {
		f = *old;
	} else {
		f.seen_ns = vx_wall_ns(w->ctx->clock);
		rc = vx_file_id(fd, name, st, f.id);
		if (rc == -ENOENT || rc == -ELOOP || rc == -ENXIO)
			return 0; /* removed, or replaced by what is no file, meanwhile */
		if (rc == -EACCES || rc == -EPERM)
			rc = unreadable_id(st, f.id);
		f.ino = st->st_ino;
		f.size = st->st_size;
		f.mtime_ns = ns(st->st_mtim);
		f.ctime_ns = ns(st->st_ctim);
	}
	if (rc == 0)
		rc = vx_folder_add_file(into->folder, name, (uint64_t)f.size, f.id);
	f.name = rc == 0 ? vx_arena_strndup(&w->scan->arena, name, strlen(name)) : NULL;
	if (rc == 0 && (into->n_files & (into->n_files - 1)) == 0)
		files = reallocarray(files, into->n_files ? into->n_files * 2 : 1, sizeof(*files));
	if (rc < 0 && rc != -ENOMEM)
		return vx_fail(w->err, -EAGAIN, "'%s%s%s' cannot be read: %s", path,
		               *path ? "/" : "", name, strerror(-rc));
	if (rc < 0 || !files || !f.name)
		return vx_fail(w->err, -ENOMEM, "out of memory");
	into->files = files;
	files[into->n_files++] = f;
	return 0;
}

static int scan_folder(struct work *w, int fd, const char *path, unsigned depth,
                       unsigned char ret_id[VX_BLOB_ID_BYTES]);

static int scan_subfolder(struct work *w, int at, const char *path, const char *name,
                          unsigned depth, struct vx_folder *into)
{
	VX_AUTO(vx_close)
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const char *below = vx_path_join(&w->scan->arena, path, name);
	unsigned char id[VX_BLOB_ID_BYTES];
	int rc;

	if (!below)
		return vx_fail(w->err, -ENOMEM, "out of memory");
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return vx_fail(w->err, -EACCES, "the folder '%s' may not be read", below);
	if (fd < 0)
		return errno == EMFILE || errno == ENFILE
		               ? vx_fail(w->err, -EAGAIN, "'%s': %s", below, strerror(errno))
		               : 0; /* it went meanwhile */
	if (depth == DEPTH_MAX)
		return vx_fail(w->err, -E2BIG, "'%s' is more than %d folders deep", below,
		               DEPTH_MAX);
	rc = scan_folder(w, fd, below, depth + 1, id);
	if (rc == 0 && vx_folder_add_dir(into, name, id) < 0)
		rc = vx_fail(w->err, -ENOMEM, "out of memory");
	return rc;
}

static int scan_entry(struct work *w, int fd, const char *path, const char *name, unsigned depth,
                      const struct vx_scan_folder *was, struct vx_scan_folder *into)
{
	struct stat st;
	int rc = vx_ctx_check(w->ctx);

	if (rc < 0)
		return vx_fail(w->err, rc, "reading the folder '%s'", path);
	if (!vx_folder_takes(name) || fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* one that is gone is no entry */
	/* Every ext4 volume has one at its root that only root may read. */
	if (depth == 0 && strcmp(name, "lost+found") == 0)
		return 0;
	if (S_ISREG(st.st_mode))
		return scan_file(w, fd, path, name, &st, was, into);
	if (S_ISDIR(st.st_mode))
		return scan_subfolder(w, fd, path, name, depth, into->folder);
	return 0;
}

static void watch_folder(struct work *w, int fd)
{
	char self[32];

	if (w->inotify < 0)
		return;
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	if (inotify_add_watch(w->inotify, self, EVENTS) < 0)
		w->scan->watched = false; /* no more watches: the watcher polls instead */
}

static int keep_folder(struct work *w, struct vx_scan_folder *made)
{
	struct vx_scan *s = w->scan;
	struct vx_scan_folder *folders = s->folders;

	if (made->n_files)
		qsort(made->files, made->n_files, sizeof(*made->files), by_name);
	if ((s->n_folders & (s->n_folders - 1)) == 0)
		folders = reallocarray(folders, s->n_folders ? s->n_folders * 2 : 1,
		                       sizeof(*folders));
	if (!folders || vx_folder_seal(made->folder, NULL) < 0)
		return vx_fail(w->err, -ENOMEM, "out of memory");
	s->folders = folders;
	folders[s->n_folders++] = *made;
	return 0;
}

/* The folder @fd at @path and all below it; its id, when all of that is known. */
static int scan_folder(struct work *w, int fd, const char *path, unsigned depth,
                       unsigned char ret_id[VX_BLOB_ID_BYTES])
{
	const struct vx_scan_folder *was = w->was ? vx_scan_find(w->was, path) : NULL;
	struct vx_scan_folder made = {.path = path, .folder = vx_folder_new()};
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = own >= 0 ? fdopendir(own) : NULL;
	const struct dirent *entry;
	int rc = 0;

	if (!made.folder || !dir)
		rc = vx_fail(w->err, made.folder ? -EAGAIN : -ENOMEM, "'%s' cannot be listed",
		             path);
	if (rc == 0)
		watch_folder(w, fd);
	while (rc == 0 && (entry = readdir(dir)))
		rc = scan_entry(w, fd, path, entry->d_name, depth, was, &made);
	if (dir)
		(void)closedir(dir); /* only read */
	else
		vx_close(&own);
	if (rc == 0)
		rc = keep_folder(w, &made);
	if (rc == 0) {
		memcpy(ret_id, made.folder->id, VX_BLOB_ID_BYTES);
		return 0;
	}
	vx_folder_put(made.folder);
	free(made.files);
	return rc;
}

int vx_scan_new(const char *path, const struct vx_scan *was, int inotify, const struct vx_ctx *ctx,
                struct vx_scan **ret, struct vx_error *err)
{
	VX_AUTO(vx_close) int fd = vx_root_open(path, err);
	VX_AUTO(vx_scan_put_p) struct vx_scan *s = NULL;
	unsigned char id[VX_BLOB_ID_BYTES] = {0};
	struct stat st;
	int rc;

	if (fd < 0)
		return fd;
	s = calloc(1, sizeof(*s));
	if (!s)
		return vx_fail(err, -ENOMEM, "out of memory");
	atomic_init(&s->refs, 1);
	s->watched = inotify >= 0;
	if (fstat(fd, &st) == 0) {
		s->dev = st.st_dev;
		s->ino = st.st_ino;
	}
	rc = scan_folder(&(struct work){s, was, ctx, inotify, 0, err}, fd, "", 0, id);
	if (rc < 0)
		return rc;
	qsort(s->folders, s->n_folders, sizeof(*s->folders), by_path);
	for (size_t i = 0; i < sizeof(id); i++)
		(void)sprintf(s->revision + 2 * i, "%02x", id[i]);
	*ret = vx_steal(s);
	return 0;
}
