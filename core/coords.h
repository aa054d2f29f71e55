/* coords.h - coordinates: which configuration is meant.
 *
 * (application, profiles, label). The profile is a comma list whose order is kept and whose last
 * member wins; no label means each backend's default label. Written `app/profile[,profile][/label]`,
 * where a `/` inside a label is `(_)`. The rules of names are checked here, once, before any
 * backend sees them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/cleanup.h"
#include "core/error.h"

#define VX_NAME_BYTES 255
#define VX_PROFILES_MAX 8

struct vx_coords {
	const char *app;
	size_t n_profiles; /* 1 to VX_PROFILES_MAX */
	const char *profiles[VX_PROFILES_MAX];
	const char *label; /* decoded, with real slashes; NULL: the default label */
	const char *text;  /* "app/p1,p2" or "app/p1,p2/release(_)2": unique, a hash key */
};

/* Check and copy. @profiles is the comma list, @label NULL or the path spelling with `(_)`.
 * 0 and *ret (free it); -EINVAL a name breaks a rule (err says which), -ENAMETOOLONG, -ENOMEM. */
int vx_coords_new(const char *app, const char *profiles, const char *label, struct vx_coords **ret,
                  struct vx_error *err);
int vx_coords_dup(const struct vx_coords *at, struct vx_coords **ret);
void vx_coords_free(struct vx_coords *at); /* NULL is a no-op */
VX_DEFINE_AUTO(struct vx_coords *, vx_coords_free);

/* The rule for each kind of name: 0, -EINVAL or -ENAMETOOLONG, with the sentence in @err.
 * Applications: UTF-8 without control characters, `/`, `,`, `#`, `..`, not beginning with `.` or
 * `@`. Profiles: letters, digits, `-_.+@`, a letter or digit at both ends. Labels (decoded): UTF-8
 * without control characters, `#`, `..`, `//`, no `/` at either end, not beginning with `.` or `@`. */
int vx_app_check(const char *app, struct vx_error *err);
int vx_profile_check(const char *profile, size_t n, struct vx_error *err);
int vx_label_check(const char *label, struct vx_error *err);

/* `(_)` to `/` and back. The caller frees the result; NULL when out of memory. */
char *vx_label_decode(const char *spelled);
char *vx_label_encode(const char *label);

/* Whether `app/profile/label` matches @pattern: `*` stops at the slashes between
 * the three (not at a slash inside a label), a missing tail of the pattern is `*`. @label NULL: whether
 * it could match with some label. */
bool vx_pattern_match(const char *pattern, const char *app, const char *profile, const char *label);

/* Whether it makes no difference to @pattern what the label is. */
bool vx_pattern_any_label(const char *pattern);

/* Whether @label may be the id of a commit: 7 to 40 lower-case hexadecimal digits. */
bool vx_label_may_be_commit(const char *label);
