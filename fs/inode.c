/* inode.c - the table of inodes, and the counting of directories.
 *
 * Two chained hash tables of the same size over the same rows: by nodeid, and by directory and
 * name. Chaining is intrusive, so that entering a row needs no memory but the row; a table that
 * could not be enlarged only grows slower. */
#include "fs/inode.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/assert.h"

#define FIRST_BUCKETS 256

/* Nodeids are unique over all mounts of the process, so that whoever meets one (fanotify, a log)
 * knows which mount it means: the one counter that mounts share. 64 bits are never used up. */
static _Atomic uint64_t next_id = VX_ROOT_ID + 1;

static struct vx_inode **id_bucket(const struct vx_table *t, uint64_t id)
{
	return &t->by_id[id & (t->size - 1)];
}

static struct vx_inode **name_bucket(const struct vx_table *t, const struct vx_dir *dir,
                                     const char *name)
{
	uint64_t h = vx_name_hash(name) ^ dir->inode.id * UINT64_C(0x9e3779b97f4a7c15);

	return &t->by_name[(h ^ h >> 32) & (t->size - 1)];
}

static void list_add(struct vx_inode **head, struct vx_inode *i)
{
	i->next = *head;
	i->prev = head;
	if (i->next)
		i->next->prev = &i->next;
	*head = i;
}

void vx_inode_unlink(struct vx_inode *i)
{
	if (!i->prev)
		return;
	*i->prev = i->next;
	if (i->next)
		i->next->prev = i->prev;
	i->next = NULL;
	i->prev = NULL;
}

struct vx_inode *vx_inode_ref(struct vx_inode *i)
{
	atomic_fetch_add_explicit(&i->refs, 1, memory_order_relaxed);
	return i;
}

void vx_inode_put(struct vx_inode *i)
{
	while (i && atomic_fetch_sub_explicit(&i->refs, 1, memory_order_acq_rel) == 1) {
		struct vx_inode *parent = i->parent ? &i->parent->inode : NULL;
		struct vx_dir *dir = vx_inode_dir(i);

		if (dir) {
			vx_names_put(dir->index);
			vx_names_put(dir->before);
			vx_assert(!dir->held && !dir->stale && !dir->told && !dir->waiting);
		}
		vx_node_put(&i->node);
		free(i->name);
		free(i);
		i = parent; /* a deep path is not put by recursion */
	}
}

struct vx_place *vx_dir_place(struct vx_dir *dir)
{
	return dir->inode.node.place;
}

struct vx_dir *vx_dir_ref(struct vx_dir *dir)
{
	(void)vx_inode_ref(&dir->inode);
	return dir;
}

void vx_dir_put(struct vx_dir *dir)
{
	if (dir)
		vx_inode_put(&dir->inode);
}

static struct vx_inode *inode_new(uint64_t id, struct vx_dir *parent, const char *name,
                                  const struct vx_node *node, int64_t now_ns)
{
	bool is_dir = node->kind == VX_NODE_DIR;
	struct vx_inode *i = calloc(1, is_dir ? sizeof(struct vx_dir) : sizeof(*i));
	char *copy = strdup(name);

	if (!i || !copy) {
		free(i);
		free(copy);
		return NULL;
	}
	atomic_init(&i->refs, 1);
	i->id = id;
	i->name = copy;
	i->node = vx_node_ref(node);
	i->parent = parent ? vx_dir_ref(parent) : NULL;
	if (is_dir)
		((struct vx_dir *)i)->changed_ns = now_ns;
	return i;
}

static void chain(struct vx_table *t, struct vx_inode *i)
{
	struct vx_inode **b = id_bucket(t, i->id);

	i->id_next = *b;
	*b = i;
	if (!i->named)
		return;
	vx_assert(i->parent); /* the root alone has none, and it has no name */
	b = name_bucket(t, i->parent, i->name);
	i->name_next = *b;
	*b = i;
}

static void unchain_id(struct vx_table *t, struct vx_inode *i)
{
	struct vx_inode **at = id_bucket(t, i->id);

	while (*at != i)
		at = &(*at)->id_next;
	*at = i->id_next;
}

static void unchain_name(struct vx_table *t, struct vx_inode *i)
{
	struct vx_inode **at = name_bucket(t, i->parent, i->name);

	while (*at != i)
		at = &(*at)->name_next;
	*at = i->name_next;
	i->named = false;
}

