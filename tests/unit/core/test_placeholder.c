/* test_placeholder.c - `${key}` and `${key:default}`: section 6 of the rules. */
#include "core/placeholder.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/cleanup.h"
#include "tests/unit/core/tree.h"

#define TREE                                                                                       \
	"{x: 'X', n: 8080, f: 1.10, b: true, nil: ~, m: {k: 'K'}, l: ['zero', {x: 'one'}],"        \
	" s: 'scalar' {below: 'below'}, env: 'm', key: 'k', e: ''}"

/* Each is resolved as plain text against TREE, and as a value of that tree. */
/* clang-format off */
static const struct {
	const char *name, *in, *want;
} texts[] = {
	{"no placeholder", "text", "text"},
	{"6.1 a key", "${x}", "X"},
	{"6.1 between texts", "a${x}b${x}c", "aXbXc"},
	{"6.1 a default", "${no:d}", "d"},
	{"6.1 an empty default", "[${no:}]", "[]"},
	{"6.1 a found key wins over its default", "${x:d}", "X"},
	{"6.1 the first colon splits", "${no:http://h:80}", "http://h:80"},
	{"6.1 blanks around the key are trimmed", "${ x\t}", "X"},
	{"6.1 the default is taken as it is", "[${no: d }]", "[ d ]"},
	{"6.1 a placeholder in the key", "${m.${key}}", "K"},
	{"6.1 the whole key is a placeholder", "${${env}.k}", "K"},
	{"6.1 a placeholder in the default", "${no:${x}}", "X"},
	{"6.1 defaults of defaults", "${no:${none:${x}}}", "X"},
	{"6.1 a colon inside a nested placeholder does not split", "${m.${no:k}}", "K"},
	{"6.1 a nested placeholder, then a default", "${m.${no:z}:d}", "d"},
	{"6.1 a default that is not used is not looked at", "${x:${no}}", "X"},
	{"6.2 an element of a list", "${l[0]}${l[1].x}", "zeroone"},
	{"6.2 past the end of a list", "${l[2]:none}", "none"},
	{"6.2 a map is as good as not found", "${m} ${m:d}", "${m} d"},
	{"6.2 a list is as good as not found", "${l} ${l:d}", "${l} d"},
	{"6.2 a number's text", "${n} ${f}", "8080 1.10"},
	{"6.2 a bool's text", "${b}", "true"},
	{"6.2 null is the empty string", "[${nil}] [${nil:d}]", "[] []"},
	{"6.2 an empty string is found", "[${e:d}]", "[]"},
	{"6.2 a scalar that is also a map", "${s} ${s.below}", "scalar below"},
	{"6.2 a prefix of a key is not found", "${l[}${l[0}${m.}", "${l[}${l[0}${m.}"},
	{"6.3 not found stays as written", "${ no  }", "${ no  }"},
	{"6.3 with its inner placeholders resolved", "${no.${x}}", "${no.X}"},
	{"6.3 nothing of its neighbours changes", "${x}${no}${x}", "X${no}X"},
	{"6.3 an empty key is not found", "${}${ }", "${}${ }"},
	{"6.3 an empty key with a default", "${:d}", "d"},
	{"6.3 unclosed stays as written", "a ${x", "a ${x"},
	{"6.3 unclosed at the end", "a ${", "a ${"},
	{"6.3 unclosed, with a closed one inside", "${no${x}", "${noX"},
	{"6.3 unclosed, then a closed one", "${ ${x}", "${ X"},
	{"6.3 braces and dollars without each other", "$x {x} } $ {x}", "$x {x} } $ {x}"},
	{"6.3 a brace that closes nothing", "${x}}", "X}"},
	{"6.3 two dollars", "$${x}", "$X"},
	{"6.4 a backslash makes it literal", "\\${x}", "${x}"},
	{"6.4 up to its brace", "\\${x:${x}}${x}", "${x:${x}}X"},
	{"6.4 of two backslashes one goes", "\\\\${x}", "\\${x}"},
	{"6.4 after a placeholder", "${x}\\${x}", "X${x}"},
	{"6.4 in a default", "${no:\\${x}}", "${x}"},
	{"6.4 unclosed", "\\${x", "${x"},
	{"6.4 unclosed, then a placeholder", "\\${ ${x}", "${ X"},
	{"6.4 a backslash elsewhere stays", "\\a\\", "\\a\\"},
	{"6.5 what comes in is not looked at again", "${no:$}{x}", "${x}"},
};
/* clang-format on */

static void test_plain_text(void **state)
{
	struct vx_arena a = VX_ARENA_INIT;
	struct vx_value *root = tree(&a, TREE);

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		VX_AUTO(vx_bytes_put_p) struct vx_bytes *got = NULL;
		const char *in = texts[i].in;

		assert_int_equal(vx_placeholders_text(root, in, strlen(in), &got, NULL), 0);
		if (strcmp(got->data, texts[i].want) != 0 || got->len != strlen(texts[i].want))
			fail_msg("%s: %s: want %s, got %s", texts[i].name, in, texts[i].want,
			         got->data);
	}
	vx_arena_fini(&a);
}

