/* test_nomem.c - memory that runs out: each allocation of core is made to fail in turn.
 *
 * The linker hands every allocation of core to the functions below (--wrap, see tests.cmake).
 * A scenario is run with its first allocation failing, then its second, and so on until none does:
 * each time it has to answer -ENOMEM, write no output and leak nothing, which the sanitizers see.
 * Once more with everything failing from then on, as when memory really is short.
 * An arena's allocations count one by one, although few of them need a new chunk. Libraries
 * (libyaml, libcrypto) are linked dynamically: their own allocations succeed. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/compare.h"
#include "core/compose.h"
#include "core/render.h"
#include "core/settings.h"

/* Which allocation fails, counted from 0; and whether all later ones do. */
static struct {
	bool armed, and_later, failed;
	size_t at, seen;
} fault;

static bool fails(void)
{
	bool now;

	if (!fault.armed)
		return false;
	now = fault.and_later ? fault.seen >= fault.at : fault.seen == fault.at;
	fault.seen++;
	fault.failed = fault.failed || now;
	return now;
}

void *__real_malloc(size_t n);
void *__wrap_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__real_strndup(const char *s, size_t n);
char *__wrap_strndup(const char *s, size_t n);
int __wrap_asprintf(char **ret, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void *__real_vx_arena_alloc(struct vx_arena *a, size_t n);
void *__wrap_vx_arena_alloc(struct vx_arena *a, size_t n);
char *__real_vx_arena_strndup(struct vx_arena *a, const char *s, size_t n);
char *__wrap_vx_arena_strndup(struct vx_arena *a, const char *s, size_t n);

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
	return fails() ? NULL : __real_reallocarray(p, n, size);
}

char *__wrap_strndup(const char *s, size_t n)
{
	return fails() ? NULL : __real_strndup(s, n);
}

int __wrap_asprintf(char **ret, const char *fmt, ...)
{
	va_list args;
	int n;

	if (fails())
		return -1;
	va_start(args, fmt);
	n = vasprintf(ret, fmt, args);
	va_end(args);
	return n;
}

void *__wrap_vx_arena_alloc(struct vx_arena *a, size_t n)
{
	return fails() ? NULL : __real_vx_arena_alloc(a, n);
}

char *__wrap_vx_arena_strndup(struct vx_arena *a, const char *s, size_t n)
{
	return fails() ? NULL : __real_vx_arena_strndup(a, s, n);
}

/* Run @scenario with each of its allocations failing. */
static void run(const char *name, int (*scenario)(void), bool and_later)
{
	for (size_t n = 0;; n++) {
		int rc;

		fault = (__typeof__(fault)){.armed = true, .and_later = and_later, .at = n};
		rc = scenario();
		fault.armed = false;
		if (rc != (fault.failed ? -ENOMEM : 0))
			fail_msg("%s: allocation %zu %s, got %d", name, n,
			         fault.failed ? "failed" : "and all others succeed", rc);
		if (!fault.failed) {
			assert_true(n > 0);
			return;
		}
	}
}

/* --- a snapshot from documents ---------------------------------------------------------------- */

static int parse(enum vx_format format, const char *text, struct vx_docs **ret)
{
	static const struct vx_doc_limits limits = VX_DOC_LIMITS_DEFAULT;
	int rc = vx_docs_parse(format, text, strlen(text), &limits, ret, NULL);

	vx_assert((rc == 0) == (*ret != NULL));
	return rc;
}

static int add_plain(struct vx_layers *l, const char *name)
{
	unsigned char id[VX_BLOB_ID_BYTES];
	int rc = vx_blob_id(name, strlen(name), id);

	return rc < 0 ? rc : vx_layers_add_plain(l, name, name, strlen(name), id);
}

/* A layer with the documents of @text twice, and three plain files, two of one name. */
static int build(enum vx_format format, const char *text, struct vx_layers **ret)
{
	VX_AUTO(vx_layers_put_p) struct vx_layers *l = vx_layers_new("repo", "1");
	int rc = l ? 0 : -ENOMEM;

	for (int i = 0; i < 2 && rc == 0; i++) {
		struct vx_docs *docs = NULL;

		rc = parse(format, text, &docs);
		if (rc == 0)
			rc = vx_layers_add(l, i ? "app.x" : "application.x", docs);
	}
	if (rc == 0)
		rc = add_plain(l, "b.conf");
	if (rc == 0)
		rc = add_plain(l, "a.conf");
	if (rc == 0)
		rc = add_plain(l, "a.conf");
	if (rc == 0)
		rc = vx_layers_sort_plain(l);
	if (rc < 0)
		return rc;
	l->app_known = true;
	*ret = vx_steal(l);
	return 0;
}

struct world {
	struct vx_layers *app, *other;
};

