/* git_child.h - one run of vortex-git-fetch, from its start to its end or its killing. */
#pragma once

#include "backends/git_wire.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/error.h"

struct vx_git_child {
	const char *program;
	struct vx_buf *request; /* complete (git_wire.h) */
	const struct vx_clock *clock;
	int64_t whole_ms; /* the run may take so long ... */
	int64_t stall_ms; /* ... and be silent for so long */
	int stop;         /* an eventfd: readable ends the run at once */
	void (*progress)(void *arg, const struct vx_git_report *r); /* on the caller's thread */
	void *arg;
};

/* Run it, and wait for its end. Blocks; the child is gone when it returns.
 *   0 *ret is its VX_GIT_DONE   -ECANCELED stop   -ETIMEDOUT it was killed
 *   else what it reported (vx_git_kind_errno), -EAGAIN if it died without a report; @err says why.
 * *ret_kind: VX_GIT_KIND_MIRROR and the like, where it reported one; else VX_GIT_KIND_SERVER. */
int vx_git_child_run(const struct vx_git_child *c, struct vx_git_report *ret,
                     enum vx_git_kind *ret_kind, struct vx_error *err);

/* Where the program is: beside this one's, in libexec/vortex, or in the tree that was built. The
 * caller frees. -ENOENT it is not installed. */
int vx_git_child_find(char **ret, struct vx_error *err);