static void test_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct vx_arena a = VX_ARENA_INIT;
		struct vx_value *root = tree(&a, TREE), *v;
		const char *in = texts[i].in;

		v = vx_value_scalar(&a, VX_STRING, in, strlen(in), 1);
		assert_true(vx_value_set(&a, root, "subject", 7, v));
		assert_int_equal(vx_placeholders_resolve(&a, root, NULL), 0);
		if (strcmp(v->text, texts[i].want) != 0 || v->len != strlen(texts[i].want))
			fail_msg("%s: %s: want %s, got %s", texts[i].name, in, texts[i].want,
			         v->text);
		assert_int_equal(v->type, VX_STRING); /* 6.5 also where it looks like a number */
		vx_arena_fini(&a);
	}
}

/* clang-format off */
static const struct {
	const char *name, *in, *want;
} trees[] = {
	{"6.2 what is found is resolved itself", "{a: '${b}', b: '${c}', c: 'end'}",
	 "{a:'end',b:'end',c:'end'}"},
	{"6.2 in any order", "{c: 'end', b: '${c}', a: '${b}${b}'}",
	 "{c:'end',b:'end',a:'endend'}"},
	{"6.1 elements of lists", "{x: 1, l: ['${x}', {y: '${x}'}, ['${x}']]}",
	 "{x:1,l:['1',{y:'1'},['1']]}"},
	{"6.5 a value without a placeholder keeps its type", "{a: 1, b: true, c: ~}",
	 "{a:1,b:true,c:~}"},
	{"6.5 keys are not resolved", "{x: 'y', ${x}: 1}", "{x:'y',${x}:1}"},
	{"6.5 the environment is never consulted", "{a: '${PATH}'}", "{a:'${PATH}'}"},
	{"6.4 a literal is not resolved by who refers to it", "{a: '\\${c}', b: '${a}', c: 'no'}",
	 "{a:'${c}',b:'${c}',c:'no'}"},
	{"6.2 a scalar with keys and its keys", "{a: '${a.b}' {b: '${c}'}, c: 1}",
	 "{a:'1'{b:'1'},c:1}"},
	{"6.6 a default that would be a cycle is not looked at", "{a: '${b:${a}}', b: 1}",
	 "{a:'1',b:1}"},
};
/* clang-format on */

static void test_trees(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		VX_AUTO(vx_freep) char *got = NULL;
		struct vx_arena a = VX_ARENA_INIT;
		struct vx_value *root = tree(&a, trees[i].in);

		assert_int_equal(vx_placeholders_resolve(&a, root, NULL), 0);
		got = tree_text(root);
		if (strcmp(got, trees[i].want) != 0)
			fail_msg("%s: want %s, got %s", trees[i].name, trees[i].want, got);
		vx_arena_fini(&a);
	}
}

/* clang-format off */
static const struct {
	const char *name, *in, *want; /* want: the end of the sentence */
} cycles[] = {
	{"itself", "{a: '${a}'}", ": a -> a"},
	{"itself with a default", "{a: '${a:1}'}", ": a -> a"},
	{"three", "{first: '${second}', second: '${third}', third: '${first}'}",
	 ": first -> second -> third -> first"},
	{"met from outside", "{in: '${a}', a: '${b}', b: '${a}'}", ": a -> b -> a"},
	{"through a list", "{a: '${l[0]}', l: ['${a}']}", ": a -> l[0] -> a"},
	{"in a default", "{a: '${no:${ a }}'}", ": a -> a"},
	{"in a key", "{a: '${x.${a}}'}", ": a -> a"},
};
/* clang-format on */

static void test_cycles(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cycles) / sizeof(cycles[0]); i++) {
		struct vx_arena a = VX_ARENA_INIT;
		struct vx_error err = {0};
		int rc = vx_placeholders_resolve(&a, tree(&a, cycles[i].in), &err);
		size_t n = strlen(err.msg), want = strlen(cycles[i].want);

		assert_int_equal(rc, -ELOOP);
		if (n < want || strcmp(err.msg + n - want, cycles[i].want) != 0)
			fail_msg("%s: want %s, got %s", cycles[i].name, cycles[i].want, err.msg);
		vx_arena_fini(&a);
	}
}

/* A tree k0..k<n> where each value is made by @fill from its number. */
static struct vx_value *chain(struct vx_arena *a, size_t n,
                              void (*fill)(struct vx_buf *b, size_t i, size_t n))
{
	struct vx_value *root = vx_value_new(a, VX_MAP, 1);

	for (size_t i = 0; i < n; i++) {
		struct vx_buf b = VX_BUF_INIT;
		char key[24];
		int len = snprintf(key, sizeof(key), "k%zu", i);

		fill(&b, i, n);
		vx_value_set(a, root, key, (size_t)len,
		             vx_value_scalar(a, VX_STRING, b.data, b.len, 1));
		vx_buf_fini(&b);
	}
	return root;
}

