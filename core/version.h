/* version.h - the name of a snapshot's content.
 *
 * The first 128 bits of the SHA-256 over these bytes, as 32 lower-case hex digits:
 *
 *	snapshot = "vortex\0" "1" value count plain*
 *	value    = type [string] [items] children
 *	type     = "m" map | "n" null | "b" bool | "i" int | "f" float | "s" string | "l" list
 *	string   = count byte*           the text; only of bool, int, float and string
 *	items    = count value*          only of a list
 *	children = count (string value)*  the keys below it, in byte order
 *	plain    = string blob           its name and its 20-byte blob id, in byte order of names
 *	count    = 8 bytes, little-endian
 *
 * Every length comes before what it counts, so no two contents give the same bytes. The order of
 * keys does not count, nor do origins, lines, or how a null was written. The "1" is the grammar's
 * number: whoever changes the grammar changes it too, and every version with it. */
#pragma once

#include "core/snapshot.h"

/* Write the 32 hex digits of @s's version to @ret_digits (with a NUL). 0 or -ENOMEM. */
int vx_version(const struct vx_snapshot *s, char ret_digits[VX_VERSION_DIGITS + 1]);
