/* test_resolve.c - who takes part: `vortex.imports`, section 7 of the rules. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "core/compose_i.h"
#include "tests/unit/core/layers.h"

/* A world of applications: at each coordinates one document. */
struct app {
	const char *at;
	const char *doc; /* NULL: not known yet; "": the answer is -EACCES */
};

struct world {
	const struct app *apps;
	struct vx_layers *layers[80];
	size_t n;
	struct vx_buf asked; /* each text and a blank */
};

static int get(void *arg, const struct vx_coords *at, struct vx_layer_set *ret,
               struct vx_error *err)
{
	struct world *w = arg;
	const struct app *app = w->apps;
	struct vx_layers *l;

	vx_buf_printf(&w->asked, "%s ", at->text);
	while (app->at && strcmp(app->at, at->text) != 0)
		app++;
	if (app->at && !app->doc)
		return -EINPROGRESS;
	if (app->at && !*app->doc)
		return vx_fail(err, -EACCES, "closed");
	l = w->layers[w->n] = vx_layers_new("repo", "r1");
	assert_non_null(l);
	l->app_known = app->at != NULL;
	if (app->at)
		add_doc(l, "doc.yml", app->doc);
	*ret = (struct vx_layer_set){&w->layers[w->n++], 1};
	return 0;
}

static void world_fini(struct world *w)
{
	for (size_t i = 0; i < w->n; i++)
		vx_layers_put(w->layers[i]);
	vx_buf_fini(&w->asked);
}

/* "lowest ... highest | from>to ...", or the error's sentence. */
static void describe(struct vx_buf *b, const struct vx_resolved *r)
{
	for (size_t i = 0; i < r->n_members; i++)
		vx_buf_printf(b, "%s ", r->members[i].at->text);
	vx_buf_puts(b, "|");
	for (size_t i = 0; i < r->n_imports; i++)
		vx_buf_printf(b, " %s>%s", r->imports[i].from, r->imports[i].to);
}

