/* report.c - lines to vortexd: how far it has come, and how it ended. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "backends/git_fetch/fetch_i.h"
#include "core/cleanup.h"

void report(const struct vx_git_report *r)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* a line is one piece */
	VX_AUTO(vx_buf_fini) struct vx_buf line = VX_BUF_INIT;
	size_t done = 0;

	vx_git_report_put(&line, r);
	if (vx_buf_failed(&line))
		return;
	VX_LOCKED(&lock);
	while (done < line.len) {
		ssize_t n = write(STDOUT_FILENO, line.data + done, line.len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			_exit(1); /* nobody is interested any more */
		done += (size_t)n;
	}
}
