/* utf8.c - well-formedness by the table of RFC 3629 section 4. */
#include "core/utf8.h"

static bool tail(const char *s, size_t i)
{
	return ((unsigned char)s[i] & 0xc0) == 0x80;
}

size_t vx_utf8_width(const char *s, size_t n)
{
	unsigned char a, b;

	if (n == 0)
		return 0;
	a = (unsigned char)s[0];
	if (a < 0x80)
		return 1;
	if (a < 0xc2 || a > 0xf4 || n < 2 || !tail(s, 1))
		return 0;
	if (a < 0xe0)
		return 2;
	b = (unsigned char)s[1];
	if (a < 0xf0) {
		if (n < 3 || !tail(s, 2) || (a == 0xe0 && b < 0xa0) || (a == 0xed && b > 0x9f))
			return 0;
		return 3;
	}
	if (n < 4 || !tail(s, 2) || !tail(s, 3) || (a == 0xf0 && b < 0x90) ||
	    (a == 0xf4 && b > 0x8f))
		return 0;
	return 4;
}

uint32_t vx_utf8_get(const char *s, size_t w)
{
	static const unsigned char lead[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	uint32_t cp = (unsigned char)s[0] & lead[w];

	for (size_t i = 1; i < w; i++)
		cp = cp << 6 | ((unsigned char)s[i] & 0x3f);
	return cp;
}

size_t vx_utf8_put(uint32_t cp, char *out)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

bool vx_utf8_valid(const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t w = vx_utf8_width(s + i, n - i);

		if (w == 0)
			return false;
		i += w;
	}
	return true;
}
