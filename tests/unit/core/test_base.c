/* test_base.c - the small things everything uses: buffers, UTF-8, contexts, errors, layers. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/buf.h"
#include "core/bytes.h"
#include "core/ctx.h"
#include "core/error.h"
#include "core/layer.h"
#include "core/utf8.h"

static void test_json_strings(void **state)
{
	static const struct {
		const char *in;
		size_t n;
		const char *want;
	} cases[] = {
		{"plain", 5, "\"plain\""},
		{"", 0, "\"\""},
		{"a\"b\\c", 5, "\"a\\\"b\\\\c\""},
		{"\n\t\r\x01", 4, "\"\\n\\t\\r\\u0001\""},
		{"\x7f", 1, "\"\\u007f\""},
		{"a\0b", 3, "\"a\\u0000b\""},
		{"\xc3\xa4\xf0\x9f\x98\x80", 6, "\"\xc3\xa4\xf0\x9f\x98\x80\""},
		{"a\xff"
	         "b",
	         3,
	         "\"a\xef\xbf\xbd"
	         "b\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vx_buf b = VX_BUF_INIT;

		vx_buf_json(&b, cases[i].in, cases[i].n);
		assert_string_equal(b.data, cases[i].want);
		vx_buf_fini(&b);
	}
}

static void test_buffer(void **state)
{
	struct vx_buf b = VX_BUF_INIT;
	char *s;

	(void)state;
	for (int i = 0; i < 1000; i++)
		vx_buf_printf(&b, "%d,", i);
	assert_int_equal(b.len, 3890);
	vx_buf_truncate(&b, 4);
	vx_buf_repeat(&b, 'x', 3);
	s = vx_buf_steal(&b);
	assert_string_equal(s, "0,1,xxx");
	free(s);
	s = vx_buf_steal(&b);
	assert_string_equal(s, "");
	free(s);
	vx_buf_put(&b, "x", SIZE_MAX / 2); /* refused before a byte is read */
	assert_true(vx_buf_failed(&b));
	vx_buf_puts(&b, "more");
	assert_null(vx_buf_steal(&b));
}

static void test_utf8(void **state)
{
	static const struct {
		const char *s;
		size_t width;
	} cases[] = {
		{"a", 1},
		{"\xc2\x80", 2},
		{"\xc0\x80", 0},
		{"\xc1\xbf", 0},
		{"\x80", 0},
		{"\xe0\xa0\x80", 3},
		{"\xe0\x9f\xbf", 0},
		{"\xed\x9f\xbf", 3},
		{"\xed\xa0\x80", 0},
		{"\xf0\x90\x80\x80", 4},
		{"\xf0\x8f\xbf\xbf", 0},
		{"\xf4\x8f\xbf\xbf", 4},
		{"\xf4\x90\x80\x80", 0},
		{"\xf5\x80\x80\x80", 0},
		{"\xe2\x82", 0},
		{"", 0},
	};
	static const uint32_t points[] = {0, 0x7f, 0x80, 0x7ff, 0x800, 0xffff, 0x10000, 0x10ffff};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(vx_utf8_width(cases[i].s, strlen(cases[i].s)), cases[i].width);
	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		char out[4];
		size_t w = vx_utf8_put(points[i], out);

		assert_int_equal(vx_utf8_width(out, w), w);
		assert_int_equal(vx_utf8_get(out, w), points[i]);
	}
}

static int64_t fake_now;

static int64_t fake_mono(const struct vx_clock *clock)
{
	(void)clock;
	return fake_now;
}

static void count_call(void *arg)
{
	++*(int *)arg;
}

