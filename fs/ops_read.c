/* ops_read.c - files and links: attributes and bytes.
 *
 * Here, and not in LOOKUP, is where a reader waits for bytes that are not known yet: the kernel
 * holds no lock of a directory during GETATTR and READ. Known bytes are written to the device from
 * where they lie, under the inode's reference. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "fs/ask.h"

static const struct vx_bytes *bytes_of(const struct vx_inode *i)
{
	return i->node.content ? atomic_load(&i->node.content->bytes) : NULL;
}

/* Replies are not looked at in this file: they fail only if nobody waits any more. */
static void reply_attr(struct vx_fs *fs, fuse_req_t req, const struct vx_inode *i)
{
	struct stat st;
	double ttl;

	vx_lock(&fs->lock);
	vx_fs_attr(fs, i, &st, &ttl);
	vx_unlock(&fs->lock);
	(void)fuse_reply_attr(req, &st, ttl);
}

static void reply_bytes(fuse_req_t req, const struct vx_bytes *bytes, size_t size, off_t off)
{
	size_t left;

	if (off < 0 || (uint64_t)off >= bytes->len) {
		(void)fuse_reply_buf(req, NULL, 0);
		return;
	}
	left = bytes->len - (size_t)off;
	(void)fuse_reply_buf(req, bytes->data + off, size < left ? size : left);
}

/* Ask for the bytes of @i and go on with @resume. */
static void ask_content(struct vx_fs *fs, fuse_req_t req, struct vx_inode *i, size_t size,
                        off_t off, void (*resume)(struct vx_ask *, int))
{
	struct vx_who who = vx_fs_who(req);
	struct vx_ask *ask = vx_ask_new(fs, req, VX_WANT_CONTENT, i, resume);
	struct vx_fs_call call;

	if (!ask)
		return;
	ask->size = size;
	ask->off = off;
	vx_fs_call_begin(fs, &call);
	fs->provider->content(fs->self, ask, i->node.content, &who);
	vx_fs_call_end(fs, &call, "content");
}

static void attr_ready(struct vx_ask *ask, int rc)
{
	if (rc == 0 && !bytes_of(ask->inode))
		rc = -EIO; /* said to be kept, but not there */
	if (rc < 0)
		vx_fs_reply_rc(ask->req, rc);
	else
		reply_attr(ask->fs, ask->req, ask->inode);
}

static void read_ready(struct vx_ask *ask, int rc)
{
	const struct vx_bytes *bytes = bytes_of(ask->inode);

	if (rc == 0 && !bytes)
		rc = -EIO;
	if (rc < 0)
		vx_fs_reply_rc(ask->req, rc);
	else
		reply_bytes(ask->req, bytes, ask->size, ask->off);
}

/* Replies: attr, err; later where the size is not known. */
void vx_op_getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct vx_fs *fs = vx_fs_of(req);
	struct vx_inode *i = vx_fs_inode(fs, ino);

	(void)fi;
	atomic_fetch_add_explicit(&fs->counts.getattr, 1, memory_order_relaxed);
	if (!i)
		(void)fuse_reply_err(req, ESTALE);
	else if (i->node.content && !bytes_of(i))
		ask_content(fs, req, i, 0, 0, attr_ready);
	else
		reply_attr(fs, req, i);
	vx_inode_put(i);
}

/* Replies: err (ENOSYS: once for ever, no open comes again), or open. */
void vx_op_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct vx_fs *fs = vx_fs_of(req);

	(void)ino;
	atomic_fetch_add_explicit(&fs->counts.other, 1, memory_order_relaxed);
	if (!fs->answers_open) {
		(void)fuse_reply_err(req, ENOSYS);
	} else if ((fi->flags & O_ACCMODE) != O_RDONLY) {
		(void)fuse_reply_err(req, EROFS);
	} else {
		fi->keep_cache = 1;
		fi->noflush = 1;
		(void)fuse_reply_open(req, fi);
	}
}

/* Replies: buf, err; later where the bytes are not known. */
void vx_op_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off, struct fuse_file_info *fi)
{
	struct vx_fs *fs = vx_fs_of(req);
	struct vx_inode *i = vx_fs_inode(fs, ino);
	const struct vx_bytes *bytes;

	(void)fi;
	atomic_fetch_add_explicit(&fs->counts.read, 1, memory_order_relaxed);
	if (!i || i->node.kind != VX_NODE_FILE)
		(void)fuse_reply_err(req, i ? EINVAL : ESTALE);
	else if (!(bytes = bytes_of(i)))
		ask_content(fs, req, i, size, off, read_ready);
	else
		reply_bytes(req, bytes, size, off);
	vx_inode_put(i);
}

/* Replies: readlink, err. A link's bytes are known when it is answered. */
void vx_op_readlink(fuse_req_t req, fuse_ino_t ino)
{
	struct vx_fs *fs = vx_fs_of(req);
	struct vx_inode *i = vx_fs_inode(fs, ino);
	const struct vx_bytes *target = i && i->node.kind == VX_NODE_LINK ? bytes_of(i) : NULL;

	atomic_fetch_add_explicit(&fs->counts.readlink, 1, memory_order_relaxed);
	if (target)
		(void)fuse_reply_readlink(req, target->data);
	else
		(void)fuse_reply_err(req, i ? EINVAL : ESTALE);
	vx_inode_put(i);
}
