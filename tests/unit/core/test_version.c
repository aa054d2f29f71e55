/* test_version.c - the name of a content: what counts, what does not, and the pinned digits. */
#include "core/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/core/tree.h"

static void version_of(const char *text, const char *const *names, size_t n_plain,
                       char ret[VX_VERSION_DIGITS + 1])
{
	struct vx_arena a = VX_ARENA_INIT;
	struct vx_plain plain[4];
	struct vx_snapshot_plain shown[4];
	struct vx_snapshot s = {.root = tree(&a, text), .n_plain = n_plain, .plain = shown};

	for (size_t i = 0; i < n_plain; i++) {
		plain[i] = (struct vx_plain){.name = names[i], .path = "elsewhere"};
		memset(plain[i].id, names[i][0], sizeof(plain[i].id));
		shown[i] = (struct vx_snapshot_plain){&plain[i], "repo", "r"};
	}
	assert_int_equal(vx_version(&s, ret), 0);
	vx_arena_fini(&a);
}

/* Whoever must change these digits changes every version that is stored somewhere: see version.h.
 */
static void test_golden(void **state)
{
	static const char *const names[] = {"a.conf", "b/c.pem"};
	char got[VX_VERSION_DIGITS + 1];

	(void)state;
	version_of("{}", NULL, 0, got);
	assert_string_equal(got, "2723195dc2510cd7000d0ee7417631c2");
	version_of("{s: 'text', i: 1, f: 1.10, b: true, n: ~, l: [1, {a: 'x'}, []], m: {},"
	           " both: 'scalar' {below: 2}}",
	           names, 2, got);
	assert_string_equal(got, "2388ba4486e8e96b4eda28c3e3b86286");
}

/* clang-format off */
static const struct {
	const char *name, *a, *b;
	bool same;
} cases[] = {
	{"the order of keys does not count", "{a: 1, b: {x: 1, y: 2}}", "{b: {y: 2, x: 1}, a: 1}",
	 true},
	{"how a null was written does not count", "{a: ~}", "{a: ~~}", true},
	{"a text counts", "{a: 'x'}", "{a: 'y'}", false},
	{"a number's spelling counts", "{a: 1.1}", "{a: 1.10}", false},
	{"a type counts", "{a: 1}", "{a: '1'}", false},
	{"a key counts", "{a: 1}", "{b: 1}", false},
	{"null is not the empty string", "{a: ~}", "{a: ''}", false},
	{"null is not absent", "{a: ~}", "{}", false},
	{"an empty map is not absent", "{a: {}}", "{}", false},
	{"an empty map is not an empty list", "{a: {}}", "{a: []}", false},
	{"the order of a list counts", "{a: [1, 2]}", "{a: [2, 1]}", false},
	{"a list is not a scalar", "{a: [1]}", "{a: 1}", false},
	{"lists nest", "{a: [[1], 2]}", "{a: [[1, 2]]}", false},
	{"a scalar with keys is not a map", "{a: 'x' {b: 1}}", "{a: {b: 1}}", false},
	{"a scalar with keys is not a scalar", "{a: 'x' {b: 1}}", "{a: 'x'}", false},
	{"where a key stands counts", "{a: {b: 1}, c: 2}", "{a: {b: 1, c: 2}}", false},
	{"a text does not run into the next key", "{a: 'x', bc: 'y'}", "{a: 'xb', c: 'y'}", false},
};
/* clang-format on */

static void test_what_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char a[VX_VERSION_DIGITS + 1], b[VX_VERSION_DIGITS + 1];

		version_of(cases[i].a, NULL, 0, a);
		version_of(cases[i].b, NULL, 0, b);
		if ((strcmp(a, b) == 0) != cases[i].same)
			fail_msg("%s: %s %s", cases[i].name, a, b);
	}
}

static void test_plain_files_count(void **state)
{
	static const char *const one[] = {"a"}, *const other[] = {"b"}, *const both[] = {"a", "b"};
	char v[4][VX_VERSION_DIGITS + 1];

	(void)state;
	version_of("{}", NULL, 0, v[0]);
	version_of("{}", one, 1, v[1]);
	version_of("{}", other, 1, v[2]);
	version_of("{}", both, 2, v[3]);
	for (size_t i = 0; i < 4; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(v[i], v[j]);
}

/* Texts and maps beyond the block that gathers the pieces. */
static void test_large(void **state)
{
	struct vx_buf b = VX_BUF_INIT, back = VX_BUF_INIT;
	char v[2][VX_VERSION_DIGITS + 1];

	(void)state;
	vx_buf_puts(&b, "{big:'");
	vx_buf_repeat(&b, 'x', 10000);
	vx_buf_puts(&b, "'");
	vx_buf_puts(&back, "{");
	for (size_t i = 0; i < 1000; i++) {
		vx_buf_printf(&b, ",k%zu:%zu", i, i);
		vx_buf_printf(&back, "k%zu:%zu,", 999 - i, 999 - i);
	}
	vx_buf_puts(&b, "}");
	vx_buf_puts(&back, "big:'");
	vx_buf_repeat(&back, 'x', 10000);
	vx_buf_puts(&back, "'}");
	version_of(b.data, NULL, 0, v[0]);
	version_of(back.data, NULL, 0, v[1]);
	assert_string_equal(v[0], v[1]);
	vx_buf_fini(&b);
	vx_buf_fini(&back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_golden),
		cmocka_unit_test(test_what_counts),
		cmocka_unit_test(test_plain_files_count),
		cmocka_unit_test(test_large),
	};

	return cmocka_run_group_tests_name("version", tests, NULL, NULL);
}
