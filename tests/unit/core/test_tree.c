/* test_tree.c - keys cut into steps, and what puts into one document make of each other. */
#include "core/key.h"
#include "core/tree.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/core/tree.h"

static const struct vx_doc_limits roomy = VX_DOC_LIMITS_DEFAULT;

/* Names are written <name>, indices as they are. */
/* clang-format off */
static const struct {
	const char *name, *key;
	size_t len; /* 0: up to the NUL */
	int rc;
	const char *want; /* the steps before the end or the refusal */
} keys[] = {
	{"one name", "a", 0, 0, "<a>"},
	{"dots split", "a.b.c", 0, 0, "<a><b><c>"},
	{"indices follow a name", "a[0][12].b", 0, 0, "<a>[0][12]<b>"},
	{"an index is a number", "a[007]", 0, 0, "<a>[7]"},
	{"other brackets are part of the name", "a[x]", 0, 0, "<a[x]>"},
	{"a name may end in brackets before its indices", "a[x][1]", 0, 0, "<a[x]>[1]"},
	{"an index before the end of the name is part of it", "a[0]b", 0, 0, "<a[0]b>"},
	{"so are indices before brackets that are none", "a[0][x]", 0, 0, "<a[0][x]>"},
	{"empty brackets are part of the name", "a[]", 0, 0, "<a[]>"},
	{"a bracket alone is a name", "[", 0, 0, "<[>"},
	{"a bracket may be what an index is of", "[[0]", 0, 0, "<[>[0]"},
	{"an empty key", "", 0, -EBADMSG, ""},
	{"an empty segment", "a..b", 0, -EBADMSG, "<a>"},
	{"a dot in front", ".a", 0, -EBADMSG, ""},
	{"a dot at the end", "a.", 0, -EBADMSG, "<a>"},
	{"an index without a name", "a.[0]", 0, -EBADMSG, "<a>"},
	{"a NUL", "a\0b", 3, -EBADMSG, ""},
	{"the largest index", "a[100]", 0, 0, "<a>[100]"},
	{"an index above the largest", "a[101]", 0, -E2BIG, "<a>"},
	{"an index above all numbers", "a[99999999999999999999]", 0, -E2BIG, "<a>"},
};
/* clang-format on */

static void test_steps(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		VX_AUTO(vx_buf_fini) struct vx_buf got = VX_BUF_INIT;
		size_t len = keys[i].len ? keys[i].len : strlen(keys[i].key);
		struct vx_key k = {keys[i].key, keys[i].key + len, false};
		struct vx_error err = {0};
		struct vx_step step;
		int rc;

		vx_buf_puts(&got, "");
		while ((rc = vx_key_next(&k, 100, &step, &err)) > 0) {
			if (step.name)
				vx_buf_printf(&got, "<%.*s>", (int)step.len, step.name);
			else
				vx_buf_printf(&got, "[%u]", step.index);
		}
		if (rc != keys[i].rc || strcmp(got.data, keys[i].want) != 0)
			fail_msg("%s: want %d %s, got %d %s", keys[i].name, keys[i].rc,
			         keys[i].want, rc, got.data);
		assert_int_equal(err.code, rc);
	}
}

/* Each put is key, blank, value in the notation of tree.h; they end with NULL. */
/* clang-format off */
static const struct {
	const char *name, *puts[5];
	int rc; /* of the last */
	const char *want;
} cases[] = {
	{"4.1 dotted and nested merge", {"a.b 1", "a {c: 2}", NULL}, 0, "{a:{b:1,c:2}}"},
	{"4.1 keys in a map are split", {"a {b.c: 1}", NULL}, 0, "{a:{b:{c:1}}}"},
	{"4.2 gaps are null", {"l[2] 'c'", "l[0].x 1", NULL}, 0, "{l:[{x:1},,'c']}"},
	{"4.2 lists in lists", {"l[0][1] 1", "l[1] 2", NULL}, 0, "{l:[[,1],2]}"},
	{"4.5 indices replace a written list", {"l [1, 2]", "l[0] 3", NULL}, 0, "{l:[3]}"},
	{"4.5 a written list replaces indices", {"l[5] 3", "l [1, 2]", NULL}, 0, "{l:[1,2]}"},
	{"4.6 a scalar over keys keeps both", {"a.b 1", "a 'x'", NULL}, 0, "{a:'x'{b:1}}"},
	{"4.6 keys below a scalar keep both", {"a 'x'", "a.b 1", NULL}, 0, "{a:'x'{b:1}}"},
	{"4.6 an empty map over a scalar", {"a 'x'", "a {}", NULL}, 0, "{a:'x'}"},
	{"4.6 an element may be both", {"l[0] 'x'", "l[0].y 1", NULL}, 0, "{l:['x'{y:1}]}"},
	{"4.7 a list over a map", {"a.b 1", "a [1]", NULL}, 0, "{a:[1]}"},
	{"4.7 a map over a list", {"a [1]", "a.b 1", NULL}, 0, "{a:{b:1}}"},
	{"4.7 a scalar over a list", {"a [1]", "a 2", NULL}, 0, "{a:2}"},
	{"4.7 indices over a scalar", {"a 2", "a[0] 1", NULL}, 0, "{a:[1]}"},
	{"4.8 an empty list is kept", {"a []", NULL}, 0, "{a:[]}"},
	{"4.9 the later wins, the place stays", {"a 1", "b 2", "a 3", NULL}, 0, "{a:3,b:2}"},
	{"5 levels are deep enough", {"a.b[0][1].c 1", NULL}, 0, "{a:{b:[[,{c:1}]]}}"},
	{"9.5 segments and indices count as depth", {"a.b[0][1].c.d 1", NULL}, -E2BIG, NULL},
	{"9.5 a map at the bottom counts", {"a.b.c.d.e {}", NULL}, -E2BIG, NULL},
	{"9.5 a list at the bottom counts", {"a.b.c.d.e []", NULL}, -E2BIG, NULL},
	{"9.5 gaps are values", {"a[9] 1", "b[9] 1", NULL}, -E2BIG, NULL},
	{"9.5 texts have a bound", {"a 1", "b '0123456789012345678901234567890123456789'", NULL},
	 -E2BIG, NULL},
	{"a refused key", {"a 1", "a..b 2", NULL}, -EBADMSG, NULL},
};
/* clang-format on */

