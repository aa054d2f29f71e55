/* flat.c - a snapshot's tree as flat keys in byte order, spelled as core/compare.c spells them.
 *
 * Beside its leaves the list has each map or list that overrode something as a whole: that is told
 * nowhere else. */
#include <errno.h>
#include <string.h>

#include "core/buf.h"
#include "daemon/http/http_i.h"

static void add(struct vx_flat *f, const struct vx_buf *path, const struct vx_value *v)
{
	char *key = vx_buf_failed(path) ? NULL : vx_arena_strndup(&f->arena, path->data, path->len);

	if (key && f->n == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 64;
		struct vx_flat_item *grown = reallocarray(f->items, cap, sizeof(*grown));

		if (grown) {
			f->items = grown;
			f->cap = cap;
		}
	}
	if (!key || f->n == f->cap) {
		f->failed = true;
		return;
	}
	f->items[f->n++] = (struct vx_flat_item){key, v};
}

static bool is_leaf(const struct vx_value *v)
{
	return v->type == VX_LIST ? v->n_items == 0 : v->type != VX_MAP || v->n_entries == 0;
}

/* Recursion follows the depth of the tree, which the parsers bound. */
static void add_below(struct vx_flat *f, struct vx_buf *path, const struct vx_value *v)
{
	size_t len = path->len;

	for (size_t i = 0; i < v->n_items + v->n_entries && !f->failed; i++) {
		const struct vx_entry *e = i < v->n_items ? NULL : &v->entries[i - v->n_items];
		const struct vx_value *child = e ? e->value : v->items[i];

		if (e)
			vx_buf_printf(path, "%s%s", len ? "." : "", e->key);
		else
			vx_buf_printf(path, "[%zu]", i);
		if (is_leaf(child) || child->hidden)
			add(f, path, child);
		add_below(f, path, child);
		vx_buf_truncate(path, len);
	}
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct vx_flat_item *)a)->key, ((const struct vx_flat_item *)b)->key);
}

int vx_flat_init(struct vx_flat *f, const struct vx_snapshot *s)
{
	VX_AUTO(vx_buf_fini) struct vx_buf path = VX_BUF_INIT;

	*f = (struct vx_flat){.arena = VX_ARENA_INIT};
	add_below(f, &path, s->root);
	if (f->n > 1)
		qsort(f->items, f->n, sizeof(*f->items), by_key);
	return f->failed ? -ENOMEM : 0;
}

void vx_flat_fini(struct vx_flat *f)
{
	vx_arena_fini(&f->arena);
	free(f->items);
}

size_t vx_flat_after(const struct vx_flat *f, const char *key)
{
	size_t lo = 0, hi = f->n;

	while (key && lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(f->items[mid].key, key) <= 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}
