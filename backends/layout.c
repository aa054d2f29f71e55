/* layout.c - the ladder of precedence: from coordinates to documents in order and plain files.
 *
 * A *place* is a search location that exists for the coordinates asked, in order. Documents are
 * found in the places by name (rank, then place, then stem, then extension); plain files by walking
 * each place's loose files and the folders below it. */
#include "backends/layout.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/cleanup.h"

#define DEPTH_MAX 64 /* of folders below a place, as of keys in a document */

static const char shared[] = "application";

struct place {
	const char *path;
	struct vx_folder *folder;
	bool own; /* {application} led here: whatever it holds is this application's */
};

/* The work of one fetch. */
struct ladder {
	const struct vx_layout *layout;
	const struct vx_source *src;
	const struct vx_coords *at;
	const char *label;
	struct vx_layers *into;
	struct vx_arena arena;
	struct place *places;
	size_t n_places;
	struct shown *shown;
	size_t n_shown;
};

/* A plain file that was met, before it is known which of one name wins. */
struct shown {
	const char *name;
	const char *path;
	uint64_t size;
	unsigned char id[VX_BLOB_ID_BYTES];
	size_t rank; /* 0, or 1 + the position of the profile in its name */
};

/* Remember what is before the last segment of @path, if that is one placeholder alone. */
static int add_parent(struct vx_layout *l, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *last = slash ? slash + 1 : path;
	const char *parent;

	if (*last != '{' || strchr(last, '}') != last + strlen(last) - 1)
		return 0;
	parent = vx_arena_strndup(&l->arena, path, slash ? (size_t)(slash - path) : 0);
	if (!parent)
		return -ENOMEM;
	l->parents[l->n_parents++] = parent;
	return 0;
}

static int add_path(struct vx_layout *l, const char *path, struct vx_error *err)
{
	int rc = vx_search_check(&l->arena, path, &l->paths[l->n_paths], err);

	if (rc == 0 && add_parent(l, l->paths[l->n_paths++]) < 0)
		rc = vx_fail(err, -ENOMEM, "out of memory");
	return rc;
}

int vx_layout_init(struct vx_layout *l, const struct vx_layout_options *options,
                   struct vx_error *err)
{
	size_t n = options->n_search_paths;
	struct vx_layout made = {.label_folders = options->label_folders};
	int rc = 0;

	made.paths = vx_arena_alloc(&made.arena, (n + 2) * sizeof(*made.paths));
	made.parents = vx_arena_alloc(&made.arena, (n + 2) * sizeof(*made.parents));
	if (!made.paths || !made.parents)
		rc = vx_fail(err, -ENOMEM, "out of memory");
	if (rc == 0 && (options->root_first || n == 0))
		rc = add_path(&made, "", err);
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = add_path(&made, options->search_paths[i], err);
	if (rc == 0 && options->label_folders)
		rc = add_path(&made, "{label}", err);
	if (rc == 0)
		*l = made;
	else
		vx_layout_fini(&made);
	return rc;
}

void vx_layout_fini(struct vx_layout *l)
{
	vx_arena_fini(&l->arena);
	memset(l, 0, sizeof(*l));
}

/* --- places --------------------------------------------------------------------------------- */

static int add_place(struct ladder *w, const char *path, bool own, struct vx_error *err)
{
	struct vx_folder *folder;
	struct place *more;
	int rc;

	for (size_t i = 0; i < w->n_places; i++)
		if (strcmp(w->places[i].path, path) == 0)
			return 0;
	rc = w->src->folder(w->src, path, false, &folder, err);
	if (rc < 0)
		return rc == -ENOENT ? 0 : rc;
	more = reallocarray(w->places, w->n_places + 1, sizeof(*more));
	if (!more) {
		vx_folder_put(folder);
		return vx_fail(err, -ENOMEM, "out of memory");
	}
	w->places = more;
	more[w->n_places++] = (struct place){path, folder, own};
	return 0;
}

