/* sse.c - the lines of a stream become events; see sse.h. */
#include "tools/vortexctl/sse.h"

#include <errno.h>
#include <string.h>

static const char *text_of(const struct vx_buf *b)
{
	return b->data ? b->data : "";
}

static void set(struct vx_buf *b, const char *text, size_t len)
{
	vx_buf_truncate(b, 0);
	vx_buf_put(b, text, len);
}

/* An empty line: the event is whole. One without data is none. */
static int dispatch(struct vx_sse *s)
{
	struct vx_sse_event e = {.id = text_of(&s->id), .data = text_of(&s->data)};
	int rc = 0;

	e.type = s->type.len ? s->type.data : "message";
	if (s->has_data)
		rc = s->fn(s->arg, &e);
	vx_buf_truncate(&s->type, 0);
	vx_buf_truncate(&s->data, 0);
	s->has_data = false;
	return rc;
}

static int take_field(struct vx_sse *s, const char *name, size_t len, const char *value, size_t n)
{
	if (len == 4 && memcmp(name, "data", 4) == 0) {
		if (s->data.len + n >= VX_SSE_MAX)
			return -E2BIG;
		if (s->has_data)
			vx_buf_putc(&s->data, '\n');
		vx_buf_put(&s->data, value, n);
		s->has_data = true;
	} else if (len == 5 && memcmp(name, "event", 5) == 0) {
		set(&s->type, value, n);
	} else if (len == 2 && memcmp(name, "id", 2) == 0 && !memchr(value, '\0', n)) {
		set(&s->id, value, n);
	}
	return 0; /* any other field is to be ignored */
}

static int take_line(struct vx_sse *s)
{
	const char *line = text_of(&s->line);
	size_t len = s->line.len;
	const char *colon, *value;

	if (!s->started && len >= 3 && memcmp(line, "\xef\xbb\xbf", 3) == 0) {
		line += 3;
		len -= 3;
	}
	s->started = true;
	if (len == 0)
		return dispatch(s);
	colon = memchr(line, ':', len);
	if (colon == line)
		return 0; /* a comment: a sign of life */
	if (!colon)
		return take_field(s, line, len, "", 0);
	value = colon + 1;
	if (value < line + len && *value == ' ')
		value++;
	return take_field(s, line, (size_t)(colon - line), value, (size_t)(line + len - value));
}

static int take_byte(struct vx_sse *s, char c)
{
	bool second = c == '\n' && s->after_cr;
	int rc;

	s->after_cr = c == '\r';
	if (second)
		return 0;
	if (c != '\n' && c != '\r') {
		if (s->line.len >= VX_SSE_MAX)
			return -E2BIG;
		vx_buf_putc(&s->line, c);
		return vx_buf_failed(&s->line) ? -ENOMEM : 0;
	}
	rc = take_line(s);
	vx_buf_truncate(&s->line, 0);
	if (vx_buf_failed(&s->data) || vx_buf_failed(&s->type) || vx_buf_failed(&s->id))
		return -ENOMEM;
	return rc;
}

int vx_sse_feed(struct vx_sse *s, const char *bytes, size_t n)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = take_byte(s, bytes[i]);
	return rc;
}

void vx_sse_fini(struct vx_sse *s)
{
	vx_buf_fini(&s->line);
	vx_buf_fini(&s->id);
	vx_buf_fini(&s->type);
	vx_buf_fini(&s->data);
}
