/* test_settings.c - where vortexd's settings come from, the rules between them, and the files that
 * are made from the table. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "daemon/settings.h"
#include "daemon/settings_rows.h"

#define ENTRIES_MAX 8

/* A directory with etc/, home/.config/vortex/ and xdg/vortex/, and a load that looks nowhere else.
 */
struct place {
	char root[64];
	char *environ[ENTRIES_MAX + 1]; /* ends with NULL */
	struct vx_daemon_settings_from from;
	char etc[128];

	int rc;
	struct vx_settings *s;
	struct vx_error err;
	char warnings[16384];
};

static const char *const all_types[] = {"directory", "git",   "s3",  "sqlite",
                                        "postgres",  "mysql", "peer"};

static void make_dir(const struct place *p, const char *name)
{
	char path[256];

	(void)snprintf(path, sizeof(path), "%s/%s", p->root, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static const char *put_file(const struct place *p, const char *name, const char *text)
{
	static char path[256];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", p->root, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0600), 0);
	return path;
}

static void add_variable(struct place *p, const char *name, const char *below)
{
	size_t i = 0;

	while (p->environ[i])
		i++;
	assert_true(i < ENTRIES_MAX);
	assert_true(asprintf(&p->environ[i], "%s=%s%s", name, p->root, below) > 0);
}

static void init(struct place *p, bool root)
{
	static const char *const dirs[] = {
		"etc", "home", "home/.config", "home/.config/vortex", "xdg", "xdg/vortex"};

	memset(p, 0, sizeof(*p));
	(void)strcpy(p->root, "/tmp/vx-settings-XXXXXX");
	assert_non_null(mkdtemp(p->root));
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		make_dir(p, dirs[i]);
	(void)snprintf(p->etc, sizeof(p->etc), "%s/etc", p->root);
	p->from = (struct vx_daemon_settings_from){
		.environ = p->environ,
		.root = root,
		.types = all_types,
		.n_types = 2,
		.etc = p->etc,
	};
}

static void fini(struct place *p)
{
	static const char *const names[] = {"etc/vortexd.yaml",
	                                    "home/.config/vortex/vortexd.yaml",
	                                    "xdg/vortex/vortexd.yaml",
	                                    "own.yaml",
	                                    "etc",
	                                    "home/.config/vortex",
	                                    "home/.config",
	                                    "home",
	                                    "xdg/vortex",
	                                    "xdg",
	                                    ""};
	char path[256];

	vx_settings_put(p->s);
	for (size_t i = 0; i < ENTRIES_MAX; i++)
		free(p->environ[i]);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", p->root, names[i]);
		(void)remove(path); /* most tests make only some of them */
	}
}

static void keep_warning(void *arg, const char *sentence)
{
	struct place *p = arg;

	assert_true(strlen(p->warnings) + strlen(sentence) + 2 <= sizeof(p->warnings));
	(void)strcat(p->warnings, sentence);
	(void)strcat(p->warnings, "\n");
}

static void load(struct place *p)
{
	vx_settings_put(p->s);
	p->s = NULL;
	p->warnings[0] = '\0';
	p->rc = vx_daemon_settings_load(&p->from, keep_warning, p, &p->s, &p->err);
}

/* Load a file of that text, given with -c. */
static void load_text(struct place *p, const char *text)
{
	p->from.config = put_file(p, "own.yaml", text);
	load(p);
}

static const char *first_path(struct place *p)
{
	if (p->rc != 0)
		fail_msg("refused: %s", p->err.msg);
	return vx_map_str(vx_settings_at(p->s, "backends", 0), "path");
}

#define LOCAL(path) "backends: [{name: local, type: directory, path: " path "}]\n"

static void test_the_first_file_that_exists_is_taken(void **state)
{
	struct place p;

	(void)state;
	init(&p, true);
	add_variable(&p, "HOME", "/home");
	put_file(&p, "home/.config/vortex/vortexd.yaml", LOCAL("/from/home"));
	load(&p);
	assert_string_equal(first_path(&p), "/from/home");

	add_variable(&p, "XDG_CONFIG_HOME", "/xdg");
	put_file(&p, "xdg/vortex/vortexd.yaml", LOCAL("/from/xdg"));
	load(&p);
	assert_string_equal(first_path(&p), "/from/xdg");

	put_file(&p, "etc/vortexd.yaml", LOCAL("/from/etc"));
	load(&p);
	assert_string_equal(first_path(&p), "/from/etc");

	load_text(&p, LOCAL("/from/own"));
	assert_string_equal(first_path(&p), "/from/own");
	fini(&p);
}

static void test_without_a_file_root_serves_etc(void **state)
{
	struct place p;
	char want[256];

	(void)state;
	init(&p, true);
	load(&p);
	(void)snprintf(want, sizeof(want), "%s/config", p.etc);
	assert_string_equal(first_path(&p), want);
	assert_string_equal(vx_settings_str(p.s, "state.path"), "/var/lib/vortex");
	assert_string_equal(vx_settings_str(p.s, "mount.path"), "/vortex");
	assert_string_equal(vx_settings_str(p.s, "http.socket"), "/run/vortex/api.sock");
	assert_string_equal(p.warnings, "");
	fini(&p);
}

static void test_without_a_file_a_user_serves_the_folder_at_hand(void **state)
{
	struct place p;
	char want[256];

	(void)state;
	init(&p, false);
	add_variable(&p, "HOME", "/home");
	add_variable(&p, "XDG_RUNTIME_DIR", "/xdg");
	load(&p);
	assert_string_equal(first_path(&p), "./config");
	(void)snprintf(want, sizeof(want), "%s/home/.local/state/vortex", p.root);
	assert_string_equal(vx_settings_str(p.s, "state.path"), want);
	(void)snprintf(want, sizeof(want), "%s/xdg/vortex/mnt", p.root);
	assert_string_equal(vx_settings_str(p.s, "mount.path"), want);
	(void)snprintf(want, sizeof(want), "%s/xdg/vortex/api.sock", p.root);
	assert_string_equal(vx_settings_str(p.s, "http.socket"), want);

	add_variable(&p, "XDG_STATE_HOME", "/state");
	load(&p);
	(void)snprintf(want, sizeof(want), "%s/state/vortex", p.root);
	assert_string_equal(vx_settings_str(p.s, "state.path"), want);
	fini(&p);
}

static void test_a_user_can_still_say_otherwise(void **state)
{
	const char *sets[] = {"mount.path=/elsewhere"};
	struct place p;

	(void)state;
	init(&p, false);
	add_variable(&p, "HOME", "/home");
	add_variable(&p, "XDG_RUNTIME_DIR", "/xdg");
	p.from.sets = sets;
	p.from.n_sets = 1;
	load_text(&p, LOCAL("/x") "state: {path: /from/file}\n");
	assert_int_equal(p.rc, 0);
	assert_string_equal(vx_settings_str(p.s, "state.path"), "/from/file");
	assert_string_equal(vx_settings_str(p.s, "mount.path"), "/elsewhere");
	fini(&p);
}

static void test_a_missing_file_is_an_error_only_with_c(void **state)
{
	struct place p;

	(void)state;
	init(&p, true);
	p.from.config = "/does/not/exist.yaml";
	load(&p);
	assert_int_equal(p.rc, -ENOENT);
	assert_string_equal(p.err.msg,
	                    "settings file /does/not/exist.yaml: No such file or directory");
	fini(&p);
}

static void test_a_file_has_a_bound(void **state)
{
	static char big[(1 << 20) + 2];
	struct place p;
	char want[256];

	(void)state;
	init(&p, true);
	memset(big, '#', sizeof(big) - 1);
	load_text(&p, big);
	assert_int_equal(p.rc, -E2BIG);
	(void)snprintf(want, sizeof(want), "settings file %s is larger than 1 MiB", p.from.config);
	assert_string_equal(p.err.msg, want);
	fini(&p);
}

static const struct {
	const char *name;
	const char *text;
	const char *sentence; /* after the file's path */
} refusals[] = {
	{"a file without backends", "cache: {ttl: 60s}\n",
         " has no 'backends'; the least is: backends: [{name: local, type: directory, path: "
         "/etc/vortex/config}]"},
	{"an empty file", "",
         " has no 'backends'; the least is: backends: [{name: local, type: directory, path: "
         "/etc/vortex/config}]"},
	{"two backends of which one has no priority",
         "backends:\n"
         "  - {name: a, type: directory, path: /a}\n"
         "  - {name: b, type: directory, path: /b, priority: 1}\n",
         " line 2: backend 'a' has no 'priority', which is required with two or more backends; the "
         "higher one wins"},
	{"two backends of one priority",
         "backends:\n"
         "  - {name: a, type: directory, path: /a, priority: 1}\n"
         "  - {name: b, type: directory, path: /b, priority: 1}\n",
         " line 3: backends 'a' and 'b' have the same priority 1; it decides which one wins"},
	{"a type that is not built in", "backends: [{name: o, type: s3, bucket: c}]\n",
         " line 1: backend 'o' has the type 's3', which is not built in; this build has: "
         "directory, git"},
	{"a type that does not exist", "backends: [{name: o, type: gti, uri: c}]\n",
         " line 1: there is no type 'gti'; 'backends.o.uri' is a setting of: git"},
	{"a pool whose bounds are swapped",
         "backends: [{name: o, type: git, uri: c, pool: {min: 9, max: 2}}]\n",
         " line 1: backend 'o' has a pool.min above pool.max"},
	{"git without its uri", "backends: [{name: o, type: git}]\n",
         " line 1: 'backends.o.uri' is missing: The repository: a local path or file://, read "
         "in place and watched, or a remote one (https://HOST/PATH, ssh://USER@HOST/PATH, "
         "USER@HOST:PATH, http://HOST/PATH), which is mirrored in state.path and asked every "
         "`refresh`."},
	{"a bound of the table", LOCAL("/x") "log: {level: loud}\n",
         " line 2: 'log.level' is 'loud'; it must be one of debug | info | warn | error"},
};

static void test_refusals(void **state)
{
	struct place p;

	(void)state;
	init(&p, true);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		char want[VX_ERROR_MAX];

		load_text(&p, refusals[i].text);
		(void)snprintf(want, sizeof(want), "%s%s", p.from.config, refusals[i].sentence);
		if (p.rc != -EINVAL || strcmp(p.err.msg, want) != 0)
			fail_msg("%s: want \"%s\", got %d \"%s\"", refusals[i].name, want, p.rc,
			         p.err.msg);
	}
	fini(&p);
}

