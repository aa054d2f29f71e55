/* ctx.c - deadlines and cancellation. */
#include "core/ctx.h"

#include <errno.h>
#include <stddef.h>

#include "core/cleanup.h"

void vx_ctx_init(struct vx_ctx *ctx, const struct vx_clock *clock, int64_t timeout_ms)
{
	ctx->clock = clock;
	ctx->deadline_ns = timeout_ms < 0 ? INT64_MAX : vx_mono_ns(clock) + timeout_ms * VX_MSEC;
	ctx->trace[0] = '\0';
	atomic_init(&ctx->cancelled, false);
	vx_assert(pthread_mutex_init(&ctx->lock, NULL) == 0);
	ctx->hooks = NULL;
}

void vx_ctx_fini(struct vx_ctx *ctx)
{
	vx_assert(!ctx->hooks);
	(void)pthread_mutex_destroy(&ctx->lock);
}

void vx_ctx_cancel(struct vx_ctx *ctx)
{
	VX_LOCKED(&ctx->lock);
	if (atomic_exchange(&ctx->cancelled, true))
		return;
	for (struct vx_ctx_hook *h = ctx->hooks; h; h = h->next)
		h->fn(h->arg);
}

int vx_ctx_check(const struct vx_ctx *ctx)
{
	if (atomic_load(&ctx->cancelled))
		return -ECANCELED;
	if (ctx->deadline_ns != INT64_MAX && vx_mono_ns(ctx->clock) >= ctx->deadline_ns)
		return -ETIMEDOUT;
	return 0;
}

int vx_ctx_left_ms(const struct vx_ctx *ctx)
{
	int64_t left;

	if (ctx->deadline_ns == INT64_MAX)
		return INT32_MAX;
	left = (ctx->deadline_ns - vx_mono_ns(ctx->clock) + VX_MSEC - 1) / VX_MSEC;
	if (left < 0)
		return 0;
	return left > INT32_MAX ? INT32_MAX : (int)left;
}

void vx_ctx_hook(struct vx_ctx *ctx, struct vx_ctx_hook *hook)
{
	VX_LOCKED(&ctx->lock);
	hook->next = ctx->hooks;
	ctx->hooks = hook;
	if (atomic_load(&ctx->cancelled))
		hook->fn(hook->arg);
}

void vx_ctx_unhook(struct vx_ctx *ctx, struct vx_ctx_hook *hook)
{
	VX_LOCKED(&ctx->lock);
	for (struct vx_ctx_hook **at = &ctx->hooks; *at; at = &(*at)->next) {
		if (*at == hook) {
			*at = hook->next;
			return;
		}
	}
}
