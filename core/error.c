/* error.c - filling struct vx_error, and the table of meanings. No state, no I/O. */
#include "core/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/assert.h"

static const struct vx_error_info infos[] = {
#define VX_ERR(code, fuse, http, grpc, retry, meaning)                                             \
	{code, #code, fuse, http, grpc, retry, meaning},
#include "core/errors.def"
#undef VX_ERR
};

int vx_fail(struct vx_error *err, int rc, const char *fmt, ...)
{
	va_list ap;

	vx_assert(rc < 0);
	if (!err)
		return rc;
	err->code = rc;
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap); /* cutting is intended */
	va_end(ap);
	return rc;
}

int vx_wrap(struct vx_error *err, int rc, const char *fmt, ...)
{
	char was[VX_ERROR_MAX];
	va_list ap;
	size_t n;

	vx_assert(rc < 0);
	if (!err)
		return rc;
	(void)snprintf(was, sizeof(was), "%s", vx_error_text(err, rc));
	err->code = rc;
	va_start(ap, fmt);
	(void)vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	n = strlen(err->msg);
	(void)snprintf(err->msg + n, sizeof(err->msg) - n, ": %s", was);
	return rc;
}

const char *vx_error_text(const struct vx_error *err, int rc)
{
	if (err && err->code && err->msg[0])
		return err->msg;
	return vx_error_info(rc)->meaning;
}

const struct vx_error_info *vx_error_info(int rc)
{
	int code = rc < 0 ? -rc : rc;
	const size_t n = sizeof(infos) / sizeof(infos[0]);

	for (size_t i = 0; i < n; i++)
		if (infos[i].code == code)
			return &infos[i];
	return &infos[n - 1]; /* EIO, the last row */
}
