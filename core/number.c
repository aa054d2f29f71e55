/* number.c - telling numbers from text and taking them apart. */
#include "core/number.h"

#include <ctype.h>
#include <string.h>

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

bool vx_number_leading_zero(const struct vx_number *n)
{
	return n->kind != VX_NUMBER_BASED && n->n_whole > 1 && n->whole[0] == '0';
}
