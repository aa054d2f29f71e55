/* render_yml_scalar.c - one scalar of application.yml, spelled so that every reader takes it the
 * same way, be it of YAML 1.1 (PyYAML, SnakeYAML, Psych) or of YAML 1.2.
 *
 * Strings are plain where that is beyond doubt, literal blocks where they have lines, else
 * double-quoted. The test for "beyond doubt" is a superset of what any of those readers takes for
 * something else: quotes too many do no harm. Numbers keep their text where both versions agree,
 * else they are written again in canonical decimal, which both do. */
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "core/assert.h"
#include "core/render_i.h"
#include "core/utf8.h"

static size_t printable_wide(const char *s, size_t n)
{
	size_t w = vx_utf8_width(s, n);
	uint32_t cp = w > 1 ? vx_utf8_get(s, w) : 0;

	if (cp < 0xa0 || cp == 0x2028 || cp == 0x2029 || cp == 0xfeff || cp == 0xfffe ||
	    cp == 0xffff)
		return 0;
	return w;
}

/* The width of the character at @s if it may stand unescaped within a line, else 0. Beyond what
 * YAML itself does not call printable we escape the line breaks of YAML 1.1 and the byte order
 * mark. Nearly all that is ever rendered is ASCII. */
static inline size_t printable(const char *s, size_t n)
{
	return *s >= 0x20 && *s < 0x7f ? 1 : printable_wide(s, n);
}

/* The words that some reader takes for a bool, a null or a float, in any case. */
static bool is_word(const char *s, size_t n)
{
	static const char *const words[] = {"y",    "n",     "yes",  "no",   "on",  "off",
	                                    "true", "false", "null", ".inf", ".nan"};

	if (n > 5)
		return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (strlen(words[i]) == n && strncasecmp(s, words[i], n) == 0)
			return true;
	return false;
}

/* The length of the run of @accept and digits at @s. */
static size_t run(const char *s, size_t n, const char *accept)
{
	size_t i = 0;

	while (i < n && s[i] && (isdigit((unsigned char)s[i]) || strchr(accept, s[i])))
		i++;
	return i;
}

/* Whether some reader may take the text for a number: digits and `_ , . : + -`, which covers
 * grouped, sexagesimal and octal numbers, times and dates; such a run and an exponent; 0x, 0o, 0b.
 */
static bool like_number(const char *s, size_t n)
{
	size_t i = run(s, n, "_,.:+-"), sign = i && (s[0] == '+' || s[0] == '-');

	if (i == n)
		return true;
	if (i == sign + 1 && s[sign] == '0' && strchr("xXoObB", s[i])) {
		for (i++; i < n && (isxdigit((unsigned char)s[i]) || s[i] == '_'); i++)
			;
		return i == n;
	}
	if (i && (s[i] == 'e' || s[i] == 'E'))
		return i + 1 + run(s + i + 1, n - i - 1, "_+-") == n;
	return false;
}

/* Whether the text begins as a date, 2001-12-14; what follows may be a time in any spelling. */
static bool like_date(const char *s, size_t n)
{
	return n >= 8 && run(s, 5, "") == 4 && s[4] == '-' && isdigit((unsigned char)s[5]);
}

static bool may_begin(const char *s, size_t n)
{
	unsigned char c = (unsigned char)s[0];

	if (c == '-')
		return n > 1 && (unsigned char)s[1] < 0x80 && isalpha((unsigned char)s[1]);
	return c >= 0x80 || isalnum(c) || (c && strchr("_/.$(", c));
}

/* Whether the text is the same string to every reader when it stands as it is. */
static bool is_plain(const char *s, size_t n)
{
	size_t w;

	if (n == 0 || !may_begin(s, n) || s[n - 1] == ' ' || s[n - 1] == ':')
		return false;
	for (size_t i = 0; i < n; i += w) {
		w = printable(s + i, n - i);
		if (w == 0 || (s[i] == ':' && s[i + 1] == ' ') || (s[i] == ' ' && s[i + 1] == '#'))
			return false;
	}
	return !is_word(s, n) && !like_number(s, n) && !like_date(s, n);
}

static void put_escape(struct vx_buf *b, const char *s, size_t w)
{
	uint32_t cp = w ? vx_utf8_get(s, w) : 0xfffd; /* a stray byte is U+FFFD */

	if (cp == '"' || cp == '\\')
		vx_buf_printf(b, "\\%c", (char)cp);
	else if (cp == '\n')
		vx_buf_puts(b, "\\n");
	else if (cp == '\t')
		vx_buf_puts(b, "\\t");
	else if (cp == '\r')
		vx_buf_puts(b, "\\r");
	else if (cp < 0x100)
		vx_buf_printf(b, "\\x%02X", cp);
	else
		vx_buf_printf(b, "\\u%04X", cp);
}

