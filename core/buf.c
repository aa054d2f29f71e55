/* buf.c - the growing buffer. */
#include "core/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/assert.h"
#include "core/utf8.h"

/* Make room for @n more bytes and the NUL; doubles, so that appending is linear in all. */
static bool reserve(struct vx_buf *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 64;
	char *data;

	if (b->failed || n > SIZE_MAX / 4 - b->len) {
		b->failed = true;
		return false;
	}
	if (b->len + n + 1 <= b->cap)
		return true;
	while (cap < b->len + n + 1)
		cap *= 2;
	data = realloc(b->data, cap);
	if (!data) {
		b->failed = true;
		return false;
	}
	b->data = data;
	b->cap = cap;
	return true;
}

void vx_buf_fini(struct vx_buf *b)
{
	free(b->data);
	*b = (struct vx_buf)VX_BUF_INIT;
}

void vx_buf_put(struct vx_buf *b, const void *bytes, size_t n)
{
	if (!reserve(b, n))
		return;
	if (n)
		memcpy(b->data + b->len, bytes, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void vx_buf_puts(struct vx_buf *b, const char *s)
{
	vx_buf_put(b, s, strlen(s));
}

void vx_buf_putc(struct vx_buf *b, char c)
{
	vx_buf_put(b, &c, 1);
}

void vx_buf_repeat(struct vx_buf *b, char c, size_t n)
{
	if (!reserve(b, n))
		return;
	memset(b->data + b->len, c, n);
	b->len += n;
	b->data[b->len] = '\0';
}

void vx_buf_printf(struct vx_buf *b, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		b->failed = true;
		return;
	}
	if (!reserve(b, (size_t)n))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
}

void vx_buf_truncate(struct vx_buf *b, size_t len)
{
	vx_assert(len <= b->len);
	b->len = len;
	if (b->data)
		b->data[len] = '\0';
}

char *vx_buf_steal(struct vx_buf *b)
{
	char *s;

	vx_buf_put(b, "", 0); /* an empty buffer gives "" */
	if (b->failed) {
		vx_buf_fini(b);
		return NULL;
	}
	s = b->data;
	*b = (struct vx_buf)VX_BUF_INIT;
	return s;
}

void vx_buf_json(struct vx_buf *b, const char *s, size_t n)
{
	size_t from = 0;

	vx_buf_putc(b, '"');
	for (size_t i = 0; i < n;) {
		unsigned char c = (unsigned char)s[i];
		size_t w = c < 0x80 ? 1 : vx_utf8_width(s + i, n - i);

		if (w > 1 || (w == 1 && c >= 0x20 && c != '"' && c != '\\' && c != 0x7f)) {
			i += w;
			continue;
		}
		vx_buf_put(b, s + from, i - from);
		if (w == 0)
			vx_buf_puts(b, "\xef\xbf\xbd");
		else if (c == '"' || c == '\\')
			vx_buf_printf(b, "\\%c", c);
		else if (c == '\n')
			vx_buf_puts(b, "\\n");
		else if (c == '\t')
			vx_buf_puts(b, "\\t");
		else if (c == '\r')
			vx_buf_puts(b, "\\r");
		else
			vx_buf_printf(b, "\\u%04x", c);
		from = ++i;
	}
	vx_buf_put(b, s + from, n - from);
	vx_buf_putc(b, '"');
}
