/* accept.c - taking callers in, as many at a time as there are places.
 *
 * libmicrohttpd closes what comes beyond its limit, which a caller sees as a reset connection. Here
 * they wait in the socket's backlog until a place is free. Free places are counted by an eventfd in
 * semaphore mode, so that one thread can wait for one, or for the end. */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/log.h"
#include "daemon/http/http_i.h"

/* Out of descriptors or memory: those who wait do so for a moment more. */
#define PAUSE_MS 100

struct vx_acceptor {
	int listening; /* borrowed */
	int places;    /* eventfd: one for each that is free */
	int end;       /* eventfd: becomes readable at the end */
	pthread_t thread;
	bool failing; /* it was logged; the thread's */
	bool (*take)(void *arg, int fd);
	void *arg;
};

/* Wait for @fd; false: it is over. */
static bool wait_for(struct vx_acceptor *a, int fd, int timeout_ms)
{
	struct pollfd fds[] = {{a->end, POLLIN, 0}, {fd, POLLIN, 0}};

	while (poll(fds, 2, timeout_ms) < 0)
		vx_assert(errno == EINTR || errno == ENOMEM);
	return !fds[0].revents;
}

/* false: nobody was taken in. */
static bool accept_one(struct vx_acceptor *a)
{
	struct sockaddr_un from; /* callers have no name, but one may bind itself to one */
	socklen_t len = sizeof(from);
	int fd =
		accept4(a->listening, (struct sockaddr *)&from, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		int rc = errno;

		if (rc == EAGAIN || rc == EINTR || rc == ECONNABORTED)
			return false;
		if (!a->failing)
			vx_log(VX_LOG_WARN, VX_NO_FIELDS, "http.socket: accept: %s; trying again",
			       strerror(rc));
		a->failing = true;
		(void)wait_for(a, -1, PAUSE_MS);
		return false;
	}
	a->failing = false;
	return a->take(a->arg, fd);
}

static void *run(void *arg)
{
	struct vx_acceptor *a = arg;
	bool place = false;
	uint64_t one;

	while (wait_for(a, place ? a->listening : a->places, -1)) {
		if (!place)
			place = read(a->places, &one, sizeof(one)) == sizeof(one);
		else if (accept_one(a))
			place = false;
	}
	return NULL;
}

int vx_acceptor_new(int listening, unsigned places, bool (*take)(void *arg, int fd), void *arg,
                    struct vx_acceptor **ret, struct vx_error *err)
{
	struct vx_acceptor *a = calloc(1, sizeof(*a));
	int rc = a ? 0 : -ENOMEM;

	if (rc < 0)
		return rc;
	*a = (struct vx_acceptor){.listening = listening, .take = take, .arg = arg};
	a->places = eventfd(places, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
	a->end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (a->places < 0 || a->end < 0)
		rc = -errno;
	*ret = a;
	if (rc == 0)
		rc = -pthread_create(&a->thread, NULL, run, a);
	if (rc < 0) {
		*ret = NULL;
		vx_close(&a->places);
		vx_close(&a->end);
		free(a);
		return vx_fail(err, rc, "http.socket: a thread for it: %s", strerror(-rc));
	}
	return 0;
}

static void add(int fd)
{
	const uint64_t one = 1;

	vx_assert(write(fd, &one, sizeof(one)) == sizeof(one));
}

void vx_acceptor_leave(struct vx_acceptor *a)
{
	add(a->places);
}

void vx_acceptor_end(struct vx_acceptor *a)
{
	if (!a)
		return;
	add(a->end);
	vx_assert(pthread_join(a->thread, NULL) == 0);
}

void vx_acceptor_free(struct vx_acceptor *a)
{
	if (!a)
		return;
	vx_close(&a->places);
	vx_close(&a->end);
	free(a);
}
