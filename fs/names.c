/* names.c - a leaf's index: which node stands at which name.
 *
 * Built by one thread, then sealed and never changed: any thread reads it under a reference. The
 * entries stand in the order of their addition, an open-addressing table of positions finds them
 * by name, and sealing sorts those that are listed. */
#include "fs/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/assert.h"

struct vx_names {
	atomic_size_t refs;
	bool sealed;
	size_t n, cap;
	struct vx_name *all;
	const struct vx_name **listed; /* room for cap; filled by sealing */
	size_t n_listed;
	uint32_t *slots; /* 2 * cap of them, a power of two: position + 1, 0 is free */
};

uint64_t vx_name_hash(const char *name)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (const char *p = name; *p; p++)
		h = (h ^ (unsigned char)*p) * UINT64_C(0x100000001b3);
	return h ^ h >> 32; /* the tables mask the low bits */
}

struct vx_node vx_node_ref(const struct vx_node *node)
{
	struct vx_node copy = *node;

	if (copy.content)
		vx_content_ref(copy.content);
	if (copy.place)
		vx_place_ref(copy.place);
	return copy;
}

void vx_node_put(struct vx_node *node)
{
	vx_content_put(node->content);
	vx_place_put(node->place);
	node->content = NULL;
	node->place = NULL;
}

static bool same_mode(const struct vx_mode *a, const struct vx_mode *b)
{
	return a->uid == b->uid && a->gid == b->gid && a->perm == b->perm;
}

/* Links are compared by target: making a new one for each publication is no change. */
static bool same_link(struct vx_content *a, struct vx_content *b)
{
	const struct vx_bytes *x = atomic_load(&a->bytes), *y = atomic_load(&b->bytes);

	return a == b || (x && y && x->len == y->len && memcmp(x->data, y->data, x->len) == 0);
}

bool vx_node_same(const struct vx_node *a, const struct vx_node *b)
{
	if (a->kind != b->kind)
		return false;
	if (a->kind == VX_NODE_DIR)
		return a->place->leaf == b->place->leaf;
	if (a->volatile_name != b->volatile_name || !same_mode(&a->mode, &b->mode))
		return false;
	return a->kind == VX_NODE_LINK ? same_link(a->content, b->content)
	                               : a->content == b->content;
}

struct vx_names *vx_names_new(void)
{
	struct vx_names *n = calloc(1, sizeof(*n));

	if (n)
		atomic_init(&n->refs, 1);
	return n;
}

/* The slot of @name, or the free one where it belongs. There is always a free one. */
static uint32_t *slot_of(const struct vx_names *n, const char *name)
{
	size_t mask = 2 * n->cap - 1;
	size_t at = vx_name_hash(name) & mask;

	while (n->slots[at] && strcmp(n->all[n->slots[at] - 1].name, name) != 0)
		at = (at + 1) & mask;
	return &n->slots[at];
}

static int grow(struct vx_names *n)
{
	size_t cap = n->cap ? n->cap * 2 : 16;
	const struct vx_name **listed;
	struct vx_name *all;
	uint32_t *slots;

	if (cap > UINT32_MAX / 2)
		return -E2BIG;
	all = reallocarray(n->all, cap, sizeof(*all));
	if (!all)
		return -ENOMEM;
	n->all = all;
	listed = reallocarray(n->listed, cap, sizeof(*listed));
	if (!listed)
		return -ENOMEM;
	n->listed = listed;
	slots = calloc(2 * cap, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(n->slots);
	n->slots = slots;
	n->cap = cap;
	for (size_t i = 0; i < n->n; i++)
		*slot_of(n, n->all[i].name) = (uint32_t)i + 1;
	return 0;
}

static int add(struct vx_names *n, const char *name, int rank, bool listed,
               const struct vx_node *node)
{
	uint32_t *slot;
	char *copy;

	if (n->n == n->cap && grow(n) < 0)
		return -ENOMEM;
	slot = slot_of(n, name);
	if (*slot)
		return -EEXIST;
	copy = strdup(name);
	if (!copy)
		return -ENOMEM;
	n->all[n->n] = (struct vx_name){copy, rank, listed, *node};
	*slot = (uint32_t)++n->n;
	return 0;
}

int vx_names_add(struct vx_names *n, const char *name, int rank, bool listed, struct vx_node node)
{
	int rc;

	vx_assert(!n->sealed);
	rc = add(n, name, rank, listed, &node);
	if (rc < 0)
		vx_node_put(&node);
	return rc;
}

static int by_rank(const void *a, const void *b)
{
	const struct vx_name *x = *(const struct vx_name *const *)a;
	const struct vx_name *y = *(const struct vx_name *const *)b;

	if (x->rank != y->rank)
		return x->rank < y->rank ? -1 : 1;
	return strcmp(x->name, y->name);
}

void vx_names_seal(struct vx_names *n)
{
	vx_assert(!n->sealed);
	n->sealed = true;
	for (size_t i = 0; i < n->n; i++) {
		if (n->all[i].listed)
			n->listed[n->n_listed++] = &n->all[i];
	}
	if (n->n_listed)
		qsort(n->listed, n->n_listed, sizeof(struct vx_name *), by_rank);
}

const struct vx_node *vx_names_find(const struct vx_names *n, const char *name)
{
	uint32_t at;

	vx_assert(n->sealed);
	at = n->cap ? *slot_of(n, name) : 0;
	return at ? &n->all[at - 1].node : NULL;
}

const struct vx_name *vx_names_listed(const struct vx_names *n, size_t i)
{
	return i < n->n_listed ? n->listed[i] : NULL;
}

/* Call @fn for the names of @a that @b lacks. */
static void lacking(const struct vx_names *a, const struct vx_names *b,
                    void (*fn)(void *arg, const char *name), void *arg)
{
	for (size_t i = 0; a && i < a->n; i++) {
		if (!b || !vx_names_find(b, a->all[i].name))
			fn(arg, a->all[i].name);
	}
}

void vx_names_differ(const struct vx_names *a, const struct vx_names *b,
                     void (*fn)(void *arg, const char *name), void *arg)
{
	lacking(a, b, fn, arg);
	lacking(b, a, fn, arg);
}

struct vx_names *vx_names_ref(struct vx_names *n)
{
	atomic_fetch_add_explicit(&n->refs, 1, memory_order_relaxed);
	return n;
}

void vx_names_put(struct vx_names *n)
{
	if (!n || atomic_fetch_sub_explicit(&n->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < n->n; i++) {
		vx_node_put(&n->all[i].node);
		free(n->all[i].name);
	}
	free(n->all);
	free(n->listed);
	free(n->slots);
	free(n);
}