static void test_a_disabled_backend_may_have_any_type(void **state)
{
	struct place p;

	(void)state;
	init(&p, true);
	load_text(&p, "backends:\n- {name: o, type: s3, priority: 1, bucket: c, enabled: false}\n"
	              "- {name: d, type: directory, priority: 2, path: /x}\n");
	assert_int_equal(p.rc, 0);
	fini(&p);
}

static void test_a_section_that_is_not_built_in_warns_once(void **state)
{
	struct place p;
	char want[1024];

	(void)state;
	init(&p, true);
	load_text(&p, LOCAL("/x") "fleet: {batch: 1s, grace: 1s}\n"
	                          "policies: [{match: 'a/*', policy: gated}, {match: 'b/*'}]\n");
	assert_int_equal(p.rc, 0);
	(void)snprintf(want, sizeof(want),
	               "%s line 2: 'fleet' is not built in: ignored\n"
	               "%s line 3: 'policies' is not built in: ignored\n",
	               p.from.config, p.from.config);
	assert_string_equal(p.warnings, want);
	fini(&p);
}

/* --- the table and what is made from it --- */

static void test_rows_belong_to_sections_in_order(void **state)
{
	size_t section = 0;

	(void)state;
	for (size_t i = 0; i < vx_daemon_n_rows; i++) {
		const struct vx_setting_row *row = &vx_daemon_rows[i];
		size_t n = strcspn(row->key, ".[");

		while (section < vx_daemon_n_sections &&
		       (strncmp(vx_daemon_sections[section].name, row->key, n) != 0 ||
		        vx_daemon_sections[section].name[n] != '\0'))
			section++;
		if (section == vx_daemon_n_sections)
			fail_msg("%s stands outside of its section", row->key);
		if (!row->help || row->help[strlen(row->help) - 1] != '.')
			fail_msg("the help of %s is no sentence", row->key);
		if ((row->type == VX_SET_CHOICE) != (row->choices != NULL))
			fail_msg("%s: a choice has choices, and nothing else does", row->key);
	}
}

