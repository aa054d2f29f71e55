/* fs.c - a filesystem from its start to its end.
 *
 * As root the device is ours and the mount is made by mount.c; otherwise libfuse has fusermount3
 * make one, read-only, for the caller alone: there OPEN is answered, for lack of a clone that would
 * refuse writers, and the kernel checks no modes, since everything belongs to one user anyway. */
#include "fs/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "fs/ask.h"

static bool strict_mode(void)
{
#ifdef NDEBUG
	return false;
#else
	const char *v = getenv("VORTEX_STRICT");

	return v && strcmp(v, "1") == 0;
#endif
}

static double seconds(int64_t ms)
{
	return (double)ms / 1000;
}

static int open_descriptors(struct vx_fs *fs)
{
	fs->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fs->ended_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	fs->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	/* Without /proc a foreign umount goes unnoticed, which harms nobody. */
	fs->mounts_fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	return fs->wake_fd < 0 || fs->ended_fd < 0 || fs->epoll_fd < 0 ? -errno : 0;
}

static int copy_options(struct vx_fs *fs, const struct vx_fs_options *o)
{
	fs->options = *o;
	fs->options.path = strdup(o->path);
	fs->options.context = strdup(o->context ? o->context : "");
	fs->entry_ttl = seconds(o->entry_ttl_ms);
	fs->negative_ttl = seconds(o->negative_ttl_ms);
	fs->branch_ttl = seconds(o->branch_ttl_ms);
	return fs->options.path && fs->options.context ? 0 : -ENOMEM;
}

int vx_fs_new(const struct vx_fs_options *options, const struct vx_provider *provider, void *self,
              struct vx_fs **ret, struct vx_error *err)
{
	struct vx_fs *fs = calloc(1, sizeof(*fs));
	struct vx_place *root;
	int rc;

	if (!fs)
		return vx_fail(err, -ENOMEM, "out of memory");
	fs->magic = VX_FS_MAGIC;
	fs->provider = provider;
	fs->self = self;
	fs->started_ns = vx_wall_ns(options->clock);
	fs->strict = strict_mode();
	fs->mount = (struct vx_mount)VX_MOUNT_INIT;
	fs->wake_fd = fs->ended_fd = fs->epoll_fd = fs->mounts_fd = fs->judged_fd = -1;
	vx_assert(pthread_mutex_init(&fs->lock, NULL) == 0);
	vx_assert(pthread_cond_init(&fs->changed, NULL) == 0);
	vx_assert(pthread_cond_init(&fs->fewer, NULL) == 0);
	fs->ready_tail = &fs->ready;
	fs->queue_tail = &fs->queue;
	root = provider->root(self);
	rc = root ? vx_table_init(&fs->table, root, fs->started_ns) : -ENOMEM;
	if (rc == 0)
		rc = copy_options(fs, options);
	if (rc == 0)
		rc = open_descriptors(fs);
	if (rc < 0) {
		vx_fs_free(fs);
		return vx_fail(err, rc, "starting the filesystem: %s", strerror(-rc));
	}
	*ret = fs;
	return 0;
}

void vx_fs_free(struct vx_fs *fs)
{
	if (!fs)
		return;
	if (fs->session) {
		fuse_session_unmount(fs->session); /* its own mount; detached before */
		fuse_session_destroy(fs->session); /* closes the device: the connection ends */
	}
	vx_fs_close_handles(fs);
	if (fs->table.root)
		vx_table_fini(&fs->table);
	vx_fs_drain_gone(fs);
	vx_mount_fini(&fs->mount);
	vx_close(&fs->wake_fd);
	vx_close(&fs->ended_fd);
	vx_close(&fs->epoll_fd);
	vx_close(&fs->mounts_fd);
	free((char *)(uintptr_t)fs->options.path); /* copies of ours, const for everybody else */
	free((char *)(uintptr_t)fs->options.context);
	(void)pthread_cond_destroy(&fs->changed); /* nobody is left */
	(void)pthread_cond_destroy(&fs->fewer);
	(void)pthread_mutex_destroy(&fs->lock);
	fs->magic = 0;
	free(fs);
}

static int session_as_root(struct vx_fs *fs, struct vx_error *err)
{
	char name[] = "vortex";
	char *argv[] = {name, NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	VX_AUTO(vx_close) int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	int rc;

	if (device < 0)
		return vx_fail(err, -errno, "/dev/fuse: %s; is the kernel module fuse loaded?",
		               strerror(errno));
	rc = vx_mount_create(device, fs->options.context, &fs->mount, err);
	if (rc == 0)
		rc = vx_session_new(fs, &args, device, err);
	if (rc == 0)
		(void)vx_steal_fd(&device); /* the session's */
	fuse_opt_free_args(&args);
	return rc;
}

static int session_as_user(struct vx_fs *fs, struct vx_error *err)
{
	char name[] = "vortex", o[] = "-o", options[] = "fsname=vortex,subtype=vortex,ro";
	char *argv[] = {name, o, options, NULL};
	struct fuse_args args = FUSE_ARGS_INIT(3, argv);
	int rc = vx_session_new(fs, &args, -1, err);

	fuse_opt_free_args(&args);
	fs->answers_open = true;
	if (rc == 0 && fuse_session_mount(fs->session, fs->options.path) != 0)
		rc = vx_fail(err, -EPERM,
		             "fusermount3 did not mount %s; it has to be installed, the directory "
		             "has to be yours, and /dev/fuse readable and writable for you",
		             fs->options.path);
	return rc == 0 ? vx_mount_adopt(&fs->mount, fs->options.path, err) : rc;
}

int vx_fs_start(const struct vx_fs_options *options, const struct vx_provider *provider, void *self,
                struct vx_fs **ret, struct vx_error *err)
{
	bool root = geteuid() == 0;
	struct vx_fs *fs;
	int rc;

	rc = vx_mount_reclaim(options->path, err);
	if (rc < 0)
		return rc;
	rc = vx_fs_new(options, provider, self, &fs, err);
	if (rc < 0)
		return rc;
	rc = root ? session_as_root(fs, err) : session_as_user(fs, err);
	if (rc == 0)
		rc = vx_session_start(fs, err);
	if (rc < 0) {
		vx_mount_detach(&fs->mount);
		vx_fs_free(fs);
		return rc;
	}
	if (root) /* visible only now, when somebody serves */
		rc = vx_mount_attach(&fs->mount, options->path, err);
	if (rc == 0)
		rc = vx_session_watch_mount(fs, err);
	if (rc < 0) {
		vx_fs_stop(fs);
		return rc;
	}
	*ret = fs;
	return 0;
}

int vx_fs_ended_fd(const struct vx_fs *fs)
{
	return fs->ended_fd;
}

void vx_fs_count(const struct vx_fs *fs, struct vx_fs_counts *ret)
{
	*ret = (struct vx_fs_counts){
		.lookup = atomic_load(&fs->counts.lookup),
		.getattr = atomic_load(&fs->counts.getattr),
		.read = atomic_load(&fs->counts.read),
		.readdir = atomic_load(&fs->counts.readdir),
		.readlink = atomic_load(&fs->counts.readlink),
		.forget = atomic_load(&fs->counts.forget),
		.other = atomic_load(&fs->counts.other),
		.slow_provider_calls = atomic_load(&fs->counts.slow),
	};
}

void vx_fs_stop(struct vx_fs *fs)
{
	if (!fs)
		return;
	vx_mount_detach(&fs->mount);
	vx_session_stop(fs);
	vx_ask_drain(fs);
	vx_fs_free(fs);
}
