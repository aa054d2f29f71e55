/* pulse.c - telling the daemon that the transfer lives.
 *
 * libgit2 reports every 100 KiB at best, and nothing while a server thinks; but the kernel counts
 * each byte of a connection. The daemon gives up after a time without any report. */
#include <errno.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/git_fetch/fetch_i.h"

#define EVERY_MS 1000

/* The connection is one of the first descriptors: the program starts with three. */
#define LOOK_AT 64

/* Bytes that came and went on all connections. */
static uint64_t traffic(void)
{
	uint64_t sum = 0;

	for (int fd = 3; fd < LOOK_AT; fd++) {
		struct tcp_info info;
		socklen_t n = sizeof(info);

		memset(&info, 0, sizeof(info));
		if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0)
			sum += info.tcpi_bytes_received + info.tcpi_bytes_acked;
	}
	return sum;
}

static void *pulse_main(void *arg)
{
	/* No events are asked for: the pipe only tells that nobody reads it any more. */
	struct pollfd daemon = {.fd = STDOUT_FILENO};
	uint64_t was = 0, now;

	(void)arg;
	for (;;) {
		if (poll(&daemon, 1, EVERY_MS) > 0)
			_exit(1);
		now = traffic();
		if (now != was)
			report(&(struct vx_git_report){.what = VX_GIT_ALIVE});
		was = now;
	}
	return NULL;
}

int pulse_start(struct failure *f)
{
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, pulse_main, NULL);

	if (rc)
		return fail_as(f, VX_GIT_KIND_SETUP, "no thread can be started: %s", strerror(rc));
	(void)pthread_detach(thread); /* it ends with the program */
	return 0;
}
