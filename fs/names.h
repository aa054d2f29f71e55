/* names.h - what fs/ itself asks of a leaf's index, beyond provider.h. */
#pragma once

#include "fs/provider.h"

/* One name of a sealed index. Borrowed from it. */
struct vx_name {
	char *name;
	int rank;
	bool listed;
	struct vx_node node;
};

/* The listing, by rank and then byte order: the @i-th listed name, NULL past the last. */
const struct vx_name *vx_names_listed(const struct vx_names *n, size_t i);

/* Call @fn for each name that stands in exactly one of the two (either may be NULL: empty). */
void vx_names_differ(const struct vx_names *a, const struct vx_names *b,
                     void (*fn)(void *arg, const char *name), void *arg);

/* FNV-1a, 64 bits. Names come from documents, not from strangers: no keyed hash is needed. */
uint64_t vx_name_hash(const char *name);

/* Take references for a copy of @node, and give those of one back (@node is emptied). */
struct vx_node vx_node_ref(const struct vx_node *node);
void vx_node_put(struct vx_node *node);

/* Whether a name that showed @a may go on showing the same inode when it is to show @b. Of two
 * directories only the kind of place counts: a directory's inode belongs to its path. */
bool vx_node_same(const struct vx_node *a, const struct vx_node *b);
