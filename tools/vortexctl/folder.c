/* folder.c - composing a directory without a daemon; see folder.h.
 *
 * The directory backend is opened with settings that are written here, through the daemon's own
 * table of them, so that a document means here what it means there. */
#include "tools/vortexctl/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/compose.h"
#include "core/ctx.h"
#include "core/render.h"
#include "core/snapshot.h"
#include "daemon/settings_rows.h"

#define PAGE 1000
#define PLAIN_MAX_BYTES ((size_t)16 << 20) /* a larger plain file is served as it is */

/* Layers that a composition borrows, until it is done. */
struct held {
	struct vx_layers *layers;
	struct held *next;
};

struct vx_ctl_folder {
	const struct vx_backend_ops *ops;
	struct vx_backend *backend;
	struct vx_settings *settings; /* what the backend was opened with */
	struct held *held;
};

/* The settings of one directory backend, as YAML; strings in JSON's spelling are YAML too. */
static int write_settings(const char *path, const char *const *search_paths, size_t n,
                          bool label_folders, struct vx_buf *ret)
{
	vx_buf_puts(ret, "backends: [{name: files, type: directory, priority: 1, path: ");
	vx_buf_json(ret, path, strlen(path));
	vx_buf_printf(ret, ", labels: %s, search_paths: [",
	              label_folders ? "subdirectories" : "none");
	for (size_t i = 0; i < n; i++) {
		vx_buf_puts(ret, i ? ", " : "");
		vx_buf_json(ret, search_paths[i], strlen(search_paths[i]));
	}
	vx_buf_puts(ret, "]}]\n");
	return vx_buf_failed(ret) ? -ENOMEM : 0;
}

static int open_backend(struct vx_ctl_folder *f, const char *yaml, size_t len, struct vx_error *err)
{
	const struct vx_settings_source from = {.path = "vortexctl", .text = yaml, .len = len};
	const struct vx_backend_env env = {.clock = vx_clock_system(),
	                                   .limits = VX_DOC_LIMITS_DEFAULT,
	                                   .default_label = "main"};
	int rc = vx_settings_load(vx_daemon_rows, vx_daemon_n_rows, &from, NULL, NULL, &f->settings,
	                          err);

	if (rc < 0)
		return rc;
	f->ops = vx_backend_find("directory");
	vx_assert(f->ops != NULL); /* it is always built in */
	return f->ops->open(vx_settings_at(f->settings, "backends", 0), &env, &f->backend, err);
}

