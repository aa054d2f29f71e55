/* git_remote.c - see git_remote.h.
 *
 * The lock guards what is known; it is held for moments only, and never while the child runs or the
 * disk is touched. A mirror is made or mended by the thread alone. */
#include "backends/git_remote.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/random.h>

#include "backends/git_child.h"
#include "backends/git_login.h"
#include "backends/git_mirror.h"
#include "core/backoff.h"

#define BACKOFF_FIRST (1 * VX_SEC)
#define BACKOFF_MOST (60 * VX_SEC)

/* What a reader takes for damage may be the source's own: a clone so often at most. */
#define CLONE_AGAIN (600 * VX_SEC)

#define MIB ((double)(1 << 20))

struct vx_git_remote {
	struct vx_git_login *login;
	const struct vx_clock *clock;
	char *path;
	int64_t refresh_ms, whole_ms, stall_ms;
	int stop; /* an eventfd; written once, by free */

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t moved; /* something below has changed */
	pthread_t thread;
	bool begun, ending, busy;
	bool present; /* there is a mirror to read */
	bool suspect;
	unsigned failures, generation;
	uint64_t asked, done; /* fetches that were asked for, and the last that one answered */
	int rc;               /* of the last one */
	struct vx_error err;
	int64_t good_ns, next_ns, cloned_ns;
	struct vx_git_report progress; /* of the one under way */
	void (*fetched)(void *arg);
	void *arg;
	bool telling; /* fetched is being called */

	/* The thread's own. */
	struct vx_git_owner owner;
	bool tidy; /* nothing of an earlier fetch is in the way */
};

static void wake(void *arg)
{
	struct vx_git_remote *r = arg;

	VX_LOCKED(&r->lock);
	(void)pthread_cond_broadcast(&r->moved); /* cannot fail on an initialised condition */
}

static uint64_t random_bits(void)
{
	uint64_t v = 0;

	return getrandom(&v, sizeof(v), 0) == sizeof(v) ? v : 0; /* as good a number */
}

/* --- one fetch; on the thread ---------------------------------------------------------------- */

static void on_progress(void *arg, const struct vx_git_report *report)
{
	struct vx_git_remote *r = arg;

	VX_LOCKED(&r->lock);
	r->progress = *report;
}

/* Fetch into @mirror. As vx_git_child_run. */
static int fetch_into(struct vx_git_remote *r, const char *mirror, struct vx_git_report *ret,
                      enum vx_git_kind *kind, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *program = NULL;
	struct vx_buf request = VX_BUF_INIT;
	struct vx_git_child child = {.request = &request,
	                             .clock = r->clock,
	                             .whole_ms = r->whole_ms,
	                             .stall_ms = r->stall_ms,
	                             .stop = r->stop,
	                             .progress = on_progress,
	                             .arg = r};
	int rc = vx_git_child_find(&program, err);

	*kind = VX_GIT_KIND_SETUP;
	child.program = program;
	if (rc == 0)
		rc = vx_git_login_request(r->login, mirror, &r->owner, &request, err);
	if (rc == 0)
		rc = vx_git_child_run(&child, ret, kind, err);
	if (request.data)
		explicit_bzero(request.data, request.cap);
	vx_buf_fini(&request);
	return rc;
}

/* A new mirror, in place of any that is there. */
static int clone_anew(struct vx_git_remote *r, struct vx_git_report *ret, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *new = NULL;
	enum vx_git_kind kind;
	int rc = vx_git_mirror_make(r->path, &r->owner, &new, err);

	if (rc == 0)
		rc = fetch_into(r, new, ret, &kind, err);
	return rc == 0 ? vx_git_mirror_install(r->path, err) : rc;
}

/* Bring the mirror that is there up to date; one that turns out damaged is made anew. */
static int update(struct vx_git_remote *r, struct vx_git_report *ret, bool *cloned,
                  struct vx_error *err)
{
	enum vx_git_kind kind = VX_GIT_KIND_MIRROR;
	int rc = r->tidy ? 0 : vx_git_mirror_tidy(r->path, &r->owner, err);

