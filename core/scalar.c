/* scalar.c - telling null, booleans and numbers from text by the YAML 1.2 core schema.
 *
 * A scalar is looked at, never converted: its text is kept as its author wrote it. */
#include "core/scalar.h"

#include <string.h>

#include "core/assert.h"
#include "core/number.h"

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

enum vx_type vx_scalar_type(const char *s, size_t n)
{
	struct vx_number number;

	if (is_null(s, n))
		return VX_NULL;
	if (is_bool(s, n))
		return VX_BOOL;
	vx_number_parse(s, n, &number);
	if (number.kind == VX_NUMBER_NONE || vx_number_leading_zero(&number))
		return VX_STRING;
	if (number.kind == VX_NUMBER_INT || number.kind == VX_NUMBER_BASED)
		return VX_INT;
	return VX_FLOAT;
}

bool vx_scalar_fits(enum vx_type type, const char *s, size_t n)
{
	struct vx_number number;

	vx_number_parse(s, n, &number);
	switch (type) {
	case VX_NULL:
		return is_null(s, n);
	case VX_BOOL:
		return is_bool(s, n);
	case VX_INT:
		return number.kind == VX_NUMBER_INT || number.kind == VX_NUMBER_BASED;
	case VX_FLOAT:
		return number.kind != VX_NUMBER_NONE && number.kind != VX_NUMBER_BASED;
	case VX_STRING:
		return true;
	case VX_MAP:
	case VX_LIST:
		break;
	}
	vx_assert_failed(__FILE__, __LINE__, "only scalars have a tag that a text fits");
}
