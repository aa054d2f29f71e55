/* ctx.h - what travels with a request: a deadline, cancellation, a trace id.
 *
 * Every call that may take time takes a `struct vx_ctx *` and honours it. A ctx lives on its
 * creator's stack or inside its request; whoever waits for something that is not a condition of
 * its own registers a hook, which a cancellation calls once. Threads: all functions any thread. */
#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/clock.h"

struct vx_ctx_hook {
	void (*fn)(void *arg); /* called once, with the ctx's lock held: wake somebody, no more */
	void *arg;
	struct vx_ctx_hook *next;
};

struct vx_ctx {
	const struct vx_clock *clock;
	int64_t deadline_ns; /* CLOCK_MONOTONIC; INT64_MAX: none */
	char trace[33];      /* 32 hex digits, or empty */
	atomic_bool cancelled;
	pthread_mutex_t lock;      /* leaf */
	struct vx_ctx_hook *hooks; /* guarded by lock */
};

/* A ctx whose deadline is @timeout_ms from now (negative: none). @clock is borrowed. fini it. */
void vx_ctx_init(struct vx_ctx *ctx, const struct vx_clock *clock, int64_t timeout_ms);
void vx_ctx_fini(struct vx_ctx *ctx);

/* Cancel: from now on vx_ctx_check says -ECANCELED; every registered hook is called. Idempotent. */
void vx_ctx_cancel(struct vx_ctx *ctx);

/* 0 go on, -ECANCELED, -ETIMEDOUT. Cheap: one clock reading. */
int vx_ctx_check(const struct vx_ctx *ctx);

/* Milliseconds that are left, 0 when over, at most INT32_MAX (also where there is no deadline). */
int vx_ctx_left_ms(const struct vx_ctx *ctx);

/* Register @hook (caller's memory, until unhook). Called at once if the ctx is cancelled already. */
void vx_ctx_hook(struct vx_ctx *ctx, struct vx_ctx_hook *hook);
void vx_ctx_unhook(struct vx_ctx *ctx, struct vx_ctx_hook *hook);
