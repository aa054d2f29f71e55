/* file.c - the content of files: rendered on demand, kept while the kernel holds it, and carried
 * over to the next publication where its bytes are the same (then its inode and time stay, and its
 * watchers hear nothing). */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "core/log.h"
#include "daemon/catalog/catalog_i.h"

/* A plain file larger than this is refused with E2BIG; it bounds what one reader can make us hold. */
#define PLAIN_MAX ((size_t)256 << 20)

struct waiter {
	struct waiter *next;
	struct vx_ask *ask;
};

static struct file *file_of(struct vx_content *content)
{
	return VX_CHECK((struct file *)content, struct file, VX_FILE_MAGIC);
}

static void file_destroy(struct vx_content *content)
{
	struct file *f = file_of(content);

	vx_assert(!f->waiters);
	vx_snapshot_put(f->snapshot);
	free(f->path);
	free(f);
}

/* --- bytes ----------------------------------------------------------------------------------- */

/* Flat keyed, as docs/tree.md says. Known when the file is made: it belongs to the publication. */
static struct vx_bytes *version_bytes(const struct track *t)
{
	struct vx_buf b = VX_BUF_INIT;
	struct vx_bytes *bytes = NULL;
	time_t seconds = (time_t)(t->published_ns / VX_SEC);
	char when[32];
	struct tm tm;

	(void)gmtime_r(&seconds, &tm);
	(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	vx_buf_printf(&b, "version %s\nnumber %" PRIu64 "\npublished %s\n%s", t->snapshot->version,
	              t->number, when, t->revisions);
	if (!vx_buf_failed(&b))
		bytes = vx_bytes_new(b.data, b.len);
	vx_buf_fini(&b);
	return bytes;
}

/* application.env, whose names are lossy: what it leaves out is a note. */
static int render_env(struct vx_catalog *c, const struct vx_snapshot *s, struct vx_bytes **ret)
{
	struct vx_buf left_out = VX_BUF_INIT;
	int rc = vx_render(s, VX_OUT_ENV, ret, &left_out, NULL);

	if (rc == 0)
		tell_env(c, s->at, left_out.data ? left_out.data : "");
	vx_buf_fini(&left_out);
	return rc;
}

/* Render what needs no backend. */
static int render(struct vx_catalog *c, const struct file *f, const struct vx_snapshot *s,
                  struct vx_bytes **ret)
{
	switch (f->kind) {
	case FILE_OUTPUT:
		return f->output == VX_OUT_ENV ? render_env(c, s, ret)
		                               : vx_render(s, f->output, ret, NULL, NULL);
	case FILE_ORIGIN:
		return vx_render_origin(s, ret, NULL);
	case FILE_KEY:
		*ret = vx_render_key(f->value);
		return *ret ? 0 : -ENOMEM;
	case FILE_VERSION:
	case FILE_PLAIN:
		break;
	}
	return -EINVAL;
}

/* --- carrying over --------------------------------------------------------------------------- */

static struct file *file_new(struct track *t, const struct file *want)
{
	struct file *f = calloc(1, sizeof(*f));
	int64_t now = vx_wall_ns(t->catalog->clock);

	if (!f)
		return NULL;
	t->mtime_ns = now > t->mtime_ns ? now : t->mtime_ns + 1;
	vx_content_init(&f->content, f, t->mtime_ns, file_destroy);
	f->magic = VX_FILE_MAGIC;
	f->kind = want->kind;
	f->catalog = t->catalog;
	f->output = want->output;
	f->value = want->value;
	f->plain = want->plain;
	f->snapshot = vx_snapshot_ref(t->snapshot);
	f->path = strdup(want->path);
	if (!f->path) {
		vx_content_put(&f->content);
		return NULL;
	}
	return f;
}

/* Whether the file that stands, @f, says what @want of the new publication says; where that takes
 * rendering, the new bytes are left in *ret_bytes. Content that nobody ever read is cheap to make
 * anew and is not compared. */
static bool same_bytes(struct track *t, struct file *f, const struct file *want,
                       struct vx_bytes **ret_bytes)
{
	struct vx_bytes *was = atomic_load(&f->content.bytes);
	bool verbatim;

	if (!was || f->kind != want->kind)
		return false;
	if (want->kind == FILE_PLAIN) {
		vx_lock(&t->catalog->lock);
		verbatim = f->verbatim;
		vx_unlock(&t->catalog->lock);
		return verbatim &&
		       memcmp(f->plain->plain->id, want->plain->plain->id, VX_BLOB_ID_BYTES) == 0;
	}
	if (want->kind == FILE_VERSION)
		*ret_bytes = version_bytes(t);
	else if (render(t->catalog, want, t->snapshot, ret_bytes) < 0)
		return false;
	return *ret_bytes && (*ret_bytes)->len == was->len &&
	       memcmp((*ret_bytes)->data, was->data, was->len) == 0;
}

struct vx_content *file_get(struct track *t, const struct file *want)
{
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *bytes = NULL;
	struct file *f, *was;

