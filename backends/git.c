/* git.c - a Git repository as a backend: settings in, the contract's answers out.
 *
 * A remote one is mirrored (git_remote.c), and its mirror read as any repository here. Only the object database is read: there is no work tree, no checkout and no lock between
 * readers, and a bare repository is as good as any. An answer is one commit's. */
#include <errno.h>
#include <string.h>

#include "backends/builtin.h"
#include "backends/git_i.h"
#include "backends/list.h"

/* Parsed trees that are kept for the next reader; what is in use lives on outside of it. */
#define DOC_CACHE_BYTES ((size_t)8 << 20)

/* Folders: one of 10,000 files takes 1.2 MB, one of ten 2 KB. */
#define FOLDER_CACHE_BYTES ((size_t)16 << 20)

static struct vx_backend *check(struct vx_backend *b)
{
	return VX_CHECK(b, struct vx_backend, VX_GIT_MAGIC);
}

/* A call's hold on a handle, and perhaps on a commit's tree. */
struct hold {
	struct vx_backend *b;
	struct vx_git_handle *h;
	struct vx_git_view view;
};

static void hold_fini(struct hold *hold)
{
	vx_git_view_fini(&hold->view);
	vx_git_give(hold->b, hold->h);
}

static void git_close(struct vx_backend *b)
{
	if (!b)
		return;
	check(b);
	vx_git_unwatch(b);
	vx_git_remote_free(b->remote);
	vx_git_pool_fini(b);
	vx_lru_free(b->folders);
	vx_doc_cache_free(b->docs);
	vx_layout_fini(&b->layout);
	(void)pthread_mutex_destroy(&b->lock); /* nobody uses it any more */
	free(b->default_label);
	free(b->path);
	free(b->shown);
	free(b->name);
	free(b);
	(void)git_libgit2_shutdown(); /* counted; nothing can be done if it fails */
}

static void git_close_p(struct vx_backend **b)
{
	git_close(*b);
}

/* libgit2's own settings, which are global. Who owns a repository says nothing about who may read
 * it; nobody's ~/.gitconfig changes what we serve; and objects are cached here, as what is made of
 * them. */
static void configure_library(void)
{
	static const int levels[] = {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
	                             GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL};

	(void)git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	(void)git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		(void)git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
}

/* Where the repository @uri is read: itself, or its mirror. */
static int place(struct vx_backend *b, const struct vx_settings_map *cfg,
                 const struct vx_backend_env *env, struct vx_error *err)
{
	VX_AUTO(vx_git_uri_fini) struct vx_git_uri uri = {0};
	int rc = vx_git_uri_parse(vx_map_str(cfg, "uri"), &uri, err);

	if (rc < 0)
		return vx_wrap(err, rc, "%s: uri", vx_map_where(cfg));
	if (uri.how == VX_GIT_LOCAL) {
		b->path = vx_steal(uri.address);
		b->shown = vx_steal(uri.shown);
		return 0;
	}
	rc = vx_git_remote_new(cfg, env, &uri, &b->remote, err);
	if (rc < 0)
		return rc;
	b->path = strdup(vx_git_remote_path(b->remote));
	b->shown = strdup(vx_git_remote_source(b->remote));
	return b->path && b->shown ? 0 : vx_fail(err, -ENOMEM, "out of memory");
}

static int git_open(const struct vx_settings_map *cfg, const struct vx_backend_env *env,
                    struct vx_backend **ret, struct vx_error *err)
{
	struct vx_layout_options options = {.root_first = true};
	const char *own = vx_map_str(cfg, "default_label");
	VX_AUTO(git_close_p) struct vx_backend *b = NULL;
	int rc;