static void test_context(void **state)
{
	static const struct vx_clock clock = {fake_mono, fake_mono};
	int calls = 0;
	struct vx_ctx_hook hook = {count_call, &calls, NULL}, late = {count_call, &calls, NULL};
	struct vx_ctx ctx;

	(void)state;
	fake_now = 5 * VX_SEC;
	vx_ctx_init(&ctx, &clock, 100);
	assert_int_equal(vx_ctx_check(&ctx), 0);
	assert_int_equal(vx_ctx_left_ms(&ctx), 100);
	fake_now += 100 * VX_MSEC;
	assert_int_equal(vx_ctx_check(&ctx), -ETIMEDOUT);
	assert_int_equal(vx_ctx_left_ms(&ctx), 0);
	vx_ctx_hook(&ctx, &hook);
	vx_ctx_cancel(&ctx);
	vx_ctx_cancel(&ctx);
	assert_int_equal(calls, 1);
	vx_ctx_hook(&ctx, &late); /* too late: told at once */
	assert_int_equal(calls, 2);
	assert_int_equal(vx_ctx_check(&ctx), -ECANCELED);
	vx_ctx_unhook(&ctx, &hook);
	vx_ctx_unhook(&ctx, &late);
	vx_ctx_fini(&ctx);
	vx_ctx_init(&ctx, &clock, -1);
	assert_int_equal(vx_ctx_check(&ctx), 0);
	assert_int_equal(vx_ctx_left_ms(&ctx), INT32_MAX);
	vx_ctx_fini(&ctx);
}

static void test_errors(void **state)
{
	struct vx_error err = {0};

	(void)state;
	assert_int_equal(vx_fail(&err, -EINVAL, "'%s' is wrong", "x"), -EINVAL);
	assert_int_equal(vx_wrap(&err, -EINVAL, "reading %s", "f"), -EINVAL);
	assert_string_equal(err.msg, "reading f: 'x' is wrong");
	assert_int_equal(vx_fail(NULL, -ENOENT, "nobody listens"), -ENOENT);
	assert_int_equal(vx_error_info(-EAGAIN)->fuse, EIO); /* a reader would spin on EAGAIN */
	assert_string_equal(vx_error_info(ENOENT)->name, "ENOENT");
	assert_string_equal(vx_error_info(-12345)->name, "EIO");
	err = (struct vx_error){0};
	assert_string_equal(vx_error_text(&err, -ETIMEDOUT), "a source did not answer in time");
}

static void test_plain_files(void **state)
{
	struct vx_layers *l = vx_layers_new("repo", "r1");
	unsigned char id[VX_BLOB_ID_BYTES];
	char name[16];

	(void)state;
	for (int i = 99; i >= 0; i--) {
		(void)snprintf(name, sizeof(name), "f%02d", i);
		assert_int_equal(vx_blob_id(name, 3, id), 0);
		assert_int_equal(vx_layers_add_plain(l, name, "first", 3, id), 0);
	}
	assert_int_equal(vx_layers_add_plain(l, "f50", "second", 3, id), 0);
	assert_int_equal(vx_layers_sort_plain(l), 0);
	assert_int_equal(l->n_plain, 100);
	assert_string_equal(l->plain[0].name, "f00");
	assert_string_equal(l->plain[99].name, "f99");
	assert_string_equal(l->plain[50].path, "second"); /* of equal names the later stays */
	vx_layers_put(l);
}

/* `printf hello | git hash-object --stdin` */
static void test_blob_id(void **state)
{
	static const unsigned char want[] = {0xb6, 0xfc, 0x4c, 0x62, 0x0b, 0x67, 0xd9,
	                                     0x5f, 0x95, 0x3a, 0x5c, 0x1c, 0x12, 0x30,
	                                     0xaa, 0xab, 0x5d, 0xb5, 0xa1, 0xb0};
	unsigned char id[VX_BLOB_ID_BYTES];

	(void)state;
	assert_int_equal(vx_blob_id("hello", 5, id), 0);
	assert_memory_equal(id, want, sizeof(want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_strings), cmocka_unit_test(test_buffer),
		cmocka_unit_test(test_utf8),         cmocka_unit_test(test_context),
		cmocka_unit_test(test_errors),       cmocka_unit_test(test_plain_files),
		cmocka_unit_test(test_blob_id),
	};

	return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
