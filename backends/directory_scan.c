/* directory_scan.c - the tree as it is: a stat of what may have changed, a read of what is new.
 *
 * A folder of the scan before is shared if its watch and those below it told nothing; in one that
 * is listed again only the names that events told are looked at. Everything is looked at when there
 * is no scan before, when events were lost, when one is not understood, and when the root is another
 * folder. A watch is put before a folder is listed, so what happens meanwhile is told to the next
 * scan.
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

/* Nobody is served a larger file (daemon/catalog/file.c), so its bytes are not looked at: a file of
 * holes has terabytes in no time, and every reader would wait for their sum. */
#define LARGE ((off_t)256 << 20)

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
	const struct vx_since *since;
	const struct vx_ctx *ctx;
	int inotify;
	bool whole;
	size_t n_files;
	struct vx_arena paths;
	struct vx_error *err;
};

static struct vx_scan_folder *folder_ref(struct vx_scan_folder *f)
{
	atomic_fetch_add(&f->refs, 1);
	return f;
}

static void folder_put(struct vx_scan_folder *f)
{
	if (!f || atomic_fetch_sub(&f->refs, 1) != 1)
		return;
	for (size_t i = 0; i < f->n_dirs; i++)
		folder_put(f->dirs[i]);
	vx_folder_put(f->folder);
	free(f->dirs);
	free(f->files);
	free(f->name);
	free(f);
}
VX_DEFINE_AUTO(struct vx_scan_folder *, folder_put);

static struct vx_scan_folder *folder_new(const char *name)
{
	VX_AUTO(folder_put_p) struct vx_scan_folder *f = calloc(1, sizeof(*f));

	if (!f)
		return NULL;
	atomic_init(&f->refs, 1);
	f->wd = -1;
	f->name = strdup(name);
	f->folder = vx_folder_new();
	return f->name && f->folder ? vx_steal(f) : NULL;
}

struct vx_scan *vx_scan_ref(struct vx_scan *s)
{
	atomic_fetch_add(&s->refs, 1);
	return s;
}

void vx_scan_put(struct vx_scan *s)
{
	if (!s || atomic_fetch_sub(&s->refs, 1) != 1)
		return;
	folder_put(s->root);
	free(s);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct vx_scan_file *)a)->name,
	              ((const struct vx_scan_file *)b)->name);
}

static int dirs_by_name(const void *a, const void *b)
{
	return strcmp((*(struct vx_scan_folder *const *)a)->name,
	              (*(struct vx_scan_folder *const *)b)->name);
}

static int marks_by_name(const void *a, const void *b)
{
	return strcmp(((const struct vx_mark *)a)->name, ((const struct vx_mark *)b)->name);
}

static int name_to_mark(const void *name, const void *mark)
{
	return strcmp(name, ((const struct vx_mark *)mark)->name);
}

/* The folder inside @f whose name is the @n bytes at @name, or NULL. */
static struct vx_scan_folder *subfolder(const struct vx_scan_folder *f, const char *name, size_t n)
{
	const struct vx_subfolder *dir = vx_folder_dir(f->folder, name, n);

	return dir ? f->dirs[dir - f->folder->dirs] : NULL;
}

