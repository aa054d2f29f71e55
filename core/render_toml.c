/* render_toml.c - application.toml: TOML 1.0.
 *
 * TOML ends a table where the next header begins, so a table's own values come first and the tables
 * in it after them; within both groups the order of the keys stays. A map is a table with a header,
 * inside a list an inline table. Null does not exist: its key is left out, and in a list, where the
 * places count, it is "". Each number is written as a TOML number if there is one of that type. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/render_i.h"

static void put_value(struct vx_buf *b, const struct vx_value *v);

static void put_key(struct vx_buf *b, const char *key, size_t len)
{
	bool bare = len > 0;

	for (size_t i = 0; i < len && bare; i++) {
		unsigned char c = (unsigned char)key[i];

		bare = c < 0x80 && (isalnum(c) || c == '_' || c == '-');
	}
	if (bare)
		vx_buf_put(b, key, len);
	else
		vx_buf_json(b, key, len); /* JSON's strings are basic strings of TOML */
}

/* Whether an integer is one of the 64 bits that TOML promises. */
static bool fits(const struct vx_value *v, const struct vx_number *n)
{
	bool based = n->kind == VX_NUMBER_BASED;

	errno = 0;
	(void)strtoll(based ? n->whole : v->text, NULL, based ? (int)n->base : 10);
	return errno == 0;
}

/* Whether TOML has the spelling @n of a number of @v's type. */
static bool is_toml(const struct vx_value *v, const struct vx_number *n)
{
	if (v->type == VX_INT)
		return n->kind == VX_NUMBER_BASED ||
		       (n->kind == VX_NUMBER_INT && !vx_number_leading_zero(n));
	return n->kind == VX_NUMBER_FLOAT && n->n_whole > 0 && !vx_number_leading_zero(n) &&
	       n->dot == (n->n_frac > 0);
}

static void put_number(struct vx_buf *b, const struct vx_value *v)
{
	struct vx_number n;

	vx_number_parse(v->text, v->len, &n);
	if (n.kind == VX_NUMBER_INF || n.kind == VX_NUMBER_NAN) {
		if (n.sign)
			vx_buf_putc(b, n.sign);
		vx_buf_puts(b, n.kind == VX_NUMBER_INF ? "inf" : "nan");
	} else if (v->type == VX_INT && !fits(v, &n)) {
		vx_buf_json(b, v->text, v->len);
	} else if (is_toml(v, &n)) {
		vx_buf_put(b, v->text, v->len);
	} else if (!vx_number_put(b, &n, v->type == VX_FLOAT)) {
		vx_buf_json(b, v->text, v->len);
	}
}

struct inline_table {
	struct vx_buf *b;
	bool any;
};

static void put_inline_member(void *arg, const char *key, size_t len, const struct vx_value *v)
{
	struct inline_table *t = arg;

	if (v->type == VX_NULL)
		return;
	vx_buf_puts(t->b, t->any ? ", " : "");
	t->any = true;
	put_key(t->b, key, len);
	vx_buf_puts(t->b, " = ");
	put_value(t->b, v);
}

static void put_inline_table(struct vx_buf *b, const struct vx_value *v)
{
	struct inline_table t = {b, false};

	vx_buf_putc(b, '{');
	if (!vx_members_each(v, put_inline_member, &t))
		b->failed = true;
	vx_buf_putc(b, '}');
}

static void put_list(struct vx_buf *b, const struct vx_value *v)
{
	vx_buf_putc(b, '[');
	for (size_t i = 0; i < v->n_items; i++) {
		vx_buf_puts(b, i ? ", " : "");
		put_value(b, v->items[i]);
	}
	vx_buf_putc(b, ']');
}

static void put_value(struct vx_buf *b, const struct vx_value *v)
{
	switch (v->type) {
	case VX_MAP:
		put_inline_table(b, v);
		return;
	case VX_LIST:
		put_list(b, v);
		return;
	case VX_NULL:
		vx_buf_puts(b, "\"\"");
		return;
	case VX_BOOL:
		vx_buf_puts(b, vx_is_true(v) ? "true" : "false");
		return;
	case VX_INT:
	case VX_FLOAT:
		put_number(b, v);
		return;
	case VX_STRING:
		vx_buf_json(b, v->text, v->len);
		return;
	}
}

struct table {
	struct vx_buf *b;
	struct vx_buf *path; /* "a.b", as its header spells it; "" at the root */
	bool header;         /* written, or not needed */
	bool tables;         /* some member is a table */
};

static void put_header(struct table *t)
{
	if (t->header)
		return;
	t->header = true;
	vx_buf_puts(t->b, t->b->len ? "\n[" : "[");
	vx_buf_put(t->b, t->path->data, t->path->len);
	vx_buf_puts(t->b, "]\n");
}

/* A list that holds a map takes a line for each element, or its lines would grow out of sight. */
static bool is_tall(const struct vx_value *v)
{
	for (size_t i = 0; i < v->n_items; i++)
		if (v->items[i]->type == VX_MAP)
			return true;
	return false;
}

static void put_tall_list(struct vx_buf *b, const struct vx_value *v)
{
	vx_buf_puts(b, "[\n");
	for (size_t i = 0; i < v->n_items; i++) {
		vx_buf_puts(b, "  ");
		put_value(b, v->items[i]);
		vx_buf_puts(b, ",\n");
	}
	vx_buf_putc(b, ']');
}

static void put_own(void *arg, const char *key, size_t len, const struct vx_value *v)
{
	struct table *t = arg;

	if (v->type == VX_MAP)
		t->tables = true;
	if (v->type == VX_MAP || v->type == VX_NULL)
		return;
	put_header(t);
	put_key(t->b, key, len);
	vx_buf_puts(t->b, " = ");
	if (is_tall(v))
		put_tall_list(t->b, v);
	else
		put_value(t->b, v);
	vx_buf_putc(t->b, '\n');
}

static void put_table(void *arg, const char *key, size_t len, const struct vx_value *v)
{
	struct table *up = arg, t = {up->b, up->path, false, false};
	size_t was = t.path->len;

	if (v->type != VX_MAP)
		return;
	if (was)
		vx_buf_putc(t.path, '.');
	put_key(t.path, key, len);
	if (!vx_members_each(v, put_own, &t))
		t.b->failed = true;
	if (!t.tables)
		put_header(&t); /* empty, or only nulls: the header alone says that it exists */
	if (!vx_members_each(v, put_table, &t))
		t.b->failed = true;
	vx_buf_truncate(t.path, was);
}

void vx_render_toml(struct vx_buf *b, const struct vx_value *root)
{
	struct vx_buf path = VX_BUF_INIT;
	struct table t = {b, &path, true, false};

	if (!vx_members_each(root, put_own, &t) || !vx_members_each(root, put_table, &t) ||
	    path.failed)
		b->failed = true;
	vx_buf_fini(&path);
}