static void doubling(struct vx_buf *b, size_t i, size_t n)
{
	(void)n;
	if (i == 0)
		vx_buf_repeat(b, 'x', 64);
	else
		vx_buf_printf(b, "${k%zu}${k%zu}", i - 1, i - 1);
}

static void back(struct vx_buf *b, size_t i, size_t n)
{
	(void)n;
	if (i == 0)
		vx_buf_puts(b, "end");
	else
		vx_buf_printf(b, "${k%zu}", i - 1);
}

static void forth(struct vx_buf *b, size_t i, size_t n)
{
	if (i + 1 == n)
		vx_buf_puts(b, "end");
	else
		vx_buf_printf(b, "${k%zu}", i + 1);
}

/* Half a MiB in the first, each of the others holds it once. */
static void broad(struct vx_buf *b, size_t i, size_t n)
{
	(void)n;
	if (i == 0)
		vx_buf_repeat(b, 'x', VX_RESULT_BYTES / 2);
	else
		vx_buf_puts(b, "${k0}");
}

/* The same bytes only in keys, which stay nowhere. */
static void dropped(struct vx_buf *b, size_t i, size_t n)
{
	broad(b, 0, n);
	if (i == 0)
		return;
	vx_buf_truncate(b, 0);
	for (size_t j = 0; j < 64; j++)
		vx_buf_puts(b, "${${k0}:}");
}

static void nested(struct vx_buf *b, size_t i, size_t n)
{
	(void)i;
	(void)n;
	for (size_t j = 0; j < 100000; j++)
		vx_buf_puts(b, "${no:");
	vx_buf_repeat(b, '}', 100000);
}

/* Quadratic when each is searched for its brace. */
static void unclosed(struct vx_buf *b, size_t i, size_t n)
{
	(void)i;
	(void)n;
	for (size_t j = 0; j < 300000; j++)
		vx_buf_puts(b, "${");
}

/* clang-format off */
static const struct {
	const char *name;
	void (*fill)(struct vx_buf *b, size_t i, size_t n);
	size_t n;
	int want;
} bounds[] = {
	{"6.6 doubling to exactly 1 MiB", doubling, 15, 0},
	{"6.6 doubling to 2 MiB", doubling, 16, -E2BIG},
	{"6.6 a doubling chain ends quickly", doubling, 120, -E2BIG},
	{"a long chain whose ends are met first", back, 10000, 0},
	{"a chain of the greatest depth", forth, VX_PLACEHOLDER_DEPTH, 0},
	{"a longer one", forth, VX_PLACEHOLDER_DEPTH + 1, -E2BIG},
	{"many large results within the total", broad, 33, 0},
	{"one more", broad, 34, -E2BIG},
	{"texts in keys count, too", dropped, 2, -E2BIG},
	{"braces nested too deeply", nested, 1, -E2BIG},
	{"many unclosed", unclosed, 1, 0},
};
/* clang-format on */

static void test_bounds(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bounds) / sizeof(bounds[0]); i++) {
		struct vx_arena a = VX_ARENA_INIT;
		struct vx_value *root = chain(&a, bounds[i].n, bounds[i].fill);
		struct vx_error err = {0};
		int rc = vx_placeholders_resolve(&a, root, &err);

		if (rc != bounds[i].want)
			fail_msg("%s: want %d, got %d %s", bounds[i].name, bounds[i].want, rc,
			         err.msg);
		vx_arena_fini(&a);
	}
}

static void test_plain_text_may_be_large(void **state)
{
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *got = NULL;
	struct vx_arena a = VX_ARENA_INIT;
	struct vx_buf b = VX_BUF_INIT;

	(void)state;
	vx_buf_repeat(&b, 'x', 3 * VX_RESULT_BYTES);
	vx_buf_puts(&b, "${x}");
	assert_int_equal(vx_placeholders_text(tree(&a, TREE), b.data, b.len, &got, NULL), 0);
	assert_int_equal(got->len, 3 * VX_RESULT_BYTES + 1);
	vx_buf_fini(&b);
	vx_arena_fini(&a);
}

static void test_nul_bytes(void **state)
{
	static const char in[] = "${x\0y} ${x}\0";
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *got = NULL;
	struct vx_arena a = VX_ARENA_INIT;

	(void)state;
	assert_int_equal(vx_placeholders_text(tree(&a, TREE), in, sizeof(in) - 1, &got, NULL), 0);
	assert_int_equal(got->len, 9);
	assert_memory_equal(got->data, "${x\0y} X\0", 9); /* a key ends at no NUL */
	vx_arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain_text), cmocka_unit_test(test_values),
		cmocka_unit_test(test_trees),      cmocka_unit_test(test_cycles),
		cmocka_unit_test(test_bounds),     cmocka_unit_test(test_plain_text_may_be_large),
		cmocka_unit_test(test_nul_bytes),
	};

	return cmocka_run_group_tests_name("placeholder", tests, NULL, NULL);
}
