/* doc_cache.h - parsed documents by content, so that equal bytes are parsed once.
 *
 * That a file does not parse is remembered too: a broken document that many applications load
 * costs one attempt. Threads: all functions any thread. */
#pragma once

#include "core/docs.h"
#include "core/layer.h"

struct vx_doc_cache;

/* A cache of about @max_bytes of parsed trees. NULL when out of memory. */
struct vx_doc_cache *vx_doc_cache_new(size_t max_bytes);
void vx_doc_cache_free(struct vx_doc_cache *c); /* NULL is a no-op */

/* What the content @id is as @format: 0 and *ret (put it); -EBADMSG or -E2BIG as parsing said, with
 * its sentence; -ENOENT not known, read it and call vx_doc_cache_parse. */
int vx_doc_cache_get(struct vx_doc_cache *c, const unsigned char id[VX_BLOB_ID_BYTES],
                     enum vx_format format, struct vx_docs **ret, struct vx_error *err);

/* Parse the bytes whose blob id is @id, and remember what came of it. As vx_docs_parse. */
int vx_doc_cache_parse(struct vx_doc_cache *c, const unsigned char id[VX_BLOB_ID_BYTES],
                       enum vx_format format, const char *bytes, size_t len,
                       const struct vx_doc_limits *limits, struct vx_docs **ret,
                       struct vx_error *err);
