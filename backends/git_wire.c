/* git_wire.c - see git_wire.h. */
#include "backends/git_wire.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/assert.h"
#include "core/utf8.h"

static const char *const field_names[] = {
#define F(id, name) name,
	VX_GIT_FIELDS(F)
#undef F
};

static const struct {
	const char *word;
	int code;
} kinds[] = {
#define K(id, word, code) {word, code},
	VX_GIT_KINDS(K)
#undef K
};
#define N_KINDS (sizeof(kinds) / sizeof(*kinds))

int vx_git_kind_errno(enum vx_git_kind kind)
{
	vx_assert(kind < N_KINDS);
	return -kinds[kind].code;
}

/* --- the request ----------------------------------------------------------------------------- */

static void put(struct vx_buf *b, const char *name, const char *bytes, size_t len)
{
	vx_buf_printf(b, "%s %zu\n", name, len);
	vx_buf_put(b, bytes, len);
	vx_buf_putc(b, '\n');
}

void vx_git_put_field(struct vx_buf *b, enum vx_git_field id, const char *bytes, size_t len)
{
	put(b, field_names[id], bytes, len);
}

void vx_git_put_end(struct vx_buf *b)
{
	put(b, "end", "", 0);
}

/* "NAME LENGTH\n" at *at: 0 and the name's end and the length; *at is behind it. */
static int take_header(char **at, const char *end, const char **ret_name, size_t *ret_name_len,
                       size_t *ret_len)
{
	char *newline = memchr(*at, '\n', (size_t)(end - *at));
	char *blank = newline ? memchr(*at, ' ', (size_t)(newline - *at)) : NULL;
	size_t len = 0;

	if (!blank || blank + 1 == newline)
		return -EBADMSG;
	for (const char *c = blank + 1; c < newline; c++) {
		if (*c < '0' || *c > '9' || len > VX_GIT_REQUEST_MAX)
			return -EBADMSG;
		len = len * 10 + (size_t)(*c - '0');
	}
	*ret_name = *at;
	*ret_name_len = (size_t)(blank - *at);
	*ret_len = len;
	*at = newline + 1;
	return 0;
}

int vx_git_request_parse(char *text, size_t n, struct vx_git_request *ret)
{
	char *at = text, *end = text + n;
	struct vx_git_request r;

	for (size_t i = 0; i < VX_GIT_N_FIELDS; i++) {
		r.field[i].data = "";
		r.field[i].len = 0;
	}
	for (;;) {
		size_t name_len, len, id = 0;
		const char *name;

		if (take_header(&at, end, &name, &name_len, &len) < 0 ||
		    len >= (size_t)(end - at) || at[len] != '\n')
			return -EBADMSG;
		if (name_len == 3 && memcmp(name, "end", 3) == 0)
			break;
		while (id < VX_GIT_N_FIELDS && (strlen(field_names[id]) != name_len ||
		                                memcmp(field_names[id], name, name_len) != 0))
			id++;
		if (id == VX_GIT_N_FIELDS)
			return -EBADMSG;
		at[len] = '\0';
		r.field[id].data = at;
		r.field[id].len = len;
		at += len + 1;
	}
	*ret = r;
	return 0;
}

/* --- reports --------------------------------------------------------------------------------- */

/* A decimal number at *at, and the blank behind it. */
static bool take_number(const char **at, const char *end, uint64_t *ret)
{
	const char *from = *at;
	uint64_t v = 0;

	for (; *at < end && **at >= '0' && **at <= '9'; ++*at) {
		if (v > (UINT64_MAX - 9) / 10)
			return false;
		v = v * 10 + (uint64_t)(**at - '0');
	}
	if (*at == from || (*at < end && **at != ' '))
		return false;
	*at += *at < end;
	*ret = v;
	return true;
}

static bool take_word(const char **at, const char *end, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(end - *at) < n || memcmp(*at, word, n) != 0 ||
	    ((size_t)(end - *at) > n && (*at)[n] != ' '))
		return false;
	*at += n + ((size_t)(end - *at) > n);
	return true;
}

/* Foreign text for people: no control characters, no broken UTF-8, no end of a log's line. */
static void take_text(const char *from, const char *end, char ret[VX_GIT_TEXT_MAX])
{
	size_t used = 0;

	while (from < end) {
		size_t w = vx_utf8_width(from, (size_t)(end - from));

		if (used + (w ? w : 1) >= VX_GIT_TEXT_MAX)
			break;
		if (w == 0 || (unsigned char)*from < ' ' || *from == 0x7f ||
		    (w == 2 && vx_utf8_get(from, w) < 0xa0)) {
			ret[used++] = '?';
			from += w ? w : 1;
		} else {
			memcpy(ret + used, from, w);
			used += w;
			from += w;
		}
	}
	ret[used] = '\0';
}

static bool parse_failed(const char *at, const char *end, struct vx_git_report *ret)
{
	for (size_t i = 0; i < N_KINDS; i++) {
		if (!take_word(&at, end, kinds[i].word))
			continue;
		ret->what = VX_GIT_FAILED;
		ret->kind = (enum vx_git_kind)i;
		take_text(at, end, ret->text);
		return true;
	}
	return false;
}

static bool parse_known(const char *at, const char *end, struct vx_git_report *ret)
{
	uint64_t compacted;

	if (take_word(&at, end, "alive") && at == end) {
		ret->what = VX_GIT_ALIVE;
		return true;
	}
	if (take_word(&at, end, "progress")) {
		ret->what = VX_GIT_PROGRESS;
		return take_number(&at, end, &ret->received) &&
		       take_number(&at, end, &ret->objects) &&
		       take_number(&at, end, &ret->indexed) && take_number(&at, end, &ret->bytes) &&
		       at == end;
	}
	if (take_word(&at, end, "done")) {
		ret->what = VX_GIT_DONE;
		if (!take_number(&at, end, &ret->refs) || !take_number(&at, end, &compacted))
			return false;
		ret->compacted = compacted == 1;
		return at == end && compacted <= 1;
	}
	return take_word(&at, end, "failed") && parse_failed(at, end, ret);
}

void vx_git_report_parse(const char *line, size_t n, struct vx_git_report *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (parse_known(line, line + n, ret))
		return;
	memset(ret, 0, sizeof(*ret));
	ret->what = VX_GIT_COMPLAINT;
	take_text(line, line + n, ret->text);
}

void vx_git_report_put(struct vx_buf *b, const struct vx_git_report *r)
{
	switch (r->what) {
	case VX_GIT_ALIVE:
		vx_buf_puts(b, "alive\n");
		return;
	case VX_GIT_PROGRESS:
		vx_buf_printf(b, "progress %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		              r->received, r->objects, r->indexed, r->bytes);
		return;
	case VX_GIT_DONE:
		vx_buf_printf(b, "done %" PRIu64 " %d\n", r->refs, r->compacted);
		return;
	case VX_GIT_FAILED:
		vx_buf_printf(b, "failed %s ", kinds[r->kind].word);
		break;
	case VX_GIT_COMPLAINT:
		break;
	}
	for (const char *c = r->text; *c; c++)
		vx_buf_putc(b, *c == '\n' ? ' ' : *c);
	vx_buf_putc(b, '\n');
}

bool vx_git_lines_add(struct vx_git_lines *l, char c)
{
	if (l->complete)
		l->n = 0; /* the last one was handed over */
	l->complete = c == '\n';
	if (!l->complete && l->n < VX_GIT_LINE_MAX)
		l->line[l->n++] = c;
	return l->complete;
}
