/* case_file.c - reads *.case files: headers at column 0, blocks behind one tab.
 *
 * The one idea: a header is handled when the next one begins (or the file ends), because only then
 * its block is whole. Empty lines inside a block count, those behind it do not. */
#include "case_file.h"

#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/cleanup.h"

struct reader {
	struct vx_arena *arena;
	const char *path;
	unsigned line;
	struct a_case *first, *last;
	char *header; /* of the block that is being read; NULL before the first */
	char *value;
	struct vx_buf block;
};

static char *keep(const struct reader *r, const char *s, size_t n)
{
	char *copy = vx_arena_strndup(r->arena, s, n);

	if (!copy)
		errx(2, "out of memory");
	return copy;
}

static void __attribute__((noreturn)) wrong(const struct reader *r, const char *why)
{
	errx(2, "%s: before line %u: %s", r->path, r->line, why);
}

/* `\n \r \t \\ \xNN` to bytes; the line ends of the block itself do not count. */
static void unescape(const struct reader *r, const char **bytes, size_t *len)
{
	char *out = keep(r, *bytes, *len);
	size_t n = 0;

	for (size_t i = 0; i < *len; i++) {
		char c = (*bytes)[i];
		char hex[3] = {0};

		if (c == '\n')
			continue;
		if (c == '\\') {
			switch ((*bytes)[++i]) {
			case 'n':
				c = '\n';
				break;
			case 'r':
				c = '\r';
				break;
			case 't':
				c = '\t';
				break;
			case '\\':
				break;
			case 'x':
				memcpy(hex, *bytes + i + 1, 2);
				c = (char)strtoul(hex, NULL, 16);
				i += 2;
				break;
			default:
				wrong(r, "no such escape");
			}
		}
		out[n++] = c;
	}
	*bytes = out;
	*len = n;
}

/* Eight levels of ten aliases each: ten to the eighth values. */
static void make_bomb(struct vx_buf *b)
{
	vx_buf_puts(b, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 8; i++) {
		vx_buf_printf(b, "a%d: &a%d [*a%d", i, i, i - 1);
		for (int k = 1; k < 10; k++)
			vx_buf_printf(b, ", *a%d", i - 1);
		vx_buf_puts(b, "]\n");
	}
}

static void take_input(struct reader *r, struct a_case *c)
{
	struct case_input *in = &c->input[c->n_inputs];
	char *count = strchr(r->value, ' ');

	if (c->n_inputs == CASE_INPUTS_MAX)
		wrong(r, "too many files in a case");
	if (c->n_backends == 0)
		c->backend[c->n_backends++].name = "files";
	if (count)
		*count++ = '\0';
	if (strcmp(r->header, "bomb") == 0)
		make_bomb(&r->block);
	if (strcmp(r->header, "deep") == 0) {
		vx_buf_repeat(&r->block, '[', strtoul(count ? count : "0", NULL, 10));
		vx_buf_repeat(&r->block, ']', r->block.len);
	}
	in->backend = c->n_backends - 1;
	in->path = r->value;
	in->bytes = keep(r, r->block.data ? r->block.data : "", r->block.len);
	in->len = r->block.len;
	if (strcmp(r->header, "raw") == 0)
		unescape(r, &in->bytes, &in->len);
	c->n_inputs++;
}

static void take_backend(struct reader *r, struct a_case *c)
{
	struct case_backend *b = &c->backend[c->n_backends];
	char *rest = r->value;

	if (c->n_backends++ == CASE_BACKENDS_MAX)
		wrong(r, "too many backends in a case");
	b->name = strsep(&rest, " ");
	b->priority = strtol(rest ? strsep(&rest, " ") : "0", NULL, 10);
	while (rest) {
		char *value = strsep(&rest, " ");
		const char *key = strsep(&value, "=");

		if (strcmp(key, "search_paths") == 0)
			b->search_paths = value;
		else if (strcmp(key, "labels") == 0)
			b->labels = value;
		else
			wrong(r, "no such setting of a backend");
	}
}

