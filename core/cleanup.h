/* cleanup.h - one owner for each resource, released on every path.
 *
 *	VX_AUTO(vx_close) int fd = open(...);      closed at the end of the scope
 *	VX_AUTO(vx_freep) char *s = strdup(...);   freed there
 *	*ret = vx_steal(s);                        handed on instead
 *	VX_LOCKED(&store->lock);                   unlocked there
 *
 * A destructor for VX_AUTO takes the address of the variable; VX_DEFINE_AUTO(type, put) makes
 * `put_p` from a `put(type)` that accepts NULL. */
#pragma once

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/assert.h"

#define VX_AUTO(fn) __attribute__((cleanup(fn)))

#define VX_DEFINE_AUTO(type, fn)                                                                   \
	static inline void fn##_p(type *p)                                                         \
	{                                                                                          \
		fn(*p);                                                                            \
	}                                                                                          \
	struct vx_auto_semicolon_

/* The value of @p, which becomes NULL: ownership leaves the variable. */
#define vx_steal(p)                                                                                \
	({                                                                                         \
		__typeof__(p) vx_stolen_ = (p);                                                    \
		(p) = NULL;                                                                        \
		vx_stolen_;                                                                        \
	})

static inline void vx_freep(void *p)
{
	free(*(void **)p);
}

static inline void vx_close(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd); /* Linux always frees the number */
}

static inline int vx_steal_fd(int *fd)
{
	int was = *fd;

	*fd = -1;
	return was;
}

/* Where somebody else holds @m: wait for it, and count the wait. */
void vx_lock_wait(pthread_mutex_t *m);

/* Signal @c. It may wait, too, for a thread that was woken before and has not come out yet. */
void vx_signal(pthread_cond_t *c);
void vx_broadcast(pthread_cond_t *c);

/* How long the calling thread has waited in these three so far, ns. */
int64_t vx_lock_waited_ns(void);

static inline pthread_mutex_t *vx_lock(pthread_mutex_t *m)
{
	if (pthread_mutex_trylock(m) != 0)
		vx_lock_wait(m);
	return m;
}

static inline void vx_unlock(pthread_mutex_t *m)
{
	vx_assert(pthread_mutex_unlock(m) == 0);
}

static inline void vx_unlockp(pthread_mutex_t **m)
{
	vx_unlock(*m);
}

#define VX_CONCAT_(a, b) a##b
#define VX_CONCAT(a, b) VX_CONCAT_(a, b)
/* clang-format off */
#define VX_LOCKED(mutex)                                                                           \
	VX_AUTO(vx_unlockp) pthread_mutex_t *VX_CONCAT(vx_locked_, __LINE__)                       \
	        __attribute__((unused)) = vx_lock(mutex)
/* clang-format on */
