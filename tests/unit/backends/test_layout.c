/* test_layout.c - the rules of docs/composition.md that choose files, each with the tree it needs.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "backends/layout.h"
#include "core/buf.h"

/* A tree written as "path path ..."; `path!prof` is a document that names a profile inside. */
struct tree {
	const char *files;
};

/* Add what @path is to the folder @in: a file of it, or the subfolder that leads to it. */
static void add(struct vx_folder *f, const char *in, const char *path, size_t n)
{
	size_t skip = strlen(in);
	char name[128];
	unsigned char id[VX_BLOB_ID_BYTES];
	size_t len;

	if (skip && (strncmp(path, in, skip) != 0 || path[skip] != '/' || skip >= n))
		return;
	skip += skip != 0;
	len = strcspn(path + skip, "/! ");
	(void)snprintf(name, sizeof(name), "%.*s", (int)len, path + skip);
	assert_int_equal(vx_blob_id(path, n, id), 0);
	if (path[skip + len] != '/')
		assert_int_equal(vx_folder_add_file(f, name, n, id), 0);
	else if (!f->n_dirs || strcmp(f->dirs[f->n_dirs - 1].name, name) != 0)
		assert_int_equal(vx_folder_add_dir(f, name, id), 0);
}

static int folder(const struct vx_source *src, const char *path, bool plain, struct vx_folder **ret,
                  struct vx_error *err)
{
	const struct tree *t = src->arg;
	VX_AUTO(vx_folder_put_p) struct vx_folder *f = vx_folder_new();

	(void)plain;
	for (const char *s = t->files; *s; s += strcspn(s, " "), s += *s == ' ')
		add(f, path, s, strcspn(s, " "));
	if (*path && f->n_files == 0 && f->n_dirs == 0)
		return vx_fail(err, -ENOENT, "no folder");
	assert_int_equal(vx_folder_seal(f, NULL), 0);
	*ret = vx_steal(f);
	return 0;
}

static int read_file(const struct vx_source *src, const char *path, const struct vx_file *file,
                     size_t max, struct vx_bytes **ret, struct vx_error *err)
{
	const struct tree *t = src->arg;
	const char *s = t->files;
	char text[256] = "";

	(void)file;
	(void)max;
	(void)err;
	for (; *s; s += strcspn(s, " "), s += *s == ' ')
		if (strncmp(s, path, strlen(path)) == 0 && s[strlen(path)] == '!')
			(void)snprintf(text, sizeof(text), "spring.profiles: %.*s\n",
			               (int)(strcspn(s, " ") - strlen(path) - 1),
			               s + strlen(path) + 1);
	*ret = vx_bytes_new(text, strlen(text));
	return 0;
}

struct layout_case {
	const char *name;
	const char *search; /* comma list; a leading '^' puts the root first */
	bool label_folders;
	const char *files;
	const char *app, *profiles, *label;
	const char *docs;  /* paths in order */
	const char *plain; /* name=path, by name */
	bool app_known;
	uint32_t profiles_known;
};

