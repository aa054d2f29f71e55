/* render_yml.c - application.yml: block style, two blanks a level, lists indented below their key.
 *
 * Here is the shape of the document; how one scalar is spelled, so that a YAML 1.1 and a 1.2 reader
 * take it the same way, is in render_yml_scalar.c. */
#include "core/render_i.h"

/* A reader gives up on a key that is not over after 1024 characters, unless `? ` announces it. */
#define IMPLICIT_KEY_BYTES 1000

struct mapping {
	struct vx_buf *b;
	unsigned column; /* of its keys */
	bool at_column;  /* the first key goes on in a line that `- ` began */
};

static void put_below(struct vx_buf *b, const struct vx_value *v, unsigned column);

static void put_member(void *arg, const char *key, size_t len, const struct vx_value *v)
{
	struct mapping *m = arg;
	struct vx_buf *b = m->b;
	size_t at;

	if (!m->at_column)
		vx_buf_repeat(b, ' ', m->column);
	m->at_column = false;
	at = b->len;
	vx_yml_put_key(b, key, len);
	if (b->len - at > IMPLICIT_KEY_BYTES) { /* escapes count as they are written */
		vx_buf_truncate(b, at);
		vx_buf_puts(b, "? ");
		vx_yml_put_key(b, key, len);
		vx_buf_putc(b, '\n');
		vx_buf_repeat(b, ' ', m->column);
	}
	vx_buf_putc(b, ':');
	put_below(b, v, m->column);
}

static void put_mapping(struct vx_buf *b, const struct vx_value *v, unsigned column, bool at_column)
{
	struct mapping m = {b, column, at_column};

	if (!vx_members_each(v, put_member, &m))
		b->failed = true;
}

static void put_list(struct vx_buf *b, const struct vx_value *v, unsigned column, bool at_column)
{
	for (size_t i = 0; i < v->n_items; i++) {
		const struct vx_value *item = v->items[i];

		if (i > 0 || !at_column)
			vx_buf_repeat(b, ' ', column);
		vx_buf_putc(b, '-');
		if (item->type == VX_MAP && item->n_entries) {
			vx_buf_putc(b, ' ');
			put_mapping(b, item, column + 2, true);
		} else if (item->type == VX_LIST && item->n_items) {
			vx_buf_putc(b, ' ');
			put_list(b, item, column + 2, true);
		} else {
			put_below(b, item, column);
		}
	}
}

/* What follows `key:` or `-`, which stand at @column, with the end of the line. */
static void put_below(struct vx_buf *b, const struct vx_value *v, unsigned column)
{
	if (v->type == VX_MAP && v->n_entries) {
		vx_buf_putc(b, '\n');
		put_mapping(b, v, column + 2, false);
	} else if (v->type == VX_LIST && v->n_items) {
		vx_buf_putc(b, '\n');
		put_list(b, v, column + 2, false);
	} else if (v->type == VX_MAP) {
		vx_buf_puts(b, " {}\n");
	} else if (v->type == VX_LIST) {
		vx_buf_puts(b, " []\n");
	} else {
		vx_buf_putc(b, ' ');
		vx_yml_put_scalar(b, v, column + 2);
		vx_buf_putc(b, '\n');
	}
}

void vx_render_yml(struct vx_buf *b, const struct vx_value *root)
{
	if (root->n_entries)
		put_mapping(b, root, 0, false);
	else
		vx_buf_puts(b, "{}\n");
}
