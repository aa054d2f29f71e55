/* layout_diff.c - which applications a change touches, from the tree before and the tree after.
 *
 * Folders with equal ids are the same all the way down, so only what changed is visited. A changed
 * file is judged by the nearest folder above it that is a search location: a document touches the
 * applications that its stem can be read as, a plain file touches everybody, and in a folder that
 * belongs to one application all touches that one. */
#include <errno.h>
#include <string.h>

#include "backends/layout.h"
#include "core/cleanup.h"

/* More names than this are not told one by one: the reader of "anything may have changed" has less
 * to do than one of a long list. */
#define NAMES_MAX 1024

static const char shared[] = "application";

struct compare {
	const struct vx_layout *layout;
	const struct vx_source *a;
	const struct vx_source *b;
	struct vx_name_set *touched;
	struct vx_arena arena;
};

int vx_name_set_add(struct vx_name_set *s, const char *name, size_t n)
{
	const char **names = s->names;

	for (size_t i = 0; i < s->n; i++)
		if (strncmp(s->names[i], name, n) == 0 && s->names[i][n] == '\0')
			return 0;
	if (s->n == NAMES_MAX) {
		s->any = true;
		return 0;
	}
	if ((s->n & (s->n - 1)) == 0) /* full: the capacity is a power of two */
		names = reallocarray(s->names, s->n ? s->n * 2 : 1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	s->names = names;
	names[s->n] = vx_arena_strndup(&s->arena, name, n);
	if (!names[s->n])
		return -ENOMEM;
	s->n++;
	return 0;
}

void vx_name_set_fini(struct vx_name_set *s)
{
	free(s->names);
	vx_arena_fini(&s->arena);
	*s = (struct vx_name_set)VX_NAME_SET_INIT;
}

static int touch_all(struct compare *c)
{
	return vx_name_set_add(c->touched, shared, strlen(shared));
}

/* A document of that stem: `a-b-c` is loaded or counted by `a`, `a-b` and `a-b-c`. */
static int touch_stem(struct compare *c, const char *stem, size_t n)
{
	size_t len = strlen(shared);

	if (n >= len && memcmp(stem, shared, len) == 0 && (n == len || stem[len] == '-'))
		return touch_all(c);
	for (size_t i = 1; i <= n; i++) {
		if (i < n && stem[i] != '-')
			continue;
		if (vx_name_set_add(c->touched, stem, i) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* Judge @file by a location, at whose own level it is or below. @flips: a document came or went,
 * which may make documents of .json files, or plain files of them. */
static int judge(struct compare *c, const struct vx_binding *bound, const struct vx_file *file,
                 bool own_level, bool flips)
{
	if (bound->app)
		return vx_name_set_add(c->touched, bound->app, bound->app_len);
	if (!own_level || flips || file->ext == VX_EXT_NONE || file->ext == VX_EXT_JSON)
		return touch_all(c);
	return touch_stem(c, file->name, file->stem_len);
}

static int touch(struct compare *c, const char *path, const struct vx_file *file, bool flips)
{
	size_t n = strlen(path);
	bool own_level = true;

	for (;;) {
		bool found = false;

		for (size_t i = 0; i < c->layout->n_paths; i++) {
			struct vx_binding bound = {0};

			if (!vx_search_matches(c->layout->paths[i], path, n, &bound))
				continue;
			found = true;
			if (judge(c, &bound, file, own_level, flips) < 0)
				return -ENOMEM;
		}
		if (found || n == 0)
			return 0;
		while (n && path[n - 1] != '/')
			n--;
		n -= n > 0;
		own_level = false;
	}
}

static bool enough(const struct vx_name_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (strcmp(s->names[i], shared) == 0)
			return true;
	return s->any;
}

/* The files of two versions of one folder; either may be missing. */
static int compare_files(struct compare *c, const char *path, const struct vx_folder *a,
                         const struct vx_folder *b)
{
	size_t n_a = a ? a->n_files : 0, n_b = b ? b->n_files : 0, i = 0, j = 0;
	bool json = (a && a->json) || (b && b->json);

	while (i < n_a || j < n_b) {
		int order = i == n_a   ? 1
		            : j == n_b ? -1
		                       : strcmp(a->files[i].name, b->files[j].name);
		const struct vx_file *file = order <= 0 ? &a->files[i] : &b->files[j];
		bool same = order == 0 && memcmp(file->id, b->files[j].id, VX_BLOB_ID_BYTES) == 0;

		if (!same && touch(c, path, file, order != 0 && json) < 0)
			return -ENOMEM;
		i += order <= 0;
		j += order >= 0;
	}
	return 0;
}

static int compare_folders(struct compare *c, const char *path, bool in_a, bool in_b,
                           struct vx_error *err);

static int compare_dirs(struct compare *c, const char *path, const struct vx_folder *a,
                        const struct vx_folder *b, struct vx_error *err)
{
	size_t n_a = a ? a->n_dirs : 0, n_b = b ? b->n_dirs : 0, i = 0, j = 0;
	int rc = 0;

	while (rc == 0 && (i < n_a || j < n_b) && !enough(c->touched)) {
		int order = i == n_a ? 1 : j == n_b ? -1 : strcmp(a->dirs[i].name, b->dirs[j].name);
		const struct vx_subfolder *dir = order <= 0 ? &a->dirs[i] : &b->dirs[j];
		const char *below = vx_path_join(&c->arena, path, dir->name);

		if (!below)
			return vx_fail(err, -ENOMEM, "out of memory");
		if (order != 0 || memcmp(dir->id, b->dirs[j].id, VX_BLOB_ID_BYTES) != 0)
			rc = compare_folders(c, below, order <= 0, order >= 0, err);
		if (order != 0 && !*path && c->layout->label_folders)
			c->touched->any = true; /* a label came or went */
		i += order <= 0;
		j += order >= 0;
	}
	return rc;
}

static int open_side(const struct vx_source *src, const char *path, bool wanted,
                     struct vx_folder **ret, struct vx_error *err)
{
	int rc = wanted ? src->folder(src, path, false, ret, err) : 0;

	return rc == -ENOENT ? 0 : rc;
}

static int compare_folders(struct compare *c, const char *path, bool in_a, bool in_b,
                           struct vx_error *err)
{
	VX_AUTO(vx_folder_put_p) struct vx_folder *a = NULL;
	VX_AUTO(vx_folder_put_p) struct vx_folder *b = NULL;
	int rc = vx_source_check(c->b, err);

	if (rc == 0)
		rc = open_side(c->a, path, in_a, &a, err);
	if (rc == 0)
		rc = open_side(c->b, path, in_b, &b, err);
	if (rc == 0 && compare_files(c, path, a, b) < 0)
		rc = vx_fail(err, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = compare_dirs(c, path, a, b, err);
	return rc;
}

int vx_layout_diff(const struct vx_layout *l, const struct vx_source *a, const struct vx_source *b,
                   struct vx_name_set *ret, struct vx_error *err)
{
	struct compare c = {.layout = l, .a = a, .b = b, .touched = ret};
	int rc = compare_folders(&c, "", true, true, err);

	vx_arena_fini(&c.arena);
	return rc;
}
