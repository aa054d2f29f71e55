/* test_compare.c - what differs between two snapshots. */
#include "core/compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/cleanup.h"
#include "tests/unit/core/tree.h"

/* A sign for each kind, in the order of the enum. */
static const char signs[] = "+-~!@";

/* clang-format off */
static const struct {
	const char *name, *a, *b; /* NULL: no snapshot */
	const char *want;
} cases[] = {
	{"nothing", "{a: 1, l: [1], m: {}}", "{m: {}, l: [1], a: 1}", ""},
	{"two empty ones", NULL, NULL, ""},
	{"added", "{a: 1}", "{a: 1, b: {c: 2, d: 3}}", "+b.c +b.d "},
	{"removed", "{a: 1, b: {c: 2}}", "{a: 1}", "-b.c "},
	{"from nothing", NULL, "{a: {b: 1}, l: [1, [2]]}", "+a.b +l[0] +l[1][0] "},
	{"to nothing", "{a: 1}", NULL, "-a "},
	{"changed", "{a: 1, b: 'x'}", "{a: 2, b: 'x'}", "~a "},
	{"type changed", "{a: 1}", "{a: '1'}", "!a "},
	{"a scalar became a map", "{a: 1}", "{a: {b: 1}}", "!a +a.b "},
	{"a map became a scalar", "{a: {b: 1}}", "{a: 1}", "!a -a.b "},
	{"a list became a map", "{a: [1]}", "{a: {b: 1}}", "!a +a.b -a[0] "},
	{"an empty map became a full one", "{a: {}}", "{a: {b: 1}}", "+a.b "},
	{"a full map became an empty one", "{a: {b: 1}}", "{a: {}}", "-a.b "},
	{"empty maps and lists are keys", "{a: {}}", "{b: []}", "-a +b "},
	{"an element of a list", "{l: [1, 2, {x: 1}]}", "{l: [1, 3, {x: 2}]}", "~l[1] ~l[2].x "},
	{"a longer list", "{l: [1]}", "{l: [1, 2]}", "+l[1] "},
	{"a scalar with keys", "{a: 1 {b: 1}}", "{a: 2 {b: 1, c: 1}}", "~a +a.c "},
	{"a scalar lost its keys", "{a: 1 {b: 1}}", "{a: 1}", "-a.b "},
	{"nulls are equal however written", "{a: ~}", "{a: ~~}", ""},
	{"in byte order of the whole keys", "{}", "{a: {x: 1}, a-b: 1, B: 1}", "+B +a-b +a.x "},
};
/* clang-format on */

static void describe(struct vx_buf *b, const struct vx_change *c, size_t n)
{
	vx_buf_puts(b, "");
	for (size_t i = 0; i < n; i++)
		vx_buf_printf(b, "%c%s ", signs[c[i].kind], c[i].key);
}

static void test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vx_arena arena = VX_ARENA_INIT;
		struct vx_snapshot a = {.root = cases[i].a ? tree(&arena, cases[i].a) : NULL};
		struct vx_snapshot b = {.root = cases[i].b ? tree(&arena, cases[i].b) : NULL};
		struct vx_buf got = VX_BUF_INIT;
		struct vx_change *change;
		size_t n;

		assert_int_equal(
			vx_compare(a.root ? &a : NULL, b.root ? &b : NULL, &arena, &change, &n), 0);
		describe(&got, change, n);
		if (strcmp(got.data ? got.data : "", cases[i].want) != 0)
			fail_msg("%s: want %s, got %s", cases[i].name, cases[i].want, got.data);
		vx_buf_fini(&got);
		vx_arena_fini(&arena);
	}
}

/* clang-format off */
static const struct {
	const char *name;
	struct vx_origin origin;
	uint32_t line;
	bool changed;
} origins[] = {
	{"the same place", {"repo", "a.yml", "r1", 0}, 1, false},
	{"another revision or rank is no change", {"repo", "a.yml", "r2", 7}, 1, false},
	{"another backend", {"db", "a.yml", "r1", 0}, 1, true},
	{"another file", {"repo", "b.yml", "r1", 0}, 1, true},
	{"another line", {"repo", "a.yml", "r1", 0}, 2, true},
};
/* clang-format on */

static void test_origins(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
		struct vx_arena arena = VX_ARENA_INIT;
		struct vx_value *x = tree(&arena, "{k: 1}"), *y = tree(&arena, "{k: 1}");
		struct vx_snapshot a = {.root = x}, b = {.root = y};
		struct vx_change *change;
		size_t n;

		x->entries[0].value->origin = &origins[0].origin;
		y->entries[0].value->origin = &origins[i].origin;
		y->entries[0].value->line = origins[i].line;
		assert_int_equal(vx_compare(&a, &b, &arena, &change, &n), 0);
		if (n != (origins[i].changed ? 1 : 0))
			fail_msg("%s: %zu changes", origins[i].name, n);
		if (n) {
			assert_int_equal(change[0].kind, VX_KEY_ORIGIN_CHANGED);
			assert_ptr_equal(change[0].a, x->entries[0].value);
			assert_ptr_equal(change[0].b, y->entries[0].value);
		}
		vx_arena_fini(&arena);
	}
}

static void test_plain_files(void **state)
{
	static const struct vx_plain files[] = {
		{.name = "changed", .path = "p", .id = {1}},
		{.name = "changed", .path = "p", .id = {2}},
		{.name = "gone", .path = "p"},
		{.name = "moved", .path = "p"},
		{.name = "moved", .path = "q"},
		{.name = "new", .path = "p"},
		{.name = "same", .path = "p"},
	};
	struct vx_snapshot_plain was[] = {{&files[0], "r", "1"},
	                                  {&files[2], "r", "1"},
	                                  {&files[3], "r", "1"},
	                                  {&files[6], "r", "1"}};
	struct vx_snapshot_plain now[] = {{&files[1], "r", "1"},
	                                  {&files[4], "r", "1"},
	                                  {&files[5], "r", "1"},
	                                  {&files[6], "r", "2"}};
	struct vx_arena arena = VX_ARENA_INIT;
	struct vx_snapshot a = {.root = tree(&arena, "{}"), .plain = was, .n_plain = 4};
	struct vx_snapshot b = {.root = tree(&arena, "{}"), .plain = now, .n_plain = 4};
	struct vx_buf got = VX_BUF_INIT;
	struct vx_change *change;
	size_t n;

	(void)state;
	assert_int_equal(vx_compare(&a, &b, &arena, &change, &n), 0);
	describe(&got, change, n);
	assert_string_equal(got.data, "~file:changed -file:gone @file:moved +file:new ");
	assert_null(change[0].a);
	assert_null(change[0].b);
	vx_buf_fini(&got);
	vx_arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_origins),
		cmocka_unit_test(test_plain_files),
	};

	return cmocka_run_group_tests_name("compare", tests, NULL, NULL);
}
