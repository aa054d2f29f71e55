/* render_json.c - application.json: two blanks a level, one member or element a line.
 *
 * A number keeps its author's text where JSON's grammar has it, else it is written again in
 * decimal; what JSON has no number for (.inf, .nan) is a string. */
#include "core/render_i.h"

struct object {
	struct vx_buf *b;
	unsigned depth; /* of its members */
	bool any;       /* a member was written */
};

static void next_line(struct vx_buf *b, bool comma, unsigned depth)
{
	vx_buf_puts(b, comma ? ",\n" : "\n");
	vx_buf_repeat(b, ' ', (size_t)depth * 2);
}

/* Whether JSON's grammar (RFC 8259 section 6) has the spelling. */
static bool is_json(const struct vx_number *n)
{
	return (n->kind == VX_NUMBER_INT || n->kind == VX_NUMBER_FLOAT) && n->sign != '+' &&
	       n->n_whole > 0 && !vx_number_leading_zero(n) && n->dot == (n->n_frac > 0);
}

static void put_number(struct vx_buf *b, const struct vx_value *v)
{
	struct vx_number n;

	vx_number_parse(v->text, v->len, &n);
	if (is_json(&n))
		vx_buf_put(b, v->text, v->len);
	else if (!vx_number_put(b, &n, false))
		vx_buf_json(b, v->text, v->len);
}

static void put_member(void *arg, const char *key, size_t len, const struct vx_value *v)
{
	struct object *o = arg;

	next_line(o->b, o->any, o->depth);
	o->any = true;
	vx_buf_json(o->b, key, len);
	vx_buf_puts(o->b, ": ");
	vx_render_json_value(o->b, v, o->depth);
}

static void put_map(struct vx_buf *b, const struct vx_value *v, unsigned depth)
{
	struct object o = {b, depth + 1, false};

	vx_buf_putc(b, '{');
	if (!vx_members_each(v, put_member, &o))
		b->failed = true;
	if (o.any)
		next_line(b, false, depth);
	vx_buf_putc(b, '}');
}

static void put_list(struct vx_buf *b, const struct vx_value *v, unsigned depth)
{
	vx_buf_putc(b, '[');
	for (size_t i = 0; i < v->n_items; i++) {
		next_line(b, i > 0, depth + 1);
		vx_render_json_value(b, v->items[i], depth + 1);
	}
	if (v->n_items)
		next_line(b, false, depth);
	vx_buf_putc(b, ']');
}

void vx_render_json_value(struct vx_buf *b, const struct vx_value *v, unsigned depth)
{
	switch (v->type) {
	case VX_MAP:
		put_map(b, v, depth);
		return;
	case VX_LIST:
		put_list(b, v, depth);
		return;
	case VX_NULL:
		vx_buf_puts(b, "null");
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

void vx_render_json(struct vx_buf *b, const struct vx_value *root)
{
	vx_render_json_value(b, root, 0);
	vx_buf_putc(b, '\n');
}
