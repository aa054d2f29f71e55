/* test_syscalls.c - what the fetching program can do no more once it has given it up. Each case
 * is a process of its own, for the filter stays. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "backends/git_fetch/fetch_i.h"

#define MADE "/tmp/vx-git-syscalls-made"

/* Each does one thing: 0 it could, else the errno. */
static int make_link(void)
{
	return symlink("/etc/passwd", MADE) < 0 ? errno : 0;
}

static int make_hard_link(void)
{
	return link("/proc/self/exe", MADE) < 0 ? errno : 0;
}

static int make_fifo(void)
{
	return mkfifo(MADE, 0600) < 0 ? errno : 0;
}

#ifndef VX_SANITIZED /* a sanitizer may start one */
static int start_process(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0 ? errno : 0;
}

static int start_process_as_the_kernel_can(void)
{
	long pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0)
		_exit(0);
	return pid < 0 ? errno : 0;
}
#endif

static int run_program(void)
{
	char *argv[] = {(char *)(uintptr_t) "true", NULL};

	return execv("/bin/true", argv) < 0 ? errno : 0;
}

static int signal_another(void)
{
	return kill(getppid(), 0) < 0 ? errno : 0;
}

static int signal_another_s_thread(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0) < 0 ? errno : 0;
}

static int make_namespace(void)
{
	return unshare(CLONE_NEWUSER) < 0 ? errno : 0;
}

static int make_ring(void)
{
	return syscall(SYS_io_uring_setup, 1, NULL) < 0 ? errno : 0;
}

static void *nothing(void *arg)
{
	return arg;
}

static int start_thread(void)
{
	pthread_t thread;
	int rc = pthread_create(&thread, NULL, nothing, NULL);

	return rc ? rc : pthread_join(thread, NULL);
}

static int write_and_rename(void)
{
	FILE *f = fopen(MADE ".new", "we");

	if (!f || fclose(f) != 0 || rename(MADE ".new", MADE) < 0 || unlink(MADE) < 0)
		return errno;
	return 0;
}

static int map_memory(void)
{
	void *at = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED || munmap(at, 4096) < 0 ? errno : 0;
}

static int signal_itself(void)
{
	return raise(0) ? errno : 0;
}

static const struct {
	const char *name;
	int (*act)(void);
	int fails;
} cases[] = {
	{"a link", make_link, EPERM},
	{"a hard link", make_hard_link, EPERM},
	{"a fifo", make_fifo, EPERM},
#ifndef VX_SANITIZED
	{"a process", start_process, EPERM},
	{"a process, by the call itself", start_process_as_the_kernel_can, EPERM},
#endif
	{"a program", run_program, EPERM},
	{"a signal", signal_another, EPERM},
	{"a signal to a thread", signal_another_s_thread, EPERM},
	{"a namespace", make_namespace, EPERM},
	{"a ring", make_ring, EPERM},
	{"a thread", start_thread, 0},
	{"a file", write_and_rename, 0},
	{"memory", map_memory, 0},
	{"a signal to itself", signal_itself, 0},
};

static void what_is_given_up_is_refused_and_the_rest_is_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct failure f = {0};
		int status = 0;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0)
			_exit(refuse_syscalls(&f) < 0 ? 200 : cases[i].act());
		assert_int_equal(waitpid(pid, &status, 0), pid);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != cases[i].fails)
			fail_msg("%s: status 0x%x", cases[i].name, (unsigned)status);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_given_up_is_refused_and_the_rest_is_not),
	};

	(void)unlink(MADE);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
