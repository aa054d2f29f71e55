/* search.h - search paths: `{application}/{profile}`, and which folders they can mean.
 *
 * Pure functions on text. A search path is a list of segments; a placeholder stands for one or more
 * bytes of one segment when a folder is compared with it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/coords.h"
#include "core/error.h"

/* What the placeholders of a search path stand for in a folder's path. Borrowed text, not
 * terminated; NULL: not (yet) bound. A bound one must be met again. */
struct vx_binding {
	const char *app;
	size_t app_len;
	const char *profile;
	size_t profile_len;
};

/* Check @path and copy it to @a without the slashes and `.` segments that mean nothing.
 * 0 and *ret ("" is the root), -EINVAL (`..`, a name that is never looked at, an unknown
 * placeholder), -ENOMEM. */
int vx_search_check(struct vx_arena *a, const char *path, const char **ret, struct vx_error *err);

/* Put values for placeholders; one whose value is NULL stays. NULL when out of memory. */
char *vx_search_expand(struct vx_arena *a, const char *pattern, const char *app,
                       const char *profile, const char *label);

/* Whether the @n bytes of @path, a folder or one segment of its path, are one that @pattern can
 * mean. On true the placeholders are bound; of several ways the first, with the shortest text. */
bool vx_search_matches(const char *pattern, const char *path, size_t n, struct vx_binding *bound);
