/* doctor_run.c - a check's process, its deadline, and what it says; see doctor_i.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/cleanup.h"
#include "core/clock.h"
#include "tools/vortexctl/doctor_i.h"

#define SAID_MAX 65536 /* bytes that a check may say */
#define SENTENCE_MAX 1024

static void keep(struct doctor *d, enum doctor_verdict verdict, const char *what,
                 const char *message, const char *fix)
{
	struct doctor_finding *more = reallocarray(d->findings, d->n + 1, sizeof(*more));

	if (!more)
		return; /* the check before the last one that fits is still worth printing */
	d->findings = more;
	more[d->n] = (struct doctor_finding){verdict, strdup(what), strdup(message),
	                                     *fix ? strdup(fix) : NULL};
	if (more[d->n].check && more[d->n].message)
		d->n++;
}

/* One record: the verdict's letter, then three texts, each ended by NUL. */
void doctor_say(struct doctor *d, enum doctor_verdict verdict, const char *what, const char *fix,
                const char *fmt, ...)
{
	VX_AUTO(vx_buf_fini) struct vx_buf record = VX_BUF_INIT;
	char sentence[SENTENCE_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(sentence, sizeof(sentence), fmt, ap); /* a cut sentence still helps */
	va_end(ap);
	if (d->pipe < 0) {
		keep(d, verdict, what, sentence, fix ? fix : "");
		return;
	}
	vx_buf_putc(&record, (char)('0' + (int)verdict));
	vx_buf_put(&record, what, strlen(what) + 1);
	vx_buf_put(&record, sentence, strlen(sentence) + 1);
	vx_buf_put(&record, fix ? fix : "", fix ? strlen(fix) + 1 : 1);
	if (vx_buf_failed(&record) || write(d->pipe, record.data, record.len) < 0)
		_exit(1); /* doctor says that the check broke off */
}

/* Keep what a check's process said: whole records only. */
static void take(struct doctor *d, const struct vx_buf *said)
{
	const char *at = said->data, *end = at ? at + said->len : at;

	while (at < end) {
		const char *texts[3] = {at + 1};
		int verdict = *at - '0';

		for (int i = 0; i < 3; i++) {
			const char *nul = memchr(texts[i], '\0', (size_t)(end - texts[i]));

			if (!nul)
				return;
			if (i < 2)
				texts[i + 1] = nul + 1;
			at = nul + 1;
		}
		if (verdict < DOCTOR_OK || verdict > DOCTOR_PROBLEM)
			return;
		keep(d, (enum doctor_verdict)verdict, texts[0], texts[1], texts[2]);
	}
}

/* Read until the other end is closed: 0; -ETIMEDOUT. */
static int listen_to(int fd, struct vx_buf *said, int ms)
{
	int64_t until = vx_mono_ns(vx_clock_system()) + ms * VX_MSEC;

	for (;;) {
		int64_t left = (until - vx_mono_ns(vx_clock_system())) / VX_MSEC;
		struct pollfd p = {.fd = fd, .events = POLLIN};
		char block[4096];
		ssize_t n;

		if (left <= 0 || poll(&p, 1, (int)left) == 0)
			return -ETIMEDOUT;
		n = read(fd, block, sizeof(block));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || said->len > SAID_MAX)
			return 0;
		vx_buf_put(said, block, (size_t)n);
	}
}

void doctor_run(struct doctor *d, const char *what, doctor_check_fn *fn, const void *arg, int ms)
{
	VX_AUTO(vx_buf_fini) struct vx_buf said = VX_BUF_INIT;
	int ends[2], status = 0, rc;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0 || (pid = fork()) < 0) {
		doctor_say(d, DOCTOR_PROBLEM, what, NULL, "not looked at: %s", strerror(errno));
		return;
	}
	if (pid == 0) {
		d->pipe = ends[1];
		fn(d, arg);
		_exit(0);
	}
	vx_close(&ends[1]);
	rc = listen_to(ends[0], &said, ms);
	vx_close(&ends[0]);
	if (!vx_buf_failed(&said))
		take(d, &said);
	if (rc < 0) {
		/* It is not waited for: a request that a hung daemon has taken is not ended even by
		 * SIGKILL (fs/fuse/dev.c, request_wait_answer). It is left to init. */
		(void)kill(pid, SIGKILL);
		doctor_say(d, DOCTOR_PROBLEM, what,
		           "look for a mount or server that hangs: cat /proc/self/mountinfo",
		           "no answer within %d ms", ms);
		return;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		doctor_say(d, DOCTOR_PROBLEM, what, "report this as a bug of vortexctl",
		           "the check broke off (status %d)", status);
}
