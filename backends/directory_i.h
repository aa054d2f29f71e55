/* directory_i.h - what the rooms of the directory backend share; for backends/directory*.c only.
 *
 * A *scan* is the whole tree as it was once, each file's id computed from its bytes. It is immutable
 * and counted, and so is each of its folders: a scan shares the folders in which nothing happened
 * with the scan before. Ids are carried over for files whose status did not change. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "backends/backend.h"
#include "backends/layout.h"

#define VX_DIRECTORY_MAGIC 0x64697265u

/* Revisions whose plain files can still be asked for. */
#define VX_DIRECTORY_KEPT 4

/* Events that are remembered, about 270 KB a watched backend. A scan that is more behind looks at
 * everything. One change of a file is two or three; a burst of more than a thousand is a checkout,
 * which touches most folders anyway. */
#define VX_DIRECTORY_MARKS 1024

/* What one event of inotify told. */
struct vx_mark {
	int wd;
	bool gone;                    /* the watch or its folder went */
	bool known;                   /* scratch of the scan that holds this copy */
	char name[VX_NAME_BYTES + 1]; /* "": the folder itself */
};

/* All that inotify told, the newest marks in a ring. */
struct vx_events {
	uint64_t n;           /* how many there were, and losses */
	uint64_t lost;        /* a scan that had seen fewer may have missed something */
	uint64_t taken;       /* some scan has begun with so many */
	struct vx_mark *ring; /* VX_DIRECTORY_MARKS; NULL: not watched */
};

/* What a scan has to look at, as the backend knew when it began. */
struct vx_since {
	uint64_t events;      /* of vx_events, that the scan will have seen */
	bool whole;           /* everything */
	struct vx_mark *mark; /* else these: by wd */
	size_t n;
};

void vx_events_note(struct vx_events *e, int wd, bool gone, const char *name);
/* Something happened that no mark tells: the next scan looks at everything. */
void vx_events_lose(struct vx_events *e);
/* What happened since a scan that had seen @had. *ret is filled in (fini it); never fails. */
void vx_events_since(struct vx_events *e, uint64_t had, struct vx_since *ret);
void vx_since_fini(struct vx_since *s);
/* The *ret_n marks of the folder that @wd watches. */
struct vx_mark *vx_since_find(const struct vx_since *s, int wd, size_t *ret_n);

struct vx_scan_file; /* what was seen of a file, for the next scan */

struct vx_scan_folder {
	atomic_size_t refs;
	char *name;
	int wd;         /* of its watch, put before it was listed; -1: none */
	bool watched;   /* this folder and all below */
	size_t n_below; /* files, here and below */
	struct vx_folder *folder;
	struct vx_scan_file *files;   /* as folder->files */
	struct vx_scan_folder **dirs; /* as folder->dirs */
	size_t n_files;
	size_t n_dirs;
};

struct vx_scan {
	atomic_size_t refs;
	char revision[VX_REVISION_MAX];
	struct vx_scan_folder *root;
	uint64_t events; /* of vx_events; what they told before is in here */
	dev_t dev;       /* of the root that was found */
	ino_t ino;
};

/* Read the tree at @path. @was: the scan before, nullable; @since: what happened since then, on its
 * way changed. @inotify: put a watch on each folder before it is listed; -1 none. 0 and *ret (put
 * it); -EAGAIN the root is away; -EACCES; -E2BIG. */
int vx_scan_new(const char *path, const struct vx_scan *was, const struct vx_since *since,
                int inotify, const struct vx_ctx *ctx, struct vx_scan **ret, struct vx_error *err);
struct vx_scan *vx_scan_ref(struct vx_scan *s);
void vx_scan_put(struct vx_scan *s); /* NULL is a no-op */
VX_DEFINE_AUTO(struct vx_scan *, vx_scan_put);

/* The folder at @path, or NULL. */
const struct vx_scan_folder *vx_scan_find(const struct vx_scan *s, const char *path);

/* The link of a Kubernetes volume to the folder that holds its files. */
#define VX_DATA_LINK "..data"

/* Open the configured root, through the `..data` link of a Kubernetes volume where there is one.
 * The descriptor, or -EAGAIN, -EACCES. */
int vx_root_open(const char *path, struct vx_error *err);

/* The bytes of the file at @path below @root, at most @max; symbolic links are not followed.
 * -ESTALE they are not those that @id names. */
int vx_file_read(const char *root, const char *path, const unsigned char id[VX_BLOB_ID_BYTES],
                 size_t max, struct vx_bytes **ret, struct vx_error *err);

/* The blob id of the file @name in the folder @at as it is now, and its status then. Read until its
 * status stands still, a few times at most. 0 or a negative errno. */
int vx_file_id(int at, const char *name, struct stat *ret_st,
               unsigned char ret_id[VX_BLOB_ID_BYTES]);

/* --- the backend ---------------------------------------------------------------------------- */

struct vx_directory_watch;

struct vx_backend {
	unsigned magic;
	char *name; /* of the settings' entry */
	char *path;
	char *default_label;
	struct vx_layout layout;
	struct vx_doc_limits limits;
	const struct vx_clock *clock;
	struct vx_doc_cache *cache;

	pthread_mutex_t lock;                    /* leaf; guards all below */
	bool scanning;                           /* some thread looks at the tree */
	pthread_cond_t scanned;                  /* it has ended */
	struct vx_scan *kept[VX_DIRECTORY_KEPT]; /* different revisions, the newest first */
	int inotify;                             /* -1: not watched */
	struct vx_events events;
	struct vx_directory_watch *watch; /* NULL until watch is called */
};

/* The tree as it is now: 0 and *ret (put it), or as vx_scan_new. */
int vx_directory_scan(struct vx_backend *b, const struct vx_ctx *ctx, struct vx_scan **ret,
                      struct vx_error *err);

/* A source that answers from @scan. */
struct vx_directory_view {
	struct vx_backend *b;
	struct vx_scan *scan;
};
struct vx_source vx_directory_source(struct vx_directory_view *view, const struct vx_ctx *ctx);

int vx_directory_watch(struct vx_backend *b, vx_backend_changed_fn *changed, void *arg,
                       struct vx_error *err);
void vx_directory_unwatch(struct vx_backend *b);

/* Note the events that wait in inotify and wake the watcher if there are some. Under b->lock, of a
 * backend that is watched. */
void vx_directory_drain(struct vx_backend *b);
