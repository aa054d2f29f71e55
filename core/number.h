/* number.h - the grammar of numbers: rule 9.1 of docs/composition.md. Pure, any thread.
 *
 * A number is taken apart, never converted: forty digits survive. Readers ask what a text is,
 * renderers write the parts again where a format has no such spelling. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* A number's text taken apart, as YAML's core schema and JSON spell numbers. */
struct vx_number {
	enum {
		VX_NUMBER_NONE,  /* the text is no number */
		VX_NUMBER_INT,   /* decimal digits */
		VX_NUMBER_BASED, /* 0x1F, 0o17: base and whole */
		VX_NUMBER_FLOAT, /* with a dot or an exponent */
		VX_NUMBER_INF,
		VX_NUMBER_NAN
	} kind;
	char sign; /* '+', '-' or 0 */
	unsigned base;
	const char *whole, *frac, *exp; /* digits, inside the text; exp NULL: no exponent */
	size_t n_whole, n_frac, n_exp;
	bool dot;
	char exp_sign;
};

void vx_number_parse(const char *s, size_t n, struct vx_number *ret);

/* Whether zeros stand before another digit of a decimal number: octal to some readers, an error to
 * others. */
bool vx_number_leading_zero(const struct vx_number *n);
