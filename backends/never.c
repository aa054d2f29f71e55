/* never.c - the backend `never`: a source that takes every question and answers none, until the
 * question is cancelled or its time is over. For tests of everything that has to survive that; it
 * is built with VX_TEST_BACKENDS alone. */
#include <errno.h>

#include "backends/builtin.h"

#define NEVER_MAGIC 0x6e657672u

struct vx_backend {
	unsigned magic;
};

/* A thread that waits for the end of its ctx. */
struct waiting {
	pthread_mutex_t lock;
	pthread_cond_t woken;
	bool over; /* guarded by lock */
};

static void wake(void *arg)
{
	struct waiting *w = arg;

	VX_LOCKED(&w->lock);
	w->over = true;
	(void)pthread_cond_signal(&w->woken); /* cannot fail on an initialised condition */
}

static struct timespec at(int64_t ns)
{
	return (struct timespec){.tv_sec = ns / VX_SEC, .tv_nsec = ns % VX_SEC};
}

/* Wait until the ctx says -ECANCELED or -ETIMEDOUT, and say so too. */
static int wait_for_end(struct vx_backend *b, const struct vx_ctx *const_ctx, struct vx_error *err)
{
	/* A hook is no change that the owner of a ctx could see. */
	struct vx_ctx *ctx = (struct vx_ctx *)(uintptr_t)const_ctx;
	struct waiting w = {.lock = PTHREAD_MUTEX_INITIALIZER};
	struct vx_ctx_hook hook = {.fn = wake, .arg = &w};
	struct timespec until = at(ctx->deadline_ns);
	pthread_condattr_t attr;

	VX_CHECK(b, struct vx_backend, NEVER_MAGIC);
	vx_assert(pthread_condattr_init(&attr) == 0);
	vx_assert(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	vx_assert(pthread_cond_init(&w.woken, &attr) == 0);
	vx_ctx_hook(ctx, &hook);
	vx_lock(&w.lock);
	while (!w.over && vx_ctx_check(ctx) == 0)
		(void)pthread_cond_timedwait(&w.woken, &w.lock, &until); /* either is seen above */
	vx_unlock(&w.lock);
	vx_ctx_unhook(ctx, &hook);
	(void)pthread_cond_destroy(&w.woken); /* nobody waits any more */
	(void)pthread_condattr_destroy(&attr);
	return vx_fail(err, vx_ctx_check(ctx), "the backend 'never' has no answer");
}

static int never_open(const struct vx_settings_map *cfg, const struct vx_backend_env *env,
                      struct vx_backend **ret, struct vx_error *err)
{
	struct vx_backend *b = calloc(1, sizeof(*b));

	(void)cfg;
	(void)env;
	if (!b)
		return vx_fail(err, -ENOMEM, "out of memory");
	b->magic = NEVER_MAGIC;
	*ret = b;
	return 0;
}

static int never_fetch(struct vx_backend *b, const struct vx_ctx *ctx,
                       const struct vx_coords *coords, const char *have, struct vx_layers **ret,
                       struct vx_error *err)
{
	(void)coords;
	(void)have;
	(void)ret;
	return wait_for_end(b, ctx, err);
}

static int never_revision(struct vx_backend *b, const struct vx_ctx *ctx, const char *label,
                          char ret[VX_REVISION_MAX], struct vx_error *err)
{
	(void)label;
	(void)ret;
	return wait_for_end(b, ctx, err);
}

static int never_list(struct vx_backend *b, const struct vx_ctx *ctx, enum vx_list_what what,
                      const char *app, const char *label, const char *cursor, size_t max,
                      struct vx_list *ret, struct vx_error *err)
{
	(void)what;
	(void)app;
	(void)label;
	(void)cursor;
	(void)max;
	(void)ret;
	return wait_for_end(b, ctx, err);
}

static int never_file(struct vx_backend *b, const struct vx_ctx *ctx, const char *revision,
                      const char *path, size_t max, struct vx_bytes **ret, struct vx_error *err)
{
	(void)revision;
	(void)path;
	(void)max;
	(void)ret;
	return wait_for_end(b, ctx, err);
}

static int never_watch(struct vx_backend *b, vx_backend_changed_fn *changed, void *arg,
                       struct vx_error *err)
{
	(void)b;
	(void)changed;
	(void)arg;
	(void)err;
	return 0; /* nothing ever changes */
}

static void never_close(struct vx_backend *b)
{
	free(b);
}

const struct vx_backend_ops vx_never_ops = {
	.type = "never",
	.open = never_open,
	.fetch = never_fetch,
	.revision = never_revision,
	.list = never_list,
	.file = never_file,
	.watch = never_watch,
	.close = never_close,
};
