/* lock.c - waiting for a lock that somebody else holds; see cleanup.h.
 *
 * The wait is counted because whoever judges a thread must tell what it did itself from what another
 * did to it: a lock is held for microseconds, but its holder may lose the processor meanwhile, and
 * on a busy machine that takes milliseconds. Signals are counted for the same reason: in glibc they
 * wait until the threads that an earlier signal woke have left the condition
 * (nptl/pthread_cond_common.c, __condvar_quiesce_and_switch_g1; 9 ms seen). */
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

void vx_signal(pthread_cond_t *c)
{
	int64_t began = vx_mono_ns(vx_clock_system());

	(void)pthread_cond_signal(c); /* cannot fail */
	waited_ns += vx_mono_ns(vx_clock_system()) - began;
}

void vx_broadcast(pthread_cond_t *c)
{
	int64_t began = vx_mono_ns(vx_clock_system());

	(void)pthread_cond_broadcast(c); /* cannot fail */
	waited_ns += vx_mono_ns(vx_clock_system()) - began;
}

int64_t vx_lock_waited_ns(void)
{
	return waited_ns;
}
