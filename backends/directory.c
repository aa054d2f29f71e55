/* directory.c - a plain folder as a backend: settings in, the contract's answers out.
 *
 * Every call looks at the tree as it is at that moment (directory_scan.c), unless a watch knows
 * that nothing has changed since the last look. Documents are read by the ids that the scan gave
 * them; if a file has other bytes by then, the call starts again, so that an answer is one state of
 * the tree and never half of an update. */
#include <errno.h>
#include <string.h>

#include "backends/builtin.h"
#include "backends/directory_i.h"
#include "backends/list.h"

#define TRIES 4

/* How often one who waits for another's scan looks whether it is cancelled. */
#define TURN_CHECK_NS (50 * VX_MSEC)

/* Parsed trees that are kept for the next reader; what is in use lives on outside of it. */
#define DOC_CACHE_BYTES ((size_t)8 << 20)

static struct vx_backend *check(struct vx_backend *b)
{
	return VX_CHECK(b, struct vx_backend, VX_DIRECTORY_MAGIC);
}

static void directory_close(struct vx_backend *b)
{
	if (!b)
		return;
	check(b);
	vx_directory_unwatch(b);
	for (size_t i = 0; i < VX_DIRECTORY_KEPT; i++)
		vx_scan_put(b->kept[i]);
	vx_close(&b->inotify);
	free(b->events.ring);
	vx_doc_cache_free(b->cache);
	vx_layout_fini(&b->layout);
	(void)pthread_mutex_destroy(&b->lock); /* nobody uses it any more */
	(void)pthread_cond_destroy(&b->scanned);
	free(b->default_label);
	free(b->path);
	free(b->name);
	free(b);
}

static void directory_close_p(struct vx_backend **b)
{
	directory_close(*b);
}

static int directory_open(const struct vx_settings_map *cfg, const struct vx_backend_env *env,
                          struct vx_backend **ret, struct vx_error *err)
{
	struct vx_layout_options options = {
		.label_folders = strcmp(vx_map_str(cfg, "labels"), "subdirectories") == 0};
	VX_AUTO(directory_close_p) struct vx_backend *b = calloc(1, sizeof(*b));
	const char *own = vx_map_str(cfg, "default_label");
	pthread_condattr_t attr;
	int rc;

	if (!b)
		return vx_fail(err, -ENOMEM, "out of memory");
	b->magic = VX_DIRECTORY_MAGIC;
	b->inotify = -1;
	vx_assert(pthread_mutex_init(&b->lock, NULL) == 0);
	vx_assert(pthread_condattr_init(&attr) == 0);
	vx_assert(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	vx_assert(pthread_cond_init(&b->scanned, &attr) == 0);
	(void)pthread_condattr_destroy(&attr);
	if (vx_map_str(cfg, "path")[0] == '\0')
		return vx_fail(err, -EINVAL, "%s: a directory backend needs a path",
		               vx_map_where(cfg));
	options.n_search_paths = vx_map_strings(cfg, "search_paths", &options.search_paths);
	rc = vx_layout_init(&b->layout, &options, err);
	if (rc < 0)
		return vx_wrap(err, rc, "%s", vx_map_where(cfg));
	b->limits = env->limits;
	b->clock = env->clock;
	b->name = strdup(vx_map_str(cfg, "name"));
	b->path = strdup(vx_map_str(cfg, "path"));
	b->default_label = strdup(*own ? own : env->default_label);
	b->cache = vx_doc_cache_new(DOC_CACHE_BYTES);
	if (!b->name || !b->path || !b->default_label || !b->cache)
		return vx_fail(err, -ENOMEM, "out of memory");
	*ret = vx_steal(b);
	return 0;
}

/* --- the tree as it is ---------------------------------------------------------------------- */

/* The newest scan, if a watch knows that it still holds; else NULL, in *ret_was what there is to
 * start from and in *ret_since what happened since then. The lock is held. */
static struct vx_scan *still_true(struct vx_backend *b, struct vx_scan **ret_was,
                                  struct vx_since *ret_since)
{
	struct vx_scan *newest = b->kept[0];