#define APPS 6
/* clang-format off */
static const struct {
	const char *name;
	struct app apps[APPS]; /* the first is asked for */
	int want_rc;
	const char *want;
} cases[] = {
	{"no imports", {{"foo/p", "{a: 1}"}}, 0, "foo/p |"},
	{"7.1 a scalar", {{"foo/p", "{vortex.imports: 'db'}"}, {"db/p", "{}"}}, 0,
	 "db/p foo/p | foo/p>db/p"},
	{"7.1 null imports nothing", {{"foo/p", "{vortex.imports: ~}"}}, 0, "foo/p |"},
	{"7.1 vortex without imports", {{"foo/p", "{vortex.other: 1}"}}, 0, "foo/p |"},
	{"7.1 an empty list", {{"foo/p", "{vortex.imports: []}"}}, 0, "foo/p |"},
	{"7.2 of two imports the later ranks higher", {{"foo/p", "{vortex.imports: ['a', 'b']}"}, {"a/p",
	 "{}"}, {"b/p", "{}"}}, 0, "a/p b/p foo/p | foo/p>a/p foo/p>b/p"},
	{"7.2 an import's imports are below it", {{"foo/p", "{vortex.imports: 'a'}"}, {"a/p",
	 "{vortex.imports: 'b'}"}, {"b/p", "{}"}}, 0, "b/p a/p foo/p | foo/p>a/p a/p>b/p"},
	{"7.2 imported twice counts at its lowest place", {{"foo/p",
	 "{vortex.imports: ['a', 'b', 'c']}"}, {"a/p", "{vortex.imports: 'c'}"}, {"b/p", "{}"}, {"c/p",
	 "{}"}}, 0, "c/p a/p b/p foo/p | foo/p>a/p a/p>c/p foo/p>b/p foo/p>c/p"},
	{"7.2 the same import twice is one edge", {{"foo/p", "{vortex.imports: ['a', 'a']}"}, {"a/p",
	 "{}"}}, 0, "a/p foo/p | foo/p>a/p"},
	{"7.1 the importer's profiles and label", {{"foo/p,q/v1",
	 "{vortex.imports: [{application: 'a'}]}"}, {"a/p,q/v1", "{}"}}, 0,
	 "a/p,q/v1 foo/p,q/v1 | foo/p,q/v1>a/p,q/v1"},
	{"7.1 a label with a slash goes on", {{"foo/p/v(_)1", "{vortex.imports: ['a']}"}, {"a/p/v(_)1",
	 "{}"}}, 0, "a/p/v(_)1 foo/p/v(_)1 | foo/p/v(_)1>a/p/v(_)1"},
	{"7.1 profiles and label of its own", {{"foo/p",
	 "{vortex.imports: [{application: 'a', profiles: 'x, y', label: 'v2'}]}"}, {"a/x,y/v2",
	 "{}"}}, 0, "a/x,y/v2 foo/p | foo/p>a/x,y/v2"},
	{"7.1 a number is a name, too", {{"foo/p", "{vortex.imports: [7]}"}, {"7/p", "{}"}}, 0,
	 "7/p foo/p | foo/p>7/p"},
	{"the shared documents may be imported", {{"foo/p", "{vortex.imports: 'application'}"}}, 0,
	 "application/p foo/p | foo/p>application/p"},
	{"7.1 another key is refused", {{"foo/p",
	 "{vortex.imports: [{application: 'a', version: 1}]}"}}, -EBADMSG, "version"},
	{"7.1 a map without an application is refused", {{"foo/p",
	 "{vortex.imports: [{label: 'x'}]}"}}, -EBADMSG, "foo/p"},
	{"7.1 a null element is refused", {{"foo/p", "{vortex.imports: [~]}"}}, -EBADMSG, "null"},
	{"7.1 a list in the list is refused", {{"foo/p", "{vortex.imports: [['a']]}"}}, -EBADMSG,
	 "list"},
	{"7.1 a list of profiles is refused", {{"foo/p",
	 "{vortex.imports: [{application: 'a', profiles: ['x']}]}"}}, -EBADMSG, "profiles"},
	{"a name that breaks the rules is refused", {{"foo/p", "{vortex.imports: 'a/b'}"}},
	 -EBADMSG, "a/b"},
	{"7.3 a cycle is named", {{"foo/p", "{vortex.imports: 'a'}"}, {"a/p",
	 "{vortex.imports: 'b'}"}, {"b/p", "{vortex.imports: 'a'}"}}, -ELOOP,
	 "imports form a cycle: a -> b -> a"},
	{"7.3 itself", {{"foo/p", "{vortex.imports: 'foo'}"}}, -ELOOP,
	 "imports form a cycle: foo -> foo"},
	{"7.3 what does not exist is named with its importer", {{"foo/p", "{vortex.imports: 'a'}"},
	 {"a/p", "{vortex.imports: 'gone'}"}}, -ENOENT, "a imports gone, which does not exist"},
	{"an error ends it, and says who imports", {{"foo/p", "{vortex.imports: 'a'}"}, {"a/p",
	 ""}}, -EACCES, "foo imports a: closed"},
	{"an error of the asked one is its own", {{"foo/p", ""}}, -EACCES, "closed"},
	{"all that is not known is asked for in one pass", {{"foo/p",
	 "{vortex.imports: ['a', 'b', 'c']}"}, {"a/p", NULL}, {"b/p", "{vortex.imports: 'd'}"}, {"c/p",
	 NULL}, {"d/p", NULL}}, -EINPROGRESS, "foo/p a/p b/p d/p c/p "},
	{"the asked one is not known", {{"foo/p", NULL}}, -EINPROGRESS, "foo/p "},
};
/* clang-format on */

static struct vx_coords *coords(const char *text)
{
	char *copy = strdup(text), *save, *app = strtok_r(copy, "/", &save);
	char *profiles = strtok_r(NULL, "/", &save), *label = strtok_r(NULL, "", &save);
	struct vx_coords *at;

