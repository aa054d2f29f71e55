/* test_directory.c - what only a folder does: links, volumes of Kubernetes, writes in one tick. */
#include <errno.h>
#include <semaphore.h>
#include <sys/inotify.h>
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

/* A terabyte of holes, whose sum would take half an hour. */
static void a_file_that_is_too_large_to_be_served_keeps_nobody_waiting(void **state)
{
	struct opened o;
	char before[VX_REVISION_MAX], after[VX_REVISION_MAX];

	(void)state;
	run("cd %s && mkdir large && echo 'v: 1' >large/a.yml && truncate -s 1T large/core", base);
	open_at(&o, "large");
	expect(&o, "1");
	assert_int_equal(o.ops->revision(o.b, &o.ctx, NULL, before, &o.err), 0);
	run("truncate -s 2T %s/large/core", base);
	assert_int_equal(o.ops->revision(o.b, &o.ctx, NULL, after, &o.err), 0);
	assert_string_not_equal(before, after);
	shut(&o);
}

/* How often something was read that the folders watched by @fd tell of, but for the file @name in the
 * folder @in, and the opening of that folder itself. */
static unsigned reads_elsewhere(int fd, int in, const char *name)
{
	char batch[65536] __attribute__((aligned(__alignof__(struct inotify_event))));
	unsigned n_reads = 0;
	ssize_t n;

	while ((n = read(fd, batch, sizeof(batch))) > 0)
		for (ssize_t at = 0; at < n;) {
			const struct inotify_event *e = (const void *)(batch + at);
			bool wanted = e->len ? strcmp(e->name, name) == 0 : e->mask & IN_OPEN;

			n_reads += e->wd != in || !wanted;
			at += (ssize_t)(sizeof(*e) + e->len);
		}
	return n_reads;
}

static void post(void *arg, const char *const *apps, size_t n)
{
	(void)apps;
	(void)n;
	(void)sem_post(arg); /* it would have to be posted two billion times */
}

static void expect_revision_as_of_a_fresh_look(struct opened *o, const char *name)
{
	char ours[VX_REVISION_MAX], theirs[VX_REVISION_MAX];
	struct opened fresh;

	open_at(&fresh, name);
	assert_int_equal(o->ops->revision(o->b, &o->ctx, NULL, ours, &o->err), 0);
	assert_int_equal(fresh.ops->revision(fresh.b, &fresh.ctx, NULL, theirs, &fresh.err), 0);
	assert_string_equal(ours, theirs);
	shut(&fresh);
}

static void a_change_in_one_folder_does_not_read_the_others(void **state)
{
	int spy = inotify_init1(IN_NONBLOCK | IN_CLOEXEC), changed = -1;
	char path[128], before[VX_REVISION_MAX];
	struct opened o;
	sem_t told;

	(void)state;
	assert_int_equal(sem_init(&told, 0, 0), 0);
	run("cd %s && mkdir many && cd many && for i in 0 1 2 3 4 5 6 7; do mkdir -p f$i/g && "
	    "echo 'v: 1' >f$i/a.yml && echo 'v: 1' >f$i/b.yml && echo 'v: 1' >f$i/g/c.yml; done",
	    base);
	open_at(&o, "many");
	assert_int_equal(o.ops->watch(o.b, post, &told, &o.err), 0);
	assert_int_equal(o.ops->revision(o.b, &o.ctx, NULL, before, &o.err), 0);
	for (int i = 0; i < 16; i++) {
		int wd;

		(void)snprintf(path, sizeof(path), "%s/many/f%d%s", base, i % 8, i < 8 ? "" : "/g");
		/* IN_ACCESS: a file is read or the folder listed. */
		wd = inotify_add_watch(spy, path, IN_OPEN | IN_ACCESS);
		assert_true(wd >= 0);
		if (i == 3)
			changed = wd;
	}
	/* By a rename: the writer opens nothing in there. */
	run("cd %s && echo 'v: 22' >aside && mv aside many/f3/a.yml", base);
	assert_int_equal(sem_wait(&told), 0);
	assert_int_equal(reads_elsewhere(spy, changed, "a.yml"), 0);
	(void)close(spy);
	expect_revision_as_of_a_fresh_look(&o, "many");
	shut(&o);
	(void)sem_destroy(&told);
}

static void after_any_change_the_tree_is_as_a_fresh_look_sees_it(void **state)
{
	static const char *const steps[] = {
		"echo 'v: 1' >x/new.yml",
		"mkdir x/n && echo 1 >x/n/a",
		"mv x y",
		"mkdir x",
		"echo 'v: 2' >y/new.yml",
		"mv y/n x/n",
		"rm -r x && mkdir x && echo 2 >x/b",
		"mv y z && mkdir y && echo 3 >y/new.yml",
		"rm y/new.yml && mkdir y/new.yml",
		"echo 4 >y/new.yml/deep",
		"rmdir nothing 2>/dev/null || true",
		"rm -r y",
		"echo 5 >y && rm y && mkdir -p y/1/2/3/4 && echo 6 >y/1/2/3/4/f",
		"echo 7 >y/1/2/3/4/f",
		"mv y/1/2 x/2 && echo 8 >x/2/3/4/f",
		"ln -s x l",
		"cp -r z x/z && rm -r z",
		"mkdir ..v && echo 9 >..v/f && ln -s ..v ..data",
		"echo 10 >..v/f",
		"mkdir ..w && echo 11 >..w/f && ln -s ..w n && mv -T n ..data",
		"echo 12 >..w/f",
		"rm ..data",
		"echo 13 >x/b",
		"touch x/b && chmod 600 x/b",
		"mv ../any ../other && cp -r ../other ../any",
		"echo 14 >../any/x/b",
		"echo 15 >../any/x/b && echo 16 >../any/x/2/g",
		"rm -r ../any/* && echo 17 >../any/f",
		"for i in $(seq 1500); do echo $i >../any/many$i; done",
		"echo 18 >../any/many7",
		"rm ../any/many*",
	};
	static unsigned changes;
	struct opened o;

	(void)state;
	run("mkdir -p %s/any/x && echo 'v: 0' >%s/any/x/first.yml", base, base);
	open_at(&o, "any");
	assert_int_equal(o.ops->watch(o.b, count, &changes, &o.err), 0);
	/* Asked after each change, then after several: the marks of all of them count. */
	for (size_t every = 1; every <= 3; every++) {
		for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
			run("cd %s/any && { %s; }", base, steps[i]);
			if (i % every == 0)
				expect_revision_as_of_a_fresh_look(&o, "any");
		}
		run("rm -r %s/other %s/any/* %s/any/..?* && mkdir -p %s/any/x && "
		    "echo 'v: 0' >%s/any/x/first.yml",
		    base, base, base, base, base);
	}
	shut(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_inside_are_not_followed),
		cmocka_unit_test(a_volume_of_kubernetes_is_read_through_its_data_link),
		cmocka_unit_test(a_data_link_that_leads_out_is_not_followed),
		cmocka_unit_test(writes_of_one_size_in_one_tick_are_all_seen),
		cmocka_unit_test(a_change_in_one_folder_does_not_read_the_others),
		cmocka_unit_test(after_any_change_the_tree_is_as_a_fresh_look_sees_it),
		cmocka_unit_test(a_file_that_may_not_be_read_fails_its_readers_only),
		cmocka_unit_test(a_file_that_is_too_large_to_be_served_keeps_nobody_waiting)};

	return cmocka_run_group_tests(tests, make, drop);
}
