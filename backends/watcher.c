/* watcher.c - the loop of every backend that is told of changes by inotify.
 *
 * The events only say *that* something happened; *what* is found by comparing with how it was when
 * somebody was told last. So no event can be misread, an overflow of the queue loses nothing, and
 * the three writes of an editor or the thousand of a checkout are one change. */
#include "backends/watcher.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>

#include "core/cleanup.h"

/* A change is looked at once it was quiet for so long, or at the latest after so long: the second
 * bounds the delay under steady writing, both leave most of the 50 ms that a reader may wait to
 * composing and publishing. */
#define QUIET_MS 3
#define AT_LATEST_MS 20

#define POLL_MS 1000

struct vx_watcher {
	const struct vx_watcher_ops *ops;
	void *arg;
	const struct vx_clock *clock;
	int inotify;
	int wake; /* an eventfd */
	atomic_bool stopping;
	atomic_bool kicked;
	pthread_t thread;
};

/* Wait up to @timeout_ms for events. 1 there are some, or a poke; 2 look at once; 0 none; -1 the
 * end. */
static int wait_for_events(struct vx_watcher *w, int timeout_ms)
{
	struct pollfd fds[2] = {{w->inotify, POLLIN, 0}, {w->wake, POLLIN, 0}};
	int n = poll(fds, 2, timeout_ms);
	uint64_t pokes;

	if (n > 0 && fds[1].revents)
		(void)!read(w->wake, &pokes, sizeof(pokes)); /* how many does not matter */
	if (atomic_load(&w->stopping))
		return -1;
	if (atomic_exchange(&w->kicked, false))
		return 2;
	return n > 0;
}

/* Let a burst of events pass. Whether to go on. */
static bool settle(struct vx_watcher *w)
{
	int64_t latest = vx_mono_ns(w->clock) + AT_LATEST_MS * VX_MSEC;
	int got;

	do {
		got = wait_for_events(w, QUIET_MS);
		if (got > 0)
			(void)w->ops->drain(w->arg); /* that something changed is known already */
	} while (got > 0 && vx_mono_ns(w->clock) < latest);
	return got >= 0;
}

static void *watcher_main(void *arg)
{
	struct vx_watcher *w = arg;

	for (;;) {
		int got = wait_for_events(w, POLL_MS);

		if (got < 0)
			return NULL;
		if (got == 2)
			(void)w->ops->drain(w->arg); /* they are looked at now */
		else if (got > 0 ? !w->ops->drain(w->arg) : !w->ops->due(w->arg))
			continue;
		if (!settle(w))
			return NULL;
		w->ops->compare(w->arg);
	}
}

int vx_watcher_start(const struct vx_watcher_ops *ops, void *arg, int inotify,
                     const struct vx_clock *clock, struct vx_watcher **ret)
{
	VX_AUTO(vx_freep) struct vx_watcher *w = calloc(1, sizeof(*w));
	int rc;

	if (!w)
		return -ENOMEM;
	*w = (struct vx_watcher){ops, arg, clock, inotify, .wake = -1};
	w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->wake < 0)
		return -errno;
	rc = -pthread_create(&w->thread, NULL, watcher_main, w);
	if (rc < 0) {
		vx_close(&w->wake);
		return rc;
	}
	*ret = vx_steal(w);
	return 0;
}

void vx_watcher_poke(struct vx_watcher *w)
{
	uint64_t one = 1;

	vx_assert(write(w->wake, &one, sizeof(one)) == sizeof(one));
}

void vx_watcher_kick(struct vx_watcher *w)
{
	atomic_store(&w->kicked, true);
	vx_watcher_poke(w);
}

void vx_watcher_stop(struct vx_watcher *w)
{
	if (!w)
		return;
	atomic_store(&w->stopping, true);
	vx_watcher_poke(w);
	vx_assert(pthread_join(w->thread, NULL) == 0);
	vx_close(&w->wake);
	free(w);
}
