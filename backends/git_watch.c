/* git_watch.c - telling what changed in a repository on this machine, or in the mirror of a remote.
 *
 * Its references are watched by inotify: the loose ones below refs/heads and refs/tags, and
 * packed-refs. When something happened, the references are compared with those that were told
 * last; of a moved one, the two commits' trees say which applications are touched. A label that
 * came or went may concern anybody. Objects are written before the references to them, so they are
 * there by then. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>

#include "backends/git_i.h"
#include "backends/watcher.h"

#define DEPTH_MAX 64
#define EVENTS                                                                                     \
	(IN_CREATE | IN_MOVE | IN_DELETE | IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE_SELF |           \
	 IN_MOVE_SELF | IN_ONLYDIR)

struct vx_git_watch {
	struct vx_backend *b;
	vx_backend_changed_fn *changed;
	void *arg;
	int inotify;
	struct vx_watcher *watcher;
	struct vx_ctx ctx; /* of the thread's own calls; cancelled by close */
	bool away;         /* the repository could not be read when it was looked at last */
	dev_t dev;         /* of its folder then */
	ino_t ino;
	struct vx_git_refs told; /* what the listener knows */
};

/* Watch the folder @at/@name and all below it. One that is away is looked for again. */
static void watch_folder(int inotify, int at, const char *name, unsigned depth)
{
	VX_AUTO(vx_close)
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const struct dirent *e;
	char self[32];
	DIR *dir;
	int own;

	if (fd < 0 || depth == DEPTH_MAX)
		return;
	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	(void)inotify_add_watch(inotify, self, EVENTS); /* refused: polling finds it */
	own = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	dir = own >= 0 ? fdopendir(own) : NULL;
	if (!dir)
		vx_close(&own);
	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.' && (e->d_type == DT_DIR || e->d_type == DT_UNKNOWN))
			watch_folder(inotify, fd, e->d_name, depth + 1);
	if (dir)
		(void)closedir(dir); /* only read */
}

static void watch_repository(struct vx_git_watch *w, struct vx_git_handle *h)
{
	const char *common = git_repository_commondir(h->repo);
	VX_AUTO(vx_close) int fd = open(common, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)inotify_add_watch(w->inotify, common, EVENTS); /* as above */
	watch_folder(w->inotify, fd, "refs", 0);
}

/* Whether an event matters: not that of a lock, which every writer makes and renames. */
static bool matters(const struct inotify_event *e)
{
	size_t n = e->len ? strlen(e->name) : 0;

	if (e->mask & IN_Q_OVERFLOW)
		return true;
	return !(n > 5 && strcmp(e->name + n - 5, ".lock") == 0) && strcmp(e->name, "index") != 0 &&
	       strcmp(e->name, "COMMIT_EDITMSG") != 0;
}

static bool drain(void *arg)
{
	const struct vx_git_watch *w = arg;
	char batch[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool ours = false;
	ssize_t n;

	while ((n = read(w->inotify, batch, sizeof(batch))) > 0) {
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(batch + at);

			ours = ours || e->len == 0 || matters(e);
			at += (ssize_t)(sizeof(*e) + e->len);
		}
	}
	return ours;
}

/* Whether another repository stands there than when it was looked at last, or one is missing. */
static bool due(void *arg)
{
	const struct vx_git_watch *w = arg;
	struct stat st;

	return w->away || stat(w->b->path, &st) < 0 || st.st_dev != w->dev || st.st_ino != w->ino;
}

/* Add the applications that differ between two commits; false: it cannot be told. */
static bool touched_between(struct vx_git_watch *w, struct vx_git_handle *h, const git_oid *was,
                            const git_oid *now, struct vx_name_set *touched)
{
	VX_AUTO(vx_git_view_fini) struct vx_git_view a = {0};
	VX_AUTO(vx_git_view_fini) struct vx_git_view b = {0};
	struct vx_source before, after;

	if (vx_git_view(w->b, h, &w->ctx, was, &a, NULL) < 0 ||
	    vx_git_view(w->b, h, &w->ctx, now, &b, NULL) < 0)
		return false;
	before = vx_git_source(&a, &w->ctx);
	after = vx_git_source(&b, &w->ctx);
	return vx_layout_diff(&w->b->layout, &before, &after, touched, NULL) == 0 && !touched->any;
}

