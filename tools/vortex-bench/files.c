/* files.c - writing, reading and running, as the cases need it. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/cleanup.h"
#include "tools/vortex-bench/bench.h"

static void make_folders(char *path)
{
	for (char *c = path + 1; *c; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		(void)mkdir(path, 0755); /* opening the file tells */
		*c = '/';
	}
}

static int write_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno != EINTR)
			return -errno;
		if (done > 0) {
			bytes += done;
			n -= (size_t)done;
		}
	}
	return 0;
}

int vx_bench_write(const char *path, const void *bytes, size_t n, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *aside = NULL;
	VX_AUTO(vx_close) int fd = -1;
	int rc;

	/* A name with a dot is no document and no plain file: nobody is told of it. */
	if (asprintf(&aside, "%.*s/.new", (int)(strrchr(path, '/') - path), path) < 0)
		return vx_fail(err, -ENOMEM, "out of memory");
	make_folders(aside);
	fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	rc = fd < 0 ? -errno : write_all(fd, bytes, n);
	if (rc == 0 && rename(aside, path) < 0)
		rc = -errno;
	return rc < 0 ? vx_fail(err, rc, "writing %s: %s", path, strerror(-rc)) : 0;
}

ssize_t vx_bench_read(const char *path, char *ret_first, size_t first_len)
{
	char chunk[64 << 10];
	ssize_t n, all = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		if (all == 0 && ret_first)
			memcpy(ret_first, chunk, (size_t)n < first_len ? (size_t)n : first_len);
		all += n;
	}
	if (n < 0)
		all = -errno;
	(void)close(fd); /* only read */
	return all;
}

/* The reading end of a pipe into which another process writes @in; -1. */
static int feed(const char *in, pid_t *ret_pid)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	*ret_pid = fork();
	if (*ret_pid == 0) {
		(void)close(ends[0]);
		_exit(write_all(ends[1], in, strlen(in)) < 0 ? 1 : 0);
	}
	(void)close(ends[1]);
	return ends[0];
}

int vx_bench_run(const char *const *argv, const char *in, struct vx_error *err)
{
	posix_spawn_file_actions_t files;
	pid_t pid = -1, feeder = -1;
	int fd = in ? feed(in, &feeder) : -1, status = 0, rc;

	vx_assert(posix_spawn_file_actions_init(&files) == 0);
	if (fd >= 0)
		vx_assert(posix_spawn_file_actions_adddup2(&files, fd, 0) == 0);
	vx_assert(posix_spawn_file_actions_addopen(&files, 1, "/dev/null", O_WRONLY, 0) == 0);
	rc = posix_spawnp(&pid, argv[0], &files, NULL, (char *const *)(uintptr_t)argv, environ);
	(void)posix_spawn_file_actions_destroy(&files);
	vx_close(&fd);
	if (rc == 0 && (waitpid(pid, &status, 0) < 0 || status != 0))
		rc = EIO;
	if (feeder > 0)
		(void)waitpid(feeder, NULL, 0); /* its failure is the reader's */
	return rc ? vx_fail(err, -rc, "running %s: %s", argv[0],
	                    rc == EIO ? "it failed" : strerror(rc))
	          : 0;
}
