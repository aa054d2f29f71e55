/* lock.c - waiting for a lock that somebody else holds; see cleanup.h.
 *
 * The wait is counted because whoever judges a thread must tell what it did itself from what another
 * did to it: a lock is held for microseconds, but its holder may lose the processor meanwhile, and
 * on a busy machine that takes milliseconds. */
#include "core/cleanup.h"
#include "core/clock.h"

/* A count of each thread's own; nothing decides by it but the judgement of provider calls. */
static _Thread_local int64_t waited_ns;

void vx_lock_wait(pthread_mutex_t *m)
{
	const struct vx_clock *clock = vx_clock_system();
	int64_t began = vx_mono_ns(clock);

	vx_assert(pthread_mutex_lock(m) == 0);
	waited_ns += vx_mono_ns(clock) - began;
}

int64_t vx_lock_waited_ns(void)
{
	return waited_ns;
}
