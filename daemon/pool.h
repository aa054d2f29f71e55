/* pool.h - a bounded set of threads that work off a queue: each backend has one, so that a slow
 * source blocks nobody else, and the catalog has one for composing. */
#pragma once

#include <stddef.h>

#include "core/error.h"

struct vx_pool;

/* One piece of work, embedded in the caller's structure; it belongs to the pool until run begins. */
struct vx_job {
	void (*run)(struct vx_job *job);
	struct vx_job *next;
};

/* One thread at once, more as work comes, at most @max; @name (15 bytes count) is what `ps -L`
 * shows. 0 and *ret, -ENOMEM, -EAGAIN no thread can be started. */
int vx_pool_new(const char *name, size_t max, struct vx_pool **ret);

/* Queue @job; any thread, never blocks, cannot fail. Jobs run in order of submission, @max at once
 * (fewer where no further thread can be started). */
void vx_pool_submit(struct vx_pool *p, struct vx_job *job);

/* Run what is queued to the end, join the threads, free. Nothing may be submitted any more, save
 * by the jobs themselves. NULL is a no-op. */
void vx_pool_free(struct vx_pool *p);