static void put_quoted(struct vx_buf *b, const char *s, size_t n)
{
	size_t from = 0, w;

	vx_buf_putc(b, '"');
	for (size_t i = 0; i < n; i += w) {
		w = printable(s + i, n - i);
		if (w && s[i] != '"' && s[i] != '\\')
			continue;
		vx_buf_put(b, s + from, i - from);
		w = vx_utf8_width(s + i, n - i);
		put_escape(b, s + i, w);
		w = w ? w : 1;
		from = i + w;
	}
	vx_buf_put(b, s + from, n - from);
	vx_buf_putc(b, '"');
}

/* Whether the text can be a literal block: it has lines, no blank ends one (editors take those
 * away), and all of it is printable. */
static bool is_block(const char *s, size_t n)
{
	bool text = false;
	size_t w;

	if (!memchr(s, '\n', n) || s[n - 1] == ' ' || s[n - 1] == '\t')
		return false;
	for (size_t i = 0; i < n; i += w) {
		bool white = s[i] == '\n' || s[i] == '\t';

		w = white ? 1 : printable(s + i, n - i);
		if (w == 0 || ((s[i] == ' ' || s[i] == '\t') && s[i + 1] == '\n'))
			return false;
		text = text || s[i] != '\n';
	}
	return text;
}

/* A literal block without its last line break, which is the caller's. The indentation is given
 * where a reader would guess it wrong, since the first line begins with white space or is empty. */
static void put_block(struct vx_buf *b, const char *s, size_t n, unsigned indent)
{
	const char *end = s + n, *line = s;
	bool ends = end[-1] == '\n', more = ends && (n < 2 || end[-2] == '\n');

	vx_buf_putc(b, '|');
	if (*s == ' ' || *s == '\t' || *s == '\n')
		vx_buf_putc(b, '2');
	if (!ends)
		vx_buf_putc(b, '-');
	else if (more)
		vx_buf_putc(b, '+');
	if (ends)
		end--;
	while (line <= end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));

		if (!stop)
			stop = end;
		vx_buf_putc(b, '\n');
		if (stop > line)
			vx_buf_repeat(b, ' ', indent);
		vx_buf_put(b, line, (size_t)(stop - line));
		line = stop + 1;
	}
}

static void put_string(struct vx_buf *b, const char *s, size_t n, unsigned indent)
{
	if (is_plain(s, n))
		vx_buf_put(b, s, n);
	else if (n && is_block(s, n))
		put_block(b, s, n, indent);
	else
		put_quoted(b, s, n);
}

/* Whether readers of both versions take the spelling for the same number of @v's type. YAML 1.1
 * floats need a dot, a digit before it where there is a sign, and a sign in the exponent. */
static bool is_agreed(const struct vx_value *v, const struct vx_number *n)
{
	switch (n->kind) {
	case VX_NUMBER_NONE:
		return false;
	case VX_NUMBER_INF:
	case VX_NUMBER_NAN:
		return true;
	case VX_NUMBER_BASED:
		return v->type == VX_INT && n->base == 16;
	case VX_NUMBER_INT:
		return v->type == VX_INT && !vx_number_leading_zero(n);
	case VX_NUMBER_FLOAT:
		return n->dot && (n->n_whole || !n->sign) && (!n->exp || n->exp_sign) &&
		       !vx_number_leading_zero(n);
	}
	return false;
}

static void put_number(struct vx_buf *b, const struct vx_value *v)
{
	struct vx_number n;

	vx_number_parse(v->text, v->len, &n);
	if (is_agreed(v, &n))
		vx_buf_put(b, v->text, v->len);
	else if (!vx_number_put(b, &n, v->type == VX_FLOAT))
		put_quoted(b, v->text, v->len);
}

void vx_yml_put_key(struct vx_buf *b, const char *key, size_t len)
{
	if (is_plain(key, len))
		vx_buf_put(b, key, len);
	else
		put_quoted(b, key, len);
}

void vx_yml_put_scalar(struct vx_buf *b, const struct vx_value *v, unsigned indent)
{
	switch (v->type) {
	case VX_NULL:
		vx_buf_puts(b, "null");
		return;
	case VX_INT:
	case VX_FLOAT:
		put_number(b, v);
		return;
	case VX_BOOL:
		vx_buf_put(b, v->text, v->len);
		return;
	case VX_STRING:
		put_string(b, v->text, v->len, indent);
		return;
	case VX_MAP:
	case VX_LIST:
		break;
	}
	vx_assert(!"a scalar");
}
