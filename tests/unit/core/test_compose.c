/* test_compose.c - from layers to a snapshot: what composing adds to merging and resolving. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/compose.h"
#include "tests/unit/core/layers.h"

/* Two backends for `foo`, and `db`, which it may import. */
struct world {
	struct vx_layers *foo[2]; /* "low" and "high" */
	struct vx_layers *db[1];
};

static void world_init(struct world *w)
{
	w->foo[0] = vx_layers_new("low", "r1");
	w->foo[1] = vx_layers_new("high", "r2");
	w->db[0] = vx_layers_new("low", "r1");
	w->db[0]->app_known = true;
	add_doc(w->db[0], "db.yml", "{db: 1, shared: 'db'}");
}

static int get(void *arg, const struct vx_coords *at, struct vx_layer_set *ret,
               struct vx_error *err)
{
	struct world *w = arg;

	(void)err;
	if (strcmp(at->app, "foo") == 0)
		*ret = (struct vx_layer_set){w->foo, 2};
	else
		*ret = (struct vx_layer_set){w->db, 1};
	return 0;
}

/* Compose and let go of everything but the snapshot. */
static int compose(struct world *w, const struct vx_value *overrides, struct vx_snapshot **ret,
                   struct vx_error *err)
{
	struct vx_compose_options options = {.overrides = overrides};
	struct vx_resolved *r = NULL;
	struct vx_coords *at;
	int rc;

	assert_int_equal(vx_coords_new("foo", "p", NULL, &at, NULL), 0);
	assert_int_equal(vx_resolve(at, get, w, &r, err), 0);
	rc = vx_compose(r, &options, ret, err);
	vx_resolved_put(r);
	vx_coords_free(at);
	vx_layers_put(w->foo[0]);
	vx_layers_put(w->foo[1]);
	vx_layers_put(w->db[0]);
	return rc;
}

/* clang-format off */
static const struct {
	const char *name, *low, *high, *overrides, *want;
} cases[] = {
	{"3.1 a higher backend wins", "{a: 1, b: 1}", "{a: 2}", NULL, "{a:2,b:1}"},
	{"3.7 overrides win over everything", "{a: 1}", "{a: 2}", "{a: 3, z: 1}", "{a:3,z:1}"},
	{"7.2 imports rank below", "{vortex.imports: 'db', shared: 'foo'}", "{}", NULL,
	 "{db:1,shared:'foo'}"},
	{"7.1 the key and an empty vortex are removed", "{vortex.imports: []}", "{a: 1}", NULL,
	 "{a:1}"},
	{"7.1 what stands beside it stays", "{vortex: {imports: [], x: 1}}", "{}", NULL,
	 "{vortex:{x:1}}"},
	{"7.1 a vortex that was empty anyway stays", "{vortex: {}}", "{}", NULL, "{vortex:{}}"},
	{"7.1 a vortex that is a scalar stays", "{vortex: 'x' {imports: []}}", "{}", NULL,
	 "{vortex:'x'}"},
	{"6.1 placeholders are resolved after merging", "{a: '${b}', b: 1}", "{b: 2}", NULL,
	 "{a:'2',b:2}"},
	{"6.1 overrides take part", "{a: '${b}', b: 1}", "{}", "{b: 3, c: '${b}'}",
	 "{a:'3',b:3,c:'3'}"},
	{"6.1 so do imports", "{vortex.imports: 'db', a: '${db}'}", "{}", NULL,
	 "{db:1,shared:'db',a:'1'}"},
	{"nothing gives an empty map", "{}", "{}", NULL, "{}"},
};
/* clang-format on */