	if (rc == 0) {
		r->tidy = true;
		rc = fetch_into(r, r->path, ret, &kind, err);
	}
	r->tidy = r->tidy && rc == 0;
	if (rc == 0 || kind != VX_GIT_KIND_MIRROR)
		return rc;
	*cloned = true;
	return clone_anew(r, ret, err);
}

static int fetch(struct vx_git_remote *r, bool clone, struct vx_git_report *ret, bool *cloned,
                 struct vx_error *err)
{
	int rc = vx_git_owner_find(&r->owner, err);

	*cloned = clone || access(r->path, F_OK) < 0; /* somebody may have removed it */
	if (rc == 0)
		rc = *cloned ? clone_anew(r, ret, err) : update(r, ret, cloned, err);
	return rc == -ENOENT ? -EAGAIN : rc; /* -ENOENT is for labels */
}

/* --- the thread ------------------------------------------------------------------------------ */

/* When to ask again, of a fetch that ended with @rc. The lock is held. */
static void plan(struct vx_git_remote *r, int rc)
{
	int64_t now = vx_mono_ns(r->clock), tenth = r->refresh_ms * VX_MSEC / 10;

	if (rc == 0) {
		r->failures = 0;
		r->next_ns = now + 9 * tenth + (int64_t)(random_bits() % (uint64_t)(2 * tenth));
		return;
	}
	/* A refused password begins at 4 s: some servers lock an account after a few. */
	r->failures += r->failures == 0 && rc == -EACCES ? 3 : 1;
	r->next_ns =
		now + vx_backoff_within(BACKOFF_FIRST, BACKOFF_MOST, r->failures, random_bits());
}

static void note(struct vx_git_remote *r, int rc, const struct vx_error *err, bool cloned,
                 const struct vx_git_report *report)
{
	int64_t now = vx_mono_ns(r->clock);

	r->rc = rc;
	r->err = *err;
	if (rc < 0)
		(void)vx_wrap(&r->err, rc, "fetching %s", vx_git_remote_source(r));
	if (rc == 0) {
		r->cloned_ns = cloned ? now : r->cloned_ns;
		r->present = true;
		r->good_ns = now;
		r->suspect = r->suspect && !cloned;
		r->generation += report->compacted;
	}
	plan(r, rc);
}

/* Wait until there is something to do; false: the end. The lock is held. */
static bool wait_for_work(struct vx_git_remote *r)
{
	while (!r->ending && r->asked == r->done && vx_mono_ns(r->clock) < r->next_ns) {
		struct timespec until = {.tv_sec = r->next_ns / VX_SEC,
		                         .tv_nsec = r->next_ns % VX_SEC};

		(void)pthread_cond_timedwait(&r->moved, &r->lock, &until); /* seen above */
	}
	return !r->ending;
}

static void tell(struct vx_git_remote *r)
{
	void (*fetched)(void *) = r->fetched;
	void *arg = r->arg;

	if (!fetched)
		return;
	r->telling = true;
	vx_unlock(&r->lock);
	fetched(arg);
	vx_lock(&r->lock);
	r->telling = false;
}

static void *remote_main(void *arg)
{
	struct vx_git_remote *r = arg;

	vx_lock(&r->lock);
	while (wait_for_work(r)) {
		bool again = r->suspect &&
		             (!r->cloned_ns || vx_mono_ns(r->clock) - r->cloned_ns > CLONE_AGAIN);
		bool clone = !r->present || again, cloned = false;
		struct vx_git_report report = {0};
		struct vx_error err = {0};
		uint64_t asked = r->asked;
		int rc;

		r->busy = true;
		memset(&r->progress, 0, sizeof(r->progress));
		vx_unlock(&r->lock);
		rc = fetch(r, clone, &report, &cloned, &err);
		vx_lock(&r->lock);
		note(r, rc, &err, cloned, &report);
		if (rc == 0)
			tell(r);
		r->busy = false; /* only now: who asks while it is told asks for another one */
		r->done = asked;
		(void)pthread_cond_broadcast(&r->moved); /* as in wake */
	}
	vx_unlock(&r->lock);
	return NULL;
}

/* --- life ------------------------------------------------------------------------------------ */

