/* test_git_refs.c - from labels to commits, in a repository that git made. */
#include <errno.h>

#include "tests/unit/backends/open.h"

static char base[64];

/* One commit a name: `main` is missing, so that `master` stands for it. */
static int make(void **state)
{
	(void)state;
	new_folder(base);
	run("cd %s && git init -q r && cd r && export GIT_AUTHOR_DATE=@1700000000 "
	    "GIT_COMMITTER_DATE=@1700000000 && "
	    "c() { git -c user.name=t -c user.email=t@x commit -q --allow-empty -m $1; } && "
	    "git checkout -q -b master && c master && "
	    "git checkout -q -b feature/foo && c feature && "
	    "git checkout -q -b other && c other && "
	    "git checkout -q -b both && c both-branch && git checkout -q other && c both-tag && "
	    "git tag both && c annotated && git -c user.name=t -c user.email=t@x tag -a foo -m x "
	    "&& "
	    "c packed && git branch packed && git pack-refs --all && git tag loose master && "
	    "git tag tree 'master^{tree}' && git symbolic-ref refs/heads/alias refs/heads/master",
	    base);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	run("rm -rf %s", base);
	return 0;
}

/* What git itself says @spec is. */
static void git_says(const char *spec, char ret[VX_REVISION_MAX])
{
	char command[512];
	FILE *git;

	(void)snprintf(command, sizeof(command), "git -C %s/r rev-parse '%s^{commit}'", base, spec);
	git = popen(command, "r");
	assert_non_null(git);
	assert_int_equal(fscanf(git, "%40s", ret), 1);
	assert_int_equal(pclose(git), 0);
}

static void labels_name_commits(void **state)
{
	static const struct {
		const char *name, *label;
		int rc;
		const char *want;
	} cases[] = {
		{"no label is the default, and master stands for main", NULL, 0,
	         "refs/heads/master"},
		{"also where main is asked for", "main", 0, "refs/heads/master"},
		{"a branch with a slash", "feature/foo", 0, "refs/heads/feature/foo"},
		{"a tag is not the branch that ends like it", "foo", 0, "refs/tags/foo"},
		{"a part of a branch's name is no label", "feature", -ENOENT, NULL},
		{"a branch before a tag", "both", 0, "refs/heads/both"},
		{"a packed branch", "packed", 0, "refs/heads/packed"},
		{"a loose tag", "loose", 0, "refs/tags/loose"},
		{"a symbolic branch", "alias", 0, "refs/heads/master"},
		{"a tag of a tree leads to no commit", "tree", -EBADMSG, NULL},
		{"an unknown label", "nowhere", -ENOENT, NULL},
		{"a full reference is no label", "refs/heads/master", -ENOENT, NULL},
		{"an expression is no label", "master~0", -ENOENT, NULL},
		{"digits of no commit", "0123456789abcdef", -ENOENT, NULL},
	};
	struct opened o;
	char entry[256];

	(void)state;
	(void)snprintf(entry, sizeof(entry), "{type: git, name: g, uri: %s/r}", base);
	assert_int_equal(try_open(&o, entry), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char got[VX_REVISION_MAX] = "", want[VX_REVISION_MAX] = "";
		int rc = o.ops->revision(o.b, &o.ctx, cases[i].label, got, &o.err);

		if (cases[i].want)
			git_says(cases[i].want, want);
		if (rc != cases[i].rc || strcmp(got, want) != 0)
			fail_msg("%s: %d '%s', want '%s' %s", cases[i].name, rc, got, want,
			         rc < 0 ? o.err.msg : "");
	}
	shut(&o);
}

static void commits_are_named_by_7_to_40_digits(void **state)
{
	struct opened o;
	char entry[256], full[VX_REVISION_MAX], got[VX_REVISION_MAX], label[VX_REVISION_MAX];

	(void)state;
	(void)snprintf(entry, sizeof(entry), "{type: git, name: g, uri: %s/r}", base);
	assert_int_equal(try_open(&o, entry), 0);
	git_says("feature/foo", full);
	for (int n = 6; n <= 40; n++) {
		(void)snprintf(label, sizeof(label), "%.*s", n, full);
		assert_int_equal(o.ops->revision(o.b, &o.ctx, label, got, &o.err),
		                 n < 7 ? -ENOENT : 0);
		if (n >= 7)
			assert_string_equal(got, full);
	}
	shut(&o);
}