static void test_trees(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		VX_AUTO(vx_snapshot_put_p) struct vx_snapshot *s = NULL;
		VX_AUTO(vx_freep) char *got = NULL;
		struct vx_arena a = VX_ARENA_INIT;
		struct world w;
		int rc;

		world_init(&w);
		add_doc(w.foo[0], "foo.yml", cases[i].low);
		add_doc(w.foo[1], "foo.yml", cases[i].high);
		rc = compose(&w, cases[i].overrides ? tree(&a, cases[i].overrides) : NULL, &s,
		             NULL);
		vx_arena_fini(&a); /* a snapshot outlives the settings, too */
		assert_int_equal(rc, 0);
		got = tree_text(s->root);
		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: want %s, got %s", cases[i].name, cases[i].want, got);
	}
}

static void test_sources(void **state)
{
	static const char *const two[] = {"{a: 1}", "{}", NULL};
	VX_AUTO(vx_snapshot_put_p) struct vx_snapshot *s = NULL;
	struct vx_arena a = VX_ARENA_INIT;
	struct world w;

	(void)state;
	world_init(&w);
	assert_int_equal(vx_layers_add(w.foo[0], "foo.yml", docs_of(two)), 0);
	add_doc(w.foo[1], "foo-p.yml", "{vortex.imports: 'db'}");
	assert_int_equal(compose(&w, tree(&a, "{o: 1}"), &s, NULL), 0);
	assert_string_equal(s->at->text, "foo/p");
	assert_int_equal(s->n_sources, 5); /* also empty documents */
	assert_string_equal(s->sources[0]->path, "db.yml");
	assert_string_equal(s->sources[1]->path, "foo.yml");
	assert_string_equal(s->sources[1]->backend, "low");
	assert_string_equal(s->sources[1]->revision, "r1");
	assert_string_equal(s->sources[3]->backend, "high");
	assert_string_equal(s->sources[4]->backend, "overrides");
	assert_string_equal(s->sources[4]->path, "settings");
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(s->sources[i]->rank, i);
	assert_ptr_equal(vx_value_find(s->root, "a")->origin, s->sources[1]);
	assert_int_equal(s->n_imports, 1);
	assert_string_equal(s->imports[0].from, "foo/p");
	assert_string_equal(s->imports[0].to, "db/p");
	assert_int_equal(strlen(s->version), VX_VERSION_DIGITS);
	vx_arena_fini(&a);
}

static void test_plain_files(void **state)
{
	static const struct {
		const char *name, *backend; /* NULL: not there */
	} want[] = {
		{"a.conf", "high"},     {"b/c.pem", "low"},     {"z.conf", "high"},
		{"db.json", "low"},     {"application", "low"}, {"foo.txt", "low"},
		{"sub/foo.yml", "low"}, {"foo.env", NULL},      {"application.toml", NULL},
		{"foo.json", NULL},     {"no", NULL},           {"import.conf", NULL},
	};
	VX_AUTO(vx_snapshot_put_p) struct vx_snapshot *s = NULL;
	struct world w;

	(void)state;
	world_init(&w);
	add_plain(w.db[0], "import.conf", 1); /* imports bring no plain files */
	add_doc(w.foo[0], "foo.yml", "{vortex.imports: 'db'}");
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]) - 2; i++)
		if (strcmp(want[i].name, "z.conf") != 0)
			add_plain(w.foo[0], want[i].name, 1);
	add_plain(w.foo[1], "z.conf", 2);
	add_plain(w.foo[1], "a.conf", 2);
	assert_int_equal(vx_layers_sort_plain(w.foo[0]), 0);
	assert_int_equal(vx_layers_sort_plain(w.foo[1]), 0);
	assert_int_equal(compose(&w, NULL, &s, NULL), 0);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		const struct vx_snapshot_plain *p = vx_snapshot_plain_find(s, want[i].name);
		const char *got = p ? p->backend : NULL;

		if (!got != !want[i].backend || (got && strcmp(got, want[i].backend) != 0))
			fail_msg("%s: want %s, got %s", want[i].name, want[i].backend, got);
	}
	assert_string_equal(vx_snapshot_plain_find(s, "a.conf")->revision, "r2");
	assert_int_equal(s->n_plain, 7);
	for (size_t i = 1; i < s->n_plain; i++)
		assert_true(strcmp(s->plain[i - 1].plain->name, s->plain[i].plain->name) < 0);
	assert_int_equal(s->n_notes, 3); /* 8.5 each hidden one has a note */
	assert_non_null(strstr(s->notes[0].text, "application.toml"));
}