static const struct layout_case cases[] = {
	{"base rank, then a rank for each profile in order", "^", false,
         "a-p.yml a-q.yml a.yml application-p.yml application-q.yml application.yml", "a", "q,p",
         "main", "application.yml a.yml application-q.yml a-q.yml application-p.yml a-p.yml", "",
         true, 3},
	{"within a stem yaml, yml, json, properties", "^", false,
         "a.json a.properties a.yaml a.yml", "a", "default", "main",
         "a.yaml a.yml a.json a.properties", "", true, 1},
	{"a profile's file in any location beats a base file in any", "^x", false,
         "a-p.yml x/a.yml", "a", "p", "main", "x/a.yml a-p.yml", "", true, 1},
	{"default loads its documents when asked, and only then", "^", false, "a-default.yml a.yml",
         "a", "default", "main", "a.yml a-default.yml", "", true, 1},
	{"other applications' documents do not show", "^", false, "a.yml b.yml b-p.yml", "a", "p",
         "main", "a.yml", "", true, 0},
	{"application is loaded once for itself", "^", false, "application.yml a.yml",
         "application", "default", "main", "application.yml", "", true, 1},
	{"application always exists", "^", false, "x.txt", "application", "default", "main", "",
         "x.txt=x.txt", true, 1},
	{"an application exists by a profile's document alone", "^", false, "a-p.yml", "a", "q",
         "main", "", "", true, 0},
	{"a beginning of a name is no application", "^", false, "abc.yml", "ab", "p", "main", "",
         "", false, 0},
	{"a profile exists by an activation in a document of ours", "^", false, "a.yml!p b.yml!q",
         "a", "p,q", "main", "a.yml", "", true, 1},
	{"a profile exists by an activation in another profile's document", "^", false, "a-x.yml!p",
         "a", "p", "main", "", "", true, 1},
	{"a json whose stem names no application is plain", "^", false, "a.yml data.json", "a",
         "default", "main", "a.yml", "data.json=data.json", true, 1},
	{"a json of an application is a document", "^", false, "a.yml a-p.json b-p.json b.yml", "a",
         "p", "main", "a.yml a-p.json", "", true, 1},
	{"a json alone makes no application", "^", false, "a.json", "a", "default", "main", "",
         "a.json=a.json", false, 1},
	{"application.json is a document without any other", "^", false, "application.json", "a",
         "default", "main", "application.json", "", false, 1},
	{"a json is a document by a bare one in another location", "^x", false, "a.json x/a.yml",
         "a", "default", "main", "a.json x/a.yml", "", true, 1},
	{"a json of an application that lives in its own folder", "^{application}", false,
         "b-p.json b/b.yml a/a.yml", "a", "default", "main", "a/a.yml", "", true, 1},
	{"below a location nothing is a document", "^", false, "a.yml sub/a.yml", "a", "default",
         "main", "a.yml", "sub/a.yml=sub/a.yml", true, 1},
	{"a profile's plain file shows under the plain name", "^", false,
         "n-p.conf n.conf n-q.conf", "a", "p", "main", "", "n-q.conf=n-q.conf n.conf=n-p.conf",
         false, 0},
	{"the last profile wins among plain files", "^", false, "n-p.conf n-q.conf", "a", "q,p",
         "main", "", "n.conf=n-p.conf", false, 0},
	{"a plain file without an extension", "^", false, "hosts-p hosts", "a", "p", "main", "",
         "hosts=hosts-p", false, 0},
	{"a later location wins over all of an earlier one", "^x", false, "n-p.conf x/n.conf", "a",
         "p", "main", "", "n.conf=x/n.conf", false, 0},
	{"a search location does not show above itself", "^{application}", false,
         "a/t.txt b/t.txt r.txt", "a", "default", "main", "", "r.txt=r.txt t.txt=a/t.txt", false,
         1},
	{"nor does one below another folder", "^apps/{application}", false,
         "apps/a/t.txt apps/b/t.txt apps/r.txt", "a", "default", "main", "",
         "apps/r.txt=apps/r.txt t.txt=apps/a/t.txt", false, 1},
	{"every profile in order in a search path", "^{profile}", false, "p/a.yml q/a.yml", "a",
         "q,p", "main", "q/a.yml p/a.yml", "", true, 0},
	{"two equal paths count once, at the first place", "^x,y,x", false, "x/a.yml y/a.yml", "a",
         "default", "main", "x/a.yml y/a.yml", "", true, 1},
	{"a path that does not exist is skipped", "^none", false, "a.yml", "a", "default", "main",
         "a.yml", "", true, 1},
	{"a directory's search paths are all that is searched", "x", false, "a.yml x/a.yml", "a",
         "default", "main", "x/a.yml", "", true, 1},
	{"a label's folder ranks last", "", true, "a.yml r/a.yml s/a.yml", "a", "default", "r",
         "a.yml r/a.yml", "", true, 1},
	{"a label with a slash", "", true, "r/s/a.yml", "a", "default", "r/s", "r/s/a.yml", "",
         true, 1},
	{"label folders do not show as plain files", "", true, "r/t.txt s/t.txt u.txt", "a",
         "default", "r", "", "t.txt=r/t.txt u.txt=u.txt", false, 1},
	{"names that begin with a dot or an at are never looked at", "^", false, ".a.yml @x a.yml",
         "a", "default", "main", "a.yml", "", true, 1},
};

/* Split @list at its commas into @ret; the number. */
static size_t split(char *list, const char **ret)
{
	size_t n = 0;

	for (char *s = strtok(list, ","); s; s = strtok(NULL, ","))
		ret[n++] = s;
	return n;
}

static void check(const struct layout_case *c, const struct vx_layers *l)
{
	struct vx_buf docs = VX_BUF_INIT, plain = VX_BUF_INIT;

	for (size_t i = 0; i < l->n; i++)
		vx_buf_printf(&docs, "%s%s", i ? " " : "", l->layer[i].path);
	for (size_t i = 0; i < l->n_plain; i++)
		vx_buf_printf(&plain, "%s%s=%s", i ? " " : "", l->plain[i].name, l->plain[i].path);
	if (strcmp(docs.data ? docs.data : "", c->docs) != 0 ||
	    strcmp(plain.data ? plain.data : "", c->plain) != 0 || l->app_known != c->app_known ||
	    l->profiles_known != c->profiles_known)
		fail_msg("%s\n  docs: %s\n  want: %s\n  plain: %s\n  want:  %s\n  app %d %d, "
		         "profiles %x %x",
		         c->name, docs.data ? docs.data : "", c->docs, plain.data ? plain.data : "",
		         c->plain, l->app_known, c->app_known, l->profiles_known,
		         c->profiles_known);
	vx_buf_fini(&docs);
	vx_buf_fini(&plain);
}