/* Compare two lists of references. False: anything may have changed. */
static bool touched_by(struct vx_git_watch *w, struct vx_git_handle *h,
                       const struct vx_git_refs *now, struct vx_name_set *touched)
{
	const struct vx_git_refs *was = &w->told;

	if (was->n != now->n)
		return false;
	for (size_t i = 0; i < now->n; i++) {
		if (strcmp(was->refs[i].name, now->refs[i].name) != 0)
			return false;
		if (!git_oid_equal(&was->refs[i].commit, &now->refs[i].commit) &&
		    !touched_between(w, h, &was->refs[i].commit, &now->refs[i].commit, touched))
			return false;
	}
	return true;
}

static void tell(struct vx_git_watch *w, struct vx_git_handle *h, const struct vx_git_refs *now)
{
	struct vx_name_set touched = VX_NAME_SET_INIT;

	if (!touched_by(w, h, now, &touched))
		w->changed(w->arg, NULL, 0);
	else if (touched.n)
		w->changed(w->arg, touched.names, touched.n);
	vx_name_set_fini(&touched);
}

/* Read the references into @ret, and put watches where there are none yet. */
static int look(struct vx_git_watch *w, struct vx_git_handle **ret_h, struct vx_git_refs *ret)
{
	int rc = vx_git_take(w->b, ret_h, NULL);

	if (rc < 0)
		return rc;
	w->dev = (*ret_h)->dev;
	w->ino = (*ret_h)->ino;
	watch_repository(w, *ret_h);
	return vx_git_refs(*ret_h, &w->ctx, ret, NULL);
}

static void compare(void *arg)
{
	struct vx_git_watch *w = arg;
	struct vx_git_handle *h = NULL;
	struct vx_git_refs now = {0};
	bool was_away = w->away;
	int rc = look(w, &h, &now);

	if (rc != -ECANCELED) {
		w->away = rc < 0;
		if (rc == 0 && !was_away)
			tell(w, h, &now);
		else if (w->away != was_away)
			w->changed(w->arg, NULL, 0);
		vx_git_refs_fini(&w->told);
		w->told = now;
	}
	vx_git_give(w->b, h);
}

static void watch_free(struct vx_git_watch *w)
{
	vx_git_refs_fini(&w->told);
	vx_ctx_fini(&w->ctx);
	vx_close(&w->inotify);
	free(w);
}

/* A fetch is done: it is not left to the events alone, a first mirror has none yet. */
static void fetched(void *arg)
{
	const struct vx_git_watch *w = arg;

	vx_watcher_kick(w->watcher);
}

int vx_git_watch(struct vx_backend *b, vx_backend_changed_fn *changed, void *arg,
                 struct vx_error *err)
{
	static const struct vx_watcher_ops ops = {drain, due, compare};
	struct vx_git_watch *w = calloc(1, sizeof(*w));
	struct vx_git_handle *h = NULL;
	int rc;

	vx_assert(!b->watch);
	if (!w)
		return vx_fail(err, -ENOMEM, "out of memory");
	*w = (struct vx_git_watch){.b = b, .changed = changed, .arg = arg};
	vx_ctx_init(&w->ctx, b->clock, -1);
	w->inotify = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	rc = w->inotify >= 0 ? 0 : -errno;
	if (rc == 0) {
		w->away = look(w, &h, &w->told) < 0;
		vx_git_give(b, h);
		rc = vx_watcher_start(&ops, w, w->inotify, b->clock, &w->watcher);
	}
	if (rc < 0) {
		watch_free(w);
		return vx_fail(err, rc, "'%s' cannot be watched: %s", b->shown, strerror(-rc));
	}
	b->watch = w;
	if (!b->remote)
		return 0;
	vx_git_remote_listen(b->remote, fetched, w);
	return vx_git_remote_begin(b->remote, err);
}

void vx_git_look_now(struct vx_backend *b)
{
	if (b->watch)
		vx_watcher_kick(b->watch->watcher);
}

void vx_git_unwatch(struct vx_backend *b)
{
	struct vx_git_watch *w = b->watch;

	if (!w)
		return;
	if (b->remote)
		vx_git_remote_listen(b->remote, NULL, NULL);
	vx_ctx_cancel(&w->ctx);
	vx_watcher_stop(w->watcher);
	b->watch = NULL;
	watch_free(w);
}
