/* docs.c - a file's documents: which reader is called, and what they share while they live. */
#include "core/docs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/read_i.h"
#include "core/utf8.h"

static int check_utf8(const struct vx_reader *r)
{
	size_t i = 0, w;

	while (i < r->len && (w = vx_utf8_width(r->bytes + i, r->len - i)) > 0)
		i += w;
	if (i == r->len)
		return 0;
	return vx_fail(r->err, -EBADMSG,
	               "line %u: byte 0x%02x begins no UTF-8 character; save the "
	               "file as UTF-8",
	               vx_reader_line(r, i), (unsigned)(unsigned char)r->bytes[i]);
}

static int read_all(struct vx_reader *r, enum vx_format format)
{
	int rc = format == VX_FORMAT_PROPERTIES ? 0 : check_utf8(r);

	if (rc < 0)
		return rc;
	switch (format) {
	case VX_FORMAT_YAML:
		return vx_read_yaml(r);
	case VX_FORMAT_JSON:
		return vx_read_json(r);
	case VX_FORMAT_PROPERTIES:
		return vx_read_properties(r);
	}
	vx_assert_failed(__FILE__, __LINE__, "a file has one of the formats above");
}

int vx_docs_parse(enum vx_format format, const char *bytes, size_t len,
                  const struct vx_doc_limits *limits, struct vx_docs **ret, struct vx_error *err)
{
	VX_AUTO(vx_docs_put_p) struct vx_docs *d = NULL;
	struct vx_reader r = {.bytes = len ? bytes : "", .len = len, .limits = limits, .err = err};
	int rc;

	if (len > limits->bytes)
		return vx_fail(err, -E2BIG, "%zu bytes are more than the %zu of limits.document",
		               len, limits->bytes);
	d = calloc(1, sizeof(*d));
	if (!d)
		return -ENOMEM;
	atomic_init(&d->refs, 1);
	if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 &&
	    (format != VX_FORMAT_PROPERTIES || vx_utf8_valid(bytes, len))) {
		r.bytes += 3;
		r.len -= 3;
	}
	r.docs = d;
	r.tree = (struct vx_tree){&d->arena, limits, 0, 0};
	rc = read_all(&r, format);
	vx_arena_fini(&r.scratch);
	if (rc < 0)
		return rc;
	*ret = vx_steal(d);
	return 0;
}

struct vx_docs *vx_docs_ref(struct vx_docs *d)
{
	atomic_fetch_add_explicit(&d->refs, 1, memory_order_relaxed);
	return d;
}

void vx_docs_put(struct vx_docs *d)
{
	if (!d || atomic_fetch_sub_explicit(&d->refs, 1, memory_order_acq_rel) != 1)
		return;
	vx_arena_fini(&d->arena);
	free(d);
}

bool vx_docs_name_profile(const struct vx_docs *d, const char *profile)
{
	for (size_t i = 0; i < d->n; i++)
		if (vx_activation_names(d->doc[i].on, profile))
			return true;
	return false;
}
