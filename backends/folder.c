/* folder.c - building a folder's index and looking names up in it.
 *
 * The one idea: what a reader of one application needs (a handful of names) is found by binary
 * search, and what every reader needs (the plain files) is listed beforehand, so that ten thousand
 * documents of other applications in the same folder cost nothing. */
#include "backends/folder.h"

#include <errno.h>
#include <string.h>

#include "core/buf.h"
#include "core/coords.h"

static const char *const extensions[VX_EXTS] = {".yaml", ".yml", ".json", ".properties"};

struct vx_folder *vx_folder_new(void)
{
	struct vx_folder *f = calloc(1, sizeof(*f));

	if (f)
		atomic_init(&f->refs, 1);
	return f;
}

struct vx_folder *vx_folder_ref(struct vx_folder *f)
{
	atomic_fetch_add(&f->refs, 1);
	return f;
}

void vx_folder_put(struct vx_folder *f)
{
	if (!f || atomic_fetch_sub(&f->refs, 1) != 1)
		return;
	vx_arena_fini(&f->arena);
	free(f->files);
	free(f->loose);
	free(f->dirs);
	free(f);
}

bool vx_folder_takes(const char *name)
{
	return name[0] != '\0' && name[0] != '.' && name[0] != '@' && strlen(name) <= VX_NAME_BYTES;
}

enum vx_ext vx_ext_of(const char *name, size_t *ret_stem_len)
{
	size_t len = strlen(name);

	for (int ext = 0; ext < VX_EXTS; ext++) {
		size_t n = strlen(extensions[ext]);

		if (len > n && memcmp(name + len - n, extensions[ext], n) == 0) {
			*ret_stem_len = len - n;
			return (enum vx_ext)ext;
		}
	}
	*ret_stem_len = len;
	return VX_EXT_NONE;
}

const char *vx_ext_text(enum vx_ext ext)
{
	vx_assert(ext != VX_EXT_NONE);
	return extensions[ext];
}

enum vx_format vx_ext_format(enum vx_ext ext)
{
	vx_assert(ext != VX_EXT_NONE);
	return ext == VX_EXT_JSON         ? VX_FORMAT_JSON
	       : ext == VX_EXT_PROPERTIES ? VX_FORMAT_PROPERTIES
	                                  : VX_FORMAT_YAML;
}

/* @array with room for one more element after @n of @size bytes (the capacity is the next power of
 * two), NULL when out of memory. */
static void *grown(void *array, size_t n, size_t size)
{
	if (n & (n - 1))
		return array;
	return realloc(array, (n ? n * 2 : 1) * size);
}

int vx_folder_add_file(struct vx_folder *f, const char *name, uint64_t size,
                       const unsigned char id[VX_BLOB_ID_BYTES])
{
	struct vx_file file = {.size = size};
	struct vx_file *files;

	if (!vx_folder_takes(name))
		return 0;
	files = grown(f->files, f->n_files, sizeof(*files));
	if (!files)
		return -ENOMEM;
	f->files = files;
	file.name = vx_arena_strndup(&f->arena, name, strlen(name));
	if (!file.name)
		return -ENOMEM;
	file.ext = vx_ext_of(name, &file.stem_len);
	memcpy(file.id, id, sizeof(file.id));
	files[f->n_files++] = file;
	f->json |= file.ext == VX_EXT_JSON;
	return 0;
}

int vx_folder_add_dir(struct vx_folder *f, const char *name,
                      const unsigned char id[VX_BLOB_ID_BYTES])
{
	struct vx_subfolder *dirs;

	if (!vx_folder_takes(name))
		return 0;
	dirs = grown(f->dirs, f->n_dirs, sizeof(*dirs));
	if (!dirs)
		return -ENOMEM;
	f->dirs = dirs;
	dirs[f->n_dirs].name = vx_arena_strndup(&f->arena, name, strlen(name));
	if (!dirs[f->n_dirs].name)
		return -ENOMEM;
	memcpy(dirs[f->n_dirs++].id, id, VX_BLOB_ID_BYTES);
	return 0;
}

static int files_by_name(const void *a, const void *b)
{
	return strcmp(((const struct vx_file *)a)->name, ((const struct vx_file *)b)->name);
}

static int dirs_by_name(const void *a, const void *b)
{
	return strcmp(((const struct vx_subfolder *)a)->name,
	              ((const struct vx_subfolder *)b)->name);
}

/* Whether @file is a document whatever else there is, as far as its own folder can tell. A .json
 * that this cannot answer is loose: the layout asks the other search locations. */
static bool surely_document(const struct vx_folder *f, const struct vx_file *file)
{
	if (file->ext != VX_EXT_JSON)
		return file->ext != VX_EXT_NONE;
	for (size_t n = 1; n <= file->stem_len; n++) {
		if (n < file->stem_len && file->name[n] != '-')
			continue;
		if ((n == strlen("application") && memcmp(file->name, "application", n) == 0) ||
		    vx_folder_bare(f, file->name, n))
			return true;
	}
	return false;
}

