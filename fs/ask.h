/* ask.h - one question to the provider, answered exactly once.
 *
 * An ask stands for a request of the kernel that cannot be answered from what fs knows (or, with
 * no request, for the loading of an index). Whoever moves its state away from WAITING owns the
 * reply: the provider's answer, an INTERRUPT, or the end of the mount. Everybody who comes later
 * only drops references.
 *
 * The provider holds one reference, which its answer gives back. Asks are made on the loop's
 * thread, where INTERRUPTs are handled too; answers come from any thread. */
#pragma once

#include "fs/fs_i.h"

#define VX_ASK_MAGIC 0x7678616bu

enum vx_ask_want {
	VX_WANT_NODE,    /* vx_ask_node; gone on with where it is answered */
	VX_WANT_CONTENT, /* vx_ask_content; likewise */
	VX_WANT_PAGE,    /* vx_ask_page; gone on with by the loop, which owns directory handles */
	VX_WANT_INDEX,   /* vx_ask_index; no request of the kernel */
	VX_WANT_LOAD     /* not the provider's: waits in dir->waiting for an index, then the loop */
};

enum vx_ask_state { VX_ASK_WAITING, VX_ASK_ANSWERED, VX_ASK_GONE };

/* A page of a branch's listing. */
struct vx_page {
	char **names;
	size_t n;
	bool more;
};
void vx_page_fini(struct vx_page *page);

struct vx_ask {
	unsigned magic;
	atomic_uint refs;
	_Atomic enum vx_ask_state state;
	enum vx_ask_want want;
	struct vx_fs *fs;
	fuse_req_t req; /* NULL: VX_WANT_INDEX; invalid once the state has moved */
	struct vx_ctx ctx;
	struct vx_inode *inode; /* what is asked about; a reference */

	/* Go on after the answer (@rc below 0: an error) and reply. The caller puts the ask. */
	void (*resume)(struct vx_ask *ask, int rc);

	/* The request's arguments, as far as its resume needs them. */
	char *name;
	size_t size;
	off_t off;
	bool plus;
	struct vx_handle *handle;

	/* The answer, until somebody takes it. */
	int rc;
	struct vx_node node;
	struct vx_names *names;
	struct vx_page page;

	struct vx_ask *next, **prev;             /* (L) fs->asks */
	struct vx_ask *queue_next, **queue_prev; /* (L) dir->waiting or fs->ready */
};

/* A new ask about @inode for @req, WAITING, with one reference. NULL: replied already (EINTR, EIO
 * at the end of the mount, ENOMEM). On the loop's thread. */
struct vx_ask *vx_ask_new(struct vx_fs *fs, fuse_req_t req, enum vx_ask_want want,
                          struct vx_inode *inode, void (*resume)(struct vx_ask *, int));

/* The same with no request: NULL and nothing else when out of memory or at the end. */
struct vx_ask *vx_ask_load(struct vx_fs *fs, struct vx_dir *dir);

/* Own the reply: true for exactly one caller. */
bool vx_ask_claim(struct vx_ask *ask);

struct vx_ask *vx_ask_ref(struct vx_ask *ask);
void vx_ask_put(struct vx_ask *ask); /* without fs->lock */

/* (L) Put a VX_WANT_LOAD ask on its directory's list; its reference goes along. */
void vx_ask_wait(struct vx_ask *ask, struct vx_dir *dir);
/* (L) Hand everything that waits in @dir to the loop, with @rc. Wake the loop afterwards. */
void vx_ask_release(struct vx_fs *fs, struct vx_dir *dir, int rc);

/* On the loop's thread: go on with what is ready. */
void vx_ask_run_ready(struct vx_fs *fs);
/* On the loop's thread, at the end: answer everything with EIO, cancel what the provider holds. */
void vx_ask_abandon(struct vx_fs *fs);
/* Wait until the provider has answered everything. */
void vx_ask_drain(struct vx_fs *fs);
