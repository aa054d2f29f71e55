/* render_properties.c - application.properties: `key=value` lines that java.util.Properties (and
 * Spring's reader) reads back exactly.
 *
 * ASCII only. A reader of .properties ends a key at the first unescaped `=`, `:` or blank, drops
 * blanks before a value, takes a line that begins with `#` or `!` for a comment and a backslash for
 * an escape: those are what is escaped, and nothing else, so that URLs stay readable. */
#include <stdint.h>

#include "core/render_i.h"
#include "core/utf8.h"

/* Append the escape of the character of @w bytes at @s: UTF-16 units beyond ASCII. */
static void put_escape(struct vx_buf *b, const char *s, size_t w)
{
	uint32_t cp = w ? vx_utf8_get(s, w) : 0xfffd; /* a stray byte is U+FFFD */

	if (cp == '\n')
		vx_buf_puts(b, "\\n");
	else if (cp == '\t')
		vx_buf_puts(b, "\\t");
	else if (cp == '\r')
		vx_buf_puts(b, "\\r");
	else if (cp == '\f')
		vx_buf_puts(b, "\\f");
	else if (cp >= 0x20 && cp < 0x7f)
		vx_buf_printf(b, "\\%c", (char)cp);
	else if (cp < 0x10000)
		vx_buf_printf(b, "\\u%04X", cp);
	else
		vx_buf_printf(b, "\\u%04X\\u%04X", 0xd800 + ((cp - 0x10000) >> 10),
		              0xdc00 + (cp & 0x3ff));
}

/* Whether @c, at @i of a key or a value, cannot stand as it is. */
static bool special(unsigned char c, size_t i, bool key)
{
	if (c < 0x20 || c > 0x7e || c == '\\')
		return true;
	if (!key)
		return c == ' ' && i == 0;
	return c == ' ' || c == '=' || c == ':' || (i == 0 && (c == '#' || c == '!'));
}

static void put_text(struct vx_buf *b, const char *s, size_t n, bool key)
{
	size_t from = 0, w;

	for (size_t i = 0; i < n; i += w) {
		w = 1;
		if (!special((unsigned char)s[i], i, key))
			continue;
		vx_buf_put(b, s + from, i - from);
		w = vx_utf8_width(s + i, n - i);
		put_escape(b, s + i, w);
		if (w == 0)
			w = 1;
		from = i + w;
	}
	vx_buf_put(b, s + from, n - from);
}

/* A null, an empty list and an empty map have no text: `key=`. */
static void put_line(void *arg, const char *key, size_t len, const struct vx_value *v)
{
	struct vx_buf *b = arg;

	if (!vx_is_leaf(v))
		return;
	put_text(b, key, len, true);
	vx_buf_putc(b, '=');
	if (v->type != VX_NULL)
		put_text(b, v->text, v->len, false);
	vx_buf_putc(b, '\n');
}

void vx_render_properties(struct vx_buf *b, const struct vx_value *root)
{
	if (!vx_flat_each(root, put_line, b))
		b->failed = true;
}