/* Open the search locations of @app in order. */
static int open_places(struct ladder *w, const char *app, struct vx_error *err)
{
	for (size_t i = 0; i < w->layout->n_paths; i++) {
		const char *pattern = w->layout->paths[i];
		size_t n = strstr(pattern, "{profile}") ? w->at->n_profiles : 1;

		for (size_t p = 0; p < n; p++) {
			const char *path = vx_search_expand(&w->arena, pattern, app,
			                                    w->at->profiles[p], w->label);
			int rc = path ? add_place(w, path, strstr(pattern, "{application}") != NULL,
			                          err)
			              : vx_fail(err, -ENOMEM, "out of memory");

			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

static void ladder_fini(struct ladder *w)
{
	for (size_t i = 0; i < w->n_places; i++)
		vx_folder_put(w->places[i].folder);
	free(w->places);
	free(w->shown);
	vx_arena_fini(&w->arena);
}

static bool bare_somewhere(const struct ladder *w, const char *stem, size_t n)
{
	for (size_t i = 0; i < w->n_places; i++)
		if (vx_folder_bare(w->places[i].folder, stem, n))
			return true;
	return false;
}

/* Whether the application that is the @n bytes at @name has a bare document in a place of its own
 * that is none of ours. */
static int bare_at_home(const struct ladder *w, const char *name, size_t n, struct vx_error *err)
{
	VX_AUTO(ladder_fini)
	struct ladder home = {.layout = w->layout, .src = w->src, .at = w->at, .label = w->label};
	const char *app = vx_arena_strndup(&home.arena, name, n);
	int rc = app ? open_places(&home, app, err) : vx_fail(err, -ENOMEM, "out of memory");

	return rc < 0 ? rc : bare_somewhere(&home, name, n);
}

static bool places_differ_by_app(const struct vx_layout *l)
{
	for (size_t i = 0; i < l->n_paths; i++)
		if (strstr(l->paths[i], "{application}"))
			return true;
	return false;
}

/* Whether @file, a .json, is a document: its stem, or what is before one of its dashes, names an
 * application (rule 1.2). 1, 0 or an error. */
static int json_is_document(const struct ladder *w, const struct vx_file *file,
                            struct vx_error *err)
{
	bool elsewhere = places_differ_by_app(w->layout);
	int rc = 0;

	for (size_t n = 1; n <= file->stem_len && rc == 0; n++) {
		if (n < file->stem_len && file->name[n] != '-')
			continue;
		if ((n == strlen(shared) && memcmp(file->name, shared, n) == 0) ||
		    bare_somewhere(w, file->name, n))
			return 1;
		if (elsewhere)
			rc = bare_at_home(w, file->name, n, err);
	}
	return rc;
}

/* --- documents ------------------------------------------------------------------------------ */

static int load(struct ladder *w, const struct place *place, const struct vx_file *file,
                struct vx_error *err)
{
	const char *path = vx_path_join(&w->arena, place->path, file->name);
	struct vx_docs *docs;
	int rc;

	if (!path)
		return vx_fail(err, -ENOMEM, "out of memory");
	rc = vx_source_docs(w->src, path, file, &docs, err);
	if (rc < 0)
		return rc;
	rc = vx_layers_add(w->into, path, docs);
	return rc < 0 ? vx_fail(err, rc, "out of memory") : 0;
}

/* Load the files STEM.yaml, .yml, .json and .properties of one place. */
static int load_stem(struct ladder *w, const struct place *place, const char *stem,
                     struct vx_error *err)
{
	for (int ext = 0; ext < VX_EXTS; ext++) {
		const struct vx_file *file =
			vx_folder_find(place->folder, stem, strlen(stem), (enum vx_ext)ext);
		int rc = file != NULL;

		if (file && ext == VX_EXT_JSON)
			rc = json_is_document(w, file, err);
		if (rc > 0)
			rc = load(w, place, file, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* One rank: @profile's documents, or the base's where it is NULL. */
static int load_rank(struct ladder *w, const char *profile, struct vx_error *err)
{
	const char *stems[2] = {shared, w->at->app};
	size_t n_stems = strcmp(w->at->app, shared) == 0 ? 1 : 2;
	int rc = 0;

	for (size_t s = 0; s < n_stems && profile; s++) {
		char *stem = vx_arena_alloc(&w->arena, strlen(stems[s]) + strlen(profile) + 2);

		if (!stem)
			return vx_fail(err, -ENOMEM, "out of memory");
		(void)stpcpy(stpcpy(stpcpy(stem, stems[s]), "-"), profile);
		stems[s] = stem;
	}
	for (size_t p = 0; p < w->n_places && rc == 0; p++) {
		rc = vx_source_check(w->src, err);
		for (size_t s = 0; s < n_stems && rc == 0; s++)
			rc = load_stem(w, &w->places[p], stems[s], err);
	}
	return rc;
}

static int load_documents(struct ladder *w, struct vx_error *err)
{
	int rc = load_rank(w, NULL, err);

	for (size_t p = 0; p < w->at->n_profiles && rc == 0; p++)
		rc = load_rank(w, w->at->profiles[p], err);
	return rc;
}

/* --- what exists ---------------------------------------------------------------------------- */

/* Whether @file is a document whose stem is the @n bytes that its name begins with, or goes on with
 * a dash. 1, 0 or an error. */
static int names_app(const struct ladder *w, const struct vx_file *file, size_t n,
                     struct vx_error *err)
{
	if (file->ext == VX_EXT_NONE || file->stem_len < n ||
	    (file->stem_len > n && file->name[n] != '-'))
		return 0;
	return file->ext == VX_EXT_JSON ? json_is_document(w, file, err) : 1;
}

/* The bits of all the profiles asked. */
static uint32_t all_profiles(const struct ladder *w)
{
	return (UINT32_C(1) << w->at->n_profiles) - 1;
}

/* Set the bits of the profiles that the name of a document says: STEM-P. */
static int know_by_name(struct ladder *w, const char *stem, struct vx_error *err)
{
	for (size_t p = 0; p < w->at->n_profiles; p++) {
		char name[2 * VX_NAME_BYTES + 2];
		size_t n = (size_t)snprintf(name, sizeof(name), "%s-%s", stem, w->at->profiles[p]);
		size_t tries = n < sizeof(name) ? w->n_places * VX_EXTS : 0;

		for (size_t i = 0; i < tries; i++) {
			enum vx_ext ext = (enum vx_ext)(i % VX_EXTS);
			const struct vx_file *file =
				vx_folder_find(w->places[i / VX_EXTS].folder, name, n, ext);
			int rc = file != NULL;

			if (file && ext == VX_EXT_JSON)
				rc = json_is_document(w, file, err);
			if (rc < 0)
				return rc;
			if (rc > 0)
				w->into->profiles_known |= UINT32_C(1) << p;
		}
	}
	return 0;
}

/* Set the bits of the profiles that an activation inside of @file names. A document that does not
 * parse names none: if it is one that the coordinates load, loading says so. */
static int know_by_activation(struct ladder *w, const struct place *place,
                              const struct vx_file *file, struct vx_error *err)
{
	VX_AUTO(vx_docs_put_p) struct vx_docs *docs = NULL;
	const char *path;
	int rc = vx_source_check(w->src, err);

	if (rc < 0)
		return rc;
	path = vx_path_join(&w->arena, place->path, file->name);
	if (!path)
		return vx_fail(err, -ENOMEM, "out of memory");
	rc = vx_source_docs(w->src, path, file, &docs, err);
	if (rc < 0)
		return rc == -EBADMSG || rc == -E2BIG ? 0 : rc;
	for (size_t p = 0; p < w->at->n_profiles; p++)
		if (vx_docs_name_profile(docs, w->at->profiles[p]))
			w->into->profiles_known |= UINT32_C(1) << p;
	return 0;
}

/* Go through the documents STEM and STEM-*, until all is known that they can tell. */
static int know(struct ladder *w, const char *stem, bool *ret_exists, struct vx_error *err)
{
	size_t n = strlen(stem);
	int rc = know_by_name(w, stem, err);

	for (size_t p = 0; p < w->n_places && rc == 0; p++) {
		const struct vx_folder *f = w->places[p].folder;

		for (size_t i = vx_folder_from(f, stem, n); i < f->n_files && rc == 0; i++) {
			if (strncmp(f->files[i].name, stem, n) != 0)
				break;
			if (*ret_exists && w->into->profiles_known == all_profiles(w))
				return 0;
			rc = names_app(w, &f->files[i], n, err);
			if (rc <= 0)
				continue;
			*ret_exists = true;
			rc = know_by_activation(w, &w->places[p], &f->files[i], err);
		}
	}
	return rc;
}

/* Whether a folder of the application's own holds a document, be it only `application.yml` (2.1). */
static bool has_own_documents(const struct ladder *w)
{
	for (size_t p = 0; p < w->n_places; p++) {
		const struct vx_folder *f = w->places[p].folder;
		size_t n = strlen(shared);

		for (size_t i = vx_folder_from(f, shared, n); w->places[p].own && i < f->n_files;
		     i++) {
			const struct vx_file *file = &f->files[i];

			if (strncmp(file->name, shared, n) != 0)
				break;
			if (file->ext != VX_EXT_NONE &&
			    (file->stem_len == n || file->name[n] == '-'))
				return true;
		}
	}
	return false;
}

static int know_names(struct ladder *w, struct vx_error *err)
{
	bool exists = strcmp(w->at->app, shared) == 0;
	bool always = true;
	int rc;

	for (size_t p = 0; p < w->at->n_profiles; p++)
		if (strcmp(w->at->profiles[p], "default") == 0)
			w->into->profiles_known |= UINT32_C(1) << p;
	rc = know(w, w->at->app, &exists, err);
	if (rc == 0)
		rc = know(w, shared, &always, err);
	w->into->app_known = exists || has_own_documents(w);
	return rc;
}

/* --- plain files ---------------------------------------------------------------------------- */

/* The length of @name without "-P" before its extension, for the last asked profile P that stands
 * there; in *ret_rank which, in *ret_ext the extension. 0: the name has no profile of ours. */
static size_t without_profile(const struct ladder *w, const char *name, const char **ret_ext,
                              size_t *ret_rank)
{
	const char *dot = strrchr(name, '.');
	const char *ends[2] = {dot, name + strlen(name)};

	for (size_t p = w->at->n_profiles; p-- > 0;) {
		size_t len = strlen(w->at->profiles[p]);

		for (size_t e = 0; e < 2; e++) {
			size_t stem = ends[e] ? (size_t)(ends[e] - name) : 0;

			if (!ends[e] || stem < len + 2 || ends[e][-(ptrdiff_t)len - 1] != '-' ||
			    memcmp(ends[e] - len, w->at->profiles[p], len) != 0)
				continue;
			*ret_ext = ends[e];
			*ret_rank = p + 1;
			return stem - len - 1;
		}
	}
	return 0;
}

static int show(struct ladder *w, const char *folder, const char *below, const struct vx_file *file,
                struct vx_error *err)
{
	const char *name = file->name, *ext = "";
	struct shown s = {.size = file->size};
	size_t n = without_profile(w, name, &ext, &s.rank);
	struct shown *more = w->shown;
	char *own;

	if (n) {
		own = vx_arena_alloc(&w->arena, n + strlen(ext) + 1);
		if (!own)
			return vx_fail(err, -ENOMEM, "out of memory");
		memcpy(own, name, n);
		(void)strcpy(own + n, ext);
		name = own;
	}
	memcpy(s.id, file->id, sizeof(s.id));
	s.path = vx_path_join(&w->arena, folder, file->name);
	s.name = vx_path_join(&w->arena, below, name);
	if ((w->n_shown & (w->n_shown - 1)) == 0) /* full: the capacity is a power of two */
		more = reallocarray(w->shown, w->n_shown ? w->n_shown * 2 : 1, sizeof(*more));
	if (!more || !s.path || !s.name)
		return vx_fail(err, -ENOMEM, "out of memory");
	w->shown = more;
	more[w->n_shown++] = s;
	return 0;
}

/* Whether the folder at @path is a search location for somebody, and so shows in none above it. */
static bool is_somebodys(const struct vx_layout *l, const char *path)
{
	for (size_t i = 0; i < l->n_paths; i++) {
		struct vx_binding any = {0};

		if (vx_search_matches(l->paths[i], path, strlen(path), &any))
			return true;
	}
	return false;
}

/* Whether that is so for all folders below the one at @path: then they need not be gone through. */
static bool are_all_somebodys(const struct vx_layout *l, const char *path)
{
	for (size_t i = 0; i < l->n_parents; i++) {
		struct vx_binding any = {0};

		if (vx_search_matches(l->parents[i], path, strlen(path), &any))
			return true;
	}
	return false;
}

/* Collect the plain files of @folder at @path, which is @below the place ("" its own level). */
static int walk(struct ladder *w, const struct vx_folder *folder, const char *path,
                const char *below, unsigned depth, struct vx_error *err)
{
	size_t n = *below ? folder->n_files : folder->n_loose;
	size_t n_dirs = are_all_somebodys(w->layout, path) ? 0 : folder->n_dirs;
	int rc = vx_source_check(w->src, err);

	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct vx_file *file = &folder->files[*below ? i : folder->loose[i]];

		if (!*below && file->ext == VX_EXT_JSON)
			rc = json_is_document(w, file, err);
		if (rc == 0)
			rc = show(w, path, below, file, err);
		else if (rc > 0)
			rc = 0;
	}
	for (size_t i = 0; i < n_dirs && rc == 0; i++) {
		const char *name = folder->dirs[i].name;
		const char *at = vx_path_join(&w->arena, path, name);
		const char *inside = vx_path_join(&w->arena, below, name);
		VX_AUTO(vx_folder_put_p) struct vx_folder *sub = NULL;

		if (!at || !inside)
			return vx_fail(err, -ENOMEM, "out of memory");
		if (is_somebodys(w->layout, at))
			continue;
		if (depth == DEPTH_MAX)
			return vx_fail(err, -E2BIG, "'%s' is more than %d folders deep", at,
			               DEPTH_MAX);
		rc = w->src->folder(w->src, at, true, &sub, err);
		if (rc == 0)
			rc = walk(w, sub, at, inside, depth + 1, err);
	}
	return rc;
}

/* Each place's plain files, those that a profile's name makes win after the others. */
static int add_plain(struct ladder *w, struct vx_error *err)
{
	for (size_t p = 0; p < w->n_places; p++) {
		int rc;

		w->n_shown = 0;
		rc = walk(w, w->places[p].folder, w->places[p].path, "", 0, err);
		for (size_t rank = 0; rank <= w->at->n_profiles && rc == 0; rank++)
			for (size_t i = 0; i < w->n_shown && rc == 0; i++) {
				const struct shown *s = &w->shown[i];

				if (s->rank == rank &&
				    vx_layers_add_plain(w->into, s->name, s->path, s->size, s->id) <
				            0)
					rc = vx_fail(err, -ENOMEM, "out of memory");
			}
		if (rc < 0)
			return rc;
	}
	return vx_layers_sort_plain(w->into) < 0 ? vx_fail(err, -ENOMEM, "out of memory") : 0;
}

int vx_layout_fetch(const struct vx_layout *l, const struct vx_source *src,
                    const struct vx_coords *at, const char *label, struct vx_layers *into,
                    struct vx_error *err)
{
	VX_AUTO(ladder_fini)
	struct ladder w = {.layout = l, .src = src, .at = at, .label = label, .into = into};
	int rc = open_places(&w, at->app, err);

	if (rc == 0)
		rc = know_names(&w, err);
	if (rc == 0)
		rc = load_documents(&w, err);
	if (rc == 0)
		rc = add_plain(&w, err);
	return rc;
}

int vx_layout_candidates(const struct vx_layout *l, const struct vx_coords *at, const char *label,
                         struct vx_arena *arena, const char ***ret_folders, size_t *ret_n_folders,
                         const char ***ret_names, size_t *ret_n_names)
{
	size_t n_stems = strcmp(at->app, shared) == 0 ? 1 : 2, n_folders = 0, n_names = 0;
	const char *stems[] = {shared, at->app};
	const char **folders, **names;

	folders = vx_arena_alloc(arena, l->n_paths * at->n_profiles * sizeof(*folders));
	names = vx_arena_alloc(arena, (at->n_profiles + 1) * n_stems * VX_EXTS * sizeof(*names));
	if (!folders || !names)
		return -ENOMEM;
	for (size_t i = 0; i < l->n_paths; i++) {
		size_t n = strstr(l->paths[i], "{profile}") ? at->n_profiles : 1;

		for (size_t p = 0; p < n; p++) {
			folders[n_folders] = vx_search_expand(arena, l->paths[i], at->app,
			                                      at->profiles[p], label);
			if (!folders[n_folders++])
				return -ENOMEM;
		}
	}
	for (size_t i = 0; i < (at->n_profiles + 1) * n_stems * VX_EXTS; i++) {
		size_t p = i / VX_EXTS / n_stems; /* 0: the base */
		char name[3 * VX_NAME_BYTES];
		int n = snprintf(name, sizeof(name), "%s%s%s%s", stems[i / VX_EXTS % n_stems],
		                 p ? "-" : "", p ? at->profiles[p - 1] : "",
		                 vx_ext_text((enum vx_ext)(i % VX_EXTS)));

		if (n > VX_NAME_BYTES)
			continue; /* no file has such a name */
		names[n_names] = vx_arena_strndup(arena, name, (size_t)n);
		if (!names[n_names++])
			return -ENOMEM;
	}
	*ret_folders = folders;
	*ret_n_folders = n_folders;
	*ret_names = names;
	*ret_n_names = n_names;
	return 0;
}
