/* read_properties.c - Java's .properties, with Spring Boot's documents.
 *
 * Natural lines are joined to logical ones (a backslash at the end continues), a logical line is
 * cut into key and value, and escapes are read last. Each property goes straight into the tree, so
 * that the last of two equal keys wins. */
#include <errno.h>
#include <string.h>

#include "core/buf.h"
#include "core/read_i.h"
#include "core/utf8.h"

struct slice {
	const char *s;
	size_t n;
};

struct properties {
	struct vx_reader *r;
	const char *at, *end;  /* the next natural line */
	struct slice previous; /* the natural line before it */
	uint32_t line;         /* of the next natural line */
	struct vx_value *root; /* of the document; NULL: nothing in it yet */
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\f';
}

/* The natural line at @at, without its end; *ret_next is where the one after it begins. */
static struct slice line_at(const char *at, const char *end, const char **ret_next)
{
	const char *c = at;

	while (c < end && *c != '\n' && *c != '\r')
		c++;
	*ret_next = c;
	if (c < end)
		*ret_next += *c == '\r' && c + 1 < end && c[1] == '\n' ? 2 : 1;
	return (struct slice){at, (size_t)(c - at)};
}

static struct slice next_line(struct properties *p)
{
	struct slice s = line_at(p->at, p->end, &p->at);

	p->previous = s;
	p->line++;
	return s;
}

static bool begins_with(struct slice s, char c)
{
	return s.n > 0 && s.s[0] == c;
}

/* Whether @s, after @before, ends a document: a comment beside it makes it part of a comment. */
static bool is_separator(const struct properties *p, struct slice before, struct slice s)
{
	const char *ignored;

	while (s.n > 4 && is_blank(s.s[s.n - 1]))
		s.n--;
	if (s.n != 4 || (s.s[0] != '#' && s.s[0] != '!') || memcmp(s.s + 1, "---", 3) != 0)
		return false;
	return !begins_with(before, s.s[0]) &&
	       !begins_with(line_at(p->at, p->end, &ignored), s.s[0]);
}

static struct slice trim_left(struct slice s)
{
	while (s.n && is_blank(*s.s)) {
		s.s++;
		s.n--;
	}
	return s;
}

/* Whether an odd number of backslashes ends it: the last one escapes the end of the line. */
static bool continues(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.s[s.n - 1 - n] == '\\')
		n++;
	return n % 2 == 1;
}

/* Join @s with the lines that continue it. */
static void join(struct properties *p, struct slice s, struct vx_buf *b)
{
	while (continues(s)) {
		vx_buf_put(b, s.s, s.n - 1);
		if (p->at == p->end)
			return;
		s = trim_left(next_line(p));
	}
	vx_buf_put(b, s.s, s.n);
}

/* Where the key of a logical line ends. */
static size_t key_end(struct slice s)
{
	size_t i = 0;

	while (i < s.n && s.s[i] != '=' && s.s[i] != ':' && !is_blank(s.s[i]))
		i += s.s[i] == '\\' && i + 1 < s.n ? 2 : 1;
	return i;
}

/* The four digits after `\u` at @s, or -1. */
static int32_t hex4(struct slice s)
{
	int32_t v = 0;

	if (s.n < 4)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		char c = s.s[i];

		if (c >= '0' && c <= '9')
			v = v * 16 + (c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			v = v * 16 + ((c | 32) - 'a') + 10;
		else
			return -1;
	}
	return v;
}

static struct slice skip(struct slice s, size_t n)
{
	return (struct slice){s.s + n, s.n - n};
}

/* Read the character behind `\u`, where @s begins, to *out; *ret_rest is what follows. */
static int unescape_unicode(struct vx_reader *r, struct slice s, uint32_t line, char **out,
                            struct slice *ret_rest)
{
	int32_t cp = hex4(s), low;

	if (cp < 0)
		return vx_fail(r->err, -EBADMSG,
		               "line %u: \\u needs four hexadecimal digits; write "
		               "\\\\u for a backslash",
		               line);
	s = skip(s, 4);
	if (cp >= 0xd800 && cp <= 0xdfff) {
		low = s.n >= 6 && s.s[0] == '\\' && s.s[1] == 'u' ? hex4(skip(s, 2)) : -1;
		if (cp > 0xdbff || low < 0xdc00 || low > 0xdfff)
			return vx_fail(r->err, -EBADMSG,
			               "line %u: half of a surrogate pair: write both "
			               "halves, \\uD83D\\uDE00",
			               line);
		cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
		s = skip(s, 6);
	}
	*out += vx_utf8_put((uint32_t)cp, *out);
	*ret_rest = s;
	return 0;
}

