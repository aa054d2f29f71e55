/* tree.h - value trees as short texts, for the tests of composition.
 *
 *	{a: 1, b.c: 'text', l: [true, ~, 1.5], s: 'scalar' {below: 2}}
 *
 * Reading builds what a document's parser would: dots in keys split, and nothing else happens to a
 * key. Writing gives the same notation back without dots in keys and without blanks. */
#pragma once

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "core/assert.h"
#include "core/buf.h"
#include "core/value.h"

static inline struct vx_value *tree_read(struct vx_arena *a, const char **s);

static inline void tree_blanks(const char **s)
{
	*s += strspn(*s, " \n\t,");
}

/* Put @v at the dotted key of @n bytes below @map. */
static inline void tree_put(struct vx_arena *a, struct vx_value *map, const char *key, size_t n,
                            struct vx_value *v)
{
	const char *dot = memchr(key, '.', n);
	size_t len = dot ? (size_t)(dot - key) : n;
	struct vx_value *child = vx_value_child(map, key, len);

	if (!dot) {
		if (child && v->type != VX_MAP && child->type != VX_LIST) {
			v->entries = child->entries;
			v->n_entries = child->n_entries;
			v->cap_entries = child->cap_entries;
		}
		vx_assert(vx_value_set(a, map, key, len, v));
		return;
	}
	if (!child) {
		child = vx_value_new(a, VX_MAP, 1);
		vx_assert(vx_value_set(a, map, key, len, child));
	}
	tree_put(a, child, dot + 1, n - len - 1, v);
}

static inline void tree_entries(struct vx_arena *a, struct vx_value *map, const char **s)
{
	for (++*s, tree_blanks(s); **s != '}'; tree_blanks(s)) {
		const char *key = *s;
		size_t n = strcspn(key, ":");

		*s += n + 1;
		tree_put(a, map, key, n, tree_read(a, s));
	}
	++*s;
}

static inline struct vx_value *tree_scalar(struct vx_arena *a, const char **s)
{
	const char *from = *s;
	size_t n;
	enum vx_type type;

	if (*from == '\'') {
		n = strcspn(from + 1, "'");
		*s += n + 2;
		return vx_value_scalar(a, VX_STRING, from + 1, n, 1);
	}
	n = strcspn(from, " ,}]\n");
	*s += n;
	if (*from == '~')
		type = VX_NULL;
	else if (isdigit((unsigned char)*from) || *from == '-')
		type = memchr(from, '.', n) ? VX_FLOAT : VX_INT;
	else
		type = VX_BOOL;
	return vx_value_scalar(a, type, from, n, 1);
}

static inline struct vx_value *tree_read(struct vx_arena *a, const char **s)
{
	struct vx_value *v;

	tree_blanks(s);
	if (**s == '{') {
		v = vx_value_new(a, VX_MAP, 1);
		tree_entries(a, v, s);
		return v;
	}
	if (**s == '[') {
		v = vx_value_new(a, VX_LIST, 1);
		v->items = vx_arena_alloc(a, strlen(*s) * sizeof(struct vx_value *));
		for (++*s, tree_blanks(s); **s != ']'; tree_blanks(s))
			v->items[v->n_items++] = tree_read(a, s);
		++*s;
		return v;
	}
	v = tree_scalar(a, s);
	if (strncmp(*s, " {", 2) == 0) {
		++*s;
		tree_entries(a, v, s);
	}
	return v;
}

static inline struct vx_value *tree(struct vx_arena *a, const char *text)
{
	return tree_read(a, &text);
}

static inline void tree_write(struct vx_buf *b, const struct vx_value *v)
{
	if (v->type == VX_LIST) {
		vx_buf_putc(b, '[');
		for (size_t i = 0; i < v->n_items; i++) {
			vx_buf_puts(b, i ? "," : "");
			tree_write(b, v->items[i]);
		}
		vx_buf_putc(b, ']');
	} else if (v->type != VX_MAP) {
		vx_buf_puts(b, v->type == VX_STRING ? "'" : "");
		vx_buf_put(b, v->text, v->len);
		vx_buf_puts(b, v->type == VX_STRING ? "'" : "");
	}
	if (v->type != VX_MAP && v->n_entries == 0)
		return;
	vx_buf_putc(b, '{');
	for (size_t i = 0; i < v->n_entries; i++) {
		vx_buf_printf(b, "%s%s:", i ? "," : "", v->entries[i].key);
		tree_write(b, v->entries[i].value);
	}
	vx_buf_putc(b, '}');
}

/* The notation of @v, to be freed. */
static inline char *tree_text(const struct vx_value *v)
{
	struct vx_buf b = VX_BUF_INIT;

	tree_write(&b, v);
	return vx_buf_steal(&b);
}