const struct vx_scan_folder *vx_scan_find(const struct vx_scan *s, const char *path)
{
	const struct vx_scan_folder *f = s->root;

	while (f && *path) {
		size_t n = strcspn(path, "/");

		f = subfolder(f, path, n);
		path += n + (path[n] == '/');
	}
	return f;
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

/* A file that cannot be read, or is too large to be, has an id that no bytes have: whoever wants it
 * is told why. */
static int unreadable_id(const struct stat *st, unsigned char ret_id[VX_BLOB_ID_BYTES])
{
	char text[64];
	int n = snprintf(text, sizeof(text), "unreadable %llu %lld", (unsigned long long)st->st_ino,
	                 (long long)ns(st->st_ctim));

	return vx_blob_id(text, (size_t)n, ret_id);
}

static int no_memory(struct work *w)
{
	return vx_fail(w->err, -ENOMEM, "out of memory");
}

static int count_files(struct work *w, size_t n)
{
	w->n_files += n;
	return w->n_files > FILES_MAX ? vx_fail(w->err, -E2BIG, "more than %d files", FILES_MAX)
	                              : 0;
}

/* @array with room for one more than @n: the capacity is a power of two. */
static void *grown(void *array, size_t n, size_t size)
{
	return n & (n - 1) ? array : reallocarray(array, n ? n * 2 : 1, size);
}

static int add_file(struct work *w, struct vx_scan_folder *into, const struct vx_scan_file *f)
{
	struct vx_scan_file *files = grown(into->files, into->n_files, sizeof(*files));

	if (!files)
		return no_memory(w);
	into->files = files;
	if (vx_folder_add_file(into->folder, f->name, (uint64_t)f->size, f->id) < 0)
		return no_memory(w);
	files[into->n_files] = *f;
	files[into->n_files].name = into->folder->files[into->n_files].name;
	into->n_files++;
	return count_files(w, 1);
}

/* Takes @dir over, whatever happens. */
static int add_dir(struct work *w, struct vx_scan_folder *into, struct vx_scan_folder *dir)
{
	struct vx_scan_folder **dirs = grown(into->dirs, into->n_dirs, sizeof(*dirs));

	if (dirs)
		into->dirs = dirs;
	if (!dirs || vx_folder_add_dir(into->folder, dir->name, dir->folder->id) < 0) {
		folder_put(dir);
		return no_memory(w);
	}
	dirs[into->n_dirs++] = dir;
	return 0;
}

static int share_dir(struct work *w, struct vx_scan_folder *into, struct vx_scan_folder *dir)
{
	int rc = add_dir(w, into, folder_ref(dir));

	return rc == 0 ? count_files(w, dir->n_below) : rc;
}

static int scan_file(struct work *w, int fd, const char *path, const char *name, struct stat *st,
                     const struct vx_scan_folder *was, struct vx_scan_folder *into)
{
	const struct vx_scan_file *old = known(was, name, st);
	struct vx_scan_file f = {.name = name};
	int rc;

	if (old)
		return add_file(w, into, old);
	f.seen_ns = vx_wall_ns(w->ctx->clock);
	rc = st->st_size > LARGE ? unreadable_id(st, f.id) : vx_file_id(fd, name, st, f.id);
	if (rc == -ENOENT || rc == -ELOOP || rc == -ENXIO)
		return 0; /* removed, or replaced by what is no file, meanwhile */
	if (rc == -EACCES || rc == -EPERM)
		rc = unreadable_id(st, f.id);
	if (rc == -ENOMEM)
		return no_memory(w);
	if (rc < 0)
		return vx_fail(w->err, -EAGAIN, "'%s%s%s' cannot be read: %s", path,
		               *path ? "/" : "", name, strerror(-rc));
	f.ino = st->st_ino;
	f.size = st->st_size;
	f.mtime_ns = ns(st->st_mtim);
	f.ctime_ns = ns(st->st_ctim);
	return add_file(w, into, &f);
}

static int scan_folder(struct work *w, int fd, const char *path, const char *name, unsigned depth,
                       struct vx_scan_folder *was, struct vx_scan_folder **ret);

static int scan_subfolder(struct work *w, int at, const char *path, const char *name,
                          unsigned depth, const struct vx_scan_folder *was,
                          struct vx_scan_folder *into)
{
	VX_AUTO(vx_close)
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const char *below = vx_path_join(&w->paths, path, name);
	struct vx_scan_folder *made;
	int rc;

	if (!below)
		return no_memory(w);
	if (fd < 0 && (errno == EACCES || errno == EPERM))
		return vx_fail(w->err, -EACCES, "the folder '%s' may not be read", below);
	if (fd < 0)
		return errno == EMFILE || errno == ENFILE
		               ? vx_fail(w->err, -EAGAIN, "'%s': %s", below, strerror(errno))
		               : 0; /* it went meanwhile */
	if (depth == DEPTH_MAX)
		return vx_fail(w->err, -E2BIG, "'%s' is more than %d folders deep", below,
		               DEPTH_MAX);
	rc = scan_folder(w, fd, below, name, depth + 1,
	                 was ? subfolder(was, name, strlen(name)) : NULL, &made);
	return rc == 0 ? add_dir(w, into, made) : rc;
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
		return scan_subfolder(w, fd, path, name, depth, was, into);
	return 0;
}

/* Watch the folder @fd. -1: there are no more watches, so it is listed by every scan. */
static int watch_folder(const struct work *w, int fd)
{
	char self[32];

	if (w->inotify < 0)
		return -1;
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return inotify_add_watch(w->inotify, self, EVENTS);
}

/* Whether something may have happened in @f or below. */
static bool touched(const struct work *w, const struct vx_scan_folder *f)
{
	size_t n;

	(void)vx_since_find(w->since, f->wd, &n);
	if (n || f->wd < 0)
		return true;
	for (size_t i = 0; i < f->n_dirs; i++)
		if (touched(w, f->dirs[i]))
			return true;
	return false;
}

static int list_all(struct work *w, int fd, const char *path, unsigned depth,
                    const struct vx_scan_folder *was, struct vx_scan_folder *into)
{
	int own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	DIR *dir = own >= 0 ? fdopendir(own) : NULL;
	const struct dirent *entry;
	int rc = 0;

	if (!dir) {
		vx_close(&own);
		return vx_fail(w->err, -EAGAIN, "'%s' cannot be listed", path);
	}
	while (rc == 0 && (entry = readdir(dir)))
		rc = scan_entry(w, fd, path, entry->d_name, depth, was, into);
	(void)closedir(dir); /* only read */
	return rc;
}

static bool marked(const struct vx_mark *mark, size_t n, const char *name)
{
	return n && bsearch(name, mark, n, sizeof(*mark), name_to_mark);
}

/* As list_all, when all that happened in the folder itself since @was are the @n marks. */
static int list_marked(struct work *w, int fd, const char *path, unsigned depth,
                       const struct vx_scan_folder *was, struct vx_mark *mark, size_t n,
                       struct vx_scan_folder *into)
{
	int rc = 0;

	if (n)
		qsort(mark, n, sizeof(*mark), marks_by_name);
	for (size_t i = 0; i < was->n_files && rc == 0; i++) /* in order: nothing is to be sorted */
		rc = marked(mark, n, was->files[i].name)
		             ? scan_entry(w, fd, path, was->files[i].name, depth, was, into)
		             : add_file(w, into, &was->files[i]);
	for (size_t i = 0; i < was->n_dirs && rc == 0; i++) {
		struct vx_scan_folder *dir = was->dirs[i];

		if (!marked(mark, n, dir->name))
			rc = touched(w, dir)
			             ? scan_subfolder(w, fd, path, dir->name, depth, was, into)
			             : share_dir(w, into, dir);
	}
	for (size_t i = 0; i < n && rc == 0; i++)
		if ((i == 0 || strcmp(mark[i - 1].name, mark[i].name) != 0) &&
		    !vx_folder_file(was->folder, mark[i].name))
			rc = scan_entry(w, fd, path, mark[i].name, depth, was, into);
	return rc;
}

static int seal(struct work *w, struct vx_scan_folder *made)
{
	bool in_order = true;

	for (size_t i = 1; i < made->n_files && in_order; i++)
		in_order = by_name(&made->files[i - 1], &made->files[i]) < 0;
	if (!in_order)
		qsort(made->files, made->n_files, sizeof(*made->files), by_name);
	if (made->n_dirs)
		qsort(made->dirs, made->n_dirs, sizeof(*made->dirs), dirs_by_name);
	made->watched = made->wd >= 0;
	made->n_below = made->n_files;
	for (size_t i = 0; i < made->n_dirs; i++) {
		made->watched &= made->dirs[i]->watched;
		made->n_below += made->dirs[i]->n_below;
	}
	return vx_folder_seal(made->folder, NULL) < 0 ? no_memory(w) : 0;
}

/* The folder @fd at @path and all below it. @was: what was there before. */
static int scan_folder(struct work *w, int fd, const char *path, const char *name, unsigned depth,
                       struct vx_scan_folder *was, struct vx_scan_folder **ret)
{
	VX_AUTO(folder_put_p) struct vx_scan_folder *made = folder_new(name);
	struct vx_mark *mark = NULL;
	size_t n = 0;
	bool same;
	int rc;

	if (!made)
		return no_memory(w);
	made->wd = watch_folder(w, fd);
	/* A folder keeps its watch for as long as it lives: another one there has another. */
	same = !w->whole && was && made->wd >= 0 && made->wd == was->wd;
	if (same && !touched(w, was)) {
		*ret = folder_ref(was);
		return count_files(w, was->n_below);
	}
	if (same)
		mark = vx_since_find(w->since, was->wd, &n);
	for (size_t i = 0; i < n; i++)
		same &= mark[i].name[0] != '\0';
	rc = same ? list_marked(w, fd, path, depth, was, mark, n, made)
	          : list_all(w, fd, path, depth, was, made);
	if (rc == 0)
		rc = seal(w, made);
	if (rc == 0)
		*ret = vx_steal(made);
	return rc;
}

static void recognise(const struct vx_since *since, const struct vx_scan_folder *f)
{
	size_t n;
	struct vx_mark *mark = vx_since_find(since, f->wd, &n);

	for (size_t i = 0; i < n; i++)
		mark[i].known = true;
	for (size_t i = 0; i < f->n_dirs; i++)
		recognise(since, f->dirs[i]);
}

/* Whether the marks do not say what to look at: one is of a folder that @was does not know, or the
 * root itself or a `..data` in it changed. */
static bool unclear(const struct vx_since *since, const struct vx_scan *was)
{
	recognise(since, was->root);
	for (size_t i = 0; i < since->n; i++) {
		const struct vx_mark *m = &since->mark[i];

		if (!m->known && !m->gone)
			return true;
		if (m->wd == was->root->wd && (!m->name[0] || strcmp(m->name, VX_DATA_LINK) == 0))
			return true;
	}
	return false;
}

int vx_scan_new(const char *path, const struct vx_scan *was, const struct vx_since *since,
                int inotify, const struct vx_ctx *ctx, struct vx_scan **ret, struct vx_error *err)
{
	VX_AUTO(vx_close) int fd = vx_root_open(path, err);
	VX_AUTO(vx_scan_put_p) struct vx_scan *s = NULL;
	struct work w = {.since = since, .ctx = ctx, .inotify = inotify, .err = err};
	struct stat st;
	int rc;

	if (fd < 0)
		return fd;
	s = calloc(1, sizeof(*s));
	if (!s)
		return no_memory(&w);
	atomic_init(&s->refs, 1);
	s->events = since->events;
	if (fstat(fd, &st) == 0) {
		s->dev = st.st_dev;
		s->ino = st.st_ino;
	}
	w.whole = since->whole || !was || was->dev != s->dev || was->ino != s->ino ||
	          unclear(since, was);
	rc = scan_folder(&w, fd, "", "", 0, was ? was->root : NULL, &s->root);
	vx_arena_fini(&w.paths);
	if (rc < 0)
		return rc;
	for (size_t i = 0; i < VX_BLOB_ID_BYTES; i++)
		(void)sprintf(s->revision + 2 * i, "%02x", s->root->folder->id[i]);
	*ret = vx_steal(s);
	return 0;
}
