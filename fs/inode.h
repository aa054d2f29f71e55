/* inode.h - the inodes that the kernel knows.
 *
 * A row appears when a name is answered and disappears when the kernel has forgotten it as often
 * as it was told. A file's row is one publication of one path and never changes; a directory's row
 * is one path, and only its mode and index move. Two ways in: by nodeid, and by (directory, name)
 * for the row that the name shows now; a replaced row is found by nodeid alone.
 *
 * Threads: everything marked (L) and every vx_table_ function needs fs->lock, which is held for
 * pointer work only. References may be taken and put without it. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "fs/names.h"

#define VX_ROOT_ID 1

struct vx_inode {
	atomic_size_t refs; /* the table's while the kernel knows it, and one for each user */
	uint64_t id;
	uint64_t lookups;              /* (L) how often the kernel was told */
	struct vx_dir *parent;         /* a reference; NULL: the root */
	char *name;                    /* in parent; "" for the root */
	struct vx_node node;           /* mode of a directory: (L); the rest never changes */
	bool named;                    /* (L) the row that (parent, name) shows */
	struct vx_inode *id_next;      /* (L) hash chains */
	struct vx_inode *name_next;    /* (L) */
	struct vx_inode *next, **prev; /* (L) on parent->held or parent->stale */
	struct vx_inode *gone_next;    /* (L) on table->gone */
};

/* A publication's caller that wants to know when the kernel has been told. */
struct vx_told {
	struct vx_told *next;
	void (*done)(void *arg);
	void *arg;
};

struct vx_dir {
	struct vx_inode inode;  /* first: a directory's vx_inode is cast back */
	bool gone;              /* (L) forgotten by the kernel: no index any more */
	int64_t changed_ns;     /* (L) modification time */
	struct vx_names *index; /* (L) leaf: NULL until loaded */
	struct vx_inode *held;  /* (L) rows whose parent this is and that are named */
	struct vx_ask *load;    /* (L) the question for the index, while it is out; borrowed */
	struct vx_ask *waiting; /* (L) requests that wait for the index, newest first */

	/* (L) What the notifier has to tell the kernel; see publish.c. */
	bool queued;
	struct vx_dir *next_queued;
	struct vx_names *before; /* what the kernel was last told of; a reference */
	struct vx_inode *stale;  /* rows that no name shows any more; a reference each */
	struct vx_told *told;    /* newest first */
};

struct vx_table {
	size_t n, size; /* size: buckets of each chain table, a power of two */
	struct vx_inode **by_id, **by_name;
	struct vx_inode
		*gone; /* forgotten, the provider not told yet; keeps the table's reference */
	struct vx_dir *root;
};

/* The root, whose @place is taken over. 0 or -ENOMEM. */
int vx_table_init(struct vx_table *t, struct vx_place *place, int64_t now_ns);
/* Forget everything: all rows move to table->gone, and the chains are freed. */
void vx_table_fini(struct vx_table *t);

/* Borrowed; NULL: the kernel does not know it (any more). */
struct vx_inode *vx_table_find(const struct vx_table *t, uint64_t id);
struct vx_inode *vx_table_named(const struct vx_table *t, const struct vx_dir *dir,
                                const char *name);

/* The row that @name in @dir shows now that @node stands there, counted as told to the kernel once
 * more: the old row where vx_node_same, else a new one with a nodeid never used before. @node is
 * borrowed. The result is borrowed; NULL: out of memory. */
struct vx_inode *vx_table_enter(struct vx_table *t, struct vx_dir *dir, const char *name,
                                const struct vx_node *node, int64_t now_ns);

/* The kernel gives @n of its lookups back; the last one moves the row to table->gone. The root
 * stays. What the kernel says is not trusted: @n may be too large. */
void vx_table_forget(struct vx_table *t, struct vx_inode *i, uint64_t n);

/* Take @i out of its directory's names and put it on @dir->stale with a reference. */
void vx_table_unname(struct vx_table *t, struct vx_inode *i);

/* Unlink @i from the list that it is on. */
void vx_inode_unlink(struct vx_inode *i);

struct vx_inode *vx_inode_ref(struct vx_inode *i);
void vx_inode_put(struct vx_inode *i); /* NULL is a no-op; not with fs->lock held */

/* @i as a directory; NULL if it is none. */
static inline struct vx_dir *vx_inode_dir(struct vx_inode *i)
{
	return i && i->node.kind == VX_NODE_DIR ? (struct vx_dir *)i : NULL;
}
