/* test_breaker.c - the circuit breaker's walk through closed, open and half open. */
#include "daemon/catalog/breaker.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/clock.h"

static void test_opens_after_three(void **state)
{
	struct vx_breaker b = {0};

	(void)state;
	for (int i = 0; i < VX_BREAKER_TRIES; i++) {
		assert_true(vx_breaker_allow(&b, 0));
		vx_breaker_note(&b, -ETIMEDOUT, 0, UINT64_MAX);
	}
	assert_false(vx_breaker_allow(&b, 1));
}

static void test_one_probe_decides(void **state)
{
	struct vx_breaker b = {.failures = 3, .level = 1, .open_until_ns = 10};

	(void)state;
	assert_false(vx_breaker_allow(&b, 9));
	assert_true(vx_breaker_allow(&b, 10));
	assert_false(vx_breaker_allow(&b, 11)); /* one at a time */
	vx_breaker_note(&b, -EAGAIN, 11, 0);
	assert_int_equal(b.level, 2);
	assert_true(b.open_until_ns > 11);
	assert_true(vx_breaker_allow(&b, b.open_until_ns));
	vx_breaker_note(&b, 0, b.open_until_ns, 0);
	assert_int_equal(b.open_until_ns, 0);
	assert_true(vx_breaker_allow(&b, 0));
}

static void test_what_counts(void **state)
{
	static const struct {
		int rc;
		unsigned failures;
	} cases[] = {{0, 0},          {-ENOENT, 0}, {-EBADMSG, 0},
	             {-ETIMEDOUT, 3}, {-EAGAIN, 3}, {-ECANCELED, 2}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vx_breaker b = {.failures = 2};

		vx_breaker_note(&b, cases[i].rc, 1, 0);
		assert_int_equal(b.failures, cases[i].failures);
	}
}

static void test_a_cancelled_probe_lets_another_go(void **state)
{
	struct vx_breaker b = {.failures = 3, .level = 1, .open_until_ns = 10};

	(void)state;
	assert_true(vx_breaker_allow(&b, 10));
	vx_breaker_note(&b, -ECANCELED, 11, 0);
	assert_true(vx_breaker_allow(&b, 12));
}

static void test_backoff_is_bounded(void **state)
{
	(void)state;
	for (unsigned attempt = 0; attempt < 100; attempt++) {
		assert_true(vx_backoff_ns(attempt, 0) >= 25 * VX_MSEC);
		assert_true(vx_backoff_ns(attempt, UINT64_MAX) <= 30 * VX_SEC);
	}
	assert_true(vx_backoff_ns(1, 0) < vx_backoff_ns(5, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_opens_after_three),
		cmocka_unit_test(test_one_probe_decides),
		cmocka_unit_test(test_what_counts),
		cmocka_unit_test(test_a_cancelled_probe_lets_another_go),
		cmocka_unit_test(test_backoff_is_bounded),
	};

	return cmocka_run_group_tests_name("breaker", tests, NULL, NULL);
}
