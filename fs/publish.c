/* publish.c - a leaf's index is replaced, and the kernel is told what differs.
 *
 * Switching is pointer work under fs->lock: the new index stands, and every row that a name showed
 * and shows no more moves to the directory's stale list. A lookup finds its node and enters its row
 * under the same lock, so it is either before the switch, and its row is seen here, or after it.
 *
 * Telling takes the kernel's lock of the directory and waits for lookups and listings in flight
 * there: only the notifier's thread does it, which serves nothing. It works by directory: several
 * publications that wait for it are one telling, from what the kernel was last told of (`before`)
 * to what stands now. Directories are not told of: their names time out (branch_ttl), because a
 * mount that somebody placed on one would be lost. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fs/ask.h"

/* (L) Queue @dir for the notifier, while there is one. */
static void queue(struct vx_fs *fs, struct vx_dir *dir)
{
	if (dir->queued || fs->notifier_ended)
		return;
	dir->queued = true;
	dir->next_queued = NULL;
	*fs->queue_tail = vx_dir_ref(dir);
	fs->queue_tail = &dir->next_queued;
	vx_broadcast(&fs->changed);
}

/* (L) Move the rows that @names does not show any more to the stale list. */
static void unname_stale(struct vx_fs *fs, struct vx_dir *dir, const struct vx_names *names)
{
	struct vx_inode *next;

	for (struct vx_inode *i = dir->held; i; i = next) {
		const struct vx_node *node;

		next = i->next;
		if (i->node.kind == VX_NODE_DIR)
			continue;
		node = vx_names_find(names, i->name);
		if (!node || !vx_node_same(&i->node, node))
			vx_table_unname(&fs->table, i);
	}
}

/* (L) Put @names in force. What is left over for the caller to put, without the lock: *ret_old. */
static void switch_index(struct vx_fs *fs, struct vx_dir *dir, struct vx_names *names,
                         struct vx_names **ret_old)
{
	*ret_old = dir->index;
	dir->index = names;
	dir->load = NULL;
	vx_ask_release(fs, dir, 0);
	if (!*ret_old)
		return; /* the first one: the kernel was told of nothing */
	unname_stale(fs, dir, names);
	dir->changed_ns = vx_wall_ns(fs->options.clock);
	if (!dir->before)
		dir->before = vx_steal(*ret_old);
	queue(fs, dir);
}

/* (L) Remember whom to tell. false: nobody has to wait. */
static bool remember(struct vx_dir *dir, struct vx_told *told)
{
	if (!told || !dir->queued)
		return false;
	told->next = dir->told;
	dir->told = told;
	return true;
}

void vx_publish(struct vx_fs *fs, struct vx_dir *dir, struct vx_names *names,
                void (*done)(void *arg), void *arg)
{
	struct vx_told *told = done ? malloc(sizeof(*told)) : NULL;
	struct vx_names *old = names; /* refused where the kernel has forgotten the directory */
	bool later = false;

	if (told)
		*told = (struct vx_told){NULL, done, arg};
	vx_lock(&fs->lock);
	if (!dir->gone) {
		switch_index(fs, dir, names, &old);
		later = remember(dir, told);
	}
	vx_unlock(&fs->lock);
	vx_session_wake(fs);
	vx_names_put(old);
	if (later)
		return;
	free(told);
	if (done)
		done(arg); /* nothing to wait for; or no memory to remember it: too early, not never
		            */
}

void vx_fs_publish(struct vx_fs *fs, struct vx_dir *dir, struct vx_names *names,
                   void (*done)(void *arg), void *arg)
{
	vx_publish(fs, dir, names, done, arg);
}

bool vx_fs_shows(struct vx_fs *fs, struct vx_dir *dir)
{
	VX_LOCKED(&fs->lock);
	return !dir->gone;
}

bool vx_fs_holds(struct vx_fs *fs, struct vx_dir *dir, const char *name)
{
	VX_LOCKED(&fs->lock);
	return vx_table_named(&fs->table, dir, name) != NULL;
}

/* --- the notifier ----------------------------------------------------------------------------- */

/* One directory's telling, taken over from it. */
struct telling {
	struct vx_fs *fs;
	uint64_t id;
	struct vx_names *before, *now;
	struct vx_inode *stale;
	struct vx_told *told;
};

/* Fails where the kernel does not know the name, or nothing is mounted any more: both are right. */
static void tell_name(void *arg, const char *name)
{
	struct telling *t = arg;

	(void)fuse_lowlevel_notify_inval_entry(t->fs->session, t->id, name, strlen(name));
}

static void tell_done(struct vx_told *newest)
{
	struct vx_told *oldest = NULL, *next;

	for (; newest; newest = next) {
		next = newest->next;
		newest->next = oldest;
		oldest = newest;
	}
	for (; oldest; oldest = next) {
		next = oldest->next;
		oldest->done(oldest->arg);
		free(oldest);
	}
}

/* Names first: each call waits for listings in flight, which would otherwise fill the cache of the
 * listing after it was dropped. Added names are told because a miss may be cached. */
static void tell(struct telling *t)
{
	struct vx_inode *next;

	for (struct vx_inode *i = t->stale; i; i = next) {
		next = i->next;
		tell_name(t, i->name);
		vx_inode_put(i);
	}
	vx_names_differ(t->before, t->now, tell_name, t);
	(void)fuse_lowlevel_notify_inval_inode(t->fs->session, t->id, 0, 0); /* as tell_name */
	vx_names_put(t->before);
	vx_names_put(t->now);
	tell_done(t->told);
}

/* (L) Take the next directory off the queue; NULL: there is none. Its reference goes along. */
static struct vx_dir *take(struct vx_fs *fs, struct telling *ret)
{
	struct vx_dir *dir = fs->queue;

	if (!dir)
		return NULL;
	fs->queue = dir->next_queued;
	if (!fs->queue)
		fs->queue_tail = &fs->queue;
	dir->queued = false;
	*ret = (struct telling){
		.fs = fs,
		.id = dir->inode.id,
		.before = vx_steal(dir->before),
		.now = dir->index ? vx_names_ref(dir->index) : NULL,
		.stale = vx_steal(dir->stale),
		.told = vx_steal(dir->told),
	};
	return dir;
}

static void *notify(void *arg)
{
	struct vx_fs *fs = VX_CHECK(arg, struct vx_fs, VX_FS_MAGIC);
	struct telling t;
	struct vx_dir *dir;

	vx_lock(&fs->lock);
	for (;;) {
		while ((dir = take(fs, &t))) {
			vx_unlock(&fs->lock);
			tell(&t);
			vx_dir_put(dir);
			vx_lock(&fs->lock);
		}
		if (fs->notifier_quit)
			break;
		vx_assert(pthread_cond_wait(&fs->changed, &fs->lock) == 0);
	}
	fs->notifier_ended = true;
	vx_unlock(&fs->lock);
	return NULL;
}

int vx_notifier_start(struct vx_fs *fs)
{
	return -pthread_create(&fs->notifier, NULL, notify, fs);
}

void vx_notifier_stop(struct vx_fs *fs)
{
	vx_lock(&fs->lock);
	fs->notifier_quit = true;
	vx_broadcast(&fs->changed);
	vx_unlock(&fs->lock);
}
