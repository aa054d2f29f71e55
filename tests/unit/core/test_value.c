/* test_value.c - the value tree: maps small and large, order, removal, paths. */
#include "core/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct vx_value *text(struct vx_arena *a, const char *s)
{
	return vx_value_scalar(a, VX_STRING, s, strlen(s), 1);
}

static void test_map_of(struct vx_arena *a, size_t n)
{
	struct vx_value *m = vx_value_new(a, VX_MAP, 1);
	char key[32];

	for (size_t i = 0; i < n; i++) {
		int len = snprintf(key, sizeof(key), "key-%zu", i);

		assert_true(vx_value_set(a, m, key, (size_t)len, text(a, key)));
	}
	assert_int_equal(m->n_entries, n);
	for (size_t i = 0; i < n; i++) {
		int len = snprintf(key, sizeof(key), "key-%zu", i);
		struct vx_value *v = vx_value_child(m, key, (size_t)len);

		assert_non_null(v);
		assert_string_equal(v->text, key);
		assert_string_equal(m->entries[i].key, key); /* order of first appearance */
	}
	assert_null(vx_value_child(m, "key-", 4)); /* a prefix is another key */
	if (n == 0)
		return;
	assert_true(vx_value_set(a, m, "key-0", 5, text(a, "new")));
	assert_string_equal(m->entries[0].value->text,
	                    "new"); /* a replaced value keeps its place */
	assert_true(vx_value_remove(m, "key-0", 5));
	assert_false(vx_value_remove(m, "key-0", 5));
	assert_null(vx_value_child(m, "key-0", 5));
	if (n > 2)
		assert_string_equal(vx_value_child(m, "key-2", 5)->text, "key-2");
}

static void test_maps(void **state)
{
	static const size_t sizes[] = {0, 1, 4, 5, 12, 16, 17, 1000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct vx_arena a = VX_ARENA_INIT;

		test_map_of(&a, sizes[i]);
		vx_arena_fini(&a);
	}
}

/* {"a": {"b": [{"c": "x"}, "y"]}, "d[x]": "z", "[": ["x", "y"], "e[x]": the same} */
static struct vx_value *sample(struct vx_arena *a)
{
	struct vx_value *root = vx_value_new(a, VX_MAP, 1), *am = vx_value_new(a, VX_MAP, 1);
	struct vx_value *list = vx_value_new(a, VX_LIST, 1), *item = vx_value_new(a, VX_MAP, 1);

	vx_value_set(a, item, "c", 1, text(a, "x"));
	list->items = vx_arena_alloc(a, 2 * sizeof(*list->items));
	list->items[0] = item;
	list->items[1] = text(a, "y");
	list->n_items = 2;
	vx_value_set(a, am, "b", 1, list);
	vx_value_set(a, root, "a", 1, am);
	vx_value_set(a, root, "d[x]", 4, text(a, "z"));
	vx_value_set(a, root, "[", 1, list);
	vx_value_set(a, root, "e[x]", 4, list);
	return root;
}

/* clang-format off */
static const struct {
	const char *path, *want; /* want NULL: not found */
} paths[] = {
	{"e[x][1]", "y"},
	{"[[0].c", "x"},
	{"[1]", NULL},
	{"d[x][0]", NULL},
	{"a.b[0].c", "x"},
	{"a.b[1]", "y"},
	{"d[x]", "z"},
	{"a.b[2]", NULL},
	{"a.b[", NULL},
	{"a.b[0", NULL},
	{"a.b[]", NULL},
	{"a.b[1]x", NULL},
	{"a.", NULL},
	{".a", NULL},
	{"a..b", NULL},
	{"nope", NULL},
	{"a.b[0].c.d", NULL},
	{"a.b[99999999999999999999]", NULL},
};
/* clang-format on */

static void test_paths(void **state)
{
	struct vx_arena a = VX_ARENA_INIT;
	struct vx_value *root = sample(&a);

	(void)state;
	assert_ptr_equal(vx_value_find(root, ""), root);
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		const struct vx_value *v = vx_value_find(root, paths[i].path);

		if (!v != !paths[i].want || (v && strcmp(v->text, paths[i].want) != 0))
			fail_msg("%s: want %s, got %s", paths[i].path, paths[i].want,
			         v ? v->text : "nothing");
	}
	vx_arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_maps),
		cmocka_unit_test(test_paths),
	};

	return cmocka_run_group_tests_name("value", tests, NULL, NULL);
}
