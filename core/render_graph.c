/* render_graph.c - the import graph as JSON, as Graphviz source, and as a drawing.
 *
 * The drawing is layered: the application that was asked for at the left, each other one in the
 * column of its longest way from there, so that every arrow points to the right, at what ranks
 * below. Imports form no cycle and are at most 64 (core/compose.h), so quadratic loops are fine. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/assert.h"
#include "core/render.h"
#include "core/render_i.h"
#include "core/utf8.h"

struct node {
	const char *text;
	size_t column, row;
	unsigned width; /* of its box */
};

struct graph {
	struct node *nodes; /* nodes[0] is what was asked for */
	size_t n;
	const struct vx_import *edges;
	size_t n_edges;
};

/* The node of the coordinates @text; NULL before it was added. */
static struct node *node_named(const struct graph *g, const char *text)
{
	for (size_t i = 0; i < g->n; i++)
		if (strcmp(g->nodes[i].text, text) == 0)
			return &g->nodes[i];
	return NULL;
}

static void add_node(struct graph *g, const char *text)
{
	if (!node_named(g, text))
		g->nodes[g->n++] = (struct node){.text = text};
}

/* The nodes in order of first appearance. */
static int collect(struct graph *g, const struct vx_snapshot *s)
{
	g->nodes = calloc(1 + 2 * s->n_imports, sizeof(*g->nodes));
	if (!g->nodes)
		return -ENOMEM;
	g->edges = s->imports;
	g->n_edges = s->n_imports;
	add_node(g, s->at->text);
	for (size_t i = 0; i < g->n_edges; i++) {
		add_node(g, g->edges[i].from);
		add_node(g, g->edges[i].to);
	}
	return 0;
}

static void put_json(struct vx_buf *b, const struct graph *g)
{
	vx_buf_puts(b, "{\n  \"nodes\": [");
	for (size_t i = 0; i < g->n; i++) {
		vx_buf_puts(b, i ? ",\n    " : "\n    ");
		vx_buf_json(b, g->nodes[i].text, strlen(g->nodes[i].text));
	}
	vx_buf_puts(b, "\n  ],\n  \"imports\": [");
	for (size_t i = 0; i < g->n_edges; i++) {
		vx_buf_puts(b, i ? ",\n    {\"from\": " : "\n    {\"from\": ");
		vx_buf_json(b, g->edges[i].from, strlen(g->edges[i].from));
		vx_buf_puts(b, ", \"to\": ");
		vx_buf_json(b, g->edges[i].to, strlen(g->edges[i].to));
		vx_buf_putc(b, '}');
	}
	vx_buf_puts(b, g->n_edges ? "\n  ]\n}\n" : "]\n}\n");
}

static void put_dot_string(struct vx_buf *b, const char *s)
{
	vx_buf_putc(b, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			vx_buf_putc(b, '\\');
		vx_buf_putc(b, *s);
	}
	vx_buf_putc(b, '"');
}

static void put_dot(struct vx_buf *b, const struct graph *g)
{
	vx_buf_puts(b, "digraph imports {\n\trankdir=LR;\n\tnode [shape=box];\n");
	for (size_t i = 0; i < g->n; i++) {
		vx_buf_putc(b, '\t');
		put_dot_string(b, g->nodes[i].text);
		vx_buf_puts(b, ";\n");
	}
	for (size_t i = 0; i < g->n_edges; i++) {
		vx_buf_putc(b, '\t');
		put_dot_string(b, g->edges[i].from);
		vx_buf_puts(b, " -> ");
		put_dot_string(b, g->edges[i].to);
		vx_buf_puts(b, ";\n");
	}
	vx_buf_puts(b, "}\n");
}

/* --- the drawing, in pixels ------------------------------------------------------------------ */

#define MARGIN 16
#define BOX_HEIGHT 28
#define ROW 44      /* from one box to the one below it */
#define GAP 72      /* between columns, for the arrows to turn in */
#define CHARACTER 8 /* 13 px monospace advances by 7.8 */
#define TEXT_PADDING 12

struct column {
	unsigned x, width;
	size_t boxes;
	size_t lanes; /* rows below the boxes, for the arrows that pass the column */
	size_t drawn; /* lanes that have their arrow */
};

struct drawing {
	const struct graph *g;
	struct column *columns;
	size_t n_columns;
	size_t rows; /* of the fullest column */
};

/* Push each node right of what imports it, until nothing moves: the longest way. */
static void find_columns(const struct graph *g)
{
	bool moved = true;

	for (size_t pass = 0; moved; pass++) {
		vx_assert(pass <= g->n); /* imports form no cycle */
		moved = false;
		for (size_t i = 0; i < g->n_edges; i++) {
			struct node *from = node_named(g, g->edges[i].from);
			struct node *to = node_named(g, g->edges[i].to);

			if (to->column <= from->column) {
				to->column = from->column + 1;
				moved = true;
			}
		}
	}
}

static unsigned characters(const char *s)
{
	unsigned count = 0;
	size_t n = strlen(s), w;

	for (size_t i = 0; i < n; i += w, count++) {
		w = vx_utf8_width(s + i, n - i);
		w = w ? w : 1;
	}
	return count;
}

