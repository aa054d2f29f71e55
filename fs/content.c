/* content.c - the counted objects of the joint: contents and places.
 *
 * Both are embedded by the provider and freed by its own destroy; this file only counts. A
 * content's bytes are set once, by whoever is first, and are read without a lock. */
#include "fs/provider.h"

void vx_content_init(struct vx_content *c, void *owner, int64_t mtime_ns,
                     void (*destroy)(struct vx_content *))
{
	atomic_init(&c->refs, 1);
	c->owner = owner;
	c->destroy = destroy;
	atomic_init(&c->bytes, NULL);
	c->mtime_ns = mtime_ns;
}

struct vx_content *vx_content_ref(struct vx_content *c)
{
	atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
	return c;
}

void vx_content_put(struct vx_content *c)
{
	if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
		return;
	vx_bytes_put(atomic_load(&c->bytes));
	c->destroy(c);
}

void vx_content_keep(struct vx_content *c, struct vx_bytes *bytes)
{
	struct vx_bytes *none = NULL;

	if (!atomic_compare_exchange_strong(&c->bytes, &none, bytes))
		vx_bytes_put(bytes);
}

void vx_place_init(struct vx_place *p, bool leaf, void (*destroy)(struct vx_place *))
{
	atomic_init(&p->refs, 1);
	p->leaf = leaf;
	p->destroy = destroy;
}

struct vx_place *vx_place_ref(struct vx_place *p)
{
	atomic_fetch_add_explicit(&p->refs, 1, memory_order_relaxed);
	return p;
}

void vx_place_put(struct vx_place *p)
{
	if (p && atomic_fetch_sub_explicit(&p->refs, 1, memory_order_acq_rel) == 1)
		p->destroy(p);
}
