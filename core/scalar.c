/* scalar.c - telling null, booleans and numbers from text by the YAML 1.2 core schema.
 *
 * A scalar is looked at, never converted: its text is kept as its author wrote it, so that forty
 * digits survive. */
#include "core/scalar.h"

#include <string.h>

#include "core/assert.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_one_of(const char *s, size_t n, const char *const *words)
{
	for (; *words; words++)
		if (strlen(*words) == n && memcmp(*words, s, n) == 0)
			return true;
	return false;
}

static bool is_null(const char *s, size_t n)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL", NULL};

	return is_one_of(s, n, words);
}

static bool is_bool(const char *s, size_t n)
{
	static const char *const words[] = {"true",  "True",  "TRUE", "false",
	                                    "False", "FALSE", NULL};

	return is_one_of(s, n, words);
}

/* How many of the bytes from @i on are of a class. */
static size_t run(const char *s, size_t n, size_t i, bool (*is)(char))
{
	size_t from = i;

	while (i < n && is(s[i]))
		i++;
	return i - from;
}

static size_t sign(const char *s, size_t n)
{
	return n && (s[0] == '-' || s[0] == '+') ? 1 : 0;
}

static bool is_int(const char *s, size_t n)
{
	size_t at = sign(s, n);

	if (n > 2 && s[0] == '0' && s[1] == 'o')
		return run(s, n, 2, is_octal) == n - 2;
	if (n > 2 && s[0] == '0' && s[1] == 'x')
		return run(s, n, 2, is_hex) == n - 2;
	return n > at && run(s, n, at, is_digit) == n - at;
}

static bool is_float(const char *s, size_t n)
{
	static const char *const infinities[] = {".inf", ".Inf", ".INF", NULL};
	static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};
	size_t i = sign(s, n), whole, part;

	if (is_one_of(s, n, nans) || is_one_of(s + i, n - i, infinities))
		return true;
	whole = run(s, n, i, is_digit);
	i += whole;
	if (i < n && s[i] == '.') {
		part = run(s, n, ++i, is_digit);
		i += part;
		whole += part;
	}
	if (whole == 0)
		return false;
	if (i < n && (s[i] == 'e' || s[i] == 'E')) {
		i++;
		i += sign(s + i, n - i);
		part = run(s, n, i, is_digit);
		if (part == 0)
			return false;
		i += part;
	}
	return i == n;
}

/* Octal to some readers, decimal to others: hence text. */
static bool leading_zero(const char *s, size_t n)
{
	size_t i = sign(s, n);

	return n - i > 1 && s[i] == '0' && is_digit(s[i + 1]);
}

enum vx_type vx_scalar_type(const char *s, size_t n)
{
	if (is_null(s, n))
		return VX_NULL;
	if (is_bool(s, n))
		return VX_BOOL;
	if (leading_zero(s, n))
		return VX_STRING;
	if (is_int(s, n))
		return VX_INT;
	return is_float(s, n) ? VX_FLOAT : VX_STRING;
}

bool vx_scalar_fits(enum vx_type type, const char *s, size_t n)
{
	switch (type) {
	case VX_NULL:
		return is_null(s, n);
	case VX_BOOL:
		return is_bool(s, n);
	case VX_INT:
		return is_int(s, n);
	case VX_FLOAT:
		return is_float(s, n);
	case VX_STRING:
		return true;
	case VX_MAP:
	case VX_LIST:
		break;
	}
	vx_assert_failed(__FILE__, __LINE__, "only scalars have a tag that a text fits");
}
