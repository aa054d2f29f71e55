/* source.h - a tree of folders at one revision, as the layout asks for it.
 *
 * A backend that holds files (a directory, Git, later S3) fills in two functions and gets fetch,
 * list and the finding of changes from layout.h. One source serves one call on one thread; what it
 * hands out is counted and immutable. */
#pragma once

#include "backends/doc_cache.h"
#include "backends/folder.h"
#include "core/bytes.h"
#include "core/ctx.h"

struct vx_source {
	const struct vx_ctx *ctx;
	struct vx_doc_cache *cache;
	struct vx_doc_limits limits;
	void *arg; /* the backend's */

	/* The folder at @path ("" is the root): 0 and *ret (put it), or -ENOENT. @plain: all of its
	 * files are plain ones, whose sizes are wanted; else only those of the loose. */
	int (*folder)(const struct vx_source *src, const char *path, bool plain,
	              struct vx_folder **ret, struct vx_error *err);

	/* The bytes of @file at @path, exactly those that its id names. -E2BIG more than @max
	 * bytes (vx_source_too_big says it); -ESTALE the tree has changed, start again. */
	int (*read)(const struct vx_source *src, const char *path, const struct vx_file *file,
	            size_t max, struct vx_bytes **ret, struct vx_error *err);
};

/* The documents of @file at @path, parsed at most once. 0 and *ret (put it); -EBADMSG with path,
 * line and why; -E2BIG; what reading says. */
int vx_source_docs(const struct vx_source *src, const char *path, const struct vx_file *file,
                   struct vx_docs **ret, struct vx_error *err);

/* 0 go on; -ECANCELED or -ETIMEDOUT, with a sentence, when the call's ctx is over. */
int vx_source_check(const struct vx_source *src, struct vx_error *err);

/* -E2BIG with the sentence about a file of @size bytes where @max are allowed. */
int vx_source_too_big(const char *path, uint64_t size, size_t max, struct vx_error *err);

/* @folder and @name with a slash between them where @folder is not the root, in @a; NULL when out
 * of memory. */
char *vx_path_join(struct vx_arena *a, const char *folder, const char *name);
