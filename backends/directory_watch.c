/* directory_watch.c - what a watched folder's events mean, and what changed in it.
 *
 * Scans put a watch on every folder before they list it (directory_scan.c). Watched besides: the
 * configured path, for the link of a Kubernetes volume in it, and its parent, for its own
 * replacement. What no event tells (a parent that was replaced, folders beyond the kernel's limit
 * of watches) is looked for once a second. */
#include <errno.h>
#include <string.h>
#include <sys/inotify.h>

#include "backends/directory_i.h"
#include "backends/watcher.h"

#define PARENT_EVENTS (IN_CREATE | IN_DELETE | IN_MOVE | IN_ONLYDIR)
#define ROOT_EVENTS                                                                                \
	(PARENT_EVENTS | IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF |  \
	 IN_EXCL_UNLINK)

struct vx_directory_watch {
	struct vx_backend *b;
	vx_backend_changed_fn *changed;
	void *arg;
	struct vx_watcher *watcher; /* guarded by the backend's lock; NULL until it has started */
	int inotify;                /* the backend's */
	struct vx_ctx ctx;          /* of the thread's own scans; cancelled by close */
	struct vx_scan *told;       /* what the listener knows; NULL: the tree is away */
	char *parent;
	const char *leaf; /* the path's last name */
	int parent_wd;    /* guarded by the backend's lock */
	uint64_t seen;    /* how many events the last look at the tree was for */
};

/* Watch the path and its parent; both may be away, or others than before. */
static void watch_around(struct vx_directory_watch *w)
{
	int root = inotify_add_watch(w->inotify, w->b->path, ROOT_EVENTS);
	int parent = inotify_add_watch(w->inotify, w->parent, PARENT_EVENTS | IN_MASK_ADD);
	VX_LOCKED(&w->b->lock);

	/* The root of the filesystem is its own parent. */
	w->parent_wd = parent == root ? -1 : parent;
}

static void note(struct vx_directory_watch *w, const struct inotify_event *e)
{
	const char *name = e->len ? e->name : "";

	if (e->wd < 0) /* the queue ran over */
		vx_events_lose(&w->b->events);
	else if (e->wd == w->parent_wd && *name && strcmp(name, w->leaf) != 0)
		return;                 /* a neighbour of ours */
	else if (e->wd == w->parent_wd) /* the root may be another */
		vx_events_lose(&w->b->events);
	else if (!*name || vx_folder_takes(name) || strcmp(name, VX_DATA_LINK) == 0)
		vx_events_note(&w->b->events, e->wd, e->mask & (IN_IGNORED | IN_DELETE_SELF), name);
}

