/* session.c - the loop: requests are read from the device and answered or set aside.
 *
 * One thread waits for four things: the device, an eventfd by which other threads hand work over,
 * a change of the mount table (somebody may have unmounted us: as long as the detached superblock
 * stands, the device does not say so), and the end. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include "core/log.h"
#include "fs/ask.h"

#define BURST 64  /* requests between two looks at what other threads handed over */
#define STUCK_S 5 /* how long the threads may take to end before the connection is broken */

/* libfuse talks to standard error otherwise. */
static void __attribute__((format(printf, 2, 0)))
log_fuse(enum fuse_log_level level, const char *fmt, va_list ap)
{
	char line[256];

	(void)level;
	if (!vx_log_enabled(VX_LOG_DEBUG))
		return;
	(void)vsnprintf(line, sizeof(line), fmt, ap); /* cut is fine */
	line[strcspn(line, "\n")] = '\0';
	vx_log(VX_LOG_DEBUG, VX_FIELDS({"part", "libfuse"}), "%s", line);
}

int vx_session_new(struct vx_fs *fs, struct fuse_args *args, int device, struct vx_error *err)
{
	char path[32];

	fuse_set_log_func(log_fuse);
	fs->session = fuse_session_new(args, &vx_fs_ops, sizeof(vx_fs_ops), fs);
	if (!fs->session)
		return vx_fail(err, -ENOMEM, "libfuse makes no session");
	if (device < 0)
		return 0;
	(void)snprintf(path, sizeof(path), "/dev/fd/%d", device); /* 19 bytes at most */
	if (fuse_session_mount(fs->session, path) != 0)
		return vx_fail(err, -EIO, "libfuse does not take the device");
	return 0;
}

void vx_session_wake(struct vx_fs *fs)
{
	/* Fails only when 2^64 wakes are unread, and then the loop is awake. */
	(void)eventfd_write(fs->wake_fd, 1);
}

static void say_ended(struct vx_fs *fs)
{
	(void)eventfd_write(fs->ended_fd, 1); /* as in vx_session_wake */
}

/* Handle a few requests. false: the connection has ended. */
static bool serve(struct vx_fs *fs, struct fuse_buf *buf)
{
	for (int n = 0; n < BURST; n++) {
		int rc = fuse_session_receive_buf(fs->session, buf);

		if (rc == -EAGAIN || rc == -EINTR)
			return true;
		if (rc <= 0)
			return false;
		fuse_session_process_buf(fs->session, buf);
		if (atomic_load(&fs->loop_quit))
			return true;
	}
	return true;
}

static int watch(int epoll, int fd, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.fd = fd};

	return fd < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0 ? 0 : -errno;
}

/* What other threads have handed over. */
static void take_work(struct vx_fs *fs)
{
	vx_ask_run_ready(fs);
	vx_fs_drain_gone(fs);
	if (atomic_load(&fs->ending))
		vx_ask_abandon(fs);
}

static void *loop(void *arg)
{
	struct vx_fs *fs = VX_CHECK(arg, struct vx_fs, VX_FS_MAGIC);
	int device = fuse_session_fd(fs->session);
	struct fuse_buf buf = {0};
	eventfd_t ignored;

	vx_fs_judge(fs);
	while (!atomic_load(&fs->loop_quit)) {
		struct epoll_event e;

		take_work(fs);
		if (epoll_wait(fs->epoll_fd, &e, 1, -1) != 1)
			continue; /* a signal */
		if (e.data.fd == fs->wake_fd) {
			(void)eventfd_read(fs->wake_fd, &ignored); /* the count says nothing */
		} else if (e.data.fd == device && !serve(fs, &buf)) {
			(void)epoll_ctl(fs->epoll_fd, EPOLL_CTL_DEL, device, NULL);
			say_ended(fs);
		} else if (e.data.fd == fs->mounts_fd && !vx_mount_stands(&fs->mount)) {
			say_ended(fs);
		}
	}
	take_work(fs);
	vx_fs_judge_end(fs);
	free(buf.mem);
	return NULL;
}

/* Join; when that takes too long, let the readers go by breaking the connection, and go on. */
static void join(struct vx_fs *fs, pthread_t thread)
{
	struct timespec until;

	(void)clock_gettime(CLOCK_REALTIME,
	                    &until); /* cannot fail; a set clock moves a bound only */
	until.tv_sec += STUCK_S;
	if (pthread_timedjoin_np(thread, NULL, &until) == 0)
		return;
	vx_mount_abort(&fs->mount);
	vx_assert(pthread_join(thread, NULL) == 0);
}

static void stop_loop(struct vx_fs *fs)
{
	atomic_store(&fs->loop_quit, true);
	vx_session_wake(fs);
	join(fs, fs->loop);
}

int vx_session_start(struct vx_fs *fs, struct vx_error *err)
{
	int device = fuse_session_fd(fs->session), flags = fcntl(device, F_GETFL), rc;

	if (flags < 0 || fcntl(device, F_SETFL, flags | O_NONBLOCK) < 0)
		return vx_fail(err, -errno, "setting up the FUSE device: %s", strerror(errno));
	if ((rc = watch(fs->epoll_fd, device, EPOLLIN)) < 0 ||
	    (rc = watch(fs->epoll_fd, fs->wake_fd, EPOLLIN)) < 0)
		return vx_fail(err, rc, "setting up the loop: %s", strerror(-rc));
	rc = -pthread_create(&fs->loop, NULL, loop, fs);
	if (rc < 0)
		return vx_fail(err, rc, "starting the loop: %s", strerror(-rc));
	rc = vx_notifier_start(fs);
	if (rc == 0)
		return 0;
	stop_loop(fs);
	return vx_fail(err, rc, "starting the notifier: %s", strerror(-rc));
}

/* From now on the loop looks at fs->mount. */
int vx_session_watch_mount(struct vx_fs *fs, struct vx_error *err)
{
	int rc = watch(fs->epoll_fd, fs->mounts_fd, EPOLLPRI);

	return rc < 0 ? vx_fail(err, rc, "watching the mount table: %s", strerror(-rc)) : 0;
}

/* The notifier first: it may wait for a request that the kernel has not handed out yet, and which
 * only a running loop answers. */
void vx_session_stop(struct vx_fs *fs)
{
	atomic_store(&fs->ending, true);
	vx_session_wake(fs);
	vx_notifier_stop(fs);
	join(fs, fs->notifier);
	stop_loop(fs);
}
