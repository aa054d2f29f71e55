/* directory_i.h - what the rooms of the directory backend share; for backends/directory*.c only.
 *
 * A *scan* is the whole tree as it was once: its folders by path, each file's id computed from its
 * bytes. Ids are carried over from the scan before for files whose status did not change, so that a
 * scan costs one stat a file. Immutable and counted. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "backends/backend.h"
#include "backends/layout.h"

#define VX_DIRECTORY_MAGIC 0x64697265u

/* Revisions whose plain files can still be asked for. */
#define VX_DIRECTORY_KEPT 4

struct vx_scan_file; /* what was seen of a file, for the next scan */

struct vx_scan_folder {
	const char *path;
	struct vx_folder *folder;
	struct vx_scan_file *files; /* by name */
	size_t n_files;
};

struct vx_scan {
	atomic_size_t refs;
	char revision[VX_REVISION_MAX];
	struct vx_scan_folder *folders; /* by path */
	size_t n_folders;
	dev_t dev; /* of the root that was found */
	ino_t ino;
	bool watched; /* every folder has a watch */
	struct vx_arena arena;
};

/* Read the tree at @path. @was: the scan before, nullable. @inotify: put a watch on each folder
 * before it is listed; -1 none. 0 and *ret (put it); -EAGAIN the root is away; -EACCES; -E2BIG. */
int vx_scan_new(const char *path, const struct vx_scan *was, int inotify, const struct vx_ctx *ctx,
                struct vx_scan **ret, struct vx_error *err);
struct vx_scan *vx_scan_ref(struct vx_scan *s);
void vx_scan_put(struct vx_scan *s); /* NULL is a no-op */
VX_DEFINE_AUTO(struct vx_scan *, vx_scan_put);

/* The folder at @path, or NULL. */
const struct vx_scan_folder *vx_scan_find(const struct vx_scan *s, const char *path);

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
	struct vx_directory_watch *watch; /* NULL until watch is called */

	pthread_mutex_t lock;                    /* leaf; guards all below */
	struct vx_scan *kept[VX_DIRECTORY_KEPT]; /* different revisions, the newest first */
	int inotify;                             /* -1: not watched */
	bool clean;      /* kept[0] is how the tree is, but for what inotify still has to tell */
	uint64_t events; /* rises with each batch that was read from inotify */
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
