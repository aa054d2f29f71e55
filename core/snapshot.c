/* snapshot.c - the life of a snapshot, and finding things in it. vx_compose builds it. */
#include "core/snapshot.h"

#include <errno.h>
#include <string.h>

#include "core/compose.h"
#include "core/placeholder.h"
#include "core/utf8.h"

struct vx_snapshot *vx_snapshot_ref(struct vx_snapshot *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void vx_snapshot_put(struct vx_snapshot *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	vx_resolved_put(s->inputs);
	vx_coords_free(s->at);
	vx_arena_fini(&s->arena);
	free(s);
}

static int by_name(const void *key, const void *element)
{
	const struct vx_snapshot_plain *p = element;

	return strcmp(key, p->plain->name);
}

const struct vx_snapshot_plain *vx_snapshot_plain_find(const struct vx_snapshot *s,
                                                       const char *name)
{
	return s->n_plain ? bsearch(name, s->plain, s->n_plain, sizeof(*s->plain), by_name) : NULL;
}

int vx_snapshot_resolve_text(const struct vx_snapshot *s, const char *in, size_t n,
                             struct vx_bytes **ret, struct vx_error *err)
{
	struct vx_bytes *bytes;

	if (memmem(in, n, "${", 2) && vx_utf8_valid(in, n))
		return vx_placeholders_text(s->root, in, n, ret, err);
	bytes = vx_bytes_new(in, n);
	if (!bytes)
		return vx_fail(err, -ENOMEM, "no memory for a plain file of %s", s->at->text);
	*ret = bytes;
	return 0;
}
