/* folder.h - one folder of configuration as a backend saw it: its files by name, and which of them
 * are documents by their names.
 *
 * A folder has an id that names its content, as a tree object has in Git: two folders with one id
 * are the same all the way down. Immutable once sealed, and counted; then any thread. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/cleanup.h"
#include "core/docs.h"
#include "core/layer.h"

/* The extensions of documents, in the order in which a stem's files are loaded. */
enum vx_ext { VX_EXT_YAML, VX_EXT_YML, VX_EXT_JSON, VX_EXT_PROPERTIES, VX_EXT_NONE };
#define VX_EXTS VX_EXT_NONE /* how many there are */

struct vx_file {
	const char *name;
	size_t stem_len; /* without the extension; all of the name for VX_EXT_NONE */
	enum vx_ext ext;
	uint64_t size; /* of what may be plain; 0 where the backend did not ask for it */
	unsigned char id[VX_BLOB_ID_BYTES];
};

struct vx_subfolder {
	const char *name;
	unsigned char id[VX_BLOB_ID_BYTES];
};

struct vx_folder {
	atomic_size_t refs;
	struct vx_arena arena;
	unsigned char id[VX_BLOB_ID_BYTES];
	size_t n_files;
	struct vx_file *files; /* by name */
	size_t n_loose;
	uint32_t *loose; /* into files: what may be plain; the rest are documents */
	size_t n_dirs;
	struct vx_subfolder *dirs; /* by name */
	bool json;                 /* some file is a .json */
};

/* An empty folder with one reference; NULL when out of memory. */
struct vx_folder *vx_folder_new(void);
struct vx_folder *vx_folder_ref(struct vx_folder *f);
void vx_folder_put(struct vx_folder *f); /* NULL is a no-op */
VX_DEFINE_AUTO(struct vx_folder *, vx_folder_put);

/* Add while building, in any order; the name is copied. A name that is never looked at (it begins
 * with `.` or `@`, or is longer than a name may be) is dropped. 0 or -ENOMEM. */
int vx_folder_add_file(struct vx_folder *f, const char *name, uint64_t size,
                       const unsigned char id[VX_BLOB_ID_BYTES]);
int vx_folder_add_dir(struct vx_folder *f, const char *name,
                      const unsigned char id[VX_BLOB_ID_BYTES]);

/* Sort and freeze. @id NULL: computed from names and ids. 0 or -ENOMEM. */
int vx_folder_seal(struct vx_folder *f, const unsigned char id[VX_BLOB_ID_BYTES]);

/* Whether a file or folder of that name is looked at. */
bool vx_folder_takes(const char *name);

/* The file that is named by @stem and extension, or NULL. */
const struct vx_file *vx_folder_find(const struct vx_folder *f, const char *stem, size_t stem_len,
                                     enum vx_ext ext);
/* The file @name, or NULL. */
const struct vx_file *vx_folder_file(const struct vx_folder *f, const char *name);
const struct vx_subfolder *vx_folder_dir(const struct vx_folder *f, const char *name, size_t n);

/* The index of the first file whose name is not before the @n bytes at @prefix. */
size_t vx_folder_from(const struct vx_folder *f, const char *prefix, size_t n);

/* Whether a .yaml, .yml or .properties file has exactly that stem: then @stem is an application. */
bool vx_folder_bare(const struct vx_folder *f, const char *stem, size_t n);

/* The extension of @name, and in *ret_stem_len the bytes before it. */
enum vx_ext vx_ext_of(const char *name, size_t *ret_stem_len);
const char *vx_ext_text(enum vx_ext ext);      /* ".yml"; not of VX_EXT_NONE */
enum vx_format vx_ext_format(enum vx_ext ext); /* not of VX_EXT_NONE */

/* Bytes that the folder takes in memory. */
size_t vx_folder_bytes(const struct vx_folder *f);
