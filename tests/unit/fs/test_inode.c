/* test_inode.c - the table of inodes: entering, forgetting, renaming over, growing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fs/inode.h"

static void free_content(struct vx_content *c)
{
	free(c);
}

static void free_place(struct vx_place *p)
{
	free(p);
}

static struct vx_node file(void)
{
	struct vx_content *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	vx_content_init(c, NULL, 1, free_content);
	return (struct vx_node){.kind = VX_NODE_FILE, .content = c};
}

static struct vx_place *place(bool leaf)
{
	struct vx_place *p = calloc(1, sizeof(*p));

	assert_non_null(p);
	vx_place_init(p, leaf, free_place);
	return p;
}

static int set_up(void **state)
{
	struct vx_table *t = calloc(1, sizeof(*t));

	*state = t;
	return t ? vx_table_init(t, place(true), 1) : -1;
}

/* What vx_fs_drain_gone does, without a provider. */
static size_t drain(struct vx_table *t)
{
	struct vx_inode *i = t->gone, *next;
	size_t n = 0;

	t->gone = NULL;
	for (; i; i = next, n++) {
		next = i->gone_next;
		vx_inode_put(i);
	}
	return n;
}

static int tear_down(void **state)
{
	struct vx_table *t = *state;

	vx_table_fini(t);
	(void)drain(t);
	free(t);
	return 0;
}

static void the_same_node_keeps_its_inode_and_counts(void **state)
{
	struct vx_table *t = *state;
	struct vx_node n = file();
	struct vx_inode *i = vx_table_enter(t, t->root, "a", &n, 1);

	assert_ptr_equal(vx_table_enter(t, t->root, "a", &n, 1), i);
	assert_int_equal(i->lookups, 2);
	vx_table_forget(t, i, 1);
	assert_ptr_equal(vx_table_named(t, t->root, "a"), i);
	vx_table_forget(t, i, 1);
	assert_null(vx_table_named(t, t->root, "a"));
	assert_int_equal(drain(t), 1);
	vx_node_put(&n);
}

static void another_node_gets_another_nodeid_and_the_old_stays_findable(void **state)
{
	struct vx_table *t = *state;
	struct vx_node a = file(), b = file();
	struct vx_inode *i = vx_table_enter(t, t->root, "a", &a, 1);
	struct vx_inode *j = vx_table_enter(t, t->root, "a", &b, 1);

	assert_true(j->id > i->id);
	assert_ptr_equal(vx_table_named(t, t->root, "a"), j);
	assert_ptr_equal(vx_table_find(t, i->id), i);
	vx_node_put(&a);
	vx_node_put(&b);
}

static void a_content_under_two_names_has_two_inodes(void **state)
{
	struct vx_table *t = *state;
	struct vx_node n = file();

	assert_ptr_not_equal(vx_table_enter(t, t->root, "a", &n, 1),
	                     vx_table_enter(t, t->root, "b", &n, 1));
	vx_node_put(&n);
}

static void a_nodeid_is_never_used_again(void **state)
{
	struct vx_table *t = *state;
	struct vx_node n = file();
	struct vx_inode *i = vx_table_enter(t, t->root, "a", &n, 1);
	uint64_t was = i->id;

	vx_table_forget(t, i, 1);
	(void)drain(t);
	assert_true(vx_table_enter(t, t->root, "a", &n, 1)->id > was);
	vx_node_put(&n);
}

static void a_directory_keeps_its_inode_when_its_place_is_made_anew(void **state)
{
	struct vx_table *t = *state;
	struct vx_node a = {.kind = VX_NODE_DIR, .mode = {0, 0, 0555}, .place = place(false)};
	struct vx_node b = {.kind = VX_NODE_DIR, .mode = {0, 7, 0550}, .place = place(false)};
	struct vx_inode *i = vx_table_enter(t, t->root, "d", &a, 1);

	assert_ptr_equal(vx_table_enter(t, t->root, "d", &b, 1), i);
	assert_int_equal(i->node.mode.gid, 7);
	vx_node_put(&a);
	vx_node_put(&b);
}

static void an_unnamed_row_is_told_of_and_may_be_forgotten_meanwhile(void **state)
{
	struct vx_table *t = *state;
	struct vx_node n = file();
	struct vx_inode *i = vx_table_enter(t, t->root, "a", &n, 1);

	vx_table_unname(t, i);
	assert_null(vx_table_named(t, t->root, "a"));
	assert_ptr_equal(t->root->stale, i);
	vx_table_forget(t, i, 99); /* more than it has: the kernel is not trusted */
	assert_int_equal(drain(t), 1);
	assert_string_equal(i->name, "a"); /* the notifier's reference */
	vx_inode_unlink(i);
	vx_inode_put(i);
	vx_node_put(&n);
}

static void the_root_is_never_forgotten(void **state)
{
	struct vx_table *t = *state;

	vx_table_forget(t, &t->root->inode, 1000);
	assert_ptr_equal(vx_table_find(t, VX_ROOT_ID), &t->root->inode);
}

static void many_rows_are_found_by_both_ways(void **state)
{
	struct vx_table *t = *state;
	struct vx_node n = file();
	char name[16];

	for (int k = 0; k < 3000; k++) {
		(void)snprintf(name, sizeof(name), "n%d", k);
		assert_non_null(vx_table_enter(t, t->root, name, &n, 1));
	}
	for (int k = 0; k < 3000; k++) {
		struct vx_inode *i;

		(void)snprintf(name, sizeof(name), "n%d", k);
		i = vx_table_named(t, t->root, name);
		assert_ptr_equal(vx_table_find(t, i->id), i);
	}
	vx_node_put(&n);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_same_node_keeps_its_inode_and_counts),
		TEST(another_node_gets_another_nodeid_and_the_old_stays_findable),
		TEST(a_content_under_two_names_has_two_inodes),
		TEST(a_nodeid_is_never_used_again),
		TEST(a_directory_keeps_its_inode_when_its_place_is_made_anew),
		TEST(an_unnamed_row_is_told_of_and_may_be_forgotten_meanwhile),
		TEST(the_root_is_never_forgotten),
		TEST(many_rows_are_found_by_both_ways),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
