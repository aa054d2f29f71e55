/* ops.c - what all requests need, and those that need nothing else: forget, statfs, and every
 * request that would write, which is refused.
 *
 * Each op sends exactly one reply on every path. A reply can only fail because the kernel no longer
 * waits for it; where that matters (a lookup was counted) the op looks. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "fs/ask.h"

struct vx_fs *vx_fs_of(fuse_req_t req)
{
	return VX_CHECK(fuse_req_userdata(req), struct vx_fs, VX_FS_MAGIC);
}

struct vx_who vx_fs_who(fuse_req_t req)
{
	const struct fuse_ctx *c = fuse_req_ctx(req);

	return (struct vx_who){c->pid, c->uid, c->gid};
}

struct vx_inode *vx_fs_inode(struct vx_fs *fs, fuse_ino_t id)
{
	struct vx_inode *i;

	VX_LOCKED(&fs->lock);
	i = vx_table_find(&fs->table, id);
	return i ? vx_inode_ref(i) : NULL;
}

void vx_fs_reply_rc(fuse_req_t req, int rc)
{
	(void)fuse_reply_err(req, vx_error_info(rc)->fuse); /* fails only if nobody waits */
}

/* --- what the kernel is told ---------------------------------------------------------------- */

static void set_times(struct stat *st, int64_t ns)
{
	struct timespec t = {ns / VX_SEC, ns % VX_SEC};

	st->st_mtim = t;
	st->st_ctim = t;
	st->st_atim = t;
}

void vx_fs_attr(struct vx_fs *fs, const struct vx_inode *i, struct stat *ret, double *ret_ttl)
{
	static const mode_t types[] = {
		[VX_NODE_DIR] = S_IFDIR, [VX_NODE_FILE] = S_IFREG, [VX_NODE_LINK] = S_IFLNK};
	const struct vx_bytes *bytes;

	*ret_ttl = fs->entry_ttl;
	*ret = (struct stat){
		.st_ino = i->id,
		.st_mode = types[i->node.kind] | (i->node.mode.perm & 07777),
		.st_nlink = 1, /* of directories too: find takes it as "not counted" */
		.st_uid = i->node.mode.uid,
		.st_gid = i->node.mode.gid,
		.st_blksize = 4096,
	};
	if (i->node.kind == VX_NODE_DIR) {
		*ret_ttl = fs->branch_ttl;
		set_times(ret, ((const struct vx_dir *)i)->changed_ns);
		return;
	}
	set_times(ret, i->node.content->mtime_ns);
	bytes = atomic_load(&i->node.content->bytes);
	if (bytes) {
		ret->st_size = (off_t)bytes->len;
		ret->st_blocks = (ret->st_size + 511) / 512;
	} else {
		ret->st_size = VX_SIZE_UNKNOWN;
		*ret_ttl = 0;
	}
}

void vx_fs_entry(struct vx_fs *fs, struct vx_inode *i, struct fuse_entry_param *ret)
{
	*ret = (struct fuse_entry_param){.ino = i->id};
	vx_fs_attr(fs, i, &ret->attr, &ret->attr_timeout);
	if (i->node.volatile_name)
		ret->entry_timeout = 0;
	else
		ret->entry_timeout = i->node.kind == VX_NODE_DIR ? fs->branch_ttl : fs->entry_ttl;
}

/* --- forget ----------------------------------------------------------------------------------- */

void vx_fs_drain_gone(struct vx_fs *fs)
{
	struct vx_inode *i, *next;

	vx_lock(&fs->lock);
	i = vx_steal(fs->table.gone);
	vx_unlock(&fs->lock);
	for (; i; i = next) {
		bool dir = i->node.kind == VX_NODE_DIR;
		struct vx_fs_call call;

		next = i->gone_next;
		vx_fs_call_begin(fs, &call);
		if (dir)
			fs->provider->dropped(fs->self, vx_inode_dir(i));
		else
			fs->provider->released(fs->self, i->node.content);
		vx_fs_call_end(fs, &call, dir ? "dropped" : "released");
		vx_inode_put(i);
	}
}

static void forget_one(struct vx_fs *fs, fuse_ino_t ino, uint64_t n)
{
	struct vx_inode *i;

	atomic_fetch_add_explicit(&fs->counts.forget, 1, memory_order_relaxed);
	VX_LOCKED(&fs->lock);
	i = vx_table_find(&fs->table, ino);
	if (i)
		vx_table_forget(&fs->table, i, n);
}

static void op_forget(fuse_req_t req, fuse_ino_t ino, uint64_t n)
{
	forget_one(vx_fs_of(req), ino, n);
	fuse_reply_none(req);
}

