/* pool.c - the queue and its threads. Idle threads stay: a daemon has few pools, and starting a
 * thread costs a reader more than keeping one costs memory. */
#include "daemon/pool.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>

#include "core/cleanup.h"

/* Composition recurses to a depth of 64; the rest is room for libgit2 and sanitizers. It is address
 * space, not memory. */
#define STACK_BYTES ((size_t)1024 * 1024)

struct vx_pool {
	pthread_mutex_t lock; /* leaf */
	pthread_cond_t work;
	struct vx_job *first, **last; /* guarded by lock, as all below */
	bool ending;
	size_t queued;
	size_t idle;
	size_t started;
	size_t max;
	char name[16];
	pthread_t threads[];
};

static void *work(void *arg)
{
	struct vx_pool *p = arg;

	(void)pthread_setname_np(pthread_self(), p->name);
	vx_lock(&p->lock);
	for (;;) {
		struct vx_job *job = p->first;

		if (job) {
			p->first = job->next;
			if (!p->first)
				p->last = &p->first;
			p->queued--;
			vx_unlock(&p->lock);
			job->run(job);
			vx_lock(&p->lock);
		} else if (p->ending) {
			break;
		} else {
			p->idle++;
			(void)pthread_cond_wait(&p->work, &p->lock);
			p->idle--;
		}
	}
	vx_unlock(&p->lock);
	return NULL;
}

/* One more thread, with all signals blocked: they are the main thread's. The lock is held. */
static int start_thread(struct vx_pool *p)
{
	sigset_t all, was;
	pthread_attr_t attr;
	int rc;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &was);
	rc = pthread_attr_init(&attr);
	if (rc == 0) {
		(void)pthread_attr_setstacksize(&attr, STACK_BYTES);
		rc = pthread_create(&p->threads[p->started], &attr, work, p);
		(void)pthread_attr_destroy(&attr);
	}
	(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
	if (rc == 0)
		p->started++;
	return -rc;
}

int vx_pool_new(const char *name, size_t max, struct vx_pool **ret)
{
	struct vx_pool *p = calloc(1, sizeof(*p) + max * sizeof(p->threads[0]));
	int rc;

	vx_assert(max > 0);
	if (!p)
		return -ENOMEM;
	vx_assert(pthread_mutex_init(&p->lock, NULL) == 0);
	vx_assert(pthread_cond_init(&p->work, NULL) == 0);
	p->last = &p->first;
	p->max = max;
	(void)snprintf(p->name, sizeof(p->name), "%s", name);
	vx_lock(&p->lock);
	rc = start_thread(p);
	vx_unlock(&p->lock);
	if (rc < 0) {
		vx_pool_free(p);
		return rc;
	}
	*ret = p;
	return 0;
}

void vx_pool_submit(struct vx_pool *p, struct vx_job *job)
{
	VX_LOCKED(&p->lock);
	if (p->idle <= p->queued && p->started < p->max)
		(void)start_thread(p); /* those that run will come to it */
	job->next = NULL;
	*p->last = job;
	p->last = &job->next;
	p->queued++;
	vx_signal(&p->work);
}

void vx_pool_free(struct vx_pool *p)
{
	if (!p)
		return;
	vx_lock(&p->lock);
	p->ending = true;
	vx_broadcast(&p->work);
	vx_unlock(&p->lock);
	for (size_t i = 0; i < p->started; i++)
		(void)pthread_join(p->threads[i], NULL);
	vx_assert(!p->first);
	(void)pthread_cond_destroy(&p->work);
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
}