/* Rows in order of appearance, which is the order of the imports: few arrows cross. */
static void place(struct drawing *d)
{
	const struct graph *g = d->g;
	unsigned x = MARGIN;

	for (size_t i = 0; i < g->n; i++) {
		struct node *n = &g->nodes[i];
		struct column *c = &d->columns[n->column];

		n->width = characters(n->text) * CHARACTER + 2 * TEXT_PADDING;
		n->row = c->boxes++;
		if (c->width < n->width)
			c->width = n->width;
		if (d->n_columns < n->column + 1)
			d->n_columns = n->column + 1;
	}
	for (size_t i = 0; i < g->n_edges; i++) {
		size_t to = node_named(g, g->edges[i].to)->column;

		for (size_t k = node_named(g, g->edges[i].from)->column + 1; k < to; k++)
			d->columns[k].lanes++;
	}
	for (size_t k = 0; k < d->n_columns; k++) {
		struct column *c = &d->columns[k];

		c->x = x;
		x += c->width + GAP;
		if (d->rows < c->boxes + c->lanes)
			d->rows = c->boxes + c->lanes;
	}
}

static unsigned middle(size_t row)
{
	return MARGIN + (unsigned)row * ROW + BOX_HEIGHT / 2;
}

static void put_xml(struct vx_buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '&')
			vx_buf_puts(b, "&amp;");
		else if (*s == '<')
			vx_buf_puts(b, "&lt;");
		else if (*s == '>')
			vx_buf_puts(b, "&gt;");
		else if (*s == '"')
			vx_buf_puts(b, "&quot;");
		else
			vx_buf_putc(b, *s);
	}
}

/* On to the left edge of a column, in the gap before it. */
static void put_turn(struct vx_buf *b, unsigned y1, unsigned x2, unsigned y2)
{
	vx_buf_printf(b, "C%u %u %u %u %u %u", x2 - GAP / 2, y1, x2 - GAP / 2, y2, x2, y2);
}

/* An arrow starts at its box, goes straight to the end of the column, and passes the columns
 * between in a lane of its own below their boxes. */
static void put_arrow(struct vx_buf *b, struct drawing *d, const struct node *from,
                      const struct node *to)
{
	struct column *c = &d->columns[from->column];
	unsigned y = middle(from->row);

	vx_buf_printf(b, "<path d=\"M%u %uH%u", c->x + from->width, y, c->x + c->width);
	for (size_t k = from->column + 1; k < to->column; k++) {
		unsigned lane;

		c = &d->columns[k];
		lane = middle(c->boxes + c->drawn++);
		put_turn(b, y, c->x, lane);
		vx_buf_printf(b, "H%u", c->x + c->width);
		y = lane;
	}
	put_turn(b, y, d->columns[to->column].x, middle(to->row));
	vx_buf_puts(b, "\" marker-end=\"url(#arrow)\"/>\n");
}

static void put_box(struct vx_buf *b, const struct drawing *d, const struct node *n)
{
	unsigned x = d->columns[n->column].x, y = middle(n->row);

	vx_buf_printf(b, "<rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%u\" rx=\"4\"/>", x,
	              y - BOX_HEIGHT / 2, n->width, BOX_HEIGHT);
	vx_buf_printf(b, "<text x=\"%u\" y=\"%u\">", x + TEXT_PADDING, y + 5);
	put_xml(b, n->text);
	vx_buf_puts(b, "</text>\n");
}

static void put_drawing(struct vx_buf *b, struct drawing *d)
{
	const struct graph *g = d->g;
	const struct column *last = &d->columns[d->n_columns - 1];
	unsigned width = last->x + last->width + MARGIN;
	unsigned height = middle(d->rows - 1) + BOX_HEIGHT / 2 + MARGIN;

	vx_buf_printf(b,
	              "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"%u\" "
	              "viewBox=\"0 0 %u %u\">\n<title>Imports of ",
	              width, height, width, height);
	put_xml(b, g->nodes[0].text);
	vx_buf_puts(b, "</title>\n"
	               "<style>text{font:13px monospace;fill:#222}rect{fill:#eef3fa;stroke:#57779c}"
	               "path{fill:none;stroke:#888}#arrow path{fill:#888;stroke:none}</style>\n"
	               "<defs><marker id=\"arrow\" markerWidth=\"8\" markerHeight=\"8\" refX=\"8\" "
	               "refY=\"4\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n");
	for (size_t i = 0; i < g->n_edges; i++)
		put_arrow(b, d, node_named(g, g->edges[i].from), node_named(g, g->edges[i].to));
	for (size_t i = 0; i < g->n; i++)
		put_box(b, d, &g->nodes[i]);
	vx_buf_puts(b, "</svg>\n");
}

static void put_svg(struct vx_buf *b, const struct graph *g)
{
	struct drawing d = {.g = g};

	find_columns(g);
	d.columns = calloc(g->n, sizeof(*d.columns));
	if (!d.columns) {
		b->failed = true;
		return;
	}
	place(&d);
	put_drawing(b, &d);
	free(d.columns);
}

int vx_render_graph(const struct vx_snapshot *s, const char *as, struct vx_bytes **ret,
                    struct vx_error *err)
{
	struct graph g = {0};
	struct vx_buf b = VX_BUF_INIT;
	struct vx_bytes *bytes;

	if (strcmp(as, "json") != 0 && strcmp(as, "dot") != 0 && strcmp(as, "svg") != 0)
		return vx_fail(err, -EINVAL, "a graph is json, dot or svg, not '%s'", as);
	if (collect(&g, s) < 0)
		b.failed = true;
	else if (*as == 'j')
		put_json(&b, &g);
	else if (*as == 'd')
		put_dot(&b, &g);
	else
		put_svg(&b, &g);
	free(g.nodes);
	bytes = vx_render_finish(&b);
	if (!bytes)
		return vx_fail(err, -ENOMEM, "no memory for the graph of %s", s->at->text);
	*ret = bytes;
	return 0;
}
