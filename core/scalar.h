/* scalar.h - what a plain YAML scalar is: rule 9.1 of docs/composition.md. Pure, any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/value.h"

/* The type of the plain (not quoted) scalar @s by the YAML 1.2 core schema: VX_NULL, VX_BOOL,
 * VX_INT, VX_FLOAT or VX_STRING. A number with a leading zero before another digit is a string. */
enum vx_type vx_scalar_type(const char *s, size_t n);

/* Whether @s may stand behind the tag of @type (one of the types above): `!!int "2"`,
 * `!!float 1`. Everything is a string; a tag takes leading zeros. */
bool vx_scalar_fits(enum vx_type type, const char *s, size_t n);
