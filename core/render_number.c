/* render_number.c - numbers that keep their author's digits in every format.
 *
 * A number is taken apart, never converted: forty digits survive. Where a format's grammar has no
 * such spelling, the parts are written again as canonical decimal: no plus sign, a digit on both
 * sides of the dot, a sign in the exponent. Only hexadecimal and octal need arithmetic. */
#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "core/render_i.h"

/* Longest hexadecimal or octal number that is converted: 4096 bits, 138 limbs. */
#define BASED_DIGITS 1024
#define LIMB 1000000000u
#define LIMBS (BASED_DIGITS * 4 / 29 + 1) /* a limb holds 29.9 bits */

static size_t digits_at(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && isdigit((unsigned char)s[i]))
		i++;
	return i;
}

static bool parse_based(const char *s, size_t n, struct vx_number *to)
{
	if (n < 3 || s[0] != '0' || (s[1] != 'x' && s[1] != 'o'))
		return false;
	for (size_t i = 2; i < n; i++)
		if (s[1] == 'x' ? !isxdigit((unsigned char)s[i]) : s[i] < '0' || s[i] > '7')
			return false;
	to->kind = VX_NUMBER_BASED;
	to->base = s[1] == 'x' ? 16 : 8;
	to->whole = s + 2;
	to->n_whole = n - 2;
	return true;
}

static bool is_word(const char *s, size_t n, const char *const words[3])
{
	for (size_t i = 0; i < 3; i++)
		if (n == 4 && memcmp(s, words[i], 4) == 0)
			return true;
	return false;
}

/* [digits][.digits][e[sign]digits] with a digit before the exponent; false: something else. */
static bool parse_decimal(const char *s, size_t n, struct vx_number *to)
{
	size_t i = digits_at(s, n);

	to->whole = s;
	to->n_whole = i;
	to->dot = i < n && s[i] == '.';
	if (to->dot) {
		to->frac = s + ++i;
		to->n_frac = digits_at(s + i, n - i);
		i += to->n_frac;
	}
	if (to->n_whole + to->n_frac == 0)
		return false;
	if (i < n && (s[i] == 'e' || s[i] == 'E')) {
		i++;
		if (i < n && (s[i] == '-' || s[i] == '+'))
			to->exp_sign = s[i++];
		to->exp = s + i;
		to->n_exp = digits_at(s + i, n - i);
		i += to->n_exp;
	}
	to->kind = to->dot || to->exp ? VX_NUMBER_FLOAT : VX_NUMBER_INT;
	return i == n && (!to->exp || to->n_exp);
}

void vx_number_parse(const char *s, size_t n, struct vx_number *to)
{
	static const char *const infs[] = {".inf", ".Inf", ".INF"};
	static const char *const nans[] = {".nan", ".NaN", ".NAN"};

	*to = (struct vx_number){.kind = VX_NUMBER_NONE};
	if (is_word(s, n, nans)) {
		to->kind = VX_NUMBER_NAN;
		return;
	}
	if (parse_based(s, n, to))
		return;
	if (n && (*s == '-' || *s == '+')) {
		to->sign = *s++;
		n--;
	}
	if (is_word(s, n, infs))
		to->kind = VX_NUMBER_INF;
	else if (!parse_decimal(s, n, to))
		to->kind = VX_NUMBER_NONE;
}

static unsigned digit_of(char c)
{
	return isdigit((unsigned char)c) ? (unsigned)(c - '0')
	                                 : (unsigned)(tolower((unsigned char)c) - 'a') + 10;
}

static bool put_based(struct vx_buf *b, const struct vx_number *n)
{
	uint32_t limb[LIMBS] = {0}; /* lowest first */
	size_t used = 1;

	if (n->n_whole > BASED_DIGITS)
		return false;
	for (size_t i = 0; i < n->n_whole; i++) {
		uint64_t carry = digit_of(n->whole[i]);

		for (size_t k = 0; k < used; k++) {
			carry += (uint64_t)limb[k] * n->base;
			limb[k] = (uint32_t)(carry % LIMB);
			carry /= LIMB;
		}
		if (carry)
			limb[used++] = (uint32_t)carry;
	}
	vx_buf_printf(b, "%u", limb[used - 1]);
	while (--used)
		vx_buf_printf(b, "%09u", limb[used - 1]);
	return true;
}

bool vx_number_put(struct vx_buf *b, const struct vx_number *n, bool as_float)
{
	size_t zeros = 0;

	if (n->kind == VX_NUMBER_BASED)
		return put_based(b, n);
	if (n->kind != VX_NUMBER_INT && n->kind != VX_NUMBER_FLOAT)
		return false;
	while (zeros + 1 < n->n_whole && n->whole[zeros] == '0')
		zeros++;
	if (n->sign == '-')
		vx_buf_putc(b, '-');
	if (n->n_whole)
		vx_buf_put(b, n->whole + zeros, n->n_whole - zeros);
	else
		vx_buf_putc(b, '0');
	if (as_float || n->kind == VX_NUMBER_FLOAT) {
		vx_buf_putc(b, '.');
		vx_buf_put(b, n->n_frac ? n->frac : "0", n->n_frac ? n->n_frac : 1);
	}
	if (n->exp) {
		vx_buf_putc(b, 'e');
		vx_buf_putc(b, n->exp_sign == '-' ? '-' : '+');
		vx_buf_put(b, n->exp, n->n_exp);
	}
	return true;
}

bool vx_number_leading_zero(const struct vx_number *n)
{
	return n->n_whole > 1 && n->whole[0] == '0';
}
