/* test_problems.c - what is wrong now: raised once, cleared once, bounded, told of as events. */
#include "daemon/telemetry/problems.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct clock {
	struct vx_clock base;
	int64_t now_s;
};

static int64_t clock_ns(const struct vx_clock *clock)
{
	return ((const struct clock *)clock)->now_s * VX_SEC;
}

static void collect(void *arg, const struct vx_problem *p)
{
	char *text = arg;
	size_t n = strlen(text);

	(void)snprintf(text + n, 512 - n, "%s %s %d: %s|", p->key, vx_severity_name(p->severity),
	               (int)p->since_s, p->sentence);
}

/* All of @p as one text. */
static const char *all(struct vx_problems *p, char text[512], size_t *ret_beyond)
{
	text[0] = '\0';
	*ret_beyond = vx_problems_each(p, collect, text);
	return text;
}

static void test_raise_and_clear(void **state)
{
	struct clock clock = {{clock_ns, clock_ns}, 100};
	struct vx_problems *p = vx_problems_new(&clock.base, NULL, 10);
	char text[512];
	size_t beyond;

	(void)state;
	assert_true(vx_problems_raise(p, VX_PROBLEM_ERROR, "track b/x", "two\nlines"));
	assert_true(vx_problems_raise(p, VX_PROBLEM_WARNING, "backend repo", "away"));
	clock.now_s = 200;
	assert_false(vx_problems_raise(p, VX_PROBLEM_WARNING, "backend repo", "away"));
	assert_false(vx_problems_raise(p, VX_PROBLEM_ERROR, "track b/x", "two\nlines"));
	assert_true(vx_problems_raise(p, VX_PROBLEM_WARNING, "backend repo", "still away"));
	assert_true(vx_problems_raise(p, VX_PROBLEM_NOTE, "track a/x note", "odd"));
	assert_string_equal(all(p, text, &beyond),
	                    "backend repo warning 100: still away|track a/x note note 200: odd|"
	                    "track b/x error 100: two lines|");
	assert_int_equal(beyond, 0);
	assert_true(vx_problems_clear(p, "backend repo"));
	assert_false(vx_problems_clear(p, "backend repo"));
	assert_false(vx_problems_clear(p, "track a"));
	assert_string_equal(all(p, text, &beyond),
	                    "track a/x note note 200: odd|track b/x error 100: two lines|");
	assert_true(vx_problems_raise(NULL, VX_PROBLEM_NOTE, "k", "s"));
	assert_false(vx_problems_clear(NULL, "k"));
	vx_problems_free(p);
	vx_problems_free(NULL);
}

static void test_what_is_beyond_is_counted(void **state)
{
	struct clock clock = {{clock_ns, clock_ns}, 1};
	struct vx_problems *p = vx_problems_new(&clock.base, NULL, 1);
	char text[512];
	size_t beyond;

	(void)state;
	assert_true(vx_problems_raise(p, VX_PROBLEM_NOTE, "a", "1"));
	assert_true(vx_problems_raise(p, VX_PROBLEM_NOTE, "b", "2"));
	assert_true(vx_problems_raise(p, VX_PROBLEM_NOTE, "c", "3"));
	assert_false(vx_problems_raise(p, VX_PROBLEM_NOTE, "b", "2")); /* once, however often */
	assert_string_equal(all(p, text, &beyond), "a note 1: 1|");
	assert_int_equal(beyond, 2);
	assert_true(vx_problems_clear(p, "c"));
	assert_true(vx_problems_clear(p, "a"));
	assert_false(vx_problems_raise(p, VX_PROBLEM_NOTE, "b", "2")); /* now there is room */
	assert_string_equal(all(p, text, &beyond), "b note 1: 2|");
	assert_int_equal(beyond, 0);
	for (int i = 0; i < 1000; i++) {
		char key[16];

		(void)snprintf(key, sizeof(key), "k%d", i);
		assert_true(vx_problems_raise(p, VX_PROBLEM_NOTE, key, "x"));
	}
	(void)all(p, text, &beyond);
	assert_int_equal(beyond, 1000);
	vx_problems_free(p);
}

static void test_both_are_events(void **state)
{
	static const char *const want[] = {
		"\"type\": \"problem\", \"key\": \"k\", \"severity\": \"error\", \"message\": "
		"\"s\"}",
		"\"type\": \"solved\", \"key\": \"k\", \"severity\": \"error\", \"message\": "
		"\"s\"}",
	};
	struct clock clock = {{clock_ns, clock_ns}, 1};
	struct vx_events *e = vx_events_new(&clock.base, 10);
	struct vx_problems *p = vx_problems_new(&clock.base, e, 10);

	(void)state;
	(void)vx_problems_raise(p, VX_PROBLEM_ERROR, "k", "s");
	(void)vx_problems_raise(p, VX_PROBLEM_ERROR, "k", "s");
	(void)vx_problems_clear(p, "k");
	(void)vx_problems_clear(p, "k");
	assert_int_equal(vx_events_last(e), 2);
	for (uint64_t i = 0; i < 2; i++) {
		struct vx_bytes *line;
		uint64_t seq, lost;

		assert_int_equal(vx_events_next(e, i, 0, &seq, &lost, &line), 0);
		assert_non_null(strstr(line->data, want[i]));
		vx_bytes_put(line);
	}
	vx_problems_free(p);
	vx_events_free(e);
}

static void *raise_and_clear(void *arg)
{
	for (int i = 0; i < 500; i++) {
		char key[16];

		(void)snprintf(key, sizeof(key), "k%d", i % 20);
		(void)vx_problems_raise(arg, VX_PROBLEM_NOTE, key, "x");
		(void)vx_problems_clear(arg, key);
	}
	return NULL;
}

static void test_threads(void **state)
{
	struct vx_events *e = vx_events_new(vx_clock_system(), 10);
	struct vx_problems *p = vx_problems_new(vx_clock_system(), e, 5);
	char text[512];
	pthread_t threads[2];
	size_t beyond;

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, raise_and_clear, p), 0);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_string_equal(all(p, text, &beyond), "");
	assert_int_equal(beyond, 0);
	vx_problems_free(p);
	vx_events_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_raise_and_clear),
		cmocka_unit_test(test_what_is_beyond_is_counted),
		cmocka_unit_test(test_both_are_events),
		cmocka_unit_test(test_threads),
	};

	return cmocka_run_group_tests_name("problems", tests, NULL, NULL);
}
