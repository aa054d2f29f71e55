/* settings_units.c - numbers with units: read them, print them; and how the types are called.
 *
 * Durations become milliseconds, sizes bytes, percentages and factors hundredths. The grammar is
 * narrow on purpose: a bare 60 where 60 s or 60 min may be meant is refused, and so is 64M, which
 * half of the world reads as a million. */
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "core/settings_i.h"

struct unit {
	const char *name;
	int64_t factor;
};

/* Both from the largest to the smallest, for printing; the first spelling of a size is printed. */
static const struct unit durations[] = {
	{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};
static const struct unit sizes[] = {
	{"TiB", (int64_t)1 << 40},
	{"GiB", (int64_t)1 << 30},
	{"MiB", (int64_t)1 << 20},
	{"KiB", (int64_t)1 << 10},
	{"TB", 1000000000000},
	{"GB", 1000000000},
	{"MB", 1000000},
	{"kB", 1000},
	{"KB", 1000},
	{"B", 1},
};
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Digits at *at, moved behind them; false if there are none or too many. */
static bool take_number(const char **at, int64_t *ret)
{
	const char *c = *at;
	int64_t n = 0;

	for (; *c >= '0' && *c <= '9'; c++)
		if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *c - '0', &n))
			return false;
	if (c == *at)
		return false;
	*at = c;
	*ret = n;
	return true;
}

/* The unit whose whole name stands at @at. */
static const struct unit *unit_at(const struct unit *units, size_t n, const char *at, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (strlen(units[i].name) == len && strncmp(units[i].name, at, len) == 0)
			return &units[i];
	return NULL;
}

/* "1h30m": each unit smaller than the one before. */
static bool to_duration(const char *text, int64_t *ret)
{
	const struct unit *before = NULL;
	int64_t sum = 0;

	do {
		const struct unit *u;
		int64_t n;
		size_t len;

		if (!take_number(&text, &n))
			return false;
		len = strcspn(text, "0123456789");
		u = unit_at(durations, COUNT(durations), text, len);
		if (!u || (before && u->factor >= before->factor) ||
		    __builtin_mul_overflow(n, u->factor, &n) ||
		    __builtin_add_overflow(sum, n, &sum))
			return false;
		before = u;
		text += len;
	} while (*text);
	*ret = sum;
	return true;
}

static bool to_size(const char *text, int64_t *ret)
{
	const struct unit *u;
	int64_t n;

	if (!take_number(&text, &n))
		return false;
	u = unit_at(sizes, COUNT(sizes), *text ? text : "B", *text ? strlen(text) : 1);
	return u && !__builtin_mul_overflow(n, u->factor, ret);
}

/* "1.5%" or "10x", in hundredths: at most two decimals. */
static bool to_hundredths(const char *text, const char *suffix, int64_t *ret)
{
	int64_t whole, part = 0;

	if (!take_number(&text, &whole) || __builtin_mul_overflow(whole, 100, &whole))
		return false;
	if (*text == '.') {
		const char *from = ++text;

		if (!take_number(&text, &part) || text - from > 2)
			return false;
		if (text - from == 1)
			part *= 10;
	}
	return strcmp(text, suffix) == 0 && !__builtin_add_overflow(whole, part, ret);
}

static bool to_int(const char *text, int64_t *ret)
{
	bool negative = *text == '-';

	text += negative;
	if (!take_number(&text, ret) || *text)
		return false;
	if (negative)
		*ret = -*ret;
	return true;
}

static bool to_bool(const char *text, int64_t *ret)
{
	static const char *const yes[] = {"true", "yes", "on"}, *const no[] = {"false", "no",
	                                                                       "off"};

	for (size_t i = 0; i < COUNT(yes); i++) {
		if (strcasecmp(text, yes[i]) == 0 || strcasecmp(text, no[i]) == 0) {
			*ret = strcasecmp(text, yes[i]) == 0;
			return true;
		}
	}
	return false;
}

