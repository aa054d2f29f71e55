/* utf8.h - UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, at most U+10FFFF. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the character at @s (1 to 4), or 0 if none is well-formed there or @n is 0. */
size_t vx_utf8_width(const char *s, size_t n);

/* The code point at @s, whose width was found to be @w. */
uint32_t vx_utf8_get(const char *s, size_t w);

/* Write @cp (a scalar value) to @out, which has room for 4 bytes; the width. */
size_t vx_utf8_put(uint32_t cp, char *out);

/* Whether all @n bytes are well-formed. */
bool vx_utf8_valid(const char *s, size_t n);