/* Load @text as a settings file of a build that has everything. */
static void load_example(const char *text)
{
	struct place p;

	init(&p, true);
	p.from.n_types = sizeof(all_types) / sizeof(all_types[0]);
	load_text(&p, text);
	if (p.rc != 0)
		fail_msg("%s", p.err.msg);
	fini(&p);
}

static void test_the_example_is_a_settings_file(void **state)
{
	char *text = vx_settings_reference(VX_REFERENCE_EXAMPLE);

	(void)state;
	assert_non_null(text);
	load_example(text);
	free(text);
}

/* Settings are commented out with a # alone, prose with a # and a blank. */
static void test_everything_in_the_example_can_be_switched_on(void **state)
{
	char *text = vx_settings_reference(VX_REFERENCE_EXAMPLE);
	char *to = text;
	bool at_start = true;

	(void)state;
	assert_non_null(text);
	for (const char *from = text; *from; from++) {
		bool prose = from[1] == ' ' && from[2] != ' ';

		if (!(at_start && *from == '#' && !prose))
			*to++ = *from;
		at_start = *from == '\n';
	}
	*to = '\0';
	assert_non_null(strstr(text, "\n  ttl: 300s\n"));
	load_example(text);
	free(text);
}

static void test_the_reference_names_every_setting(void **state)
{
	char *page = vx_settings_reference(VX_REFERENCE_MARKDOWN);
	char *man = vx_settings_reference(VX_REFERENCE_MAN);

	(void)state;
	assert_non_null(page);
	assert_non_null(man);
	for (size_t i = 0; i < vx_daemon_n_rows; i++) {
		char line[128];

		(void)snprintf(line, sizeof(line), "\n| `%s` | ", vx_daemon_rows[i].key);
		assert_non_null(strstr(page, line));
		(void)snprintf(line, sizeof(line), "\n.TP\n.B %s\n", vx_daemon_rows[i].key);
		assert_non_null(strstr(man, line));
	}
	free(page);
	free(man);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_first_file_that_exists_is_taken),
		cmocka_unit_test(test_without_a_file_root_serves_etc),
		cmocka_unit_test(test_without_a_file_a_user_serves_the_folder_at_hand),
		cmocka_unit_test(test_a_user_can_still_say_otherwise),
		cmocka_unit_test(test_a_missing_file_is_an_error_only_with_c),
		cmocka_unit_test(test_a_file_has_a_bound),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_a_disabled_backend_may_have_any_type),
		cmocka_unit_test(test_a_section_that_is_not_built_in_warns_once),
		cmocka_unit_test(test_rows_belong_to_sections_in_order),
		cmocka_unit_test(test_the_example_is_a_settings_file),
		cmocka_unit_test(test_everything_in_the_example_can_be_switched_on),
		cmocka_unit_test(test_the_reference_names_every_setting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
