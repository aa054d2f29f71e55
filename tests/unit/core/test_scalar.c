/* test_scalar.c - rule 9.1: what a plain scalar is. */
#include "core/scalar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* clang-format off */
static const struct {
	const char *text;
	enum vx_type want;
} cases[] = {
	{"", VX_NULL},
	{"~", VX_NULL},
	{"null", VX_NULL},
	{"nUll", VX_STRING},
	{"true", VX_BOOL},
	{"FALSE", VX_BOOL},
	{"yes", VX_STRING},
	{"on", VX_STRING},
	{"0", VX_INT},
	{"-0", VX_INT},
	{"+5", VX_INT},
	{"-", VX_STRING},
	{"+", VX_STRING},
	{".", VX_STRING},
	{"010", VX_STRING},
	{"-007", VX_STRING},
	{"00.5", VX_STRING},
	{"0.5", VX_FLOAT},
	{".5", VX_FLOAT},
	{"-.5", VX_FLOAT},
	{"1.", VX_FLOAT},
	{"1e3", VX_FLOAT},
	{"1e", VX_STRING},
	{"1.e+3", VX_FLOAT},
	{".e3", VX_STRING},
	{"0x1F", VX_INT},
	{"0x", VX_STRING},
	{"-0x1F", VX_STRING},
	{"0o17", VX_INT},
	{"0o8", VX_STRING},
	{"0b101", VX_STRING},
	{"1_000", VX_STRING},
	{"12:30:45", VX_STRING},
	{".inf", VX_FLOAT},
	{"-.INF", VX_FLOAT},
	{".iNf", VX_STRING},
	{".nan", VX_FLOAT},
	{"-.nan", VX_STRING},
	{".NaN", VX_FLOAT},
	{"2001-01-01", VX_STRING},
	{"1 ", VX_STRING},
	{"1.2.3", VX_STRING},
	{"=", VX_STRING},
	{"<<", VX_STRING},
	{"0e0", VX_FLOAT},
	{"1234567890123456789012345678901234567890", VX_INT},
};
/* clang-format on */

static void test_types(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum vx_type got = vx_scalar_type(cases[i].text, strlen(cases[i].text));

		if (got != cases[i].want)
			fail_msg("'%s' is %s, got %s", cases[i].text, vx_type_name(cases[i].want),
			         vx_type_name(got));
	}
}

static void test_fits(void **state)
{
	(void)state;
	assert_true(vx_scalar_fits(VX_INT, "010", 3));
	assert_true(vx_scalar_fits(VX_FLOAT, "1", 1));
	assert_false(vx_scalar_fits(VX_INT, "1.0", 3));
	assert_false(vx_scalar_fits(VX_BOOL, "yes", 3));
	assert_true(vx_scalar_fits(VX_NULL, "", 0));
	assert_true(vx_scalar_fits(VX_STRING, "x", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_types),
		cmocka_unit_test(test_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
