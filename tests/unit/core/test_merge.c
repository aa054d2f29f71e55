/* test_merge.c - documents laid over each other: rules 4.4 to 4.10. */
#include "core/merge.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/cleanup.h"
#include "tests/unit/core/tree.h"

/* clang-format off */
static const struct {
	const char *name;
	const char *docs[4]; /* lowest first */
	const char *want;
} cases[] = {
	{"4.4 maps merge deeply", {"{a: {b: 1, c: {d: 2}}}", "{a: {c: {e: 3}}}"},
	 "{a:{b:1,c:{d:2,e:3}}}"},
	{"4.4 a scalar is replaced whole", {"{a: 1}", "{a: 'x'}"}, "{a:'x'}"},
	{"4.4 a list is replaced whole", {"{l: [1, 2, 3]}", "{l: [9]}"}, "{l:[9]}"},
	{"4.4 maps in lists do not merge", {"{l: [{a: 1, b: 1}]}", "{l: [{a: 9}]}"}, "{l:[{a:9}]}"},
	{"4.6 a higher scalar replaces the keys below it", {"{a: {b: 1, c: 2}}", "{a: 'W'}"},
	 "{a:'W'}"},
	{"4.6 a higher scalar with a key of its own hides only the lower keys", {"{a: {b: 1, c: 2}}",
	 "{a: 'W' {b: 9}}"}, "{a:'W'{b:9}}"},
	{"4.6 a higher scalar hides the keys below a lower scalar", {"{a: 1 {b: 2}}", "{a: 3}"},
	 "{a:3}"},
	{"4.6 keys below a lower scalar are kept beside it", {"{a: 'W'}", "{a.y: 'E'}"},
	 "{a:'W'{y:'E'}}"},
	{"4.6 both of one document are kept", {"{a: 'W' {y: 'E'}}"}, "{a:'W'{y:'E'}}"},
	{"4.6 an empty map over a scalar changes nothing", {"{a: 1}", "{a: {}}"}, "{a:1}"},
	{"4.7 a map replaces a list", {"{a: [1]}", "{a: {b: 1}}"}, "{a:{b:1}}"},
	{"4.7 an empty map replaces a list", {"{a: [1]}", "{a: {}}"}, "{a:{}}"},
	{"4.7 a list replaces a map", {"{a: {b: 1}}", "{a: [1]}"}, "{a:[1]}"},
	{"4.7 a list replaces a scalar with keys", {"{a: 1 {b: 2}}", "{a: []}"}, "{a:[]}"},
	{"4.7 a scalar replaces a list", {"{a: [1]}", "{a: 2}"}, "{a:2}"},
	{"4.8 null hides a lower value", {"{a: 1}", "{a: ~}"}, "{a:~}"},
	{"4.8 null hides a lower map", {"{a: {b: 1}}", "{a: ~}"}, "{a:~}"},
	{"4.8 a value hides null", {"{a: ~}", "{a: 1}"}, "{a:1}"},
	{"4.8 keys below a null are kept beside it", {"{a: ~}", "{a: {b: 1}}"}, "{a:~{b:1}}"},
	{"4.8 an empty map over a map changes nothing", {"{a: {b: 1}}", "{a: {}}"}, "{a:{b:1}}"},
	{"4.8 an empty map and an empty list are kept", {"{a: {}, b: []}"}, "{a:{},b:[]}"},
	{"4.8 keys come into an empty map", {"{a: {}}", "{a.b: 1}"}, "{a:{b:1}}"},
	{"4.10 keys keep the order of first appearance", {"{b: 1, a: 1}", "{a: 2, c: 2, b: 2}"},
	 "{b:2,a:2,c:2}"},
	{"4.10 a replaced value keeps its place", {"{a: {x: 1}, b: 1}", "{c: 1, a: [2]}"},
	 "{a:[2],b:1,c:1}"},
	{"an empty document changes nothing", {"{a: 1}", "{}"}, "{a:1}"},
	{"of many documents the highest wins", {"{a: 1}", "{a: 2}", "{a: 3}", "{a: 4}"}, "{a:4}"},
};
/* clang-format on */

static void test_rules(void **state)
{
	static const struct vx_origin origin = {.backend = "repo", .path = "a.yml"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vx_merge_source from = {.origin = &origin, .borrowed = true};
		VX_AUTO(vx_freep) char *got = NULL;
		struct vx_arena a = VX_ARENA_INIT;
		struct vx_value *into = vx_value_new(&a, VX_MAP, 0);

		for (size_t j = 0; j < 4 && cases[i].docs[j]; j++)
			assert_int_equal(
				vx_merge(&a, into, tree(&a, cases[i].docs[j]), &from, NULL), 0);
		got = tree_text(into);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: want %s, got %s", cases[i].name, cases[i].want, got);
		vx_arena_fini(&a);
	}
}

