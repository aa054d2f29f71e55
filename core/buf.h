/* buf.h - a growing byte buffer with a sticky failure.
 *
 * Append as much as needed and look at the result once: after the first failed allocation every
 * further append is a no-op and vx_buf_failed() is true. data is always NUL-terminated once
 * anything was appended (the NUL is not counted). */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct vx_buf {
	char *data; /* NULL while empty */
	size_t len;
	size_t cap;
	bool failed;
};

/* clang-format off */
#define VX_BUF_INIT {NULL, 0, 0, false}
/* clang-format on */

void vx_buf_fini(struct vx_buf *b); /* frees; the buffer is empty and usable again */
void vx_buf_put(struct vx_buf *b, const void *bytes, size_t n);
void vx_buf_puts(struct vx_buf *b, const char *s);
void vx_buf_putc(struct vx_buf *b, char c);
void vx_buf_repeat(struct vx_buf *b, char c, size_t n);
void vx_buf_printf(struct vx_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void vx_buf_truncate(struct vx_buf *b, size_t len); /* @len <= b->len */

static inline bool vx_buf_failed(const struct vx_buf *b)
{
	return b->failed;
}

/* The bytes as a NUL-terminated string that the caller frees; NULL if any append failed. */
char *vx_buf_steal(struct vx_buf *b);

/* Append @s as a JSON string with its quotes (RFC 8259 section 7; UTF-8 is kept, a byte that is
 * not UTF-8 becomes U+FFFD). */
void vx_buf_json(struct vx_buf *b, const char *s, size_t n);