	/* The kernel queues an event before the write that it tells of returns. */
	if (b->watch)
		vx_directory_drain(b);
	if (b->watch && newest && newest->root->watched && newest->events == b->events.n)
		return vx_scan_ref(newest);
	vx_events_since(&b->events, newest ? newest->events : 0, ret_since);
	*ret_was = newest ? vx_scan_ref(newest) : NULL;
	return NULL;
}

/* Let another thread's scan end: what it finds may be all that is needed, and two that look at one
 * tree are slower than one after the other. 0, -ETIMEDOUT, -ECANCELED. The lock is held. */
static int wait_for_turn(struct vx_backend *b, const struct vx_ctx *ctx)
{
	int rc = 0;

	while (b->scanning && (rc = vx_ctx_check(ctx)) == 0) {
		int64_t until = vx_mono_ns(vx_clock_system()) + TURN_CHECK_NS;
		struct timespec at = {until / VX_SEC, until % VX_SEC};

		(void)pthread_cond_timedwait(&b->scanned, &b->lock, &at); /* seen above */
	}
	return rc;
}

/* Remember @s (nullable) as the newest, and let the next one look. */
static void keep(struct vx_backend *b, struct vx_scan *s)
{
	VX_LOCKED(&b->lock);
	size_t i = 0;

	b->scanning = false;
	vx_broadcast(&b->scanned);
	if (!s)
		return;
	/* The place of the one with the same revision, else of the oldest, becomes free. */
	while (i < VX_DIRECTORY_KEPT - 1 && b->kept[i] &&
	       strcmp(b->kept[i]->revision, s->revision) != 0)
		i++;
	vx_scan_put(b->kept[i]);
	memmove(&b->kept[1], &b->kept[0], i * sizeof(b->kept[0]));
	b->kept[0] = vx_scan_ref(s);
}

int vx_directory_scan(struct vx_backend *b, const struct vx_ctx *ctx, struct vx_scan **ret,
                      struct vx_error *err)
{
	VX_AUTO(vx_scan_put_p) struct vx_scan *was = NULL;
	VX_AUTO(vx_since_fini) struct vx_since since = {0};
	struct vx_scan *s = NULL;
	int inotify, rc;

	vx_lock(&b->lock);
	rc = wait_for_turn(b, ctx);
	if (rc == 0)
		s = still_true(b, &was, &since);
	b->scanning |= rc == 0 && !s;
	inotify = b->inotify;
	vx_unlock(&b->lock);
	if (rc < 0)
		return vx_fail(err, rc, "'%s' is still being read", b->path);
	if (!s) {
		rc = vx_scan_new(b->path, was, &since, inotify, ctx, &s, err);
		keep(b, rc == 0 ? s : NULL);
	}
	if (rc < 0)
		return rc;
	vx_assert(s);
	*ret = s;
	return 0;
}

/* Something was not as the newest scan says although no event told: look at everything. */
static void distrust(struct vx_backend *b)
{
	VX_LOCKED(&b->lock);

	vx_events_lose(&b->events);
}

static int source_folder(const struct vx_source *src, const char *path, bool plain,
                         struct vx_folder **ret, struct vx_error *err)
{
	const struct vx_directory_view *view = src->arg;
	const struct vx_scan_folder *found = vx_scan_find(view->scan, path);

