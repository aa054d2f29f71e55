/* render_keys.c - `.keys`: the tree as directories and one file a key, as under /proc/sys.
 *
 * A name is the key's segment (a list's element: its index), with %XX for each byte that a file
 * name cannot hold or that would not be told apart: `/`, control characters, `%` itself, and a dot
 * in front, so that nothing is taken for `.`, `..` or the `.value` of a scalar that is also a map.
 * A name that would be longer than NAME_MAX is not shown. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/assert.h"
#include "core/buf.h"
#include "core/render.h"
#include "core/render_i.h"

static bool nameable(unsigned char c, size_t i)
{
	return c >= 0x20 && c != 0x7f && c != '/' && c != '%' && !(c == '.' && i == 0);
}

/* Write @key's name to @to; false: it is too long. */
static bool make_name(const char *key, char to[NAME_MAX + 1])
{
	static const char hex[] = "0123456789ABCDEF";
	size_t n = 0;

	for (size_t i = 0; key[i]; i++) {
		unsigned char c = (unsigned char)key[i];

		if (nameable(c, i)) {
			if (n + 1 > NAME_MAX)
				return false;
			to[n++] = (char)c;
		} else {
			if (n + 3 > NAME_MAX)
				return false;
			to[n++] = '%';
			to[n++] = hex[c >> 4];
			to[n++] = hex[c & 15];
		}
	}
	to[n] = '\0';
	return true;
}

static bool add(struct vx_arena *arena, struct vx_key_name *to, size_t *n, const char *name,
                const struct vx_value *v, bool directory)
{
	const char *copy = vx_arena_strndup(arena, name, strlen(name));

	if (!copy)
		return false;
	to[(*n)++] = (struct vx_key_name){copy, v, directory};
	return true;
}

static bool is_directory(const struct vx_value *v)
{
	return v->type == VX_MAP || v->type == VX_LIST || v->n_entries > 0;
}

static int by_name(const void *a, const void *b)
{
	const struct vx_key_name *x = a, *y = b;

	return strcmp(x->name, y->name);
}

int vx_keys_list(struct vx_arena *arena, const struct vx_value *v, struct vx_key_name **ret,
                 size_t *ret_n)
{
	char name[NAME_MAX + 1];
	struct vx_key_name *names;
	size_t n = 0;

	names = vx_arena_alloc(arena, (v->n_items + v->n_entries + 1) * sizeof(*names));
	if (!names)
		return -ENOMEM;
	if (vx_is_both(v) && !add(arena, names, &n, ".value", v, false))
		return -ENOMEM;
	for (size_t i = 0; i < v->n_items; i++) {
		(void)snprintf(name, sizeof(name), "%zu", i);
		if (!add(arena, names, &n, name, v->items[i], is_directory(v->items[i])))
			return -ENOMEM;
	}
	for (size_t i = 0; i < v->n_entries; i++) {
		const struct vx_value *child = v->entries[i].value;

		if (make_name(v->entries[i].key, name) &&
		    !add(arena, names, &n, name, child, is_directory(child)))
			return -ENOMEM;
	}
	qsort(names, n, sizeof(*names), by_name);
	*ret = names;
	*ret_n = n;
	return 0;
}

struct vx_bytes *vx_render_key(const struct vx_value *v)
{
	struct vx_buf b = VX_BUF_INIT;

	vx_assert(v->type != VX_MAP && v->type != VX_LIST);
	if (v->type != VX_NULL) {
		vx_buf_put(&b, v->text, v->len);
		vx_buf_putc(&b, '\n');
	}
	return vx_render_finish(&b);
}