/* A copy of @s in the arena with its escapes read; none gets longer by that. */
static int unescape(struct vx_reader *r, struct slice s, uint32_t line, struct slice *ret)
{
	char *text = vx_arena_alloc(&r->docs->arena, s.n + 1), *out = text;
	int rc;

	if (!text)
		return -ENOMEM;
	while (s.n) {
		if (*s.s != '\\' || s.n == 1) {
			*out++ = *s.s;
			s = skip(s, 1);
			continue;
		}
		s = skip(s, 1);
		if (*s.s == 'u') {
			rc = unescape_unicode(r, skip(s, 1), line, &out, &s);
			if (rc < 0)
				return rc;
			continue;
		}
		*out++ = *s.s == 't'   ? '\t'
		         : *s.s == 'n' ? '\n'
		         : *s.s == 'r' ? '\r'
		         : *s.s == 'f' ? '\f'
		                       : *s.s;
		s = skip(s, 1);
	}
	*ret = (struct slice){text, (size_t)(out - text)};
	return 0;
}

static struct slice trim(struct slice s)
{
	while (s.n && strchr(" \t\n\r\f\v", *s.s) && *s.s)
		s = skip(s, 1);
	while (s.n && strchr(" \t\n\r\f\v", s.s[s.n - 1]) && s.s[s.n - 1])
		s.n--;
	return s;
}

/* The list that the value of `name[]` is. */
static int split_list(struct vx_reader *r, struct slice s, uint32_t line, struct vx_value *list)
{
	int rc = 0;

	for (bool more = true; more && rc == 0;) {
		const char *comma = memchr(s.s, ',', s.n);
		size_t n = comma ? (size_t)(comma - s.s) : s.n;
		struct slice part = trim((struct slice){s.s, n});
		struct vx_value *item;

		rc = vx_reader_count(r, 1, line);
		if (rc < 0)
			return rc;
		item = vx_value_scalar(&r->docs->arena, VX_STRING, part.s, part.n, line);
		rc = item ? vx_reader_append(r, list, item) : -ENOMEM;
		more = comma;
		s = skip(s, more ? n + 1 : n);
	}
	return rc;
}

static int put(struct properties *p, struct slice key, struct slice value, uint32_t line)
{
	struct vx_reader *r = p->r;
	bool is_list = key.n >= 2 && memcmp(key.s + key.n - 2, "[]", 2) == 0;
	struct vx_value raw = {.type = is_list ? VX_LIST : VX_STRING, .line = line, .text = ""};
	int rc = vx_reader_count(r, 1, line);

	if (rc < 0)
		return rc;
	if (!p->root)
		p->root = vx_value_new(&r->docs->arena, VX_MAP, line);
	if (!p->root)
		return -ENOMEM;
	if (is_list) {
		key.n -= 2;
		rc = split_list(r, value, line, &raw);
		if (rc < 0)
			return rc;
	} else {
		raw.text = value.s;
		raw.len = value.n;
	}
	return vx_tree_put(&r->tree, p->root, key.s, key.n, &raw, line, r->err);
}

/* Read the logical line that begins with @first, without the blanks before it. */
static int read_property(struct properties *p, struct slice first, struct vx_buf *joined)
{
	uint32_t line = p->line - 1;
	struct slice all = first, key, value;
	int rc;

	if (continues(first)) {
		vx_buf_truncate(joined, 0);
		join(p, first, joined);
		if (vx_buf_failed(joined))
			return -ENOMEM;
		all = (struct slice){joined->len ? joined->data : "", joined->len};
	}
	key = (struct slice){all.s, key_end(all)};
	value = trim_left(skip(all, key.n));
	if (value.n && (*value.s == '=' || *value.s == ':'))
		value = trim_left(skip(value, 1));
	rc = unescape(p->r, key, line, &key);
	if (rc == 0)
		rc = unescape(p->r, value, line, &value);
	return rc < 0 ? rc : put(p, key, value, line);
}

static int end_document(struct properties *p)
{
	struct vx_value *root = vx_steal(p->root);

	return root ? vx_reader_finish(p->r, root) : 0;
}

static int read_lines(struct properties *p)
{
	VX_AUTO(vx_buf_fini) struct vx_buf joined = VX_BUF_INIT;
	int rc = 0;

	while (p->at < p->end && rc == 0) {
		struct slice before = p->previous, s = next_line(p);

		if (is_separator(p, before, s)) {
			rc = end_document(p);
			continue;
		}
		s = trim_left(s);
		if (s.n && *s.s != '#' && *s.s != '!')
			rc = read_property(p, s, &joined);
	}
	return rc < 0 ? rc : end_document(p);
}

/* Put @s, ISO-8859-1, into @b as UTF-8. */
static void from_latin1(const char *s, size_t n, struct vx_buf *b)
{
	char out[4];

	for (size_t i = 0; i < n; i++)
		vx_buf_put(b, out, vx_utf8_put((unsigned char)s[i], out));
}

int vx_read_properties(struct vx_reader *r)
{
	VX_AUTO(vx_buf_fini) struct vx_buf converted = VX_BUF_INIT;
	struct properties p = {.r = r, .at = r->bytes, .end = r->bytes + r->len, .line = 1};

	if (!vx_utf8_valid(r->bytes, r->len)) {
		from_latin1(r->bytes, r->len, &converted);
		if (vx_buf_failed(&converted))
			return -ENOMEM;
		p.at = converted.data;
		p.end = p.at + converted.len;
	}
	return read_lines(&p);
}