static int list_loose(struct vx_folder *f)
{
	uint32_t *loose;

	for (size_t i = 0; i < f->n_files; i++) {
		if (surely_document(f, &f->files[i]))
			continue;
		loose = grown(f->loose, f->n_loose, sizeof(*loose));
		if (!loose)
			return -ENOMEM;
		f->loose = loose;
		loose[f->n_loose++] = (uint32_t)i;
	}
	return 0;
}

/* The digest of all names and ids: the same idea as Git's tree object, in a form of our own. */
static int compute_id(struct vx_folder *f)
{
	struct vx_buf text = VX_BUF_INIT;
	int rc = -ENOMEM;

	for (size_t i = 0; i < f->n_files; i++) {
		vx_buf_putc(&text, 'f');
		vx_buf_put(&text, f->files[i].name, strlen(f->files[i].name) + 1);
		vx_buf_put(&text, f->files[i].id, VX_BLOB_ID_BYTES);
	}
	for (size_t i = 0; i < f->n_dirs; i++) {
		vx_buf_putc(&text, 'd');
		vx_buf_put(&text, f->dirs[i].name, strlen(f->dirs[i].name) + 1);
		vx_buf_put(&text, f->dirs[i].id, VX_BLOB_ID_BYTES);
	}
	if (!vx_buf_failed(&text))
		rc = vx_blob_id(text.len ? text.data : "", text.len, f->id);
	vx_buf_fini(&text);
	return rc;
}

static bool sorted(const struct vx_folder *f)
{
	for (size_t i = 1; i < f->n_files; i++)
		if (files_by_name(&f->files[i - 1], &f->files[i]) > 0)
			return false;
	return true;
}

/* @array cut to its @n elements; as it was if that cannot be done. */
static void *fitted(void *array, size_t n, size_t size)
{
	void *cut = n ? reallocarray(array, n, size) : NULL;

	return cut ? cut : array;
}

int vx_folder_seal(struct vx_folder *f, const unsigned char id[VX_BLOB_ID_BYTES])
{
	if (!sorted(f)) /* a tree object's are */
		qsort(f->files, f->n_files, sizeof(*f->files), files_by_name);
	if (f->n_dirs)
		qsort(f->dirs, f->n_dirs, sizeof(*f->dirs), dirs_by_name);
	if (list_loose(f) < 0)
		return -ENOMEM;
	f->files = fitted(f->files, f->n_files, sizeof(*f->files));
	f->loose = fitted(f->loose, f->n_loose, sizeof(*f->loose));
	f->dirs = fitted(f->dirs, f->n_dirs, sizeof(*f->dirs));
	if (!id)
		return compute_id(f);
	memcpy(f->id, id, sizeof(f->id));
	return 0;
}

/* Order the NUL-terminated @name against the @n bytes at @s. */
static int order(const char *name, const char *s, size_t n)
{
	int c = strncmp(name, s, n);

	return c ? c : name[n] != '\0';
}

size_t vx_folder_from(const struct vx_folder *f, const char *prefix, size_t n)
{
	size_t lo = 0, hi = f->n_files;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strncmp(f->files[mid].name, prefix, n) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct vx_file *vx_folder_find(const struct vx_folder *f, const char *stem, size_t stem_len,
                                     enum vx_ext ext)
{
	char name[VX_NAME_BYTES + 1];
	size_t n = strlen(extensions[ext]);

	if (stem_len + n > VX_NAME_BYTES)
		return NULL;
	memcpy(name, stem, stem_len);
	memcpy(name + stem_len, extensions[ext], n + 1);
	return vx_folder_file(f, name);
}

const struct vx_file *vx_folder_file(const struct vx_folder *f, const char *name)
{
	size_t n = strlen(name);
	size_t i = vx_folder_from(f, name, n);

	return i < f->n_files && strcmp(f->files[i].name, name) == 0 ? &f->files[i] : NULL;
}

const struct vx_subfolder *vx_folder_dir(const struct vx_folder *f, const char *name, size_t n)
{
	size_t lo = 0, hi = f->n_dirs;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = order(f->dirs[mid].name, name, n);

		if (c == 0)
			return &f->dirs[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

bool vx_folder_bare(const struct vx_folder *f, const char *stem, size_t n)
{
	return vx_folder_find(f, stem, n, VX_EXT_YML) || vx_folder_find(f, stem, n, VX_EXT_YAML) ||
	       vx_folder_find(f, stem, n, VX_EXT_PROPERTIES);
}

size_t vx_folder_bytes(const struct vx_folder *f)
{
	return sizeof(*f) + f->arena.used + f->n_files * sizeof(*f->files) +
	       f->n_loose * sizeof(*f->loose) + f->n_dirs * sizeof(*f->dirs);
}