	if (git_libgit2_init() < 0)
		return vx_fail(err, -ENOMEM, "libgit2 cannot be started");
	b = calloc(1, sizeof(*b));
	if (!b) {
		(void)git_libgit2_shutdown(); /* counted; nothing can be done if it fails */
		return vx_fail(err, -ENOMEM, "out of memory");
	}
	b->magic = VX_GIT_MAGIC;
	vx_assert(pthread_mutex_init(&b->lock, NULL) == 0);
	configure_library();
	rc = place(b, cfg, env, err);
	if (rc < 0)
		return rc;
	options.n_search_paths = vx_map_strings(cfg, "search_paths", &options.search_paths);
	rc = vx_layout_init(&b->layout, &options, err);
	if (rc < 0)
		return vx_wrap(err, rc, "%s", vx_map_where(cfg));
	b->limits = env->limits;
	b->clock = env->clock;
	b->name = strdup(vx_map_str(cfg, "name"));
	b->default_label = strdup(*own ? own : env->default_label);
	b->docs = vx_doc_cache_new(DOC_CACHE_BYTES);
	b->folders = vx_git_folders_new(FOLDER_CACHE_BYTES);
	if (!b->name || !b->default_label || !b->docs || !b->folders)
		return vx_fail(err, -ENOMEM, "out of memory");
	*ret = vx_steal(b);
	return 0;
}

/* Borrow a handle and resolve @label with it. */
static int hold_label(struct vx_backend *b, const struct vx_ctx *ctx, const char *label,
                      struct hold *ret, git_oid *ret_commit, struct vx_error *err)
{
	int rc = vx_ctx_check(ctx);

	ret->b = check(b);
	if (rc < 0)
		return vx_fail(err, rc, "reading '%s'", b->shown);
	rc = vx_git_await(b, ctx, &ret->h, err);
	return rc < 0 ? rc : vx_git_resolve(b, ret->h, label, ret_commit, err);
}

static int git_fetch(struct vx_backend *b, const struct vx_ctx *ctx, const struct vx_coords *at,
                     const char *have, struct vx_layers **ret, struct vx_error *err)
{
	VX_AUTO(hold_fini) struct hold hold = {0};
	VX_AUTO(vx_layers_put_p) struct vx_layers *layers = NULL;
	char revision[VX_GIT_ID_DIGITS + 1];
	struct vx_source src;
	git_oid commit;
	int rc = hold_label(b, ctx, at->label, &hold, &commit, err);

	if (rc < 0)
		return rc;
	(void)git_oid_tostr(revision, sizeof(revision), &commit);
	if (have && strcmp(have, revision) == 0)
		return 1;
	rc = vx_git_view(b, hold.h, ctx, &commit, &hold.view, err);
	if (rc < 0)
		return rc;
	layers = vx_layers_new(b->name, revision);
	if (!layers)
		return vx_fail(err, -ENOMEM, "out of memory");
	layers->label_known = true;
	src = vx_git_source(&hold.view, ctx);
	rc = vx_layout_fetch(&b->layout, &src, at, at->label ? at->label : b->default_label, layers,
	                     err);
	if (rc == 0)
		*ret = vx_steal(layers);
	return rc;
}

static int git_revision(struct vx_backend *b, const struct vx_ctx *ctx, const char *label,
                        char ret[VX_REVISION_MAX], struct vx_error *err)
{
	VX_AUTO(hold_fini) struct hold hold = {0};
	git_oid commit;
	int rc = hold_label(b, ctx, label, &hold, &commit, err);

	if (rc == 0)
		(void)git_oid_tostr(ret, VX_REVISION_MAX, &commit);
	return rc;
}

static int list_labels(struct vx_backend *b, const struct vx_ctx *ctx, const char *cursor,
                       size_t max, struct vx_list *ret, struct vx_error *err)
{
	VX_AUTO(hold_fini) struct hold hold = {.b = b};
	VX_AUTO(vx_git_refs_fini) struct vx_git_refs refs = {0};
	VX_AUTO(vx_freep) const char **names = NULL;
	size_t n = 0;
	int rc = vx_git_await(b, ctx, &hold.h, err);

	if (rc == 0)
		rc = vx_git_refs(hold.h, ctx, &refs, err);
	if (rc < 0)
		return rc;
	names = calloc(refs.n + 1, sizeof(*names));
	if (!names)
		return vx_fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < refs.n; i++) {
		const char *label = vx_git_ref_label(refs.refs[i].name);

		if (vx_label_check(label, NULL) == 0)
			names[n++] = label;
	}
	rc = vx_list_page(names, n, cursor, max, ret);
	return rc < 0 ? vx_fail(err, rc, "out of memory") : 0;
}

