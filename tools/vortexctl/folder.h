/* folder.h - a directory of documents, composed in this process by the code that the daemon uses.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "backends/backend.h"
#include "core/buf.h"
#include "core/bytes.h"
#include "core/cleanup.h"
#include "core/coords.h"
#include "core/error.h"

struct vx_ctl_folder;

/* Open @path as a directory backend. Blocks on the local filesystem, as do the calls below.
 * 0 and *ret (close it); -ENOENT, -ENOTDIR, -EACCES @path; -EINVAL a search path. */
int vx_ctl_folder_open(const char *path, const char *const *search_paths, size_t n_search_paths,
                       bool label_folders, struct vx_ctl_folder **ret, struct vx_error *err);
void vx_ctl_folder_close(struct vx_ctl_folder *f); /* NULL is a no-op */
VX_DEFINE_AUTO(struct vx_ctl_folder *, vx_ctl_folder_close);

/* All names of one kind, in byte order; as vx_backend_ops.list, without pages. */
int vx_ctl_folder_list(struct vx_ctl_folder *f, enum vx_list_what what, const char *app,
                       const char *label, struct vx_list *ret, struct vx_error *err);

/* Compose, render in every format, and resolve the plain files, all of which must work.
 * 0, or the error of whichever did not. @notes collects a line for each thing that is odd but no
 * failure. */
int vx_ctl_folder_check(struct vx_ctl_folder *f, const struct vx_coords *at, struct vx_buf *notes,
                        struct vx_error *err);

/* The graph of imports at @at as "json", "dot" or "svg". 0 and *ret (put it), or why it cannot be
 * composed. */
int vx_ctl_folder_graph(struct vx_ctl_folder *f, const struct vx_coords *at, const char *as,
                        struct vx_bytes **ret, struct vx_error *err);
