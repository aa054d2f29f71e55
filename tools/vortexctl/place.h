/* place.h - what a word of the command line names: coordinates, a side, or a path in the mount. */
#pragma once

#include <stddef.h>

#include "core/cleanup.h"
#include "core/error.h"

#define VX_CTL_READINGS 4

/* One way to read it. Owned. */
struct vx_ctl_reading {
	char *at;   /* coordinates or a side, as docs/api.md has them */
	char *key;  /* the key that a path in .keys names; NULL: none */
	char *file; /* the plain file; NULL: none */
};

/* All ways, the likeliest first: `payment/prod/conf/x` may be the label conf/x, the file conf/x, or
 * the file x of the label conf, and only the daemon knows. */
struct vx_ctl_place {
	struct vx_ctl_reading readings[VX_CTL_READINGS];
	size_t n; /* at least 1 */
};

/* @text is a path if it begins with '/' or '.', or is there and lies in a mount; else coordinates,
 * with a moment perhaps ("payment/prod/@head"), or what follows the mount point in a path. 0 and @ret (fini it); -EINVAL, -ENAMETOOLONG names that break a
 * rule; -ENOENT a path outside of every mount; -ENOMEM. */
int vx_ctl_place_parse(const char *text, struct vx_ctl_place *ret, struct vx_error *err);
void vx_ctl_place_fini(struct vx_ctl_place *p);

/* Only the side: where a file or a key is no answer; @text may be a moment alone. 0 and *ret (free it), or as above. */
int vx_ctl_side_parse(const char *text, char **ret, struct vx_error *err);

/* For tests: the readings of what lies at @below in a mount, "payment/prod/.keys/a/0". */
int vx_ctl_place_below(const char *below, struct vx_ctl_place *ret, struct vx_error *err);
