/* source.c - reading a document by way of the cache. */
#include "backends/source.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

int vx_source_check(const struct vx_source *src, struct vx_error *err)
{
	int rc = vx_ctx_check(src->ctx);

	if (rc == 0)
		return 0;
	return vx_fail(err, rc,
	               rc == -ECANCELED ? "the request was cancelled"
	                                : "the request's time is over");
}

int vx_source_too_big(const char *path, uint64_t size, size_t max, struct vx_error *err)
{
	return vx_fail(err, -E2BIG,
	               "'%s' has %" PRIu64 " bytes, more than the limit of %zu "
	               "(limits.document)",
	               path, size, max);
}

int vx_source_docs(const struct vx_source *src, const char *path, const struct vx_file *file,
                   struct vx_docs **ret, struct vx_error *err)
{
	enum vx_format format = vx_ext_format(file->ext);
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *bytes = NULL;
	int rc;

	rc = vx_doc_cache_get(src->cache, file->id, format, ret, err);
	if (rc == -ENOENT) {
		rc = src->read(src, path, file, src->limits.bytes, &bytes, err);
		if (rc < 0)
			return rc;
		rc = vx_doc_cache_parse(src->cache, file->id, format, bytes->data, bytes->len,
		                        &src->limits, ret, err);
	}
	return rc < 0 ? vx_wrap(err, rc, "%s", path) : 0;
}

char *vx_path_join(struct vx_arena *a, const char *folder, const char *name)
{
	size_t n = strlen(folder), m = strlen(name);
	char *path = vx_arena_alloc(a, n + m + 2);

	if (!path)
		return NULL;
	memcpy(path, folder, n);
	if (n && m)
		path[n++] = '/';
	memcpy(path + n, name, m);
	return path;
}