static void what_is_no_repository_says_so(void **state)
{
	static const struct {
		const char *name, *make, *uri;
		int open_rc, rc;
		const char *says;
	} cases[] = {
		{"another host without a state directory", "true", "https://git.example/x.git",
	         -EINVAL, 0, "state directory"},
		{"no uri", "true", "", -EINVAL, 0, "uri"},
		{"nothing there", "true", "%s/none", 0, -EAGAIN, "No such file"},
		{"a folder that is no repository", "mkdir plain", "%s/plain", 0, -EAGAIN,
	         "not a git repository"},
		{"a repository without commits", "git init -q empty", "%s/empty", 0, -ENOENT,
	         "no commits"},
		{"somebody else's repository",
	         "cp -r r foreign && { [ $(id -u) != 0 ] || chown -R 12345 foreign; }",
	         "%s/foreign", 0, 0, ""},
		{"a file:// address", "true", "file://%s/r", 0, 0, ""},
		{"a broken reference", "cp -r r broken && echo xyz >broken/.git/refs/heads/main",
	         "%s/broken", 0, -EBADMSG, "main"},
		{"objects that are gone", "cp -r r gone && rm -rf gone/.git/objects/??", "%s/gone",
	         0, -EBADMSG, "master"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *at = strstr(cases[i].uri, "%s");
		char entry[512], revision[VX_REVISION_MAX];
		struct opened o;
		int rc;

		run("cd %s && %s", base, cases[i].make);
		(void)snprintf(entry, sizeof(entry), "{type: git, name: g, uri: '%.*s%s%s'}",
		               (int)(at ? at - cases[i].uri : (int)strlen(cases[i].uri)),
		               cases[i].uri, at ? base : "", at ? at + 2 : "");
		rc = try_open(&o, entry);
		assert_int_equal(rc, cases[i].open_rc);
		if (rc == 0)
			rc = o.ops->revision(o.b, &o.ctx, NULL, revision, &o.err);
		if (rc != (cases[i].open_rc ? cases[i].open_rc : cases[i].rc) ||
		    (rc < 0 && !strstr(o.err.msg, cases[i].says)))
			fail_msg("%s: %d %s", cases[i].name, rc, o.err.msg);
		shut(&o);
	}
}

/* A repository whose documents and files are links out of it, and a submodule: all that is served is
 * what it holds itself. */
static void links_and_submodules_are_left_out(void **state)
{
	struct vx_layers *layers = NULL;
	struct vx_coords *at = NULL;
	struct vx_bytes *bytes = NULL;
	char entry[128], revision[VX_REVISION_MAX];
	struct opened o;

	(void)state;
	run("cd %s && git init -q l && cd l && git checkout -q -b main && echo 'a: 1' >payment.yml "
	    "&& "
	    "echo plain >plain.txt && ln -s /etc/passwd link.txt && ln -s plain.txt inside.txt && "
	    "ln -s /etc/passwd payment-prod.yml && ln -s /etc etc && git add . && "
	    "git update-index --add --cacheinfo "
	    "160000,0123456789012345678901234567890123456789,sub && "
	    "git -c user.name=t -c user.email=t@x commit -q -m l",
	    base);
	(void)snprintf(entry, sizeof(entry),
	               "{type: git, name: g, uri: %s/l, search_paths: [etc, sub]}", base);
	assert_int_equal(try_open(&o, entry), 0);
	assert_int_equal(vx_coords_new("payment", "prod", NULL, &at, NULL), 0);
	assert_int_equal(o.ops->fetch(o.b, &o.ctx, at, NULL, &layers, &o.err), 0);
	assert_int_equal(layers->n, 1);
	assert_string_equal(layers->layer[0].path, "payment.yml");
	assert_int_equal(layers->profiles_known, 0);
	assert_int_equal(layers->n_plain, 1);
	assert_string_equal(layers->plain[0].name, "plain.txt");
	(void)snprintf(revision, sizeof(revision), "%s", layers->revision);
	assert_int_equal(o.ops->file(o.b, &o.ctx, revision, "link.txt", 1 << 20, &bytes, &o.err),
	                 -ENOENT);
	assert_int_equal(o.ops->file(o.b, &o.ctx, revision, "etc/passwd", 1 << 20, &bytes, &o.err),
	                 -ENOENT);
	assert_int_equal(o.ops->file(o.b, &o.ctx, revision, "sub/x", 1 << 20, &bytes, &o.err),
	                 -ENOENT);
	vx_layers_put(layers);
	vx_coords_free(at);
	shut(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(labels_name_commits),
	                                   cmocka_unit_test(commits_are_named_by_7_to_40_digits),
	                                   cmocka_unit_test(links_and_submodules_are_left_out),
	                                   cmocka_unit_test(what_is_no_repository_says_so)};

	return cmocka_run_group_tests(tests, make, drop);
}
