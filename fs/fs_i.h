/* fs_i.h - what the rooms of fs/ share: the mounted filesystem itself.
 *
 *	content.c names.c   counted objects and a leaf's index      no kernel, no lock
 *	inode.c             the inodes that the kernel knows
 *	ask.c               one question to the provider and its one answer
 *	ops.c ops_dir.c ops_read.c   the kernel's requests
 *	call.c              how long the provider took, and whose fault it was
 *	publish.c           an index is replaced, the kernel is told
 *	session.c           the loop over the device
 *	mount.c             the mount and its end
 *	fs.c                start and stop
 *
 * Threads: the loop's, the notifier's, and any of the provider's. Requests are taken, and provider
 * calls are made, on the loop's thread alone.
 * Locks: fs->lock (rank 60) guards everything marked (L). Under it no provider call is made, no
 * reply is written and nothing is told to the kernel. A request's own lock inside libfuse comes
 * before it: an interrupt is handled with that one held. */
#pragma once

#define FUSE_USE_VERSION 312
#include <fuse3/fuse_lowlevel.h>
#include <pthread.h>

#include "core/cleanup.h"
#include "core/clock.h"
#include "fs/fs.h"
#include "fs/inode.h"
#include "fs/mount.h"

#define VX_FS_MAGIC 0x76786673u

/* A file whose bytes are not known yet. Not 0: busybox cat, sendfile and splice would read nothing
 * and report success. The first short READ corrects it. */
#define VX_SIZE_UNKNOWN (INT64_C(1) << 40)

struct vx_fs {
	unsigned magic;
	struct vx_fs_options options; /* path and context are copies */
	const struct vx_provider *provider;
	void *self;
	double entry_ttl, negative_ttl, branch_ttl; /* seconds, as the kernel wants them */
	int64_t started_ns;                         /* wall time */
	bool answers_open; /* no ENOSYS: the mount is not read-only by itself */
	int judged_fd;     /* strict: the loop thread's schedstat; -1: slow calls only count */
	unsigned computed; /* strict: calls that computed for too long; the loop's thread alone */
	bool strict;       /* a slow provider call aborts */

	struct fuse_session *session; /* owns the device's descriptor */
	struct vx_mount mount;
	int wake_fd, ended_fd;   /* eventfds */
	int epoll_fd, mounts_fd; /* the loop's; /proc/self/mountinfo */
	pthread_t loop, notifier;

	pthread_mutex_t lock;
	pthread_cond_t changed;             /* something for the notifier */
	pthread_cond_t fewer;               /* an ask less, or one that is ready */
	struct vx_table table;              /* (L) */
	struct vx_ask *asks;                /* (L) all that exist */
	size_t n_asks;                      /* (L) */
	struct vx_ask *ready, **ready_tail; /* (L) answered, to be gone on with by the loop */
	struct vx_dir *queue, **queue_tail; /* (L) directories that the notifier has to do */
	struct vx_handle *handles;          /* open directories; the loop's thread alone */
	atomic_bool ending;                 /* nothing new is asked of the provider */
	bool notifier_quit;                 /* (L) end once the queue is empty */
	bool notifier_ended;                /* (L) no more is told to the kernel */
	atomic_bool loop_quit;

	struct {
		_Atomic uint64_t lookup, getattr, read, readdir, readlink, forget, other, slow;
	} counts;
};

/* --- ops.c ---------------------------------------------------------------------------------- */

extern const struct fuse_lowlevel_ops vx_fs_ops; /* user data: struct vx_fs */

struct vx_fs *vx_fs_of(fuse_req_t req);
struct vx_who vx_fs_who(fuse_req_t req);

/* A reference to the inode that the kernel named, NULL if there is none (it is being forced). */
struct vx_inode *vx_fs_inode(struct vx_fs *fs, fuse_ino_t id);

/* What the kernel is told of @i, with the lookup counted already (L for a directory's mode). */
void vx_fs_entry(struct vx_fs *fs, struct vx_inode *i, struct fuse_entry_param *ret);
void vx_fs_attr(struct vx_fs *fs, const struct vx_inode *i, struct stat *ret, double *ret_ttl);

/* Tell the provider of what the kernel has forgotten. On the loop's thread, or after its end. */
void vx_fs_drain_gone(struct vx_fs *fs);

/* A reply of errno to the negative @rc, by core/errors.def. */
void vx_fs_reply_rc(fuse_req_t req, int rc);

/* --- call.c ---------------------------------------------------------------------------------- */

/* A provider call under way, and what its thread had used when it began (strict only). */
struct vx_fs_call {
	int64_t began_ns;
	int64_t cpu_ns;
	int64_t queued_ns; /* ready to run, but without a processor */
	int64_t locks_ns;  /* waited for other threads in vx_lock and vx_signal */
	long sleeps;       /* gave the processor up by itself, beyond what page faults explain */
};

/* Bracket each provider call: more than 1 ms of wall time counts. Under VORTEX_STRICT=1 (debug
 * builds) a call on the loop's thread that blocks for longer aborts, and the third that computes
 * for longer, with a line that names @what; what a busy machine does to it aborts nothing. */
void vx_fs_call_begin(struct vx_fs *fs, struct vx_fs_call *ret);
void vx_fs_call_end(struct vx_fs *fs, const struct vx_fs_call *call, const char *what);

/* The calling thread is the loop's, from now on or no longer. Strict mode only, else no-ops. */
void vx_fs_judge(struct vx_fs *fs);
void vx_fs_judge_end(struct vx_fs *fs);

/* --- ops_dir.c, ops_read.c ------------------------------------------------------------------ */

void vx_op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name);
void vx_op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void vx_op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                   struct fuse_file_info *fi);
void vx_op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                       struct fuse_file_info *fi);
void vx_op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);

/* Close what is open still: no releasedir comes once the connection has ended. After the loop. */
void vx_fs_close_handles(struct vx_fs *fs);

void vx_op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void vx_op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi);
void vx_op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi);
void vx_op_readlink(fuse_req_t req, fuse_ino_t ino);

/* --- publish.c ------------------------------------------------------------------------------ */

/* Install @names (taken over) in @dir and let the notifier tell the kernel what differs. */
void vx_publish(struct vx_fs *fs, struct vx_dir *dir, struct vx_names *names,
                void (*done)(void *arg), void *arg);
int vx_notifier_start(struct vx_fs *fs);
void vx_notifier_stop(struct vx_fs *fs); /* asks it to; what is queued is done first; join it */

/* --- session.c ------------------------------------------------------------------------------ */

/* A filesystem that serves requests read from a session; @device is taken over and becomes the
 * session's; -1: none yet, the caller mounts the session. @args are libfuse's mount options. */
int vx_session_new(struct vx_fs *fs, struct fuse_args *args, int device, struct vx_error *err);
int vx_session_start(struct vx_fs *fs, struct vx_error *err); /* both threads, or none */
/* Notice when somebody else unmounts; fs->mount is complete and changes no more. */
int vx_session_watch_mount(struct vx_fs *fs, struct vx_error *err);
void vx_session_wake(struct vx_fs *fs);
void vx_session_stop(struct vx_fs *fs); /* end both; the session still stands */

/* --- fs.c ----------------------------------------------------------------------------------- */

/* Everything but session and mount; for tests, too, which drive a session of their own. */
int vx_fs_new(const struct vx_fs_options *options, const struct vx_provider *provider, void *self,
              struct vx_fs **ret, struct vx_error *err);
void vx_fs_free(struct vx_fs *fs);
