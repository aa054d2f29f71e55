/* test_events.c - a ring that any number of readers follow: nothing is lost unsaid, nobody waits
 * for ever. */
#include "daemon/telemetry/events.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static int64_t at_ns(const struct vx_clock *clock)
{
	(void)clock;
	return INT64_C(1795278358123) * VX_MSEC;
}

static const struct vx_clock clock_2026 = {at_ns, at_ns};

static void add(struct vx_events *e, const char *type, const char *name, const char *text)
{
	vx_events_add(e, type, (const struct vx_event_field[]){{name, text}, {NULL, NULL}});
}

/* The next event after @after, which must be there already. */
static struct vx_bytes *next(struct vx_events *e, uint64_t after, uint64_t *ret_seq,
                             uint64_t *ret_lost)
{
	struct vx_bytes *line = NULL;

	assert_int_equal(vx_events_next(e, after, 0, ret_seq, ret_lost, &line), 0);
	return line;
}

static void test_an_event_is_a_line_of_json(void **state)
{
	struct vx_events *e = vx_events_new(&clock_2026, 4);
	uint64_t seq, lost;
	struct vx_bytes *line;
	json_t *parsed;

	(void)state;
	assert_int_equal(vx_events_last(e), 0);
	vx_events_add(e, "published",
	              (const struct vx_event_field[]){{"at", "payment/prod"},
	                                              {"left", NULL},
	                                              {"text", "a\"\n\xff"},
	                                              {NULL, NULL}});
	assert_int_equal(vx_events_last(e), 1);
	line = next(e, 0, &seq, &lost);
	assert_string_equal(line->data, "{\"seq\": 1, \"time\": \"2026-11-21T16:25:58.123Z\", "
	                                "\"type\": \"published\", \"at\": \"payment/prod\", "
	                                "\"text\": \"a\\\"\\n\xef\xbf\xbd\"}");
	parsed = json_loads(line->data, 0, NULL);
	assert_non_null(parsed);
	json_decref(parsed);
	assert_int_equal(seq, 1);
	assert_int_equal(lost, 0);
	vx_bytes_put(line);
	vx_events_add(NULL, "nobody listens", NULL);
	vx_events_free(e);
	vx_events_free(NULL);
}

static void test_a_slow_reader_is_told_what_it_lost(void **state)
{
	static const struct {
		const char *name;
		uint64_t after, seq, lost;
	} cases[] = {
		{"never read", 0, 7, 6},
		{"just behind the ring", 6, 7, 0},
		{"within it", 8, 9, 0},
		{"an earlier daemon's number", 99, 7, 6},
	};
	struct vx_events *e = vx_events_new(&clock_2026, 4);
	struct vx_bytes *line = NULL;
	uint64_t seq, lost;

	(void)state;
	for (int i = 0; i < 10; i++)
		add(e, "changed", "backend", "repo");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		line = next(e, cases[i].after, &seq, &lost);
		vx_bytes_put(line);
		if (seq != cases[i].seq || lost != cases[i].lost)
			fail_msg("%s: %" PRIu64 " after %" PRIu64 " lost", cases[i].name, seq,
			         lost);
	}
	line = NULL;
	assert_int_equal(vx_events_next(e, 10, 0, &seq, &lost, &line), -ETIMEDOUT);
	assert_null(line);
	vx_events_free(e);
}

struct reader {
	struct vx_events *events;
	uint64_t seen, lost;
	int rc;
};

/* Read until the end. */
static void *read_all(void *arg)
{
	struct reader *r = arg;
	uint64_t after = 0;

	for (;;) {
		struct vx_bytes *line = NULL;
		uint64_t seq, lost;

		r->rc = vx_events_next(r->events, after, -1, &seq, &lost, &line);
		if (r->rc < 0)
			return NULL;
		assert_true(seq == after + lost + 1);
		r->seen++;
		r->lost += lost;
		after = seq;
		if (strstr(line->data, "\"last\""))
			vx_events_end(r->events);
		vx_bytes_put(line);
	}
}

static void *write_some(void *arg)
{
	for (int i = 0; i < 500; i++)
		add(arg, "changed", "backend", "repo");
	return NULL;
}

static void test_readers_and_writers_at_once(void **state)
{
	struct vx_events *e = vx_events_new(vx_clock_system(), 16);
	struct reader readers[2] = {{e, 0, 0, 0}, {e, 0, 0, 0}};
	pthread_t threads[4];

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_all, &readers[i]), 0);
	for (int i = 2; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, write_some, e), 0);
	for (int i = 2; i < 4; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	add(e, "last", NULL, NULL); /* whoever reads it ends both */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_int_equal(readers[i].rc, -ECANCELED);
		assert_true(readers[i].seen + readers[i].lost <= 1001);
	}
	assert_true(readers[0].seen + readers[0].lost == 1001 ||
	            readers[1].seen + readers[1].lost == 1001);
	assert_int_equal(vx_events_last(e), 1001);
	vx_events_free(e);
}

static void *wait_once(void *arg)
{
	struct reader *r = arg;
	struct vx_bytes *line = NULL;

	r->rc = vx_events_next(r->events, 0, -1, &r->seen, &r->lost, &line);
	return NULL;
}

static void test_the_end_wakes(void **state)
{
	struct vx_events *e = vx_events_new(vx_clock_system(), 4);
	struct reader r = {e, 0, 0, 0};
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, wait_once, &r), 0);
	vx_events_end(e);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(r.rc, -ECANCELED);
	add(e, "late", NULL, NULL);
	(void)wait_once(&r);
	assert_int_equal(r.rc, -ECANCELED);
	vx_events_free(e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_event_is_a_line_of_json),
		cmocka_unit_test(test_a_slow_reader_is_told_what_it_lost),
		cmocka_unit_test(test_readers_and_writers_at_once),
		cmocka_unit_test(test_the_end_wakes),
	};

	return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