static void op_forget_multi(fuse_req_t req, size_t count, struct fuse_forget_data *forgets)
{
	struct vx_fs *fs = vx_fs_of(req);

	for (size_t k = 0; k < count; k++)
		forget_one(fs, forgets[k].ino, forgets[k].nlookup);
	fuse_reply_none(req);
}

/* --- the rest --------------------------------------------------------------------------------- */

static void op_init(void *userdata, struct fuse_conn_info *conn)
{
	(void)userdata;
	/* Inodes never change, so their pages are never stale by time or size. */
	conn->want &= ~(unsigned)FUSE_CAP_AUTO_INVAL_DATA;
	conn->want &= ~(unsigned)FUSE_CAP_ATOMIC_O_TRUNC;
	/* READs in the background are bounded (12) for the whole mount: a few files whose bytes
	 * do not come would stop everybody, and their readers could not be interrupted. */
	conn->want &= ~(unsigned)FUSE_CAP_ASYNC_READ;
	/* AUTO would list without entries and then look each name up. */
	conn->want &= ~(unsigned)FUSE_CAP_READDIRPLUS_AUTO;
	conn->want |= conn->capable &
	              (FUSE_CAP_READDIRPLUS | FUSE_CAP_CACHE_SYMLINKS | FUSE_CAP_PARALLEL_DIROPS);
}

static void count_other(fuse_req_t req)
{
	atomic_fetch_add_explicit(&vx_fs_of(req)->counts.other, 1, memory_order_relaxed);
}

static void op_statfs(fuse_req_t req, fuse_ino_t ino)
{
	const struct statvfs st = {
		.f_bsize = 4096, .f_frsize = 4096, .f_namemax = 255, .f_flag = ST_RDONLY};

	(void)ino;
	count_other(req);
	(void)fuse_reply_statfs(req, &st); /* fails only if nobody waits */
}

static void refuse(fuse_req_t req)
{
	count_other(req);
	(void)fuse_reply_err(req, EROFS); /* fails only if nobody waits */
}

static void op_setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int to_set,
                       struct fuse_file_info *fi)
{
	(void)ino, (void)attr, (void)to_set, (void)fi;
	refuse(req);
}

static void op_mknod(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode, dev_t rdev)
{
	(void)parent, (void)name, (void)mode, (void)rdev;
	refuse(req);
}

static void op_mkdir(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode)
{
	(void)parent, (void)name, (void)mode;
	refuse(req);
}

static void op_remove(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	(void)parent, (void)name;
	refuse(req);
}

static void op_symlink(fuse_req_t req, const char *target, fuse_ino_t parent, const char *name)
{
	(void)target, (void)parent, (void)name;
	refuse(req);
}

static void op_rename(fuse_req_t req, fuse_ino_t parent, const char *name, fuse_ino_t new_parent,
                      const char *new_name, unsigned flags)
{
	(void)parent, (void)name, (void)new_parent, (void)new_name, (void)flags;
	refuse(req);
}

static void op_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t new_parent, const char *new_name)
{
	(void)ino, (void)new_parent, (void)new_name;
	refuse(req);
}

static void op_create(fuse_req_t req, fuse_ino_t parent, const char *name, mode_t mode,
                      struct fuse_file_info *fi)
{
	(void)parent, (void)name, (void)mode, (void)fi;
	refuse(req);
}

static void op_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size, off_t off,
                     struct fuse_file_info *fi)
{
	(void)ino, (void)buf, (void)size, (void)off, (void)fi;
	refuse(req);
}

static void op_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t off, off_t len,
                         struct fuse_file_info *fi)
{
	(void)ino, (void)mode, (void)off, (void)len, (void)fi;
	refuse(req);
}

/* No flush, access or xattr ops: their absence is remembered by the kernel after one request. */
const struct fuse_lowlevel_ops vx_fs_ops = {
	.init = op_init,
	.lookup = vx_op_lookup,
	.forget = op_forget,
	.forget_multi = op_forget_multi,
	.getattr = vx_op_getattr,
	.readlink = vx_op_readlink,
	.open = vx_op_open,
	.read = vx_op_read,
	.opendir = vx_op_opendir,
	.readdir = vx_op_readdir,
	.readdirplus = vx_op_readdirplus,
	.releasedir = vx_op_releasedir,
	.statfs = op_statfs,
	.setattr = op_setattr,
	.mknod = op_mknod,
	.mkdir = op_mkdir,
	.unlink = op_remove,
	.rmdir = op_remove,
	.symlink = op_symlink,
	.rename = op_rename,
	.link = op_link,
	.create = op_create,
	.write = op_write,
	.fallocate = op_fallocate,
};