	assert_int_equal(vx_coords_new(app, profiles, label, &at, NULL), 0);
	free(copy);
	return at;
}

static void test_cases(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct app apps[APPS + 1] = {0};
		struct world w = {.apps = apps};
		VX_AUTO(vx_coords_free_p) struct vx_coords *at = coords(cases[i].apps[0].at);
		struct vx_resolved *r = NULL;
		struct vx_buf got = VX_BUF_INIT;
		struct vx_error err = {0};
		bool same;
		int rc;

		memcpy(apps, cases[i].apps, sizeof(cases[i].apps));
		rc = vx_resolve(at, get, &w, &r, &err);
		if (rc == 0)
			describe(&got, r);
		else
			vx_buf_puts(&got, rc == -EINPROGRESS ? w.asked.data : err.msg);
		same = rc < 0 && rc != -EINPROGRESS ? strstr(got.data, cases[i].want) != NULL
		                                    : strcmp(got.data, cases[i].want) == 0;
		if (rc != cases[i].want_rc || !same)
			fail_msg("%s: want %d %s, got %d %s", cases[i].name, cases[i].want_rc,
			         cases[i].want, rc, got.data);
		vx_buf_fini(&got);
		vx_resolved_put(r);
		world_fini(&w);
	}
}

/* foo imports a0, which imports a1 ... : @n imports in all. */
static int resolve_chain(size_t n)
{
	struct app apps[80] = {{"foo/p", NULL}};
	char texts[80][2][40];
	struct world w = {.apps = apps};
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = coords("foo/p");
	struct vx_resolved *r = NULL;
	struct vx_error err;
	int rc;

	for (size_t i = 0; i <= n; i++) {
		(void)snprintf(texts[i][0], 40, i ? "a%zu/p" : "foo/p", i);
		(void)snprintf(texts[i][1], 40, i < n ? "{vortex.imports: 'a%zu'}" : "{}", i + 1);
		apps[i] = (struct app){texts[i][0], texts[i][1]};
	}
	rc = vx_resolve(at, get, &w, &r, &err);
	if (rc == 0)
		assert_int_equal(r->n_members, n + 1);
	vx_resolved_put(r);
	world_fini(&w);
	return rc;
}

static void test_at_most_64(void **state)
{
	(void)state;
	assert_int_equal(resolve_chain(64), 0);
	assert_int_equal(resolve_chain(65), -E2BIG);
}

static int get_two_backends(void *arg, const struct vx_coords *at, struct vx_layer_set *ret,
                            struct vx_error *err)
{
	struct vx_layers **l = arg;

	(void)err;
	*ret = (struct vx_layer_set){strcmp(at->app, "foo") == 0 ? l : l + 2, 2};
	return 0;
}

/* 7.1 the value in force over all documents and backends counts. */
static void test_merged_value(void **state)
{
	static const char *const twice[] = {"{vortex.imports: ['one']}",
	                                    "{vortex.imports: ['two']}", NULL};
	struct vx_layers *l[4];
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = coords("foo/p");
	struct vx_resolved *r = NULL;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		l[i] = vx_layers_new(i % 2 ? "high" : "low", "r");
		l[i]->app_known = i % 2;
	}
	assert_int_equal(vx_layers_add(l[0], "foo.yml", docs_of(twice)), 0);
	add_doc(l[1], "foo.yml", "{vortex.imports: 'three'}");
	assert_int_equal(vx_resolve(at, get_two_backends, l, &r, NULL), 0);
	assert_int_equal(r->n_members, 2);
	assert_string_equal(r->members[0].at->app, "three");
	for (size_t i = 0; i < 4; i++)
		vx_layers_put(l[i]); /* the resolved set has references of its own */
	assert_string_equal(r->members[1].layers[1]->backend, "high");
	vx_resolved_put(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_at_most_64),
		cmocka_unit_test(test_merged_value),
	};

	return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
