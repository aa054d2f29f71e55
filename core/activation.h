/* activation.h - profile expressions: `prod & (eu | us)`, `!dev`.
 *
 * Grammar (Spring Framework's Profiles.of): names, `!`, `&`, `|`, parentheses; `&` and `|` are not
 * mixed without parentheses. A list of expressions means any of them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/error.h"

struct vx_activation; /* immutable, in the arena of its document */

/* Parse @n expressions, any of which activates. 0, -EBADMSG (err: what and where), -ENOMEM. */
int vx_activation_parse(struct vx_arena *a, const char *const *exprs, size_t n,
                        const struct vx_activation **ret, struct vx_error *err);

/* Whether it holds when exactly @profiles are active. @on NULL: true. */
bool vx_activation_holds(const struct vx_activation *on, const char *const *profiles, size_t n);

/* Whether @profile is mentioned anywhere in it, also under `!`. @on NULL: false. */
bool vx_activation_names(const struct vx_activation *on, const char *profile);

/* Call @fn for each name that is mentioned (with repeats). */
void vx_activation_each(const struct vx_activation *on, void (*fn)(void *arg, const char *name),
                        void *arg);