int vx_ctl_folder_open(const char *path, const char *const *search_paths, size_t n_search_paths,
                       bool label_folders, struct vx_ctl_folder **ret, struct vx_error *err)
{
	VX_AUTO(vx_ctl_folder_close_p) struct vx_ctl_folder *f = calloc(1, sizeof(*f));
	VX_AUTO(vx_buf_fini) struct vx_buf yaml = VX_BUF_INIT;
	struct stat st;
	int rc;

	if (stat(path, &st) < 0)
		return vx_fail(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return vx_fail(err, -ENOTDIR, "%s is not a directory", path);
	rc = write_settings(path, search_paths, n_search_paths, label_folders, &yaml);
	if (!f || rc < 0)
		return vx_fail(err, -ENOMEM, "out of memory");
	rc = open_backend(f, yaml.data, yaml.len, err);
	if (rc == 0)
		*ret = vx_steal(f);
	return rc;
}

static void release(struct vx_ctl_folder *f)
{
	while (f->held) {
		struct held *h = f->held;

		f->held = h->next;
		vx_layers_put(h->layers);
		free(h);
	}
}

void vx_ctl_folder_close(struct vx_ctl_folder *f)
{
	if (!f)
		return;
	release(f);
	if (f->backend)
		f->ops->close(f->backend);
	vx_settings_put(f->settings);
	free(f);
}

/* Append the names of @page to @all, which takes them over; @page is empty then. */
static int append(struct vx_list *all, struct vx_list *page)
{
	char **more;

	if (page->n == 0)
		return 0;
	more = reallocarray(all->names, all->n + page->n, sizeof(*more));
	if (!more)
		return -ENOMEM;
	memcpy(more + all->n, page->names, page->n * sizeof(*more));
	all->names = more;
	all->n += page->n;
	page->n = 0;
	return 0;
}

int vx_ctl_folder_list(struct vx_ctl_folder *f, enum vx_list_what what, const char *app,
                       const char *label, struct vx_list *ret, struct vx_error *err)
{
	VX_AUTO(vx_list_fini) struct vx_list all = {0};
	struct vx_ctx ctx;
	bool more = true;
	int rc = 0;

	vx_ctx_init(&ctx, vx_clock_system(), -1);
	while (rc == 0 && more) {
		VX_AUTO(vx_list_fini) struct vx_list page = {0};
		const char *cursor = all.n ? all.names[all.n - 1] : "";

		rc = f->ops->list(f->backend, &ctx, what, app, label, cursor, PAGE, &page, err);
		if (rc < 0)
			break;
		more = page.more && page.n > 0;
		rc = append(&all, &page);
		if (rc < 0)
			(void)vx_fail(err, rc, "out of memory");
	}
	vx_ctx_fini(&ctx);
	if (rc < 0)
		return rc;
	*ret = all;
	all = (struct vx_list){0};
	return 0;
}

/* Whether the tree would show @at; @l are its layers. The rule is the same for every backend. */
static int check_known(const struct vx_coords *at, const struct vx_layers *l, struct vx_error *err)
{
	if (!l->app_known && strcmp(at->app, "application") != 0)
		return vx_fail(err, -ENOENT, "no document names the application '%s'", at->app);
	for (size_t i = 0; i < at->n_profiles; i++)
		if (!(l->profiles_known & (UINT32_C(1) << i)))
			return vx_fail(err, -ENOENT, "no document of '%s' names the profile '%s'",
			               at->app, at->profiles[i]);
	return 0;
}

static int layers_at(void *arg, const struct vx_coords *at, struct vx_layer_set *ret,
                     struct vx_error *err)
{
	struct vx_ctl_folder *f = arg;
	struct held *h = calloc(1, sizeof(*h));
	struct vx_ctx ctx;
	int rc;

	if (!h)
		return vx_fail(err, -ENOMEM, "out of memory");
	vx_ctx_init(&ctx, vx_clock_system(), -1);
	rc = f->ops->fetch(f->backend, &ctx, at, NULL, &h->layers, err);
	vx_ctx_fini(&ctx);
	if (rc == 0 &&
	    !f->held) /* what was asked for; an import's absence is vx_resolve's to say */
		rc = check_known(at, h->layers, err);
	if (rc < 0) {
		vx_layers_put(h->layers);
		free(h);
		return rc;
	}
	h->next = f->held;
	f->held = h;
	*ret = (struct vx_layer_set){.layers = &h->layers, .n = 1};
	return 0;
}

static int render_all(const struct vx_snapshot *s, struct vx_buf *notes, struct vx_error *err)
{
	for (int out = 0; out < VX_OUTPUTS; out++) {
		VX_AUTO(vx_bytes_put_p) struct vx_bytes *bytes = NULL;
		int rc = vx_render(s, (enum vx_output)out, &bytes, notes, err);

		if (rc < 0)
			return vx_wrap(err, rc, "application.%s",
			               vx_output_suffix((enum vx_output)out));
	}
	return 0;
}

static int resolve_plain(struct vx_ctl_folder *f, const struct vx_snapshot *s,
                         const struct vx_snapshot_plain *p, struct vx_error *err)
{
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *raw = NULL;
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *resolved = NULL;
	struct vx_ctx ctx;
	int rc;

	if (p->plain->size > PLAIN_MAX_BYTES)
		return 0;
	vx_ctx_init(&ctx, vx_clock_system(), -1);
	rc = f->ops->file(f->backend, &ctx, p->revision, p->plain->path, PLAIN_MAX_BYTES, &raw,
	                  err);
	vx_ctx_fini(&ctx);
	if (rc == 0)
		rc = vx_snapshot_resolve_text(s, raw->data, raw->len, &resolved, err);
	return rc < 0 ? vx_wrap(err, rc, "%s", p->plain->path) : 0;
}

/* The snapshot borrows layers that @f holds: put it, then release(). */
static int compose(struct vx_ctl_folder *f, const struct vx_coords *at, struct vx_snapshot **ret,
                   struct vx_error *err)
{
	const struct vx_compose_options options = {0};
	struct vx_resolved *resolved = NULL;
	int rc = vx_resolve(at, layers_at, f, &resolved, err);

	if (rc == 0)
		rc = vx_compose(resolved, &options, ret, err);
	vx_resolved_put(resolved); /* the snapshot keeps a reference of its own */
	return rc;
}

int vx_ctl_folder_check(struct vx_ctl_folder *f, const struct vx_coords *at, struct vx_buf *notes,
                        struct vx_error *err)
{
	struct vx_snapshot *s = NULL;
	int rc = compose(f, at, &s, err);

	for (size_t i = 0; rc == 0 && i < s->n_notes; i++)
		vx_buf_printf(notes, "%s\n", s->notes[i].text);
	if (rc == 0)
		rc = render_all(s, notes, err);
	for (size_t i = 0; rc == 0 && i < s->n_plain; i++)
		rc = resolve_plain(f, s, &s->plain[i], err);
	vx_snapshot_put(s);
	release(f);
	return rc;
}

int vx_ctl_folder_graph(struct vx_ctl_folder *f, const struct vx_coords *at, const char *as,
                        struct vx_bytes **ret, struct vx_error *err)
{
	struct vx_snapshot *s = NULL;
	int rc = compose(f, at, &s, err);

	if (rc == 0)
		rc = vx_render_graph(s, as, ret, err);
	vx_snapshot_put(s);
	release(f);
	return rc;
}
