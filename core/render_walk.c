/* render_walk.c - what every renderer stands on: the two ways to walk a tree, and what ends one.
 *
 * Formats differ in one thing only that is not spelling: where a scalar may also be a map. Flat
 * formats (properties, env, .origin.json) never notice; nested ones (yml, json, toml) write the
 * children beside the scalar. vx_flat_each and vx_members_each are those two views. */
#include <string.h>

#include "core/render_i.h"

struct vx_bytes *vx_render_finish(struct vx_buf *b)
{
	struct vx_bytes *bytes = b->failed ? NULL : vx_bytes_new(b->data, b->len);

	vx_buf_fini(b);
	return bytes;
}

void vx_put_size(struct vx_buf *b, size_t n)
{
	char digits[20];
	size_t i = sizeof(digits);

	do
		digits[--i] = (char)('0' + n % 10);
	while (n /= 10);
	vx_buf_put(b, digits + i, sizeof(digits) - i);
}

struct walk {
	struct vx_buf path; /* of what is being looked at; shrinks again on the way up */
	vx_key_fn *fn;
	void *arg;
};

static void push_key(struct vx_buf *path, const char *key)
{
	if (path->len)
		vx_buf_putc(path, '.');
	vx_buf_puts(path, key);
}

static void push_index(struct vx_buf *path, size_t i)
{
	vx_buf_putc(path, '[');
	vx_put_size(path, i);
	vx_buf_putc(path, ']');
}

/* What @v, written under w->path already, leaves to be written beside it. */
static void beside(struct walk *w, const struct vx_value *v)
{
	size_t len = w->path.len;

	if (vx_is_both(v)) {
		for (size_t i = 0; i < v->n_entries && !w->path.failed; i++) {
			const struct vx_entry *e = &v->entries[i];

			push_key(&w->path, e->key);
			if (!w->path.failed)
				w->fn(w->arg, w->path.data, w->path.len, e->value);
			beside(w, e->value);
			vx_buf_truncate(&w->path, len);
		}
	} else if (v->type == VX_LIST) {
		for (size_t i = 0; i < v->n_items && !w->path.failed; i++) {
			if (v->items[i]->type != VX_LIST && !vx_is_both(v->items[i]))
				continue;
			push_index(&w->path, i);
			beside(w, v->items[i]);
			vx_buf_truncate(&w->path, len);
		}
	}
}

bool vx_members_each(const struct vx_value *v, vx_key_fn *fn, void *arg)
{
	struct walk w = {VX_BUF_INIT, fn, arg};
	bool ok;

	for (size_t i = 0; i < v->n_entries; i++) {
		const struct vx_entry *e = &v->entries[i];

		fn(arg, e->key, strlen(e->key), e->value);
		if (e->value->type != VX_LIST && !vx_is_both(e->value))
			continue;
		vx_buf_truncate(&w.path, 0);
		push_key(&w.path, e->key);
		beside(&w, e->value);
	}
	ok = !w.path.failed;
	vx_buf_fini(&w.path);
	return ok;
}

static void flat(struct walk *w, const struct vx_value *v)
{
	size_t len = w->path.len;

	if (w->path.failed)
		return;
	if (len)
		w->fn(w->arg, w->path.data, len, v);
	if (v->type == VX_LIST) {
		for (size_t i = 0; i < v->n_items; i++) {
			push_index(&w->path, i);
			flat(w, v->items[i]);
			vx_buf_truncate(&w->path, len);
		}
	}
	for (size_t i = 0; i < v->n_entries; i++) {
		push_key(&w->path, v->entries[i].key);
		flat(w, v->entries[i].value);
		vx_buf_truncate(&w->path, len);
	}
}

bool vx_flat_each(const struct vx_value *root, vx_key_fn *fn, void *arg)
{
	struct walk w = {VX_BUF_INIT, fn, arg};
	bool ok;

	flat(&w, root);
	ok = !w.path.failed;
	vx_buf_fini(&w.path);
	return ok;
}