	(void)plain; /* all sizes are known */
	if (!found)
		return vx_fail(err, -ENOENT, "no folder '%s'", path);
	*ret = vx_folder_ref(found->folder);
	return 0;
}

static int source_read(const struct vx_source *src, const char *path, const struct vx_file *file,
                       size_t max, struct vx_bytes **ret, struct vx_error *err)
{
	const struct vx_directory_view *view = src->arg;

	return vx_file_read(view->b->path, path, file->id, max, ret, err);
}

struct vx_source vx_directory_source(struct vx_directory_view *view, const struct vx_ctx *ctx)
{
	return (struct vx_source){.ctx = ctx,
	                          .cache = view->b->cache,
	                          .limits = view->b->limits,
	                          .arg = view,
	                          .folder = source_folder,
	                          .read = source_read};
}

/* --- the contract --------------------------------------------------------------------------- */

/* What stands for @label (NULL: the default), and whether this backend has it by itself. */
static int resolve_label(const struct vx_backend *b, const struct vx_scan *s, const char **label,
                         bool *ret_known, struct vx_error *err)
{
	if (!*label || strcmp(*label, b->default_label) == 0) {
		*label = b->default_label;
		*ret_known = true;
		return 0;
	}
	*ret_known = b->layout.label_folders && vx_scan_find(s, *label);
	if (b->layout.label_folders && !*ret_known)
		return vx_fail(err, -ENOENT, "no folder for the label '%s' in '%s'", *label,
		               b->path);
	return 0;
}

static int fetch_once(struct vx_backend *b, const struct vx_ctx *ctx, const struct vx_coords *at,
                      const char *have, struct vx_layers **ret, struct vx_error *err)
{
	VX_AUTO(vx_scan_put_p) struct vx_scan *scan = NULL;
	VX_AUTO(vx_layers_put_p) struct vx_layers *layers = NULL;
	struct vx_directory_view view = {.b = b};
	const char *label = at->label;
	struct vx_source src;
	bool known = false;
	int rc = vx_directory_scan(b, ctx, &scan, err);

	if (rc == 0)
		rc = resolve_label(b, scan, &label, &known, err);
	if (rc < 0)
		return rc;
	if (have && strcmp(have, scan->revision) == 0)
		return 1;
	layers = vx_layers_new(b->name, scan->revision);
	if (!layers)
		return vx_fail(err, -ENOMEM, "out of memory");
	layers->label_known = known;
	view.scan = scan;
	src = vx_directory_source(&view, ctx);
	rc = vx_layout_fetch(&b->layout, &src, at, label, layers, err);
	if (rc == 0)
		*ret = vx_steal(layers);
	return rc;
}

static int directory_fetch(struct vx_backend *b, const struct vx_ctx *ctx,
                           const struct vx_coords *at, const char *have, struct vx_layers **ret,
                           struct vx_error *err)
{
	check(b);
	for (int i = 0; i < TRIES; i++) {
		int rc = fetch_once(b, ctx, at, have, ret, err);

		if (rc != -ESTALE)
			return rc;
		distrust(b);
	}
	return vx_fail(err, -EAGAIN, "'%s' changes while it is being read", b->path);
}

static int directory_revision(struct vx_backend *b, const struct vx_ctx *ctx, const char *label,
                              char ret[VX_REVISION_MAX], struct vx_error *err)
{
	VX_AUTO(vx_scan_put_p) struct vx_scan *scan = NULL;
	bool known;
	int rc = vx_directory_scan(check(b), ctx, &scan, err);

	if (rc == 0)
		rc = resolve_label(b, scan, &label, &known, err);
	if (rc == 0)
		memcpy(ret, scan->revision, VX_REVISION_MAX);
	return rc;
}

/* Whether a search path names the top-level folder @name by its own text: then it is no label. */
static bool is_search_path(const struct vx_layout *l, const char *name)
{
	for (size_t i = 0; i < l->n_paths; i++)
		if (strncmp(l->paths[i], name, strlen(name)) == 0 &&
		    (l->paths[i][strlen(name)] == '\0' || l->paths[i][strlen(name)] == '/'))
			return true;
	return false;
}

static int list_labels(const struct vx_backend *b, const struct vx_scan *s, const char *cursor,
                       size_t max, struct vx_list *ret)
{
	const struct vx_folder *root = s->root->folder;
	VX_AUTO(vx_freep) const char **names = calloc(root->n_dirs + 1, sizeof(*names));
	size_t n = 0;

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < root->n_dirs && b->layout.label_folders; i++)
		if (!is_search_path(&b->layout, root->dirs[i].name) &&
		    vx_label_check(root->dirs[i].name, NULL) == 0)
			names[n++] = root->dirs[i].name;
	return vx_list_page(names, n, cursor, max, ret);
}

