/* table.c - aligned columns; see text.h. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tools/vortexctl/ctl.h"
#include "tools/vortexctl/text.h"

#define GAP 2 /* blanks between columns */

/* Characters, not columns of the screen: wide ones (CJK) shift their line, which is no harm. */
static size_t width_of(const char *s)
{
	size_t width = 0;

	for (; *s; s++)
		width += ((unsigned char)*s & 0xc0) != 0x80;
	return width;
}

/* The bytes of the first @width characters of @s. */
static size_t bytes_of(const char *s, size_t width)
{
	size_t i = 0;

	while (s[i]) {
		if (((unsigned char)s[i] & 0xc0) != 0x80 && width-- == 0)
			break;
		i++;
	}
	return i;
}

/* How wide a line may be: the terminal, or without end. */
static size_t room_of_line(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 ||
	    size.ws_col == 0)
		return SIZE_MAX;
	return size.ws_col;
}

void vx_ctl_table_init(struct vx_ctl_table *t, const char *const *heads)
{
	*t = (struct vx_ctl_table){.heads = heads};
	while (heads[t->n_columns])
		t->n_columns++;
}

void vx_ctl_table_fini(struct vx_ctl_table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i]);
	free(t->cells);
	free(t->colours);
}

static bool grow(struct vx_ctl_table *t)
{
	size_t cap = t->cap ? 2 * t->cap : 64;
	char **cells;
	const char **colours;

	if (t->n < t->cap)
		return true;
	cells = reallocarray(t->cells, cap, sizeof(*cells));
	if (!cells)
		return false;
	t->cells = cells;
	colours = reallocarray(t->colours, cap, sizeof(*colours));
	if (!colours)
		return false;
	t->colours = colours;
	t->cap = cap;
	return true;
}

void vx_ctl_table_take(struct vx_ctl_table *t, const char *colour, struct vx_buf *b)
{
	if (b->len == 0)
		vx_buf_putc(b, '-');
	if (t->failed || !grow(t)) {
		t->failed = true;
		vx_buf_truncate(b, 0);
		return;
	}
	t->cells[t->n] = vx_buf_steal(b);
	t->colours[t->n] = colour;
	if (t->cells[t->n])
		t->n++;
	else
		t->failed = true;
}

void vx_ctl_table_add(struct vx_ctl_table *t, const char *colour, const char *text)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;

	vx_ctl_put(&b, text);
	vx_ctl_table_take(t, colour, &b);
}

/* One cell into @b; *room is what is left of the line. */
static void put_cell(struct vx_buf *b, const char *text, const char *colour, size_t column,
                     bool last, size_t *room)
{
	size_t width = width_of(text);
	size_t fill = last || width >= column ? 0 : column - width;
	bool cut = width > *room;

	vx_buf_puts(b, colour);
	if (cut && *room > 0) {
		vx_buf_put(b, text, bytes_of(text, *room - 1));
		vx_buf_puts(b, "…");
	} else if (!cut) {
		vx_buf_puts(b, text);
	}
	if (*colour)
		vx_buf_puts(b, vx_ctl_plain());
	*room -= cut ? *room : width;
	if (!last) {
		fill += GAP;
		if (fill > *room)
			fill = *room;
		vx_buf_repeat(b, ' ', fill);
		*room -= fill;
	}
}

int vx_ctl_table_print(const struct vx_ctl_table *t)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;
	VX_AUTO(vx_freep) size_t *widths = calloc(t->n_columns, sizeof(*widths));
	size_t whole = room_of_line();
	size_t room = whole;

	if (!widths || t->failed)
		return -ENOMEM;
	for (size_t i = 0; i < t->n_columns; i++)
		widths[i] = width_of(t->heads[i]);
	for (size_t i = 0; i < t->n; i++)
		if (width_of(t->cells[i]) > widths[i % t->n_columns])
			widths[i % t->n_columns] = width_of(t->cells[i]);
	for (size_t i = 0; t->n > 0 && i < t->n_columns; i++)
		put_cell(&b, t->heads[i], vx_ctl_bold(), widths[i], i + 1 == t->n_columns, &room);
	for (size_t i = 0; i < t->n; i++) {
		if (i % t->n_columns == 0) {
			vx_buf_putc(&b, '\n');
			room = whole;
		}
		put_cell(&b, t->cells[i], t->colours[i], widths[i % t->n_columns],
		         i % t->n_columns + 1 == t->n_columns, &room);
	}
	if (t->n > 0)
		vx_buf_putc(&b, '\n');
	return vx_ctl_print(&b);
}
