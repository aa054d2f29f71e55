/* version.h - the name of a snapshot's content. Filled in by the author of version.c: the byte
 * grammar, pinned by a golden test. */
#pragma once

#include "core/snapshot.h"

/* Write the 32 hex digits of @s's version to @ret_digits (with a NUL). 0 or -ENOMEM. */
int vx_version(const struct vx_snapshot *s, char ret_digits[VX_VERSION_DIGITS + 1]);