	HASH_FIND_STR(t->files, want->path, was);
	if (was && (was->generation == t->generation || same_bytes(t, was, want, &bytes))) {
		was->generation = t->generation;
		return vx_content_ref(&was->content);
	}
	f = file_new(t, want);
	if (!f)
		return NULL;
	if (f->kind == FILE_VERSION && !bytes)
		bytes = version_bytes(t);
	if (bytes)
		vx_content_keep(&f->content, vx_steal(bytes));
	f->generation = t->generation;
	if (was) {
		HASH_DEL(t->files, was);
		vx_content_put(&was->content);
	}
	HASH_ADD_KEYPTR(hh, t->files, f->path, strlen(f->path), f);
	return vx_content_ref(&f->content);
}

void files_sweep(struct track *t)
{
	struct file *f, *next;

	HASH_ITER (hh, t->files, f, next) {
		if (f->generation == t->generation)
			continue;
		HASH_DEL(t->files, f);
		vx_content_put(&f->content);
	}
}

void files_clear(struct track *t)
{
	t->generation++;
	files_sweep(t);
}

/* --- loading --------------------------------------------------------------------------------- */

/* A failure is said once a file: its reader only gets an errno. */
static void log_failure(struct file *f, int rc, const struct vx_error *err)
{
	bool said;

	vx_lock(&f->catalog->lock);
	said = f->failing;
	f->failing = rc < 0;
	vx_unlock(&f->catalog->lock);
	if (rc < 0 && rc != -ECANCELED && !said)
		vx_log(VX_LOG_WARN,
		       VX_FIELDS({"track", f->snapshot->at->text}, {"file", f->path},
		                 {"rc", vx_error_info(rc)->name}),
		       "%s", vx_error_text(err, rc));
}

/* Everyone who waits for @f hears @rc; the reference of the loading is put. */
static void loaded(struct file *f, int rc, struct vx_bytes *bytes, bool verbatim,
                   const struct vx_error *err)
{
	struct waiter *w;

	log_failure(f, rc, err);
	if (rc == 0)
		vx_content_keep(&f->content, bytes);
	vx_lock(&f->catalog->lock);
	w = f->waiters;
	f->waiters = NULL;
	f->loading = false;
	f->verbatim = verbatim;
	vx_unlock(&f->catalog->lock);
	while (w) {
		struct waiter *next = w->next;

		if (rc == 0)
			vx_ask_content(w->ask);
		else
			vx_ask_error(w->ask, rc);
		free(w);
		w = next;
	}
	vx_content_put(&f->content);
}

static void run_render(struct vx_job *job)
{
	struct file *f = (struct file *)((char *)job - offsetof(struct file, job));
	struct vx_bytes *bytes = NULL;
	int rc = render(f->catalog, f, f->snapshot, &bytes);

	loaded(f, rc, bytes, false, NULL);
}

/* A plain file: its bytes as they were at the snapshot's revision, placeholders resolved. */
static int run_plain(struct vx_feed_call *call, struct vx_backend *b,
                     const struct vx_backend_ops *ops, const struct vx_ctx *ctx, int rc)
{
	struct file *f = (struct file *)((char *)call - offsetof(struct file, call));
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *raw = NULL;
	struct vx_bytes *bytes = NULL;
	struct vx_error err = {0};
	int result = rc;

	if (rc == 0)
		rc = result = ops->file(b, ctx, f->plain->revision, f->plain->plain->path,
		                        PLAIN_MAX, &raw, &err);
	if (result == 0 && f->catalog->resolve_plain)
		result = vx_snapshot_resolve_text(f->snapshot, raw->data, raw->len, &bytes, &err);
	else if (result == 0)
		bytes = vx_bytes_ref(raw);
	if (result == -ENOENT)
		result = -ESTALE; /* it was listed: not "no such file", but "no longer to be had" */
	loaded(f, result, bytes,
	       result == 0 && raw->len == bytes->len &&
	               memcmp(raw->data, bytes->data, raw->len) == 0,
	       &err);
	return rc;
}

void file_content(struct vx_catalog *c, struct vx_ask *ask, struct vx_content *content)
{
	struct file *f = file_of(content);
	struct waiter *w = malloc(sizeof(*w));
	bool start = false, known;
	int rc = 0;

	vx_lock(&c->lock);
	known = atomic_load(&content->bytes);
	if (c->ending) {
		rc = -ECANCELED;
	} else if (!w) {
		rc = -ENOMEM;
	} else if (!known) {
		*w = (struct waiter){f->waiters, ask};
		f->waiters = vx_steal(w);
		start = !f->loading;
		f->loading = true;
	}
	vx_unlock(&c->lock);
	free(w);
	if (known || rc < 0) {
		if (known)
			vx_ask_content(ask);
		else
			vx_ask_error(ask, rc);
		return;
	}
	if (!start)
		return;
	(void)vx_content_ref(&f->content); /* put by loaded() */
	if (f->kind == FILE_PLAIN) {
		f->call.run = run_plain;
		vx_feed_call(catalog_feed(c, f->plain->backend), &f->call);
	} else {
		f->job.run = run_render;
		vx_pool_submit(c->pool, &f->job);
	}
}