static int list_once(struct vx_backend *b, const struct vx_ctx *ctx, enum vx_list_what what,
                     const char *app, const char *label, const char *cursor, size_t max,
                     struct vx_list *ret, struct vx_error *err)
{
	VX_AUTO(vx_scan_put_p) struct vx_scan *scan = NULL;
	struct vx_directory_view view = {.b = b};
	struct vx_source src;
	bool known;
	int rc = vx_directory_scan(b, ctx, &scan, err);

	if (rc == 0 && what != VX_LIST_LABELS)
		rc = resolve_label(b, scan, &label, &known, err);
	if (rc < 0)
		return rc;
	view.scan = scan;
	src = vx_directory_source(&view, ctx);
	switch (what) {
	case VX_LIST_APPS:
		return vx_layout_apps(&b->layout, &src, label, cursor, max, ret, err);
	case VX_LIST_PROFILES:
		return vx_layout_profiles(&b->layout, &src, app, label, cursor, max, ret, err);
	case VX_LIST_LABELS:
		rc = list_labels(b, scan, cursor, max, ret);
		return rc < 0 ? vx_fail(err, rc, "out of memory") : 0;
	}
	vx_assert(!"a kind of list");
	return -EINVAL;
}

static int directory_list(struct vx_backend *b, const struct vx_ctx *ctx, enum vx_list_what what,
                          const char *app, const char *label, const char *cursor, size_t max,
                          struct vx_list *ret, struct vx_error *err)
{
	check(b);
	for (int i = 0; i < TRIES; i++) {
		int rc = list_once(b, ctx, what, app, label, cursor, max, ret, err);

		if (rc != -ESTALE)
			return rc;
		distrust(b);
	}
	return vx_fail(err, -EAGAIN, "'%s' changes while it is being read", b->path);
}

/* The scan that had @revision, or NULL. */
static struct vx_scan *at_revision(struct vx_backend *b, const char *revision)
{
	VX_LOCKED(&b->lock);

	for (size_t i = 0; i < VX_DIRECTORY_KEPT && b->kept[i]; i++)
		if (strcmp(b->kept[i]->revision, revision) == 0)
			return vx_scan_ref(b->kept[i]);
	return NULL;
}

static int directory_file(struct vx_backend *b, const struct vx_ctx *ctx, const char *revision,
                          const char *path, size_t max, struct vx_bytes **ret, struct vx_error *err)
{
	VX_AUTO(vx_scan_put_p) struct vx_scan *scan = at_revision(check(b), revision);
	VX_AUTO(vx_freep) char *folder = NULL;
	const struct vx_scan_folder *in;
	const struct vx_file *file;
	const char *slash = strrchr(path, '/');
	int rc = vx_ctx_check(ctx);

	if (rc < 0)
		return vx_fail(err, rc, "reading '%s'", path);
	if (!scan) /* after a restart the tree may still be as it was */
		rc = vx_directory_scan(b, ctx, &scan, err);
	if (rc < 0)
		return rc;
	if (strcmp(scan->revision, revision) != 0)
		return vx_fail(err, -ESTALE, "revision %s of '%s' is gone", revision, b->path);
	folder = strndup(path, slash ? (size_t)(slash - path) : 0);
	if (!folder)
		return vx_fail(err, -ENOMEM, "out of memory");
	in = vx_scan_find(scan, folder);
	file = in ? vx_folder_file(in->folder, slash ? slash + 1 : path) : NULL;
	if (!file)
		return vx_fail(err, -ENOENT, "no file '%s' in '%s'", path, b->path);
	return vx_file_read(b->path, path, file->id, max, ret, err);
}

static const char *directory_source(struct vx_backend *b)
{
	return check(b)->path;
}

const struct vx_backend_ops vx_directory_ops = {
	.type = "directory",
	.open = directory_open,
	.fetch = directory_fetch,
	.revision = directory_revision,
	.list = directory_list,
	.file = directory_file,
	.watch = vx_directory_watch,
	.source = directory_source,
	.close = directory_close,
};