static void make(const struct layout_case *c, struct vx_layout *ret)
{
	char search[128];
	const char *paths[8];
	bool root = c->search[0] == '^';

	(void)snprintf(search, sizeof(search), "%s", c->search + root);
	assert_int_equal(vx_layout_init(ret,
	                                &(struct vx_layout_options){paths, split(search, paths),
	                                                            root, c->label_folders},
	                                NULL),
	                 0);
}

static void files_are_chosen_by_the_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct layout_case *c = &cases[i];
		VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
		VX_AUTO(vx_layers_put_p) struct vx_layers *l = vx_layers_new("t", "1");
		struct tree tree = {c->files};
		struct vx_ctx ctx;
		struct vx_source src = {
			&ctx,     vx_doc_cache_new(1 << 20), VX_DOC_LIMITS_DEFAULT, &tree, folder,
			read_file};
		struct vx_layout layout;
		struct vx_error err;

		make(c, &layout);
		vx_ctx_init(&ctx, vx_clock_system(), -1);
		assert_int_equal(vx_coords_new(c->app, c->profiles, NULL, &at, NULL), 0);
		if (vx_layout_fetch(&layout, &src, at, c->label, l, &err) < 0)
			fail_msg("%s: %s", c->name, err.msg);
		check(c, l);
		vx_ctx_fini(&ctx);
		vx_doc_cache_free(src.cache);
		vx_layout_fini(&layout);
	}
}

static void a_change_touches_those_that_would_read_it(void **state)
{
	static const struct {
		const char *name, *search;
		bool label_folders;
		const char *a, *b, *want;
	} diffs[] = {
		{"nothing", "^", false, "a.yml", "a.yml", ""},
		{"a document of one application", "^", false, "a.yml b.yml", "a.yml!x b.yml", "a"},
		{"every application that the stem can mean", "^", false, "a-b-p.yml", "a-b-p.yml!x",
	         "a a-b a-b-p"},
		{"a shared document is everybody's", "^", false, "application-p.yml",
	         "application-p.yml!x", "application"},
		{"a plain file is everybody's", "^", false, "t.txt", "t.txt!x", "application"},
		{"a document in an application's folder is its own", "^{application}", false,
	         "a/application.yml", "a/application.yml!x", "a"},
		{"and a plain file below it", "^{application}", false, "a/s/t.txt", "a/s/t.txt!x",
	         "a"},
		{"a document that came", "^", false, "a.yml", "a.yml b.yml", "b"},
		{"a document that came may make documents of json files", "^", false,
	         "a.yml b.json", "a.yml b.json b.yml", "application"},
		{"what no location shows touches nobody", "x", false, "t.txt x/a.yml",
	         "t.txt!x x/a.yml", ""},
		{"a label that came may concern anybody", "", true, "a.yml", "a.yml r/a.yml", "*"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(diffs) / sizeof(*diffs); i++) {
		struct layout_case c = {.search = diffs[i].search,
		                        .label_folders = diffs[i].label_folders};
		struct tree before = {diffs[i].a}, after = {diffs[i].b};
		struct vx_ctx ctx;
		struct vx_source a = {&ctx,    NULL,   VX_DOC_LIMITS_DEFAULT,
		                      &before, folder, read_file};
		struct vx_source b = {&ctx, NULL, VX_DOC_LIMITS_DEFAULT, &after, folder, read_file};
		struct vx_name_set touched = VX_NAME_SET_INIT;
		struct vx_buf got = VX_BUF_INIT;
		struct vx_layout layout;

		make(&c, &layout);
		vx_ctx_init(&ctx, vx_clock_system(), -1);
		assert_int_equal(vx_layout_diff(&layout, &a, &b, &touched, NULL), 0);
		vx_buf_puts(&got, touched.any ? "*" : "");
		for (size_t k = 0; k < touched.n && !touched.any; k++)
			vx_buf_printf(&got, "%s%s", k ? " " : "", touched.names[k]);
		if (strcmp(got.data, diffs[i].want) != 0)
			fail_msg("%s: '%s', want '%s'", diffs[i].name, got.data, diffs[i].want);
		vx_buf_fini(&got);
		vx_name_set_fini(&touched);
		vx_ctx_fini(&ctx);
		vx_layout_fini(&layout);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_chosen_by_the_rules),
		cmocka_unit_test(a_change_touches_those_that_would_read_it)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