static void init_condition(pthread_cond_t *c)
{
	pthread_condattr_t attr;

	vx_assert(pthread_condattr_init(&attr) == 0);
	vx_assert(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	vx_assert(pthread_cond_init(c, &attr) == 0);
	(void)pthread_condattr_destroy(&attr);
}

int vx_git_remote_new(const struct vx_settings_map *cfg, const struct vx_backend_env *env,
                      struct vx_git_uri *uri, struct vx_git_remote **ret, struct vx_error *err)
{
	struct vx_git_remote *r;
	int rc;

	if (!env->state_dir)
		return vx_fail(err, -EINVAL, "%s: a remote repository needs a state directory",
		               vx_map_where(cfg));
	r = calloc(1, sizeof(*r));
	if (!r)
		return vx_fail(err, -ENOMEM, "out of memory");
	vx_assert(pthread_mutex_init(&r->lock, NULL) == 0);
	init_condition(&r->moved);
	r->clock = env->clock;
	r->refresh_ms = vx_map_int(cfg, "refresh");
	r->whole_ms = vx_map_int(cfg, "fetch_timeout");
	r->stall_ms = vx_map_int(cfg, "stall_timeout");
	r->stop = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->path = vx_git_mirror_path(env->state_dir, vx_map_str(cfg, "name"), uri->address);
	if (r->stop < 0 || !r->path) {
		vx_git_remote_free(r);
		return vx_fail(err, -ENOMEM, "out of memory");
	}
	r->present = access(r->path, F_OK) == 0;
	rc = vx_git_login_new(cfg, uri, &r->login, err);
	if (rc < 0) {
		vx_git_remote_free(r);
		return rc;
	}
	*ret = r;
	return 0;
}

void vx_git_remote_free(struct vx_git_remote *r)
{
	uint64_t one = 1;

	if (!r)
		return;
	if (r->begun) {
		vx_assert(write(r->stop, &one, sizeof(one)) == sizeof(one));
		vx_lock(&r->lock);
		r->ending = true;
		vx_unlock(&r->lock);
		wake(r);
		vx_assert(pthread_join(r->thread, NULL) == 0);
	}
	vx_git_login_free(r->login);
	vx_close(&r->stop);
	(void)pthread_cond_destroy(&r->moved); /* nobody waits any more */
	(void)pthread_mutex_destroy(&r->lock);
	free(r->path);
	free(r);
}

const char *vx_git_remote_path(const struct vx_git_remote *r)
{
	return r->path;
}

const char *vx_git_remote_source(const struct vx_git_remote *r)
{
	return vx_git_login_uri(r->login)->shown;
}

void vx_git_remote_listen(struct vx_git_remote *r, void (*fetched)(void *arg), void *arg)
{
	VX_LOCKED(&r->lock);
	while (r->telling)
		(void)pthread_cond_wait(&r->moved, &r->lock); /* seen above */
	r->fetched = fetched;
	r->arg = arg;
}

/* The lock is held. */
static int begin(struct vx_git_remote *r, struct vx_error *err)
{
	int rc = r->begun ? 0 : pthread_create(&r->thread, NULL, remote_main, r);

	r->begun = rc == 0;
	return rc ? vx_fail(err, -EAGAIN, "no thread for fetching %s: %s", vx_git_remote_source(r),
	                    strerror(rc))
	          : 0;
}

int vx_git_remote_begin(struct vx_git_remote *r, struct vx_error *err)
{
	VX_LOCKED(&r->lock);
	return begin(r, err);
}

/* --- waiting --------------------------------------------------------------------------------- */

/* "12 MiB" and the like of what is under way. The lock is held. */
static void put_progress(const struct vx_git_remote *r, char *out, size_t n)
{
	const struct vx_git_report *p = &r->progress;

	if (!p->objects)
		(void)snprintf(out, n, "no answer yet");
	else if (p->received < p->objects || !p->indexed)
		(void)snprintf(out, n, "%llu of %llu objects, %.1f MiB",
		               (unsigned long long)p->received, (unsigned long long)p->objects,
		               (double)p->bytes / MIB);
	else
		(void)snprintf(out, n, "all %llu objects are here (%.1f MiB), being indexed",
		               (unsigned long long)p->objects, (double)p->bytes / MIB);
}

/* Wait until @over says so. The lock is held. 0, -ETIMEDOUT, -ECANCELED. */
static int wait_until(struct vx_git_remote *r, const struct vx_ctx *const_ctx,
                      bool (*over)(const struct vx_git_remote *r, uint64_t number), uint64_t number)
{
	/* A hook is no change that the owner of a ctx could see. */
	struct vx_ctx *ctx = (struct vx_ctx *)(uintptr_t)const_ctx;
	struct vx_ctx_hook hook = {.fn = wake, .arg = r};
	struct timespec until = {.tv_sec = ctx->deadline_ns / VX_SEC,
	                         .tv_nsec = ctx->deadline_ns % VX_SEC};
	int rc = 0;

	vx_unlock(&r->lock);
	vx_ctx_hook(ctx, &hook);
	vx_lock(&r->lock);
	while (!over(r, number) && (rc = vx_ctx_check(ctx)) == 0)
		(void)pthread_cond_timedwait(&r->moved, &r->lock, &until); /* seen above */
	vx_unlock(&r->lock);
	vx_ctx_unhook(ctx, &hook);
	vx_lock(&r->lock);
	return rc;
}

static bool readable(const struct vx_git_remote *r, uint64_t number)
{
	(void)number;
	return r->present || r->rc < 0 || r->ending;
}

static bool answered(const struct vx_git_remote *r, uint64_t number)
{
	return r->done >= number || r->ending;
}

static int say_last(const struct vx_git_remote *r, struct vx_error *err)
{
	if (err)
		*err = r->err;
	return r->rc;
}

int vx_git_remote_wait(struct vx_git_remote *r, const struct vx_ctx *ctx, struct vx_error *err)
{
	char progress[128];
	int rc;

	VX_LOCKED(&r->lock);
	if (r->present && r->begun)
		return 0;
	rc = begin(r, err);
	if (rc < 0 || r->present)
		return rc;
	rc = wait_until(r, ctx, readable, 0);
	if (rc == 0)
		return r->present  ? 0
		       : r->rc < 0 ? say_last(r, err)
		                   : vx_fail(err, -ECANCELED, "ending");
	put_progress(r, progress, sizeof(progress));
	return vx_fail(err, rc, "%s is being cloned: %s", vx_git_remote_source(r), progress);
}

int vx_git_remote_refresh(struct vx_git_remote *r, const struct vx_ctx *ctx, struct vx_error *err)
{
	char progress[128];
	uint64_t number;
	int rc;

	VX_LOCKED(&r->lock);
	rc = begin(r, err);
	if (rc < 0)
		return rc;
	/* One that is under way may have asked before what we are to see was there. */
	number = r->busy || r->asked == r->done ? r->asked + 1 : r->asked;
	r->asked = number;
	(void)pthread_cond_broadcast(&r->moved); /* as in wake */
	rc = wait_until(r, ctx, answered, number);
	if (rc == 0)
		return r->rc < 0 ? say_last(r, err) : 0;
	put_progress(r, progress, sizeof(progress));
	return vx_fail(err, rc, "%s is being fetched: %s", vx_git_remote_source(r), progress);
}

void vx_git_remote_status(struct vx_git_remote *r, struct vx_backend_status *ret)
{
	VX_LOCKED(&r->lock);
	*ret = (struct vx_backend_status){.rc = r->rc,
	                                  .good_ns = r->good_ns,
	                                  .next_ns = r->busy ? 0 : r->next_ns,
	                                  .busy = r->busy,
	                                  .first = !r->present};
	if (r->rc < 0)
		memcpy(ret->message, r->err.msg, sizeof(ret->message));
	else if (r->busy)
		put_progress(r, ret->message, sizeof(ret->message));
}

void vx_git_remote_suspect(struct vx_git_remote *r)
{
	VX_LOCKED(&r->lock);
	if (r->suspect)
		return;
	r->suspect = true;
	if (r->cloned_ns && vx_mono_ns(r->clock) - r->cloned_ns <= CLONE_AGAIN)
		return;
	r->asked++;
	(void)pthread_cond_broadcast(&r->moved); /* as in wake */
}

unsigned vx_git_remote_generation(struct vx_git_remote *r)
{
	VX_LOCKED(&r->lock);
	return r->generation;
}
