/* background.c - one fork and a pipe that says "ready". */
#include "daemon/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the parent: wait for the byte or for the child's end. */
static _Noreturn void wait_for(pid_t child, int fd)
{
	char byte;
	ssize_t n;
	int status;

	do
		n = read(fd, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n == 1)
		_exit(0);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}

int vx_background(int *ret_ready)
{
	int fds[2];
	pid_t child;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	child = fork();
	if (child < 0) {
		int rc = -errno;

		(void)close(fds[0]);
		(void)close(fds[1]);
		return rc;
	}
	if (child > 0) {
		(void)close(fds[1]);
		wait_for(child, fds[0]);
	}
	(void)close(fds[0]);
	(void)setsid();
	*ret_ready = fds[1];
	return 0;
}

int vx_background_ready(int ready, const char *log_path)
{
	int null, log;

	if (ready < 0)
		return 0;
	log = open(log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (log < 0)
		return -errno;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		(void)dup2(null, STDIN_FILENO);
		(void)dup2(null, STDOUT_FILENO);
		(void)close(null);
	}
	(void)dup2(log, STDERR_FILENO);
	(void)close(log);
	(void)!write(ready, "", 1); /* a parent that is gone does not matter */
	(void)close(ready);
	return 0;
}
