/* test_directory.c - what only a folder does: links, volumes of Kubernetes, writes in one tick. */
#include <errno.h>
#include <unistd.h>

#include "tests/unit/backends/open.h"

static char base[64];

static int make(void **state)
{
	(void)state;
	new_folder(base);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	run("rm -rf %s", base);
	return 0;
}

static void open_at(struct opened *o, const char *name)
{
	char entry[256];

	(void)snprintf(entry, sizeof(entry), "{type: directory, name: d, path: %s/%s}", base, name);
	assert_int_equal(try_open(o, entry), 0);
}

static struct vx_layers *fetch(struct opened *o)
{
	struct vx_coords *at;
	struct vx_layers *l = NULL;
	int rc;

	assert_int_equal(vx_coords_new("a", "default", NULL, &at, NULL), 0);
	rc = o->ops->fetch(o->b, &o->ctx, at, NULL, &l, &o->err);
	vx_coords_free(at);
	if (rc != 0)
		fail_msg("%d %s", rc, o->err.msg);
	return l;
}

/* The value of `v` in the only document. */
static void expect(struct opened *o, const char *want)
{
	struct vx_layers *l = fetch(o);

	assert_int_equal(l->n, 1);
	assert_string_equal(vx_value_find(l->layer[0].docs->doc[0].root, "v")->text, want);
	vx_layers_put(l);
}

static void links_inside_are_not_followed(void **state)
{
	struct opened o;
	struct vx_layers *l;

	(void)state;
	run("cd %s && mkdir real out && echo 'v: 1' >real/a.yml && echo 'v: 2' >out/secret.yml && "
	    "ln -s ../out/secret.yml real/a-p.yml && ln -s ../out/secret.yml real/t.txt && "
	    "ln -s ../out real/folder && mkfifo real/pipe && ln -s real link",
	    base);
	open_at(&o, "link"); /* the root itself may be one */
	l = fetch(&o);
	assert_int_equal(l->n, 1);
	assert_int_equal(l->n_plain, 0);
	vx_layers_put(l);
	shut(&o);
}

static void a_volume_of_kubernetes_is_read_through_its_data_link(void **state)
{
	struct opened o;

	(void)state;
	run("cd %s && mkdir -p vol/..1 vol/..2 && echo 'v: 1' >vol/..1/a.yml && "
	    "echo 'v: 2' >vol/..2/a.yml && ln -s ..1 vol/..data && ln -s ..data/a.yml vol/a.yml",
	    base);
	open_at(&o, "vol");
	expect(&o, "1");
	run("cd %s/vol && ln -s ..2 ..new && mv -T ..new ..data", base);
	expect(&o, "2");
	shut(&o);
}

static void a_data_link_that_leads_out_is_not_followed(void **state)
{
	struct opened o;

	(void)state;
	run("cd %s && mkdir trap elsewhere && echo 'v: 9' >elsewhere/a.yml && "
	    "echo 'v: 1' >trap/a.yml && ln -s ../elsewhere trap/..data",
	    base);
	open_at(&o, "trap");
	expect(&o, "1");
	shut(&o);
}

static void count(void *arg, const char *const *apps, size_t n)
{
	(void)apps;
	(void)n;
	__atomic_fetch_add((unsigned *)arg, 1, __ATOMIC_SEQ_CST);
}

static void writes_of_one_size_in_one_tick_are_all_seen(void **state)
{
	static unsigned changes;
	char path[128], want[2] = "0", first[VX_REVISION_MAX], again[VX_REVISION_MAX];
	struct opened o;

	(void)state;
	run("mkdir %s/tick", base);
	(void)snprintf(path, sizeof(path), "%s/tick/a.yml", base);
	open_at(&o, "tick");
	for (int i = 0; i < 200; i++) {
		FILE *f = fopen(path, "w");

		if (i == 100)
			assert_int_equal(o.ops->watch(o.b, count, &changes, &o.err), 0);
		want[0] = (char)('0' + i % 10);
		assert_non_null(f);
		fprintf(f, "v: %s\n", want);
		assert_int_equal(fclose(f), 0);
		expect(&o, want);
	}
	/* A touched file has no new revision. */
	assert_int_equal(o.ops->revision(o.b, &o.ctx, NULL, first, &o.err), 0);
	run("touch %s", path);
	assert_int_equal(o.ops->revision(o.b, &o.ctx, NULL, again, &o.err), 0);
	assert_string_equal(first, again);
	shut(&o);
}

static void a_file_that_may_not_be_read_fails_its_readers_only(void **state)
{
	struct opened o;
	struct vx_layers *l = NULL;
	struct vx_coords *at;
	bool root = geteuid() == 0;

	(void)state;
	run("cd %s && mkdir locked && echo 'v: 1' >locked/a.yml && echo 'v: 1' >locked/b.yml && "
	    "chmod 0 locked/b.yml",
	    base);
	if (root) { /* who may read all: so be somebody else meanwhile */
		run("chmod 755 %s", base);
		assert_int_equal(seteuid(65534), 0);
	}
	open_at(&o, "locked");
	expect(&o, "1");
	assert_int_equal(vx_coords_new("b", "default", NULL, &at, NULL), 0);
	assert_int_equal(o.ops->fetch(o.b, &o.ctx, at, NULL, &l, &o.err), -EACCES);
	vx_coords_free(at);
	shut(&o);
	if (root)
		assert_int_equal(seteuid(0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_inside_are_not_followed),
		cmocka_unit_test(a_volume_of_kubernetes_is_read_through_its_data_link),
		cmocka_unit_test(a_data_link_that_leads_out_is_not_followed),
		cmocka_unit_test(writes_of_one_size_in_one_tick_are_all_seen),
		cmocka_unit_test(a_file_that_may_not_be_read_fails_its_readers_only)};

	return cmocka_run_group_tests(tests, make, drop);
}
