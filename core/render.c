/* render.c - a snapshot as the bytes of a file: one table of outputs, and the two ways to walk a
 * tree that the renderers share.
 *
 * Formats differ in one thing only that is not spelling: where a scalar may also be a map. Flat
 * formats (properties, env, .origin.json) never notice; nested ones (yml, json, toml) write the
 * children beside the scalar. vx_flat_each and vx_members_each are those two views. */
#include "core/render.h"

#include <errno.h>
#include <string.h>

#include "core/assert.h"
#include "core/cleanup.h"
#include "core/render_i.h"

static const char *const suffixes[VX_OUTPUTS] = {
	[VX_OUT_YML] = "yml", [VX_OUT_JSON] = "json", [VX_OUT_PROPERTIES] = "properties",
	[VX_OUT_ENV] = "env", [VX_OUT_TOML] = "toml",
};

const char *vx_output_suffix(enum vx_output out)
{
	vx_assert((unsigned)out < VX_OUTPUTS);
	return suffixes[out];
}

bool vx_output_find(const char *suffix, enum vx_output *ret)
{
	if (strcmp(suffix, "yaml") == 0)
		suffix = suffixes[VX_OUT_YML];
	for (unsigned i = 0; i < VX_OUTPUTS; i++) {
		if (strcmp(suffix, suffixes[i]) == 0) {
			*ret = (enum vx_output)i;
			return true;
		}
	}
	return false;
}

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

int vx_render(const struct vx_snapshot *s, enum vx_output out, struct vx_bytes **ret,
              struct vx_buf *notes, struct vx_error *err)
{
	struct vx_buf b = VX_BUF_INIT;
	struct vx_bytes *bytes;

	switch (out) {
	case VX_OUT_YML:
		vx_render_yml(&b, s->root);
		break;
	case VX_OUT_JSON:
		vx_render_json(&b, s->root);
		break;
	case VX_OUT_PROPERTIES:
		vx_render_properties(&b, s->root);
		break;
	case VX_OUT_ENV:
		vx_render_env(&b, s->root, notes);
		break;
	case VX_OUT_TOML:
		vx_render_toml(&b, s->root);
		break;
	}
	bytes = vx_render_finish(&b);
	if (!bytes)
		return vx_fail(err, -ENOMEM, "no memory to render %s as %s", s->at->text,
		               vx_output_suffix(out));
	*ret = bytes;
	return 0;
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
