/* test_names.c - a leaf's index: finding, listing, differing; contents and places are counted. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fs/names.h"

static int destroyed;

static void destroy(struct vx_content *c)
{
	destroyed++;
	free(c);
}

static struct vx_node file(const char *text)
{
	struct vx_content *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	vx_content_init(c, NULL, 1, destroy);
	vx_content_keep(c, vx_bytes_new(text, strlen(text)));
	return (struct vx_node){.kind = VX_NODE_FILE, .mode = {0, 0, 0444}, .content = c};
}

static void finds_and_lists(void **state)
{
	static const struct {
		const char *name;
		int rank;
		bool listed;
	} rows[] = {{"b", 1, true}, {"a", 1, true}, {"z", 0, true}, {"@x", 0, false}};
	static const char *const want[] = {"z", "a", "b"};
	struct vx_names *n = vx_names_new();

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(
			vx_names_add(n, rows[i].name, rows[i].rank, rows[i].listed, file("")), 0);
	vx_names_seal(n);
	for (size_t i = 0; i < 3; i++)
		assert_string_equal(vx_names_listed(n, i)->name, want[i]);
	assert_null(vx_names_listed(n, 3));
	assert_non_null(vx_names_find(n, "@x"));
	assert_null(vx_names_find(n, "x"));
	vx_names_put(n);
}

static void of_two_equal_names_the_first_stays(void **state)
{
	struct vx_names *n = vx_names_new();
	struct vx_node first = file("1");

	(void)state;
	destroyed = 0;
	assert_int_equal(vx_names_add(n, "a", 0, true, first), 0);
	assert_int_equal(vx_names_add(n, "a", 0, true, file("2")), -EEXIST);
	assert_int_equal(destroyed, 1); /* its reference was taken over all the same */
	vx_names_seal(n);
	assert_ptr_equal(vx_names_find(n, "a")->content, first.content);
	vx_names_put(n);
	assert_int_equal(destroyed, 2);
}

static void an_empty_index_finds_nothing(void **state)
{
	struct vx_names *n = vx_names_new();

	(void)state;
	vx_names_seal(n);
	assert_null(vx_names_find(n, "a"));
	assert_null(vx_names_listed(n, 0));
	vx_names_put(n);
}

static void many_names_are_found(void **state)
{
	struct vx_names *n = vx_names_new();
	char name[16];

	(void)state;
	for (int i = 0; i < 5000; i++) {
		(void)snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(vx_names_add(n, name, 0, true, file(name)), 0);
	}
	vx_names_seal(n);
	for (int i = 0; i < 5000; i++) {
		const struct vx_node *node;

		(void)snprintf(name, sizeof(name), "n%d", i);
		node = vx_names_find(n, name);
		assert_string_equal(atomic_load(&node->content->bytes)->data, name);
	}
	vx_names_put(n);
}

static void collect(void *arg, const char *name)
{
	strcat(arg, name);
}

static void differ_names_what_stands_in_one_only(void **state)
{
	struct vx_names *a = vx_names_new(), *b = vx_names_new();
	char got[16] = "";

	(void)state;
	assert_int_equal(vx_names_add(a, "1", 0, true, file("")), 0);
	assert_int_equal(vx_names_add(a, "2", 0, true, file("")), 0);
	assert_int_equal(vx_names_add(b, "2", 0, true, file("other")), 0);
	assert_int_equal(vx_names_add(b, "3", 0, true, file("")), 0);
	vx_names_seal(a);
	vx_names_seal(b);
	vx_names_differ(a, b, collect, got);
	assert_string_equal(got, "13");
	got[0] = '\0';
	vx_names_differ(NULL, b, collect, got);
	assert_string_equal(got, "23");
	vx_names_put(a);
	vx_names_put(b);
}

static void same_tells_which_inode_may_stay(void **state)
{
	struct vx_node a = file("x"), b = file("x"), c = a;

	(void)state;
	assert_true(vx_node_same(&a, &c));
	assert_false(vx_node_same(&a, &b)); /* another publication */
	c.mode.perm = 0400;
	assert_false(vx_node_same(&a, &c));
	a.kind = b.kind = VX_NODE_LINK;
	assert_true(vx_node_same(&a, &b)); /* the same target */
	vx_node_put(&a);
	vx_node_put(&b);
}

static void the_first_to_keep_a_promise_wins(void **state)
{
	struct vx_node n = file("first");

	(void)state;
	vx_content_keep(n.content, vx_bytes_new("second", 6));
	assert_string_equal(atomic_load(&n.content->bytes)->data, "first");
	vx_node_put(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_and_lists),
		cmocka_unit_test(of_two_equal_names_the_first_stays),
		cmocka_unit_test(an_empty_index_finds_nothing),
		cmocka_unit_test(many_names_are_found),
		cmocka_unit_test(differ_names_what_stands_in_one_only),
		cmocka_unit_test(same_tells_which_inode_may_stay),
		cmocka_unit_test(the_first_to_keep_a_promise_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
