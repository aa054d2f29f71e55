/* error.h - the one error model of Vortex.
 *
 * A function that can fail returns 0 (or a count >= 0), or a negative errno. One whose failure a
 * person will read also takes a nullable `struct vx_error *`, on the caller's stack and without
 * allocation, which is filled on failure only. What each errno means at every edge (FUSE, HTTP,
 * gRPC) is the table errors.def, so that the edges cannot disagree. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define VX_ERROR_MAX 512

struct vx_error {
	int code;               /* the negative errno that was returned */
	char msg[VX_ERROR_MAX]; /* one sentence without a final newline; cut, never overrun */
};

/* What an errno means outside the process: one row of errors.def. */
struct vx_error_info {
	int code;         /* positive errno */
	const char *name; /* "ENOENT" */
	int fuse;         /* positive errno that a reader of the mount gets */
	int http;         /* status code */
	const char *grpc; /* canonical status name */
	bool retry;       /* trying again later may help */
	const char *meaning;
};

/* Write the sentence and return @rc, so that `return vx_fail(err, -EINVAL, "...")` reads well.
 * @err may be NULL. @rc must be negative. Any thread. */
int vx_fail(struct vx_error *err, int rc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Put "where: " before the sentence that a callee left in @err (or before strerror(-rc) if it left
 * none) and return @rc. Use it where the caller knows something that the callee did not. */
int vx_wrap(struct vx_error *err, int rc, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* The sentence in @err, or the meaning of @rc where there is none. Borrowed; never NULL. */
const char *vx_error_text(const struct vx_error *err, int rc);

/* The row of errors.def for @rc (either sign); an errno not listed gets the row of EIO. */
const struct vx_error_info *vx_error_info(int rc);