static int git_list(struct vx_backend *b, const struct vx_ctx *ctx, enum vx_list_what what,
                    const char *app, const char *label, const char *cursor, size_t max,
                    struct vx_list *ret, struct vx_error *err)
{
	VX_AUTO(hold_fini) struct hold hold = {.b = b};
	struct vx_source src;
	git_oid commit;
	int rc;

	if (what == VX_LIST_LABELS)
		return list_labels(check(b), ctx, cursor, max, ret, err);
	rc = hold_label(b, ctx, label, &hold, &commit, err);
	if (rc == 0)
		rc = vx_git_view(b, hold.h, ctx, &commit, &hold.view, err);
	if (rc < 0)
		return rc;
	if (!label)
		label = b->default_label;
	src = vx_git_source(&hold.view, ctx);
	if (what == VX_LIST_APPS)
		return vx_layout_apps(&b->layout, &src, label, cursor, max, ret, err);
	return vx_layout_profiles(&b->layout, &src, app, label, cursor, max, ret, err);
}

static int git_file(struct vx_backend *b, const struct vx_ctx *ctx, const char *revision,
                    const char *path, size_t max, struct vx_bytes **ret, struct vx_error *err)
{
	VX_AUTO(hold_fini) struct hold hold = {.b = check(b)};
	VX_AUTO(vx_folder_put_p) struct vx_folder *folder = NULL;
	VX_AUTO(vx_freep) char *in = NULL;
	const char *slash = strrchr(path, '/');
	const struct vx_file *file = NULL;
	struct vx_source src;
	git_oid commit;
	int rc = vx_ctx_check(ctx);

	if (rc < 0)
		return vx_fail(err, rc, "reading '%s'", path);
	if (git_oid_fromstr(&commit, revision) < 0)
		return vx_fail(err, -ESTALE, "'%s' is no commit of '%s'", revision, b->shown);
	rc = vx_git_await(b, ctx, &hold.h, err);
	if (rc == 0)
		rc = vx_git_view(b, hold.h, ctx, &commit, &hold.view, err);
	if (rc < 0)
		return rc;
	in = strndup(path, slash ? (size_t)(slash - path) : 0);
	if (!in)
		return vx_fail(err, -ENOMEM, "out of memory");
	src = vx_git_source(&hold.view, ctx);
	rc = src.folder(&src, in, false, &folder, err);
	if (rc == 0)
		file = vx_folder_file(folder, slash ? slash + 1 : path);
	if (rc == -ENOENT || (rc == 0 && !file))
		return vx_fail(err, -ENOENT, "no file '%s' at commit %.12s of '%s'", path, revision,
		               b->shown);
	return rc < 0 ? rc : src.read(&src, path, file, max, ret, err);
}

static int git_refresh(struct vx_backend *b, const struct vx_ctx *ctx, struct vx_error *err)
{
	check(b);
	if (b->remote)
		return vx_git_remote_refresh(b->remote, ctx, err);
	vx_git_look_now(b);
	return 0;
}

static void git_status(struct vx_backend *b, struct vx_backend_status *ret)
{
	check(b);
	*ret = (struct vx_backend_status){0};
	if (b->remote)
		vx_git_remote_status(b->remote, ret);
}

static const char *git_source(struct vx_backend *b)
{
	return check(b)->shown;
}

const struct vx_backend_ops vx_git_ops = {
	.type = "git",
	.commits = true,
	.open = git_open,
	.fetch = git_fetch,
	.revision = git_revision,
	.list = git_list,
	.file = git_file,
	.history = vx_git_history,
	.watch = vx_git_watch,
	.refresh = git_refresh,
	.status = git_status,
	.source = git_source,
	.close = git_close,
};
