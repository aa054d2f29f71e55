/* layout_list.c - the applications and profiles of a whole tree, by the one reading of rule 2.4.
 *
 * All folders that a search path can mean are visited, the stems of their documents gathered and
 * sorted; a stem is then read as the longest shorter one that has a bare document of its own. In a
 * folder that belongs to one application (`{application}` in its search path) only that
 * application's documents count. */
#include <errno.h>
#include <string.h>

#include "backends/layout.h"
#include "backends/list.h"
#include "core/cleanup.h"

static const char shared[] = "application";

struct stem {
	const char *text;
	const char *app; /* NULL, or the one that the folder belongs to */
	bool json;
};

/* The stems of a tree, their texts in the arena. */
struct stems {
	struct vx_arena arena;
	const char *only; /* those that the reading of this application's needs; NULL: all */
	struct stem *list;
	size_t n;
	const char **bare; /* those of .yaml, .yml and .properties, sorted once gathered */
	size_t n_bare;
};

typedef int visit_fn(void *arg, const char *path, const struct vx_folder *folder,
                     const struct vx_binding *bound, struct vx_error *err);

/* One visit of all the folders that search paths can mean. */
struct tour {
	const struct vx_source *src;
	struct vx_arena arena;
	visit_fn *visit;
	void *arg;
};

static int go(struct tour *t, const char *path, const char *pattern, struct vx_binding bound,
              struct vx_error *err);

/* Go on below @path with the subfolders that the first @n bytes of @pattern match. */
static int go_matching(struct tour *t, const char *path, const char *pattern, size_t n,
                       struct vx_binding bound, struct vx_error *err)
{
	const char *segment = vx_arena_strndup(&t->arena, pattern, n);
	const char *rest = pattern + n + (pattern[n] == '/');
	VX_AUTO(vx_folder_put_p) struct vx_folder *folder = NULL;
	int rc;

	if (!segment)
		return vx_fail(err, -ENOMEM, "out of memory");
	rc = t->src->folder(t->src, path, false, &folder, err);
	for (size_t i = 0; rc == 0 && i < folder->n_dirs; i++) {
		struct vx_binding here = bound;
		size_t len = strlen(folder->dirs[i].name);
		const char *name = vx_arena_strndup(&t->arena, folder->dirs[i].name, len);
		const char *at = name ? vx_path_join(&t->arena, path, name) : NULL;

		if (!at)
			return vx_fail(err, -ENOMEM, "out of memory");
		if (vx_search_matches(segment, name, len, &here))
			rc = go(t, at, rest, here, err);
	}
	return rc;
}

static int go(struct tour *t, const char *path, const char *pattern, struct vx_binding bound,
              struct vx_error *err)
{
	VX_AUTO(vx_folder_put_p) struct vx_folder *folder = NULL;
	size_t n = strcspn(pattern, "/");
	int rc = vx_source_check(t->src, err);

	if (rc < 0)
		return rc;
	if (*pattern && memchr(pattern, '{', n)) {
		rc = go_matching(t, path, pattern, n, bound, err);
	} else if (*pattern) {
		const char *segment = vx_arena_strndup(&t->arena, pattern, n);
		const char *at = segment ? vx_path_join(&t->arena, path, segment) : NULL;

		rc = at ? go(t, at, pattern + n + (pattern[n] == '/'), bound, err)
		        : vx_fail(err, -ENOMEM, "out of memory");
	} else {
		rc = t->src->folder(t->src, path, false, &folder, err);
		if (rc == 0)
			rc = t->visit(t->arg, path, folder, &bound, err);
	}
	return rc == -ENOENT ? 0 : rc;
}

/* Visit every folder that is a search location of @app (NULL: of anybody) at @label. */
static int visit_all(const struct vx_layout *l, const struct vx_source *src, const char *app,
                     const char *label, visit_fn *visit, void *arg, struct vx_error *err)
{
	struct tour t = {.src = src, .visit = visit, .arg = arg};
	int rc = 0;

	for (size_t i = 0; i < l->n_paths && rc == 0; i++) {
		const char *pattern = vx_search_expand(&t.arena, l->paths[i], app, NULL, label);
		struct vx_binding bound = {0};

		if (app && strstr(l->paths[i], "{application}")) {
			bound.app = app;
			bound.app_len = strlen(app);
		}
		rc = pattern ? go(&t, "", pattern, bound, err)
		             : vx_fail(err, -ENOMEM, "out of memory");
	}
	vx_arena_fini(&t.arena);
	return rc;
}

static void *grown(void *array, size_t n, size_t size)
{
	return n & (n - 1) ? array : reallocarray(array, n ? n * 2 : 1, size);
}

/* What the names of the documents of @app (NULL: of anybody) and of the shared ones begin with, so
 * that a listing of one application costs the same among ten thousand. Returns how many there are. */
static size_t beginnings(const char *app, const char *ret[2])
{
	ret[0] = app ? app : "";
	ret[1] = shared;
	if (app && strncmp(app, shared, strlen(shared)) == 0) {
		ret[0] = shared;
		return 1;
	}
	return app && strncmp(shared, app, strlen(app)) != 0 ? 2 : 1;
}