static int get(void *arg, const struct vx_coords *at, struct vx_layer_set *ret,
               struct vx_error *err)
{
	struct world *w = arg;

	(void)err;
	*ret = (struct vx_layer_set){strcmp(at->app, "app") == 0 ? &w->app : &w->other, 1};
	return 0;
}

static int compose(struct world *w, struct vx_snapshot **ret)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	struct vx_compose_options options = {NULL};
	struct vx_resolved *r = NULL;
	int rc = vx_coords_new("app", "p,q", "x(_)y", &at, NULL);

	if (rc == 0)
		rc = vx_resolve(at, get, w, &r, NULL);
	vx_assert((rc == 0) == (r != NULL));
	if (rc == 0)
		rc = vx_compose(r, &options, ret, NULL);
	vx_assert((rc == 0) == (*ret != NULL));
	vx_resolved_put(r);
	return rc;
}

static int render_each(const struct vx_snapshot *s)
{
	static const char *const graphs[] = {"json", "dot", "svg"};
	int rc = 0;

	for (int out = 0; out < VX_OUTPUTS && rc == 0; out++) {
		VX_AUTO(vx_buf_fini) struct vx_buf notes = VX_BUF_INIT;
		VX_AUTO(vx_bytes_put_p) struct vx_bytes *b = NULL;

		rc = vx_render(s, out, &b, &notes, NULL);
		if (rc == 0 && vx_buf_failed(&notes)) /* the caller's own to look at */
			rc = -ENOMEM;
	}
	for (size_t i = 0; i < 3 && rc == 0; i++) {
		VX_AUTO(vx_bytes_put_p) struct vx_bytes *b = NULL;

		rc = vx_render_graph(s, graphs[i], &b, NULL);
	}
	return rc;
}

static int look_at(const struct vx_snapshot *s)
{
	static const char text[] = "${a.b:none} \\${x}";
	VX_AUTO(vx_arena_fini) struct vx_arena a = VX_ARENA_INIT;
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *origin = NULL;
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *resolved = NULL;
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *key = NULL;
	struct vx_change *changes;
	struct vx_key_name *names;
	size_t n;
	int rc = vx_render_origin(s, &origin, NULL);

	if (rc == 0)
		rc = vx_snapshot_resolve_text(s, text, strlen(text), &resolved, NULL);
	if (rc == 0)
		rc = vx_keys_list(&a, s->root, &names, &n);
	if (rc == 0)
		rc = vx_compare(NULL, s, &a, &changes, &n);
	if (rc == 0)
		key = vx_render_key(vx_value_find(s->root, "a.b"));
	return rc == 0 && !key ? -ENOMEM : rc;
}

static int snapshot(enum vx_format format, const char *text)
{
	VX_AUTO(vx_layers_put_p) struct vx_layers *app = NULL;
	VX_AUTO(vx_layers_put_p) struct vx_layers *other = NULL;
	VX_AUTO(vx_snapshot_put_p) struct vx_snapshot *s = NULL;
	struct world w;
	int rc = build(format, text, &app);

	if (rc == 0)
		rc = build(VX_FORMAT_JSON, "{\"shared\": [1, {\"k\": \"v\"}], \"a\": 0}", &other);
	w = (struct world){app, other};
	if (rc == 0)
		rc = compose(&w, &s);
	if (rc == 0)
		rc = render_each(s);
	return rc == 0 ? look_at(s) : rc;
}

static int yaml(void)
{
	return snapshot(VX_FORMAT_YAML,
	                "vortex.imports: [{application: other, profiles: 'p'}]\n"
	                "base: &b {x: 0o17, y: [1, 2, 3, 4, 5], z: &z '${a.b}'}\n"
	                "a.b: 1\n"
	                "a: both\n"
	                "merged: {<<: [*b, {w: .5}], x: 1}\n"
	                "list: [*b, *z, [], {}, ~]\n"
	                "l[3].k[1]: ${l[0].none:default ${base.z}}\n"
	                "text: |\n  one\n  two\n"
	                "env: {a-b: 1, a.b: 2}\n"
	                "m: {a: 1, b: 2, c: 3, d: 4, e: 5, f: 6, g: 7, h: 8, i: 9, j: 10, k: 11,\n"
	                "    l: 12, m: 13, n: 14, o: 15, p: 16, q: 17, r: 18, s: 19}\n"
	                "---\n"
	                "spring.config.activate.on-profile: [p & !r, (q | s), t]\n"
	                "added: 0x1F\n"
	                "---\n"
	                "- root\n"
	                "- \"\\x01\"\n");
}

static int json(void)
{
	return snapshot(VX_FORMAT_JSON,
	                "{\"vortex.imports\": \"other\", \"a.b\": \"\\u00e4\\ud83d\\ude00\", "
	                "\"n\": [1, -1.5e3, true, null, [], {}], \"l[2].x\": {\"y\": \"${a.b}\"},"
	                "\"s\": \"x\", \"s.t\": {\"u\": 1}, \"spring.profiles\": \"p,q\"}");
}