/* Keep at most one row a bucket on average, as far as memory allows. */
static void enlarge(struct vx_table *t)
{
	struct vx_table wide = {.n = t->n, .size = t->size * 2, .gone = t->gone, .root = t->root};

	wide.by_id = calloc(wide.size, sizeof(struct vx_inode *));
	wide.by_name = calloc(wide.size, sizeof(struct vx_inode *));
	if (!wide.by_id || !wide.by_name) {
		free(wide.by_id);
		free(wide.by_name);
		return;
	}
	for (size_t b = 0; b < t->size; b++) {
		struct vx_inode *next;

		for (struct vx_inode *i = t->by_id[b]; i; i = next) {
			next = i->id_next;
			chain(&wide, i);
		}
	}
	free(t->by_id);
	free(t->by_name);
	t->by_id = wide.by_id;
	t->by_name = wide.by_name;
	t->size = wide.size;
}

int vx_table_init(struct vx_table *t, struct vx_place *place, int64_t now_ns)
{
	struct vx_node node = {VX_NODE_DIR, {0, 0, 0555}, NULL, place, false};
	struct vx_inode *root = inode_new(VX_ROOT_ID, NULL, "", &node, now_ns);

	vx_node_put(&node);
	*t = (struct vx_table){.size = FIRST_BUCKETS};
	t->by_id = calloc(t->size, sizeof(struct vx_inode *));
	t->by_name = calloc(t->size, sizeof(struct vx_inode *));
	if (!root || !t->by_id || !t->by_name) {
		free(t->by_id);
		free(t->by_name);
		vx_inode_put(root);
		return -ENOMEM;
	}
	root->lookups = 1;
	chain(t, root);
	t->n = 1;
	t->root = vx_inode_dir(root);
	return 0;
}

/* The table's reference moves to table->gone. A row on its directory's stale list stays there: the
 * notifier has a reference of its own. */
static void drop(struct vx_table *t, struct vx_inode *i)
{
	struct vx_dir *dir = vx_inode_dir(i);

	i->lookups = 0;
	unchain_id(t, i);
	t->n--;
	if (i->named) {
		unchain_name(t, i);
		vx_inode_unlink(i);
	}
	if (dir)
		dir->gone = true;
	i->gone_next = t->gone;
	t->gone = i;
}

void vx_table_fini(struct vx_table *t)
{
	for (size_t b = 0; b < t->size; b++) {
		while (t->by_id[b])
			drop(t, t->by_id[b]);
	}
	free(t->by_id);
	free(t->by_name);
	t->by_id = NULL;
	t->by_name = NULL;
}

struct vx_inode *vx_table_find(const struct vx_table *t, uint64_t id)
{
	struct vx_inode *i = *id_bucket(t, id);

	while (i && i->id != id)
		i = i->id_next;
	return i;
}

struct vx_inode *vx_table_named(const struct vx_table *t, const struct vx_dir *dir,
                                const char *name)
{
	struct vx_inode *i = *name_bucket(t, dir, name);

	while (i && (i->parent != dir || strcmp(i->name, name) != 0))
		i = i->name_next;
	return i;
}

struct vx_inode *vx_table_enter(struct vx_table *t, struct vx_dir *dir, const char *name,
                                const struct vx_node *node, int64_t now_ns)
{
	struct vx_inode *was = vx_table_named(t, dir, name), *i;

	if (was && vx_node_same(&was->node, node)) {
		was->node.mode = node->mode; /* a directory's; others would not be the same */
		was->lookups++;
		return was;
	}
	i = inode_new(atomic_fetch_add(&next_id, 1), dir, name, node, now_ns);
	if (!i)
		return NULL;
	if (was) { /* found by nodeid alone from now on */
		unchain_name(t, was);
		vx_inode_unlink(was);
	}
	if (t->n >= t->size)
		enlarge(t);
	i->lookups = 1;
	i->named = true;
	chain(t, i);
	t->n++;
	list_add(&dir->held, i);
	return i;
}

void vx_table_forget(struct vx_table *t, struct vx_inode *i, uint64_t n)
{
	if (i->id == VX_ROOT_ID)
		return;
	i->lookups -= n < i->lookups ? n : i->lookups;
	if (!i->lookups)
		drop(t, i);
}

void vx_table_unname(struct vx_table *t, struct vx_inode *i)
{
	vx_assert(i->named);
	unchain_name(t, i);
	vx_inode_unlink(i);
	list_add(&i->parent->stale, vx_inode_ref(i));
}
