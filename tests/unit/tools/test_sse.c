/* test_sse.c - events out of a stream, however it is cut into pieces. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tools/vortexctl/sse.h"

struct sse_case {
	const char *name;
	const char *stream;
	const char *want; /* id|type|data; for each event, a line break in data as $ */
};

static const struct sse_case cases[] = {
	{"one event", "id: 17\nevent: published\ndata: {}\n\n", "17|published|{};"},
	{"without a type it is a message", "data: x\n\n", "|message|x;"},
	{"the id stays, the type does not", "id: 1\nevent: a\ndata: x\n\ndata: y\n\n",
         "1|a|x;1|message|y;"},
	{"lines of data are joined", "data: a\ndata: b\ndata:\n\n", "|message|a$b$;"},
	{"one blank after the colon is no data", "data:  a\n\n", "|message| a;"},
	{"a colon in the data", "data: {\"a\": \"b:c\"}\n\n", "|message|{\"a\": \"b:c\"};"},
	{"comments are signs of life", ": alive\n\n:\n\ndata: x\n\n", "|message|x;"},
	{"an event without data is none", "event: a\n\ndata: x\n\n", "|message|x;"},
	{"data that is empty is data", "data\n\n", "|message|;"},
	{"carriage returns end lines", "data: x\r\rdata: y\r\n\r\ndata: z\n\n",
         "|message|x;|message|y;|message|z;"},
	{"a byte order mark",
         "\xef\xbb\xbf"
         "data: x\n\n",
         "|message|x;"},
	{"unknown fields", "retry: 5\nfoo: bar\ndata: x\n\n", "|message|x;"},
	{"what has no end is not told", "data: x\n", ""},
	{"nothing", "", ""},
};

static int note(void *arg, const struct vx_sse_event *e)
{
	struct vx_buf *got = arg;

	vx_buf_printf(got, "%s|%s|", e->id, e->type);
	for (const char *p = e->data; *p; p++)
		vx_buf_putc(got, *p == '\n' ? '$' : *p);
	vx_buf_putc(got, ';');
	return 0;
}

/* Feed @stream in pieces of @size bytes; what was told. */
static void check(const struct sse_case *c, size_t size)
{
	struct vx_buf got = VX_BUF_INIT;
	struct vx_sse s = {.fn = note, .arg = &got};
	size_t len = strlen(c->stream);

	for (size_t at = 0; at < len; at += size) {
		size_t n = len - at < size ? len - at : size;

		assert_int_equal(vx_sse_feed(&s, c->stream + at, n), 0);
	}
	if (strcmp(got.data ? got.data : "", c->want) != 0)
		fail_msg("%s, pieces of %zu: got '%s', want '%s'", c->name, size, got.data,
		         c->want);
	vx_sse_fini(&s);
	vx_buf_fini(&got);
}

static void test_streams_in_pieces_of_every_size(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (size_t size = 1; size <= strlen(cases[i].stream) + 1; size++)
			check(&cases[i], size);
}

/* @piece again and again is refused before it fills the memory. */
static void check_bound(const char *piece)
{
	struct vx_buf got = VX_BUF_INIT;
	struct vx_sse s = {.fn = note, .arg = &got};
	size_t fed = 0;
	int rc = 0;

	while (rc == 0 && fed <= 4 * VX_SSE_MAX) {
		rc = vx_sse_feed(&s, piece, strlen(piece));
		fed += strlen(piece);
	}
	assert_int_equal(rc, -E2BIG);
	assert_null(got.data);
	vx_sse_fini(&s);
	vx_buf_fini(&got);
}

static void test_what_has_no_end_is_refused(void **state)
{
	(void)state;
	check_bound(
		"data: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n");
	check_bound("xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
}

static int stop(void *arg, const struct vx_sse_event *e)
{
	(void)e;
	++*(int *)arg;
	return -ECANCELED;
}

static void test_the_reader_may_stop(void **state)
{
	int told = 0;
	struct vx_sse s = {.fn = stop, .arg = &told};

	(void)state;
	assert_int_equal(vx_sse_feed(&s, "data: x\n\ndata: y\n\n", 18), -ECANCELED);
	assert_int_equal(told, 1);
	vx_sse_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_streams_in_pieces_of_every_size),
		cmocka_unit_test(test_what_has_no_end_is_refused),
		cmocka_unit_test(test_the_reader_may_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