void vx_directory_drain(struct vx_backend *b)
{
	struct vx_directory_watch *w = b->watch;
	char batch[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	uint64_t had = b->events.n;
	ssize_t n;

	while ((n = read(w->inotify, batch, sizeof(batch))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(batch + at);

			note(w, e);
			at += (ssize_t)(sizeof(*e) + e->len);
		}
	}
	if (b->events.n != had && w->watcher)
		vx_watcher_poke(w->watcher);
}

/* Whether something happened, whoever read it from inotify. */
static bool drain(void *arg)
{
	struct vx_directory_watch *w = arg;
	VX_LOCKED(&w->b->lock);
	uint64_t seen = w->seen;

	vx_directory_drain(w->b);
	w->seen = w->b->events.n;
	return w->seen != seen;
}

static void tell(struct vx_directory_watch *w, struct vx_scan *now)
{
	struct vx_directory_view before = {w->b, w->told}, after = {w->b, now};
	struct vx_source a = vx_directory_source(&before, &w->ctx);
	struct vx_source b = vx_directory_source(&after, &w->ctx);
	struct vx_name_set touched = VX_NAME_SET_INIT;
	bool known = w->told && now && vx_layout_diff(&w->b->layout, &a, &b, &touched, NULL) == 0 &&
	             !touched.any;

	if (!known)
		w->changed(w->arg, NULL, 0);
	else if (touched.n)
		w->changed(w->arg, touched.names, touched.n);
	vx_name_set_fini(&touched);
}

/* Compare the tree with what the listener knows, and tell what differs. */
static void compare(void *arg)
{
	struct vx_directory_watch *w = arg;
	struct vx_scan *now = NULL;
	int rc;

	watch_around(w);
	rc = vx_directory_scan(w->b, &w->ctx, &now, NULL);
	if (rc == -ECANCELED)
		return;
	if (now)
		w->seen = now->events;
	if (!!now != !!w->told || (now && strcmp(now->revision, w->told->revision) != 0))
		tell(w, now);
	vx_scan_put(w->told);
	w->told = now;
}

/* Whether the tree has to be looked at although no event came. */
static bool due(void *arg)
{
	const struct vx_directory_watch *w = arg;
	VX_AUTO(vx_close) int fd = -1;
	struct stat st;

	if (!w->told || !w->told->root->watched)
		return true;
	fd = vx_root_open(w->b->path, NULL);
	return fd < 0 || fstat(fd, &st) < 0 || st.st_dev != w->told->dev ||
	       st.st_ino != w->told->ino;
}

static void watch_free(struct vx_directory_watch *w)
{
	vx_scan_put(w->told);
	vx_ctx_fini(&w->ctx);
	free(w->parent);
	free(w);
}

/* The parent's path and the last name of @path, as the kernel resolves it. */
static int split(struct vx_directory_watch *w, const char *path)
{
	char *slash;
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	w->parent = malloc(n + sizeof("./"));
	if (!w->parent)
		return -ENOMEM;
	(void)stpcpy(w->parent, path[0] == '/' ? "" : "./");
	(void)strncat(w->parent, path, n);
	slash = strrchr(w->parent, '/');
	w->leaf = path + (slash + 1 - w->parent) - (path[0] == '/' ? 0 : 2);
	slash[slash == w->parent] = '\0';
	return 0;
}

/* From now on scans put watches, and whoever looks drains them. */
static void publish(struct vx_directory_watch *w, struct vx_mark *ring)
{
	VX_LOCKED(&w->b->lock);

	w->b->inotify = w->inotify;
	w->b->events.ring = ring;
	w->b->watch = w;
}

int vx_directory_watch(struct vx_backend *b, vx_backend_changed_fn *changed, void *arg,
                       struct vx_error *err)
{
	static const struct vx_watcher_ops ops = {drain, due, compare};
	struct vx_directory_watch *w = calloc(1, sizeof(*w));
	struct vx_mark *ring = calloc(VX_DIRECTORY_MARKS, sizeof(*ring));
	struct vx_watcher *watcher;
	int rc = -ENOMEM;

	vx_assert(!b->watch);
	if (!w || !ring) {
		free(ring);
		free(w);
		return vx_fail(err, rc, "out of memory");
	}
	*w = (struct vx_directory_watch){b, changed, arg, .inotify = -1};
	vx_ctx_init(&w->ctx, b->clock, -1);
	if (split(w, b->path) == 0) {
		w->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
		rc = w->inotify >= 0 ? 0 : -errno;
	}
	if (rc < 0) {
		free(ring);
		watch_free(w);
		return vx_fail(err, rc, "'%s' cannot be watched: %s", b->path, strerror(-rc));
	}
	publish(w, ring);
	watch_around(w);
	(void)vx_directory_scan(b, &w->ctx, &w->told, NULL); /* away: told stays NULL */
	w->seen = w->told ? w->told->events : 0;
	rc = vx_watcher_start(&ops, w, w->inotify, b->clock, &watcher);
	vx_lock(&b->lock);
	if (rc == 0) {
		w->watcher = watcher;
		vx_watcher_poke(watcher); /* for what a reader found until now */
	} else {
		b->watch = NULL; /* what is in the queue no longer matters */
	}
	vx_unlock(&b->lock);
	if (rc < 0) {
		watch_free(w);
		return vx_fail(err, rc, "'%s' cannot be watched: %s", b->path, strerror(-rc));
	}
	return 0;
}

void vx_directory_unwatch(struct vx_backend *b)
{
	struct vx_directory_watch *w = b->watch;

	if (!w)
		return;
	vx_ctx_cancel(&w->ctx);
	vx_watcher_stop(w->watcher); /* it uses the watch until then */
	b->watch = NULL;
	watch_free(w);
}