static void take_want(struct reader *r, struct a_case *c)
{
	struct case_want *w = &c->want[c->n_wants];
	char *rest = r->value;

	if (c->n_wants++ == CASE_WANTS_MAX)
		wrong(r, "too many wants in a case");
	w->kind = strsep(&rest, " ");
	w->argument = rest ? rest : "";
	w->bytes = keep(r, r->block.data ? r->block.data : "", r->block.len);
	w->len = r->block.len;
	if (strcmp(w->kind, "plain-raw") == 0)
		unescape(r, &w->bytes, &w->len);
}

static void take_case(struct reader *r)
{
	struct a_case *c = vx_arena_alloc(r->arena, sizeof(*c));

	if (!c)
		errx(2, "out of memory");
	c->name = r->value;
	*(r->last ? &r->last->next : &r->first) = c;
	r->last = c;
}

static void take_setting(struct reader *r, struct a_case *c)
{
	if (strcmp(r->value, "tree.unknown_application=shared") == 0)
		c->any_application = true;
	else if (strcmp(r->value, "tree.unknown_profile=base") == 0)
		c->any_profile = true;
	else
		wrong(r, "no such setting");
}

/* The header that was being read is whole now. */
static void finish_header(struct reader *r)
{
	struct a_case *c = r->last;
	const char *header = r->header;
	char *rest;

	if (!header)
		return;
	if (strcmp(header, "case") == 0) {
		take_case(r);
	} else if (!c) {
		wrong(r, "a header before the first case");
	} else if (strcmp(header, "rule") == 0) {
		c->rule = r->value;
	} else if (strcmp(header, "at") == 0) {
		rest = r->value;
		c->app = strsep(&rest, "/");
		c->profiles = strsep(&rest, "/");
		c->label = rest;
	} else if (strcmp(header, "backend") == 0) {
		take_backend(r, c);
	} else if (strcmp(header, "overrides") == 0) {
		c->overrides = keep(r, r->block.data ? r->block.data : "", r->block.len);
	} else if (strcmp(header, "set") == 0) {
		take_setting(r, c);
	} else if (strcmp(header, "want") == 0) {
		take_want(r, c);
	} else if (strcmp(header, "changed") != 0) {
		if (strcmp(header, "file") != 0 && strcmp(header, "raw") != 0 &&
		    strcmp(header, "bomb") != 0 && strcmp(header, "deep") != 0)
			wrong(r, "no such header");
		take_input(r, c);
	}
	vx_buf_truncate(&r->block, 0);
	r->header = NULL;
}

static void take_line(struct reader *r, const char *line, size_t n, size_t *gap)
{
	const char *colon;

	if (n == 0) {
		++*gap;
		return;
	}
	if (line[0] == '\t') {
		vx_buf_repeat(&r->block, '\n', *gap);
		vx_buf_put(&r->block, line + 1, n - 1);
		vx_buf_putc(&r->block, '\n');
	} else if (line[0] != '#') {
		finish_header(r);
		colon = memchr(line, ':', n);
		if (!colon)
			wrong(r, "a line that is no header");
		r->header = keep(r, line, (size_t)(colon - line));
		for (colon++; colon < line + n && isspace((unsigned char)*colon);)
			colon++;
		r->value = keep(r, colon, (size_t)(line + n - colon));
	}
	*gap = 0;
}

struct a_case *case_file_read(struct vx_arena *arena, const char *path)
{
	struct reader r = {.arena = arena, .path = path, .block = VX_BUF_INIT};
	VX_AUTO(vx_freep) char *line = NULL;
	size_t cap = 0, gap = 0;
	FILE *f = fopen(path, "re");
	ssize_t n;

	if (!f)
		err(2, "%s", path);
	while ((n = getline(&line, &cap, f)) >= 0) {
		r.line++;
		if (n > 0 && line[n - 1] == '\n')
			n--;
		take_line(&r, line, (size_t)n, &gap);
	}
	finish_header(&r);
	vx_buf_fini(&r.block);
	(void)fclose(f); /* it was only read */
	return r.first;
}
