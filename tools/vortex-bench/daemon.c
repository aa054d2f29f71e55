/* daemon.c - a vortexd for one case. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "core/cleanup.h"
#include "core/clock.h"
#include "tools/vortex-bench/bench.h"

#define READY_MS 30000
#define STOP_MS 10000

/* The daemon under measurement, for the handler alone; 0: none. */
static volatile sig_atomic_t running;

/* Interrupted: the daemon unmounts as it ends; the work directory stays behind. */
static void interrupted(int signal)
{
	if (running)
		(void)kill((pid_t)running, SIGTERM);
	_exit(128 + signal);
}

static int notify_socket(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	(void)snprintf(at.sun_path, sizeof(at.sun_path), "%s", path);
	if (fd >= 0 && bind(fd, (const struct sockaddr *)&at, sizeof(at)) < 0)
		vx_close(&fd);
	return fd;
}

static int write_settings(const struct vx_bench *b, const char *backends, const char *file,
                          struct vx_error *err)
{
	VX_AUTO(vx_freep) char *text = NULL;
	int n = asprintf(&text,
	                 "mount: {path: %s/mnt}\nstate: {path: %s/state}\n"
	                 "http: {listen: \"\"}\nlog: {level: warn}\nbackends:\n%s",
	                 b->work, b->work, backends);

	return n < 0 ? -ENOMEM : vx_bench_write(file, text, (size_t)n, err);
}

static int spawn(const struct vx_bench *b, const char *file, const char *notify, pid_t *ret)
{
	VX_AUTO(vx_freep) char *log = NULL;
	VX_AUTO(vx_freep) char *where = NULL;
	const char *argv[] = {b->vortexd, "-c", file, NULL};
	char *env[] = {NULL, NULL, NULL};
	posix_spawn_file_actions_t files;
	VX_AUTO(vx_freep) char *socket = NULL;
	int rc;

	if (asprintf(&log, "%s/log", b->work) < 0 ||
	    asprintf(&where, "NOTIFY_SOCKET=%s", notify) < 0 ||
	    asprintf(&socket, "VORTEX_HTTP_SOCKET=%s/api.sock", b->work) < 0)
		return -ENOMEM;
	env[0] = where;
	env[1] = socket;
	vx_assert(posix_spawn_file_actions_init(&files) == 0);
	vx_assert(posix_spawn_file_actions_addopen(&files, 2, log, O_WRONLY | O_CREAT | O_APPEND,
	                                           0644) == 0);
	rc = posix_spawn(ret, b->vortexd, &files, NULL, (char *const *)(uintptr_t)argv, env);
	(void)posix_spawn_file_actions_destroy(&files);
	return -rc;
}

/* Wait for READY=1 on @fd. */
static bool ready(int fd, pid_t pid)
{
	int64_t until = vx_bench_now() + READY_MS * VX_MSEC;
	char message[256];

	while (vx_bench_now() < until && waitpid(pid, NULL, WNOHANG) == 0) {
		struct pollfd p = {fd, POLLIN, 0};
		ssize_t n = poll(&p, 1, 100) > 0 ? recv(fd, message, sizeof(message) - 1, 0) : 0;

		message[n > 0 ? n : 0] = '\0';
		if (strstr(message, "READY=1"))
			return true;
	}
	return false;
}

int vx_bench_start(struct vx_bench *b, const char *backends, struct vx_bench_daemon *ret,
                   struct vx_error *err)
{
	VX_AUTO(vx_freep) char *file = NULL;
	VX_AUTO(vx_freep) char *notify = NULL;
	VX_AUTO(vx_close) int fd = -1;
	int64_t began;
	int rc;

	*ret = (struct vx_bench_daemon){.pid = -1};
	if (asprintf(&file, "%s/vortexd.yaml", b->work) < 0 ||
	    asprintf(&notify, "%s/notify", b->work) < 0 ||
	    asprintf(&ret->mount, "%s/mnt", b->work) < 0)
		return vx_fail(err, -ENOMEM, "out of memory");
	rc = write_settings(b, backends, file, err);
	if (rc < 0)
		return rc;
	(void)unlink(notify);
	fd = notify_socket(notify);
	if (fd < 0)
		return vx_fail(err, -errno, "binding %s: %s", notify, strerror(errno));
	(void)signal(SIGINT, interrupted);
	(void)signal(SIGTERM, interrupted);
	began = vx_bench_now();
	rc = spawn(b, file, notify, &ret->pid);
	running = rc < 0 ? 0 : ret->pid;
	if (rc < 0)
		return vx_fail(err, rc, "starting %s: %s", b->vortexd, strerror(-rc));
	if (!ready(fd, ret->pid)) {
		VX_AUTO(vx_freep) char *log = calloc(1, 401);
		char *path = NULL;

		if (log && asprintf(&path, "%s/log", b->work) >= 0)
			(void)vx_bench_read(path, log, 400); /* what there is */
		free(path);
		(void)vx_bench_stop(ret);
		return vx_fail(err, -EIO, "vortexd did not start: %s", log ? log : "");
	}
	ret->start_ns = vx_bench_now() - began;
	return 0;
}

int64_t vx_bench_stop(struct vx_bench_daemon *d)
{
	int64_t began = vx_bench_now(), took = -1;
	bool ended = d->pid <= 0 || kill(d->pid, SIGTERM) < 0;

	while (!ended && vx_bench_now() - began < STOP_MS * VX_MSEC) {
		ended = waitpid(d->pid, NULL, WNOHANG) != 0;
		if (ended)
			took = vx_bench_now() - began;
		else
			(void)poll(NULL, 0, 1);
	}
	if (!ended) {
		(void)kill(d->pid, SIGKILL);
		(void)waitpid(d->pid, NULL, 0);
		(void)umount2(d->mount, MNT_DETACH);
	}
	running = 0;
	free(d->mount);
	*d = (struct vx_bench_daemon){.pid = -1};
	return took;
}

double vx_bench_anon_kib(const struct vx_bench_daemon *d)
{
	char path[64], line[256];
	double kib = -1;
	FILE *f;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)d->pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, "RssAnon:", 8) == 0)
			kib = strtod(line + 8, NULL);
	if (f)
		(void)fclose(f); /* only read */
	return kib;
}