static void test_origins_and_hidden(void **state)
{
	static const struct vx_origin low = {.path = "low"}, mid = {.path = "mid"},
				      high = {.path = "high"};
	struct vx_merge_source from = {.origin = &low, .borrowed = true};
	struct vx_arena a = VX_ARENA_INIT;
	struct vx_value *into = vx_value_new(&a, VX_MAP, 0);
	const struct vx_value *v;

	(void)state;
	assert_int_equal(vx_merge(&a, into, tree(&a, "{a: {b: 1}, l: [{x: 1}]}"), &from, NULL), 0);
	from.origin = &mid;
	assert_int_equal(vx_merge(&a, into, tree(&a, "{a: {b: 2, c: 2}}"), &from, NULL), 0);
	from.origin = &high;
	assert_int_equal(vx_merge(&a, into, tree(&a, "{a: {b: 3}}"), &from, NULL), 0);

	v = vx_value_find(into, "a.b"); /* newest first, each with where it came from */
	assert_ptr_equal(v->origin, &high);
	assert_string_equal(v->hidden->text, "2");
	assert_ptr_equal(v->hidden->origin, &mid);
	assert_string_equal(v->hidden->hidden->text, "1");
	assert_ptr_equal(v->hidden->hidden->origin, &low);
	assert_null(v->hidden->hidden->hidden);
	assert_ptr_equal(vx_value_find(into, "a")->origin, &low); /* a map is its first source's */
	assert_ptr_equal(vx_value_find(into, "a.c")->origin, &mid);
	assert_null(vx_value_find(into, "a.c")->hidden);
	assert_ptr_equal(vx_value_find(into, "l[0].x")->origin, &low);

	assert_int_equal(vx_merge(&a, into, tree(&a, "{a: 'whole'}"), &from, NULL), 0);
	v = vx_value_find(into, "a"); /* what it replaced is there whole */
	assert_int_equal(v->hidden->type, VX_MAP);
	assert_string_equal(vx_value_find(v->hidden, "b")->text, "3");
	vx_arena_fini(&a);
}

static void test_texts(void **state)
{
	static const struct vx_origin origin = {.path = "a"};
	struct vx_merge_source from = {.origin = &origin, .borrowed = true};
	struct vx_arena a = VX_ARENA_INIT;
	struct vx_value *into = vx_value_new(&a, VX_MAP, 0);
	struct vx_value *doc = tree(&a, "{a: 'text'}");

	(void)state;
	assert_int_equal(vx_merge(&a, into, doc, &from, NULL), 0);
	assert_ptr_equal(vx_value_find(into, "a")->text, vx_value_find(doc, "a")->text);
	from.borrowed = false;
	assert_int_equal(vx_merge(&a, into, doc, &from, NULL), 0);
	assert_ptr_not_equal(vx_value_find(into, "a")->text, vx_value_find(doc, "a")->text);
	assert_string_equal(vx_value_find(into, "a")->text, "text");
	assert_null(vx_value_find(doc, "a")->origin); /* the document is left alone */
	vx_arena_fini(&a);
}

/* @n nested maps (or lists below one key). */
static struct vx_value *deep(struct vx_arena *a, bool lists, size_t n)
{
	struct vx_buf b = VX_BUF_INIT;
	struct vx_value *v;

	vx_buf_puts(&b, "{k:");
	for (size_t i = 1; i < n; i++)
		vx_buf_puts(&b, lists ? "[" : "{k:");
	vx_buf_puts(&b, "1");
	for (size_t i = 1; i < n; i++)
		vx_buf_putc(&b, lists ? ']' : '}');
	vx_buf_putc(&b, '}');
	v = tree(a, b.data);
	vx_buf_fini(&b);
	return v;
}

/* clang-format off */
static const struct {
	const char *name;
	bool lists;
	size_t depth;
	int want;
} depths[] = {
	{"maps to the limit", false, VX_MERGE_DEPTH - 1, 0},
	{"maps over the limit", false, VX_MERGE_DEPTH + 1, -E2BIG},
	{"lists to the limit", true, VX_MERGE_DEPTH - 1, 0},
	{"lists over the limit", true, VX_MERGE_DEPTH + 1, -E2BIG},
};
/* clang-format on */

static void test_depth(void **state)
{
	static const struct vx_origin origin = {.path = "deep.yml"};
	struct vx_merge_source from = {.origin = &origin, .borrowed = true};

	(void)state;
	for (size_t i = 0; i < sizeof(depths) / sizeof(depths[0]); i++) {
		struct vx_arena a = VX_ARENA_INIT;
		struct vx_value *into = vx_value_new(&a, VX_MAP, 0);
		struct vx_error err = {0};
		int rc =
			vx_merge(&a, into, deep(&a, depths[i].lists, depths[i].depth), &from, &err);

		if (rc != depths[i].want)
			fail_msg("%s: want %d, got %d", depths[i].name, depths[i].want, rc);
		if (rc < 0)
			assert_non_null(strstr(err.msg, "deep.yml"));
		vx_arena_fini(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_origins_and_hidden),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_depth),
	};

	return cmocka_run_group_tests_name("merge", tests, NULL, NULL);
}