/* Put @key_value into @root; its texts live in the arena. */
static int put_one(struct vx_tree *t, struct vx_value *root, const char *key_value, uint32_t line,
                   struct vx_error *err)
{
	size_t len = strcspn(key_value, " ");

	return vx_tree_put(t, root, key_value, len, tree(t->arena, key_value + len + 1), line, err);
}

static void test_puts(void **state)
{
	static const struct vx_doc_limits tight = {8, 5, 20, 9};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vx_arena a = VX_ARENA_INIT;
		struct vx_tree t = {.arena = &a, .limits = &tight};
		struct vx_value *root = vx_value_new(&a, VX_MAP, 1);
		struct vx_error err = {0};
		char *got = NULL;
		int rc = 0;

		for (uint32_t k = 0; cases[i].puts[k] && rc == 0; k++)
			rc = put_one(&t, root, cases[i].puts[k], k + 1, &err);
		if (rc == 0)
			rc = vx_tree_finish(&t, root);
		if (rc == 0)
			got = tree_text(root);
		if (rc != cases[i].rc || (got && strcmp(got, cases[i].want) != 0))
			fail_msg("%s: want %d %s, got %d %s %s", cases[i].name, cases[i].rc,
			         cases[i].want ? cases[i].want : "", rc, got ? got : "", err.msg);
		free(got);
		vx_arena_fini(&a);
	}
}

/* A refusal says where: the line of the key, and the key. */
static void test_sentences(void **state)
{
	struct vx_arena a = VX_ARENA_INIT;
	struct vx_tree t = {.arena = &a, .limits = &roomy};
	struct vx_value *root = vx_value_new(&a, VX_MAP, 1);
	struct vx_error err = {0};

	(void)state;
	assert_int_equal(put_one(&t, root, "a.b[10000] 1", 7, &err), -E2BIG);
	assert_non_null(strstr(err.msg, "line 7: the key 'a.b[10000]'"));
	assert_int_equal(put_one(&t, root, "a. 1", 8, &err), -EBADMSG);
	assert_non_null(strstr(err.msg, "line 8: the key 'a.'"));
	vx_arena_fini(&a);
}

/* What aliases share is not changed by what is put over one of its places. */
static void test_raw_values_stay(void **state)
{
	struct vx_arena a = VX_ARENA_INIT;
	struct vx_tree t = {.arena = &a, .limits = &roomy};
	struct vx_value *root = vx_value_new(&a, VX_MAP, 1);
	const struct vx_value *shared = tree(&a, "{l: [1, {x: 2}]}");
	char *first, *second;

	(void)state;
	assert_int_equal(vx_tree_put(&t, root, "a", 1, shared, 1, NULL), 0);
	assert_int_equal(put_one(&t, root, "a.l[1].x 3", 2, NULL), 0);
	assert_int_equal(vx_tree_put(&t, root, "b", 1, shared, 3, NULL), 0);
	assert_int_equal(vx_tree_finish(&t, root), 0);
	first = tree_text(root);
	second = tree_text(shared);
	assert_string_equal(first, "{a:{l:[,{x:3}]},b:{l:[1,{x:2}]}}");
	assert_string_equal(second, "{l:[1,{x:2}]}");
	free(first);
	free(second);
	vx_arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steps),
		cmocka_unit_test(test_puts),
		cmocka_unit_test(test_sentences),
		cmocka_unit_test(test_raw_values_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
