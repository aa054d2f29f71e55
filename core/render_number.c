/* render_number.c - numbers that keep their author's digits in every format.
 *
 * Where a format's grammar has no such spelling, the parts are written again as canonical decimal:
 * no plus sign, a digit on both sides of the dot, a sign in the exponent. Only hexadecimal and
 * octal need arithmetic. */
#include <ctype.h>
#include <stdint.h>

#include "core/render_i.h"

/* Longest hexadecimal or octal number that is converted: 4096 bits, 138 limbs. */
#define BASED_DIGITS 1024
#define LIMB 1000000000u
#define LIMBS (BASED_DIGITS * 4 / 29 + 1) /* a limb holds 29.9 bits */

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
