/* doc_cache.c - an LRU table of verdicts: the documents, or the error that parsing ended with. */
#include "backends/doc_cache.h"

#include <errno.h>
#include <string.h>

#include "backends/lru.h"

struct verdict {
	atomic_size_t refs;
	struct vx_docs *docs; /* NULL: err says why */
	struct vx_error err;
};

struct vx_doc_cache {
	struct vx_lru *verdicts;
};

static void *verdict_ref(void *value)
{
	struct verdict *v = value;

	atomic_fetch_add(&v->refs, 1);
	return v;
}

static void verdict_put(void *value)
{
	struct verdict *v = value;

	if (!v || atomic_fetch_sub(&v->refs, 1) != 1)
		return;
	vx_docs_put(v->docs);
	free(v);
}

struct vx_doc_cache *vx_doc_cache_new(size_t max_bytes)
{
	static const struct vx_lru_ops ops = {verdict_ref, verdict_put};
	VX_AUTO(vx_freep) struct vx_doc_cache *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->verdicts = vx_lru_new(max_bytes, &ops);
	return c->verdicts ? vx_steal(c) : NULL;
}

void vx_doc_cache_free(struct vx_doc_cache *c)
{
	if (!c)
		return;
	vx_lru_free(c->verdicts);
	free(c);
}

static struct vx_lru_key key_of(const unsigned char id[VX_BLOB_ID_BYTES], enum vx_format format)
{
	struct vx_lru_key key = {.kind = (unsigned char)format};

	memcpy(key.id, id, sizeof(key.id));
	return key;
}

/* Hand out what @v says and put it. */
static int answer(struct verdict *v, struct vx_docs **ret, struct vx_error *err)
{
	int rc = v->err.code;

	if (v->docs)
		*ret = vx_docs_ref(v->docs);
	else if (err)
		*err = v->err;
	verdict_put(v);
	return rc;
}

int vx_doc_cache_get(struct vx_doc_cache *c, const unsigned char id[VX_BLOB_ID_BYTES],
                     enum vx_format format, struct vx_docs **ret, struct vx_error *err)
{
	struct vx_lru_key key = key_of(id, format);
	struct verdict *v = vx_lru_get(c->verdicts, &key);

	return v ? answer(v, ret, err) : -ENOENT;
}

int vx_doc_cache_parse(struct vx_doc_cache *c, const unsigned char id[VX_BLOB_ID_BYTES],
                       enum vx_format format, const char *bytes, size_t len,
                       const struct vx_doc_limits *limits, struct vx_docs **ret,
                       struct vx_error *err)
{
	struct vx_lru_key key = key_of(id, format);
	struct verdict *v = calloc(1, sizeof(*v));
	int rc;

	if (!v)
		return vx_fail(err, -ENOMEM, "out of memory");
	atomic_init(&v->refs, 1);
	rc = vx_docs_parse(format, bytes, len, limits, &v->docs, &v->err);
	if (rc == 0) {
		v->err.code = 0;
	} else if (rc != -EBADMSG && rc != -E2BIG) {
		/* Says something about this moment, not about the content. */
		v->err.code = rc;
		return answer(v, ret, err);
	} else {
		v->err.code = rc;
	}
	v = vx_lru_add(c->verdicts, &key, v, sizeof(*v) + (v->docs ? v->docs->arena.used : 0));
	return answer(v, ret, err);
}