/* The first document from @i on whose name begins with @begin; NULL: there is none any more. */
static const struct vx_file *next_document(const struct vx_folder *f, const char *begin, size_t *i)
{
	size_t n = strlen(begin);

	while (*i < f->n_files && strncmp(f->files[*i].name, begin, n) == 0) {
		const struct vx_file *file = &f->files[(*i)++];

		if (file->ext != VX_EXT_NONE)
			return file;
	}
	return NULL;
}

static int add_bare(struct stems *s, const char *text)
{
	const char **bare = grown(s->bare, s->n_bare, sizeof(*bare));

	if (!bare || !text)
		return -ENOMEM;
	s->bare = bare;
	bare[s->n_bare++] = text;
	return 0;
}

static int add_stem(struct stems *s, const struct vx_file *file, const char *app)
{
	const char *text = vx_arena_strndup(&s->arena, file->name, file->stem_len);
	struct stem *list = grown(s->list, s->n, sizeof(*list));

	if (list)
		s->list = list;
	if (!list || !text)
		return -ENOMEM;
	list[s->n++] = (struct stem){text, app, file->ext == VX_EXT_JSON};
	return file->ext == VX_EXT_JSON ? 0 : add_bare(s, text);
}

/* An application whose name is a beginning of ours has a say in what our documents' stems mean. */
static int add_shorter(struct stems *s, const struct vx_folder *folder)
{
	int rc = 0;

	for (size_t len = 1; s->only && rc == 0 && s->only[len - 1] && s->only[len]; len++)
		if (s->only[len] == '-' && vx_folder_bare(folder, s->only, len))
			rc = add_bare(s, vx_arena_strndup(&s->arena, s->only, len));
	return rc;
}