static int properties(void)
{
	return snapshot(VX_FORMAT_PROPERTIES, "vortex.imports[0]=other\n"
	                                      "a.b=one,\\\n  two\n"
	                                      "\xfc=\xe4\n"
	                                      "l[]=x, y, z\n"
	                                      "m[2].k=\\u00e4\n"
	                                      "s=x\ns.t=${a.b}\n"
	                                      "#---\n"
	                                      "spring.config.activate.on-profile=p,!r\n"
	                                      "added=1\n");
}

/* --- settings --------------------------------------------------------------------------------- */

/* clang-format off */
static const struct vx_setting_row rows[] = {
	{.key = "name", .type = VX_SET_STRING, .help = "A string."},
	{.key = "ttl", .type = VX_SET_DURATION, .def = "1s", .flags = VX_SET_HOT, .help = "A time."},
	{.key = "old", .type = VX_SET_STRING, .replaced_by = "name", .help = "Renamed."},
	{.key = "kind", .type = VX_SET_CHOICE, .def = "x", .choices = "x | y", .help = "A choice."},
	{.key = "list", .type = VX_SET_STRINGS, .help = "A list."},
	{.key = "map", .type = VX_SET_MAP, .help = "A map."},
	{.key = "secret", .type = VX_SET_SECRET, .help = "A secret."},
	{.key = "secrets", .type = VX_SET_SECRETS, .help = "Secrets."},
	{.key = "backends[].name", .type = VX_SET_STRING, .flags = VX_SET_REQUIRED, .help = "A name."},
	{.key = "backends[].uri", .type = VX_SET_STRING, .help = "A place."},
	{.key = "backends[].pool.max", .type = VX_SET_INT, .def = "8", .help = "At most."},
};
/* clang-format on */
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

static void ignore(void *arg, const char *sentence)
{
	(void)arg;
	(void)sentence;
}

static void ignore_change(void *arg, const char *key, bool hot)
{
	(void)arg;
	(void)key;
	(void)hot;
}

static int settings(void)
{
	static const char text[] =
		"old: n\nlist: [a, b]\nmap: {a.b: 1, l: [1, x], a: 2, \n"
		"  a-key-that-a-buffer-has-to-grow-for-because-it-has-more-than-64-bytes: 1}\n"
		"secret: env:VX_TEST_SECRET\nsecrets: [plain, file:/proc/version]\n"
		"backends:\n"
		"  - {name: repo, uri: 'https://u:p@host/', pool: {max: 3}}\n"
		"  - {name: local, uri: /srv}\n";
	static const char *const environment[] = {"VX_TEST_SECRET=s", "VORTEX_TTL=2s",
	                                          "VORTEX_BACKENDS_REPO_URI=/other", "PATH=/bin",
	                                          NULL};
	static const char *const sets[] = {"list=[c, d]", "backends.local.pool.max=4", "kind=y"};
	static const char *const defaults[] = {"ttl=5s"};
	struct vx_settings_source from = {
		.path = "vortexd.yaml",
		.text = text,
		.len = strlen(text),
		.environ = environment,
		.sets = sets,
		.n_sets = 3,
		.defaults = defaults,
		.n_defaults = 1,
	};
	VX_AUTO(vx_settings_put_p) struct vx_settings *s = NULL;
	VX_AUTO(vx_freep) char *printed = NULL;
	int rc = vx_settings_load(rows, N_ROWS, &from, ignore, NULL, &s, NULL);

	vx_assert((rc == 0) == (s != NULL));
	if (rc < 0)
		return rc;
	vx_settings_diff(s, s, ignore_change, NULL);
	printed = vx_settings_print(s);
	return printed ? 0 : -ENOMEM;
}

/* --- the rest --------------------------------------------------------------------------------- */

static int coordinates(void)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	VX_AUTO(vx_coords_free_p) struct vx_coords *copy = NULL;
	int rc = vx_coords_new("app", "p,q", "x(_)y", &at, NULL);

	return rc == 0 ? vx_coords_dup(at, &copy) : rc;
}

/* clang-format off */
static const struct {
	const char *name;
	int (*scenario)(void);
} scenarios[] = {
	{"a snapshot of YAML", yaml},
	{"a snapshot of JSON", json},
	{"a snapshot of properties", properties},
	{"settings", settings},
	{"coordinates", coordinates},
};
/* clang-format on */

static void test_each_allocation(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		run(scenarios[i].name, scenarios[i].scenario, false);
}

static void test_all_from_one_on(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		run(scenarios[i].name, scenarios[i].scenario, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_allocation),
		cmocka_unit_test(test_all_from_one_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