/* clang-format off */
static const struct {
	const char *name, *doc;
	int want;
	const char *sentence;
} errors[] = {
	{"6.6 a cycle", "{a: '${b}', b: '${a}'}", -ELOOP, "a -> b -> a"},
	{"6.6 too large", "{a: '0123456789abcdef', b: "
	 "'${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}${a}'," " c: "
	 "'${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}${b}',"
	 " d: "
	 "'${c}${c}${c}${c}${c}${c}${c}${c}${c}${c}${c}${c}${c}${c}${c}${c}${c}${c}${c}${c}${c}',"
	 " e: '${d}${d}${d}${d}${d}${d}${d}${d}${d}${d}${d}${d}${d}${d}${d}${d}${d}${d}${d}${d}'}",
	 -E2BIG, "larger"},
};
/* clang-format on */

static void test_errors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct vx_snapshot *s = NULL;
		struct vx_error err = {0};
		struct world w;
		int rc;

		world_init(&w);
		add_doc(w.foo[0], "foo.yml", errors[i].doc);
		rc = compose(&w, NULL, &s, &err);
		if (rc != errors[i].want || !strstr(err.msg, errors[i].sentence))
			fail_msg("%s: want %d, got %d %s", errors[i].name, errors[i].want, rc,
			         err.msg);
		assert_null(s);
	}
}

/* clang-format off */
static const struct {
	const char *name, *in;
	size_t len;
	const char *want;
} texts[] = {
	{"6.7 placeholders in UTF-8", "\xc3\xa4 ${a}", 7, "\xc3\xa4 1"},
	{"6.7 other bytes stay", "\xff ${a}", 6, "\xff ${a}"},
	{"6.4 literals", "\\${a}", 5, "${a}"},
	{"a text without any", "\\text", 5, "\\text"},
	{"an empty text", "", 0, ""},
	{"what was resolved is not resolved again", "${lit}", 6, "${a}"},
};
/* clang-format on */

static void test_resolve_text(void **state)
{
	VX_AUTO(vx_snapshot_put_p) struct vx_snapshot *s = NULL;
	struct world w;

	(void)state;
	world_init(&w);
	add_doc(w.foo[0], "foo.yml", "{a: 1, lit: '\\${a}'}");
	assert_int_equal(compose(&w, NULL, &s, NULL), 0);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		VX_AUTO(vx_bytes_put_p) struct vx_bytes *got = NULL;

		assert_int_equal(vx_snapshot_resolve_text(s, texts[i].in, texts[i].len, &got, NULL),
		                 0);
		if (got->len != strlen(texts[i].want) || strcmp(got->data, texts[i].want) != 0)
			fail_msg("%s: want %s, got %s", texts[i].name, texts[i].want, got->data);
	}
}

static void test_counting(void **state)
{
	VX_AUTO(vx_snapshot_put_p) struct vx_snapshot *s = NULL;
	struct world w;

	(void)state;
	world_init(&w);
	add_doc(w.foo[0], "foo.yml", "{a: 1}");
	assert_int_equal(compose(&w, NULL, &s, NULL), 0);
	vx_snapshot_put(vx_snapshot_ref(s));
	assert_string_equal(vx_value_find(s->root, "a")->text, "1");
	vx_snapshot_put(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trees),        cmocka_unit_test(test_sources),
		cmocka_unit_test(test_plain_files),  cmocka_unit_test(test_errors),
		cmocka_unit_test(test_resolve_text), cmocka_unit_test(test_counting),
	};

	return cmocka_run_group_tests_name("compose", tests, NULL, NULL);
}
