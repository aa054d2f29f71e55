/* test_git_child.c - a fetching program that does not behave: it is a shell script here. Whatever it
 * does, the run ends, and nothing of it is left. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/git_child.h"
#include "core/cleanup.h"

#define LONG_MS 600000
#define SHORT_MS 300
#define SOON_NS (60 * VX_SEC) /* far from LONG_MS, on any machine */

static char base[64];

struct script {
	const char *name, *text;
	int64_t stall_ms;
	int rc;
};

/* $0.pid is the file for the number of the process that has to go. */
static const struct script scripts[] = {
	{"it hides its end", "echo $$ >$0.pid; exec >&- 2>&- sleep 1000\n", LONG_MS, -EAGAIN},
	{"it says that it is done, and stays",
         "echo $$ >$0.pid; echo done 1 0; exec >&- 2>&- sleep 1000\n", LONG_MS, 0},
	{"it leaves another behind", "sleep 1000 >&- 2>&- & echo $! >$0.pid; echo done 1 0\n",
         LONG_MS, 0},
	{"it is silent, and so is another", "sleep 1000 & echo $! >$0.pid; wait\n", SHORT_MS,
         -ETIMEDOUT},
	{"it dies, another holds its end", "sleep 1000 & echo $! >$0.pid; kill -9 $$; echo\n",
         SHORT_MS, -ETIMEDOUT},
};

static void ignore(void *arg, const struct vx_git_report *r)
{
	(void)arg;
	(void)r;
}

static int run(const struct script *s, char *path, size_t n, struct vx_error *err)
{
	const struct vx_clock *clock = vx_clock_system();
	struct vx_buf request = VX_BUF_INIT;
	VX_AUTO(vx_close) int stop = eventfd(0, EFD_CLOEXEC);
	struct vx_git_child c = {.program = path,
	                         .request = &request,
	                         .clock = clock,
	                         .whole_ms = LONG_MS,
	                         .stall_ms = s->stall_ms,
	                         .stop = stop,
	                         .progress = ignore};
	struct vx_git_report report = {0};
	enum vx_git_kind kind;
	int64_t began = vx_mono_ns(clock);
	FILE *f;
	int rc;

	(void)snprintf(path, n, "%s/%d", base, (int)(s - scripts));
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fprintf(f, "#!/bin/sh\n%s", s->text) > 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0700), 0);
	vx_git_put_end(&request);
	rc = vx_git_child_run(&c, &report, &kind, err);
	vx_buf_fini(&request);
	if (vx_mono_ns(clock) - began > SOON_NS)
		fail_msg("%s: it took too long", s->name);
	return rc;
}

/* Wait until the process whose number is in @path.pid has ended. */
static bool ends(const char *path)
{
	char name[128], number[32] = "";
	long pid;
	struct pollfd p = {.events = POLLIN};
	FILE *f;
	int n;

	(void)snprintf(name, sizeof(name), "%s.pid", path);
	f = fopen(name, "re");
	assert_non_null(f);
	assert_non_null(fgets(number, sizeof(number), f));
	assert_int_equal(fclose(f), 0);
	pid = strtol(number, NULL, 10);
	assert_true(pid > 0);
	p.fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (p.fd < 0)
		return errno == ESRCH;
	n = poll(&p, 1, 20000);
	vx_close(&p.fd);
	return n == 1;
}

static void nothing_of_a_run_is_left(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		struct vx_error err = {0};
		char path[100];
		int rc = run(&scripts[i], path, sizeof(path), &err);

		if (rc != scripts[i].rc)
			fail_msg("%s: %d: %s", scripts[i].name, rc, err.msg);
		if (!ends(path))
			fail_msg("%s: it still runs", scripts[i].name);
	}
}

static int set_up(void **state)
{
	(void)state;
	(void)strcpy(base, "/tmp/vx-git-child-XXXXXX");
	return mkdtemp(base) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[100];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -r %s", base);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_of_a_run_is_left),
	};

	(void)signal(SIGPIPE, SIG_IGN); /* as the daemon */
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