static int gather(void *arg, const char *path, const struct vx_folder *folder,
                  const struct vx_binding *bound, struct vx_error *err)
{
	struct stems *s = arg;
	const char *begin[2], *app = NULL;
	size_t n = beginnings(s->only, begin);
	int rc = add_shorter(s, folder);

	(void)path;
	if (rc == 0 && bound->app) {
		app = vx_arena_strndup(&s->arena, bound->app, bound->app_len);
		rc = app ? 0 : -ENOMEM;
	}
	for (size_t k = 0; k < n; k++) {
		const struct vx_file *file;
		size_t i = vx_folder_from(folder, begin[k], strlen(begin[k]));

		while (rc == 0 && (file = next_document(folder, begin[k], &i)))
			rc = add_stem(s, file, app);
	}
	return rc < 0 ? vx_fail(err, rc, "out of memory") : 0;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void stems_fini(struct stems *s)
{
	free(s->list);
	free(s->bare);
	vx_arena_fini(&s->arena);
}

static int gather_all(const struct vx_layout *l, const struct vx_source *src, const char *app,
                      const char *label, struct stems *s, struct vx_error *err)
{
	int rc;

	s->only = app;
	rc = visit_all(l, src, app, label, gather, s, err);
	if (rc == 0 && s->n_bare)
		qsort(s->bare, s->n_bare, sizeof(*s->bare), by_bytes);
	return rc;
}

static int against(const char *name, const char *text, size_t n)
{
	int c = strncmp(name, text, n);

	return c ? c : name[n] != '\0';
}

static bool is_bare(const struct stems *s, const char *text, size_t n)
{
	size_t lo = 0, hi = s->n_bare;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		int c = against(s->bare[mid], text, n);

		if (c == 0)
			return true;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

/* The length of the application in @stem by the one reading. */
static size_t app_in(const struct stems *s, const char *stem)
{
	size_t n = strlen(stem);

	for (size_t len = n - 1; len > 0; len--)
		if (stem[len] == '-' && is_bare(s, stem, len))
			return len;
	if (strncmp(stem, shared, strlen(shared)) == 0 && stem[strlen(shared)] == '-')
		return strlen(shared);
	return n;
}

static bool is_of(const char *stem, const char *app)
{
	size_t n = strlen(app);

	return strncmp(stem, app, n) == 0 && (stem[n] == '\0' || stem[n] == '-');
}

/* The application that a document of @stem stands for in a listing, in the arena; "" where it is
 * no document (a .json whose stem names no application) or not at home; NULL without memory. */
static const char *reading(struct stems *s, const struct stem *stem)
{
	size_t n = app_in(s, stem->text);

	if (stem->json && !is_bare(s, stem->text, n) && !is_of(stem->text, shared))
		return "";
	if (stem->app)
		return is_of(stem->text, stem->app) || is_of(stem->text, shared) ? stem->app : "";
	return vx_arena_strndup(&s->arena, stem->text, n);
}

int vx_layout_apps(const struct vx_layout *l, const struct vx_source *src, const char *label,
                   const char *cursor, size_t max, struct vx_list *ret, struct vx_error *err)
{
	VX_AUTO(stems_fini) struct stems s = {0};
	VX_AUTO(vx_freep) const char **names = NULL;
	bool shared_only = false;
	size_t n = 0;
	int rc = gather_all(l, src, NULL, label, &s, err);

	if (rc < 0)
		return rc;
	names = calloc(s.n + 1, sizeof(*names));
	if (!names)
		return vx_fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < s.n; i++) {
		const char *app = reading(&s, &s.list[i]);

		if (!app)
			return vx_fail(err, -ENOMEM, "out of memory");
		if (strcmp(app, shared) == 0)
			shared_only = true;
		else if (vx_app_check(app, NULL) == 0)
			names[n++] = app;
	}
	if (n == 0 && shared_only)
		names[n++] = shared;
	rc = vx_list_page(names, n, cursor, max, ret);
	return rc < 0 ? vx_fail(err, rc, "out of memory") : 0;
}

/* --- profiles ------------------------------------------------------------------------------- */

struct profiles {
	struct stems *stems;
	const struct vx_source *src;
	const char *app;
	struct vx_name_set names;
	int rc; /* what failed inside of a callback that cannot say so */
};

static void add_profile(void *arg, const char *name)
{
	struct profiles *p = arg;

	if (p->rc == 0 && vx_profile_check(name, strlen(name), NULL) == 0)
		p->rc = vx_name_set_add(&p->names, name, strlen(name));
}

/* The profiles that the activations inside @file name; one that does not parse names none. */
static int add_activations(struct profiles *p, const char *folder, const struct vx_file *file,
                           struct vx_error *err)
{
	const char *path = vx_path_join(&p->stems->arena, folder, file->name);
	VX_AUTO(vx_docs_put_p) struct vx_docs *docs = NULL;
	int rc;

	if (!path)
		return vx_fail(err, -ENOMEM, "out of memory");
	rc = vx_source_docs(p->src, path, file, &docs, err);
	if (rc < 0)
		return rc == -EBADMSG || rc == -E2BIG ? 0 : rc;
	for (size_t i = 0; i < docs->n; i++)
		if (docs->doc[i].on)
			vx_activation_each(docs->doc[i].on, add_profile, p);
	return 0;
}

/* What one document of ours or a shared one names. */
static int profiles_of(struct profiles *p, const char *folder, const struct vx_file *file,
                       const struct vx_binding *bound, struct vx_error *err)
{
	struct stem stem = {.json = file->ext == VX_EXT_JSON};
	const char *app;
	size_t n;
	int rc;

	stem.text = vx_arena_strndup(&p->stems->arena, file->name, file->stem_len);
	app = stem.text ? reading(p->stems, &stem) : NULL;
	if (!app)
		return vx_fail(err, -ENOMEM, "out of memory");
	if (strcmp(app, p->app) != 0 && strcmp(app, shared) != 0)
		return 0;
	n = strlen(app);
	/* In a profile's own folder only that profile's documents are loaded. */
	if (stem.text[n] && (!bound->profile ||
	                     against(stem.text + n + 1, bound->profile, bound->profile_len) == 0))
		add_profile(p, stem.text + n + 1);
	rc = vx_source_check(p->src, err);
	return rc == 0 ? add_activations(p, folder, file, err) : rc;
}

/* What the documents of our application and the shared ones in @folder name. */
static int profiles_in(void *arg, const char *path, const struct vx_folder *folder,
                       const struct vx_binding *bound, struct vx_error *err)
{
	struct profiles *p = arg;
	const char *begin[2];
	size_t n = beginnings(p->app, begin);
	int rc = 0;

	for (size_t k = 0; k < n; k++) {
		const struct vx_file *file;
		size_t i = vx_folder_from(folder, begin[k], strlen(begin[k]));

		while (rc == 0 && (file = next_document(folder, begin[k], &i)))
			rc = profiles_of(p, path, file, bound, err);
	}
	if (rc == 0 && p->rc < 0)
		rc = vx_fail(err, p->rc, "out of memory");
	return rc;
}

/* Whether some document's stem is @app or begins with "<app>-". */
static bool is_known(const struct stems *s, const char *app)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct stem *stem = &s->list[i];

		if (!stem->json && is_of(stem->text, app))
			return true;
		if (stem->app && strcmp(stem->app, app) == 0 && is_of(stem->text, shared))
			return true;
	}
	return strcmp(app, shared) == 0;
}

int vx_layout_profiles(const struct vx_layout *l, const struct vx_source *src, const char *app,
                       const char *label, const char *cursor, size_t max, struct vx_list *ret,
                       struct vx_error *err)
{
	VX_AUTO(stems_fini) struct stems s = {0};
	struct profiles p = {&s, src, app, VX_NAME_SET_INIT, 0};
	int rc = gather_all(l, src, app, label, &s, err);

	if (rc == 0 && !is_known(&s, app))
		rc = vx_fail(err, -ENOENT, "no document names the application '%s'", app);
	if (rc == 0) {
		add_profile(&p, "default");
		rc = visit_all(l, src, app, label, profiles_in, &p, err);
	}
	if (rc == 0 && (p.rc < 0 || vx_list_page(p.names.names, p.names.n, cursor, max, ret) < 0))
		rc = vx_fail(err, -ENOMEM, "out of memory");
	vx_name_set_fini(&p.names);
	return rc;
}