bool vx_setting_to_number(enum vx_setting_type type, const char *text, int64_t *ret)
{
	switch (type) {
	case VX_SET_BOOL:
		return to_bool(text, ret);
	case VX_SET_INT:
		return to_int(text, ret);
	case VX_SET_DURATION:
		return to_duration(text, ret);
	case VX_SET_SIZE:
		return to_size(text, ret);
	case VX_SET_PERCENT:
		return to_hundredths(text, "%", ret);
	case VX_SET_FACTOR:
		return to_hundredths(text, "x", ret);
	case VX_SET_STRING:
	case VX_SET_CHOICE:
	case VX_SET_SECRET:
	case VX_SET_STRINGS:
	case VX_SET_MAP:
	case VX_SET_SECRETS:
		*ret = 0; /* no number belongs to it */
		return true;
	}
	vx_assert_failed(__FILE__, __LINE__, "a setting has one of the types above");
}

static void put_units(struct vx_buf *b, const struct unit *units, size_t n, int64_t number)
{
	for (size_t i = 0; i < n; i++) {
		if (number % units[i].factor == 0 && (number || units[i].factor == 1)) {
			vx_buf_printf(b, "%" PRId64 "%s", number / units[i].factor, units[i].name);
			return;
		}
	}
}

/* With the largest unit that divides it: "5m", "64MiB", "1.5%". */
static void put_number(struct vx_buf *b, enum vx_setting_type type, int64_t number)
{
	switch (type) {
	case VX_SET_DURATION:
		if (number == 0)
			vx_buf_puts(b, "0s");
		else
			put_units(b, durations, COUNT(durations), number);
		return;
	case VX_SET_SIZE:
		/* A multiple of 1024 in the binary units; else kB and such, down to bytes. */
		put_units(b, sizes, COUNT(sizes), number);
		return;
	case VX_SET_PERCENT:
	case VX_SET_FACTOR:
		vx_buf_printf(b, "%" PRId64, number / 100);
		if (number % 10)
			vx_buf_printf(b, ".%02" PRId64, number % 100);
		else if (number % 100)
			vx_buf_printf(b, ".%" PRId64, number % 100 / 10);
		vx_buf_putc(b, type == VX_SET_PERCENT ? '%' : 'x');
		return;
	case VX_SET_STRING:
	case VX_SET_BOOL:
	case VX_SET_INT:
	case VX_SET_CHOICE:
	case VX_SET_SECRET:
	case VX_SET_STRINGS:
	case VX_SET_MAP:
	case VX_SET_SECRETS:
		vx_buf_printf(b, "%" PRId64, number);
		return;
	}
}

static bool is_unbounded(const struct vx_setting_row *row)
{
	return row->min == 0 && row->max == 0;
}

bool vx_setting_in_range(const struct vx_setting_row *row, int64_t number)
{
	return is_unbounded(row) || (number >= row->min && number <= row->max);
}

void vx_setting_put_range(struct vx_buf *b, const struct vx_setting_row *row)
{
	if (is_unbounded(row))
		return;
	vx_buf_puts(b, row->max == INT64_MAX ? "at least " : "from ");
	put_number(b, row->type, row->min);
	if (row->max == INT64_MAX)
		return;
	vx_buf_puts(b, " to ");
	put_number(b, row->type, row->max);
}

const char *vx_setting_type_name(enum vx_setting_type type)
{
	switch (type) {
	case VX_SET_STRING:
		return "string";
	case VX_SET_BOOL:
		return "boolean";
	case VX_SET_INT:
		return "number";
	case VX_SET_DURATION:
		return "duration";
	case VX_SET_SIZE:
		return "size";
	case VX_SET_PERCENT:
		return "percentage";
	case VX_SET_FACTOR:
		return "factor";
	case VX_SET_CHOICE:
		return "choice";
	case VX_SET_SECRET:
		return "secret";
	case VX_SET_STRINGS:
		return "list of strings";
	case VX_SET_MAP:
		return "map";
	case VX_SET_SECRETS:
		return "list of secrets";
	}
	vx_assert_failed(__FILE__, __LINE__, "a setting has one of the types above");
}
