/* layout.h - which files of a tree are the configuration of an application.
 *
 * The rules 1.1 to 1.4, 2.1 to 2.4, 3.2 to 3.5, 3.8 and 8.1 to 8.4 of docs/composition.md, for
 * every backend that holds files. Nothing here does I/O of its own: folders and bytes come from a
 * struct vx_source. Threads: a layout is immutable after init. */
#pragma once

#include "backends/backend.h"
#include "backends/search.h"
#include "backends/source.h"

struct vx_layout {
	struct vx_arena arena;
	const char *
		*paths; /* the search locations in order, "" is the root; {label} folders last */
	size_t n_paths;
	const char **parents; /* patterns of folders all of whose subfolders are search locations */
	size_t n_parents;
	bool label_folders; /* `labels: subdirectories`: the last path is {label}, and every
	                     * top-level folder is a label's */
};

/* What the settings say; borrowed. */
struct vx_layout_options {
	const char *const *search_paths;
	size_t n_search_paths;
	bool root_first; /* the root is searched also where search paths are given */
	bool label_folders;
};

/* 0 (fini it), -EINVAL a search path is not one, -ENOMEM. */
int vx_layout_init(struct vx_layout *l, const struct vx_layout_options *options,
                   struct vx_error *err);
void vx_layout_fini(struct vx_layout *l);

/* Add the documents and plain files at @at to @into, and set app_known and profiles_known.
 * @label stands for {label} (decoded). 0 or what reading a document says. */
int vx_layout_fetch(const struct vx_layout *l, const struct vx_source *src,
                    const struct vx_coords *at, const char *label, struct vx_layers *into,
                    struct vx_error *err);

/* Every path that a document of @at can have: each of *ret_names in each of *ret_folders, in
 * @arena. 0 or -ENOMEM. */
int vx_layout_candidates(const struct vx_layout *l, const struct vx_coords *at, const char *label,
                         struct vx_arena *arena, const char ***ret_folders, size_t *ret_n_folders,
                         const char ***ret_names, size_t *ret_n_names);

/* A page of the applications, or of @app's profiles; see vx_backend_ops.list. */
int vx_layout_apps(const struct vx_layout *l, const struct vx_source *src, const char *label,
                   const char *cursor, size_t max, struct vx_list *ret, struct vx_error *err);
int vx_layout_profiles(const struct vx_layout *l, const struct vx_source *src, const char *app,
                       const char *label, const char *cursor, size_t max, struct vx_list *ret,
                       struct vx_error *err);

/* A growing set of names, each once; whatever is put in is copied. */
struct vx_name_set {
	struct vx_arena arena;
	const char **names;
	size_t n;
	bool any; /* too many to tell, or something that touches everything unseen: anything */
};
#define VX_NAME_SET_INIT                                                                           \
	{                                                                                          \
		VX_ARENA_INIT, NULL, 0, false                                                      \
	}
int vx_name_set_add(struct vx_name_set *s, const char *name, size_t n); /* 0 or -ENOMEM */
void vx_name_set_fini(struct vx_name_set *s);

/* Add to @ret the applications whose documents or plain files differ between @a and @b
 * ("application": all of them). */
int vx_layout_diff(const struct vx_layout *l, const struct vx_source *a, const struct vx_source *b,
                   struct vx_name_set *ret, struct vx_error *err);
