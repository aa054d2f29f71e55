/* sse.h - Server-Sent Events out of a stream of bytes (WHATWG HTML, section 9.2.6). No I/O. */
#pragma once

#include <stdbool.h>

#include "core/buf.h"

/* Of one event, and of one line: our daemon's are some kilobytes. */
#define VX_SSE_MAX ((size_t)1 << 20)

struct vx_sse_event {
	const char *id;   /* of the last event that had one; "" */
	const char *type; /* "message" where it says none */
	const char *data;
};

/* Called with each event; borrowed. 0, or a negative errno that ends the feeding. */
typedef int vx_sse_fn(void *arg, const struct vx_sse_event *e);

/* Begins as {.fn = fn, .arg = arg}; fini it. */
struct vx_sse {
	vx_sse_fn *fn;
	void *arg;
	struct vx_buf line, id, type, data;
	bool has_data;
	bool after_cr; /* a line feed would belong to the line before */
	bool started;
};

/* Take the next @n bytes, however they are cut. 0; -E2BIG an event without end; -ENOMEM; what fn
 * returned. After a failure only vx_sse_fini may follow. */
int vx_sse_feed(struct vx_sse *s, const char *bytes, size_t n);
void vx_sse_fini(struct vx_sse *s);
