/* test_activation.c - profile expressions: which hold, which are refused. */
#include "core/activation.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *expr;
	int rc;
	bool holds; /* when prod and eu are active */
} cases[] = {
	{"prod", 0, true},
	{"dev", 0, false},
	{"!dev", 0, true},
	{"!!prod", 0, true},
	{" prod & eu ", 0, true},
	{"prod&us", 0, false},
	{"us | eu", 0, true},
	{"prod & (us | eu)", 0, true},
	{"!(prod & eu)", 0, false},
	{"a.b-c_d+e@f", 0, false},
	{"prod & eu & !us", 0, true},
	{"a & b | c", -EBADMSG, false},
	{"(a & b) | prod", 0, true},
	{"(a & b", -EBADMSG, false},
	{"a)", -EBADMSG, false},
	{"a &", -EBADMSG, false},
	{"& a", -EBADMSG, false},
	{"", -EBADMSG, false},
	{"()", -EBADMSG, false},
	{"a b", -EBADMSG, false},
	{"-a", -EBADMSG, false},
	{"a-", -EBADMSG, false},
	{"a/b", -EBADMSG, false},
	{"!", -EBADMSG, false},
};

static void test_cases(void **state)
{
	static const char *const profiles[] = {"prod", "eu"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vx_arena a = VX_ARENA_INIT;
		const struct vx_activation *on = NULL;
		struct vx_error err = {0};
		int rc = vx_activation_parse(&a, &cases[i].expr, 1, &on, &err);

		if (rc != cases[i].rc)
			fail_msg("'%s': %d, %s", cases[i].expr, rc, err.msg);
		if (rc == 0 && vx_activation_holds(on, profiles, 2) != cases[i].holds)
			fail_msg("'%s' holds wrongly", cases[i].expr);
		vx_arena_fini(&a);
	}
}

static void test_nesting_is_bounded(void **state)
{
	struct vx_arena a = VX_ARENA_INIT;
	const struct vx_activation *on;
	char deep[4096];
	const char *expr = deep;

	(void)state;
	memset(deep, '!', sizeof(deep));
	deep[sizeof(deep) - 2] = 'a';
	deep[sizeof(deep) - 1] = '\0';
	assert_int_equal(vx_activation_parse(&a, &expr, 1, &on, NULL), -EBADMSG);
	vx_arena_fini(&a);
}

static void test_any_of_several(void **state)
{
	static const char *const exprs[] = {"dev", "!eu", "us"};
	static const char *const us[] = {"us"}, *const eu[] = {"eu"};
	struct vx_arena a = VX_ARENA_INIT;
	const struct vx_activation *on;

	(void)state;
	assert_int_equal(vx_activation_parse(&a, exprs, 3, &on, NULL), 0);
	assert_true(vx_activation_holds(on, us, 1));
	assert_false(vx_activation_holds(on, eu, 1));
	assert_true(vx_activation_names(on, "eu"));
	assert_false(vx_activation_names(on, "prod"));
	assert_true(vx_activation_holds(NULL, eu, 1));
	vx_arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_nesting_is_bounded),
		cmocka_unit_test(test_any_of_several),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
