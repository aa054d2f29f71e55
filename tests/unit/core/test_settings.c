/* test_settings.c - getters, sources and their order, warnings, reload and printing. */
#include "tests/unit/core/settings_table.h"

#define GIT "backends: [{name: repo, type: git, uri: /srv/config}]\n"

static void test_without_anything_the_defaults_hold(void **state)
{
	struct run r = {0};
	struct vx_settings *s = loaded(&r);
	const char *const *strings;

	(void)state;
	assert_string_equal(vx_settings_str(s, "node.name"), "");
	assert_true(vx_settings_bool(s, "cache.enabled"));
	assert_int_equal(vx_settings_int(s, "cache.ttl"), 300000);
	assert_int_equal(vx_settings_int(s, "cache.max_bytes"), 64 << 20);
	assert_int_equal(vx_settings_int(s, "limits.warn"), 8000);
	assert_int_equal(vx_settings_int(s, "limits.growth"), 0);
	assert_string_equal(vx_settings_str(s, "log.format"), "text");
	assert_null(vx_settings_tree(s, "tree.overrides"));
	assert_int_equal(vx_settings_strings(s, "tree.warm", &strings), 0);
	assert_int_equal(vx_settings_count(s, "backends"), 0);
	assert_false(vx_settings_given(s, "cache.ttl"));
	assert_string_equal(r.warnings, "");
	vx_settings_put(s);
}

static void test_the_file_is_read(void **state)
{
	struct run r = {.file = "node: {name: a}\n"
	                        "cache.ttl: 1h\n"
	                        "cache:\n"
	                        "  enabled: off\n"
	                        "tree:\n"
	                        "  overrides: {a.b: 1, l: [1, x]}\n"
	                        "  warm: [payment/prod, 5]\n"
	                        "limits:\n"
	                        "backends:\n"
	                        "  - {name: repo, type: git, uri: /srv/config, pool: {max: 3}}\n"
	                        "  - name: local\n"
	                        "    type: directory\n"};
	struct vx_settings *s = loaded(&r);
	const struct vx_settings_map *m;
	const char *const *strings;

	(void)state;
	assert_string_equal(vx_settings_str(s, "node.name"), "a");
	assert_int_equal(vx_settings_int(s, "cache.ttl"), 3600000);
	assert_true(vx_settings_given(s, "cache.ttl"));
	assert_false(vx_settings_bool(s, "cache.enabled"));
	assert_string_equal(vx_value_find(vx_settings_tree(s, "tree.overrides"), "a.b")->text, "1");
	assert_string_equal(vx_value_find(vx_settings_tree(s, "tree.overrides"), "l[1]")->text,
	                    "x");
	assert_int_equal(vx_settings_strings(s, "tree.warm", &strings), 2);
	assert_string_equal(strings[1], "5");
	assert_int_equal(vx_settings_count(s, "backends"), 2);
	m = vx_settings_at(s, "backends", 0);
	assert_string_equal(vx_map_str(m, "name"), "repo");
	assert_string_equal(vx_map_where(m), "vortexd.yaml line 10");
	assert_int_equal(vx_map_int(m, "pool.max"), 3);
	assert_true(vx_map_given(m, "pool.max"));
	m = vx_settings_at(s, "backends", 1);
	assert_int_equal(vx_map_int(m, "refresh"), 30000);
	assert_string_equal(vx_map_str(m, "uri"), "");
	vx_settings_put(s);
}

static void test_set_beats_environment_beats_file_beats_defaults(void **state)
{
	const char *environment[] = {"PATH=/bin", "VORTEX_NODE_NAME=from-environment",
	                             "VORTEX_CACHE_TTL=2s", NULL};
	const char *sets[] = {"cache.ttl=3s", "cache.ttl=4s", NULL};
	const char *defaults[] = {"node.name=from-defaults", "log.format=json", NULL};
	struct run r = {.file = "node: {name: from-file}\ncache: {ttl: 1s, max_bytes: 1}\n",
	                .environ = environment,
	                .sets = sets,
	                .defaults = defaults};
	struct vx_settings *s = loaded(&r);

	(void)state;
	assert_int_equal(vx_settings_int(s, "cache.ttl"), 4000);
	assert_string_equal(vx_settings_str(s, "node.name"), "from-environment");
	assert_int_equal(vx_settings_int(s, "cache.max_bytes"), 1);
	assert_string_equal(vx_settings_str(s, "log.format"), "json");
	assert_false(vx_settings_given(s, "log.format"));
	vx_settings_put(s);
}

static void test_entries_are_changed_by_name_or_position(void **state)
{
	const char *environment[] = {
		"VORTEX_BACKENDS_MY_REPO_URI=/other", "VORTEX_ACCESS_1_MODE=0400",
		"VORTEX_BACKENDS_MY_REPO_POOL_MAX=9", "VORTEX_TREE_WARM=[a/b, c/d]",
		"VORTEX_TREE_OVERRIDES={a: {b: 2}}",  NULL};
	const char *sets[] = {"backends.my-repo.refresh=1m", "access.0.mode=0440", NULL};
	struct run r = {.file = "backends: [{name: my-repo, type: git, uri: /srv/config}]\n"
	                        "access: [{match: a}, {match: b}]\n",
	                .environ = environment,
	                .sets = sets};
	struct vx_settings *s = loaded(&r);
	const struct vx_settings_map *m = vx_settings_at(s, "backends", 0);
	const char *const *strings;

	(void)state;
	assert_string_equal(vx_map_str(m, "uri"), "/other");
	assert_int_equal(vx_map_int(m, "pool.max"), 9);
	assert_int_equal(vx_map_int(m, "refresh"), 60000);
	assert_string_equal(vx_map_str(vx_settings_at(s, "access", 0), "mode"), "0440");
	assert_string_equal(vx_map_str(vx_settings_at(s, "access", 1), "mode"), "0400");
	assert_int_equal(vx_settings_strings(s, "tree.warm", &strings), 2);
	assert_string_equal(strings[1], "c/d");
	assert_string_equal(vx_value_find(vx_settings_tree(s, "tree.overrides"), "a.b")->text, "2");
	assert_string_equal(r.warnings, "");
	vx_settings_put(s);
}

struct refusal {
	const char *name;
	const char *file;
	const char *variable; /* nullable */
	const char *set;      /* nullable */
	const char *sentence;
};

static const struct refusal refusals[] = {
	{"a misspelt key names what was meant", "cache:\n  enabled: true\n\n  tll: 60s\n", NULL,
         NULL, "vortexd.yaml line 4: unknown key 'cache.tll'; did you mean 'cache.ttl'?"},
	{"a misspelt section too", "cahe: {ttl: 60s}\n", NULL, NULL,
         "vortexd.yaml line 1: unknown key 'cahe'; did you mean 'cache'?"},
	{"a misspelt list too", "backend: []\n", NULL, NULL,
         "vortexd.yaml line 1: unknown key 'backend'; did you mean 'backends'?"},
	{"a key outside of its section", "ttl: 60s\n", NULL, NULL,
         "vortexd.yaml line 1: unknown key 'ttl'; did you mean 'cache.ttl'?"},
	{"a key like nothing", "colour: red\n", NULL, NULL,
         "vortexd.yaml line 1: unknown key 'colour'"},
	{"a misspelt key of an entry", "backends:\n  - name: repo\n    type: git\n    urii: /x\n",
         NULL, NULL,
         "vortexd.yaml line 4: unknown key 'backends.repo.urii'; did you mean "
         "'backends.repo.uri'?"},
	{"a bare number is no duration", "cache: {ttl: 60}\n", NULL, NULL,
         "vortexd.yaml line 1: 'cache.ttl' is 60 without a unit; write 60s for seconds (units: "
         "ms, s, m, h, d)"},
	{"above the bounds", "cache: {ttl: 90m}\n", NULL, NULL,
         "vortexd.yaml line 1: 'cache.ttl' is 90m; it must be from 1s to 1h"},
	{"below the bounds", "cache: {ttl: 5ms}\n", NULL, NULL,
         "vortexd.yaml line 1: 'cache.ttl' is 5ms; it must be from 1s to 1h"},
	{"a bound on one side", "limits: {tracks: 0}\n", NULL, NULL,
         "vortexd.yaml line 1: 'limits.tracks' is 0; it must be at least 1"},
	{"a choice lists the choices", "log: {format: xml}\n", NULL, NULL,
         "vortexd.yaml line 1: 'log.format' is 'xml'; it must be one of text | json"},
	{"and the nearest", "log: {format: jsno}\n", NULL, NULL,
         "vortexd.yaml line 1: 'log.format' is 'jsno'; did you mean 'json'? It must be one of "
         "text | json"},
	{"a map where a value belongs", "cache: {ttl: {a: b}}\n", NULL, NULL,
         "vortexd.yaml line 1: 'cache.ttl' is a map; it must be a duration like 30s, 5m or 1h30m "
         "(units: ms, s, m, h, d)"},
	{"a value where a section belongs", "cache: 5\n", NULL, NULL,
         "vortexd.yaml line 1: 'cache' is a int; it must be a section of keys"},
	{"a value where a list belongs", "tree: {warm: a/b}\n", NULL, NULL,
         "vortexd.yaml line 1: 'tree.warm' is a string; it must be a list of strings, like [a, "
         "b]"},
	{"a map in a list of strings", "tree: {warm: [a, {b: c}]}\n", NULL, NULL,
         "vortexd.yaml line 1: 'tree.warm[1]' is a map; it must be a string"},
	{"a list where a map belongs", "tree: {overrides: [a]}\n", NULL, NULL,
         "vortexd.yaml line 1: 'tree.overrides' is a list; it must be a map, like {key: value}"},
	{"a map where a list of entries belongs", "backends: {name: a}\n", NULL, NULL,
         "vortexd.yaml line 1: 'backends' is a map; it must be a list, each entry beginning with "
         "'- '"},
	{"an entry that is no map", "backends:\n  - repo\n", NULL, NULL,
         "vortexd.yaml line 2: 'backends[0]' is a string; an entry is a map, like {name: ...}"},
	{"an entry without its name", "backends:\n  - {type: directory}\n", NULL, NULL,
         "vortexd.yaml line 2: 'backends.0.name' is missing: What it is called."},
	{"what the type requires", "backends:\n  - {name: repo, type: git}\n", NULL, NULL,
         "vortexd.yaml line 2: 'backends.repo.uri' is missing: The repository."},
	{"what another type takes", "backends: [{name: repo, type: git, uri: u, path: p}]\n", NULL,
         NULL,
         "vortexd.yaml line 1: 'backends.repo.path' is not a setting of type 'git', only of: "
         "directory"},

	{"a name that no path can hold", "backends: [{name: a/b, type: directory}]\n", NULL, NULL,
         "vortexd.yaml line 1: 'a/b' is no name for an entry of 'backends'; it must be letters, "
         "digits, '-' and '_', beginning with a letter or digit, at most 64"},
	{"the same name twice",
         "backends:\n  - {name: a, type: directory}\n  - {name: a, type: directory}\n", NULL, NULL,
         "vortexd.yaml line 3: 'backends' has two entries called 'a'; the other is at "
         "vortexd.yaml line 2"},
	{"two documents", "cache: {}\n---\ncache: {}\n", NULL, NULL,
         "vortexd.yaml holds 2 documents; one is read: take out the '---'"},
	{"a root that is no map", "- a\n", NULL, NULL,
         "vortexd.yaml line 1: the file must be a map of settings"},
	{"keys that the documents' parser takes out", "spring: {profiles: a}\n", NULL, NULL,
         "vortexd.yaml: unknown key 'spring'"},
	{"a bad variable is named", "", "VORTEX_CACHE_TTL=60", NULL,
         "VORTEX_CACHE_TTL: 'cache.ttl' is 60 without a unit; write 60s for seconds (units: ms, "
         "s, m, h, d)"},
	{"a list in the environment is YAML flow", "", "VORTEX_TREE_WARM=a/b", NULL,
         "VORTEX_TREE_WARM: 'tree.warm' is a string; it must be a list of strings, like [a, b]"},
	{"broken flow", "", "VORTEX_TREE_WARM=[a", NULL,
         "VORTEX_TREE_WARM: 'tree.warm' is '[a'; it must be a list of strings, like [a, b]"},
	{"a variable of two entries",
         "backends: [{name: a-b, type: directory}, {name: a_b, type: directory}]\n",
         "VORTEX_BACKENDS_A_B_PATH=x", NULL,
         "VORTEX_BACKENDS_A_B_PATH may mean more than one setting, 'backends.a_b.path' among "
         "them; give the entries names that differ in more than '-' and '_'"},
	{"a bad --set is named", "", NULL, "cache.enabled=perhaps",
         "--set cache.enabled: 'cache.enabled' is 'perhaps'; it must be true or false"},
	{"an unknown --set is an error", "", NULL, "cache.tll=1s",
         "--set cache.tll: unknown key; did you mean 'cache.ttl'?"},
	{"--set without a value", "", NULL, "cache.ttl", "--set cache.ttl: it must be KEY=VALUE"},
	{"--set makes no entries", GIT, NULL, "backends=[]",
         "--set backends: entries are made in the settings file only; --set backends.repo.KEY "
         "changes one"},
	{"--set of an entry that is not there", GIT, NULL, "backends.database.dsn=x",
         "--set backends.database.dsn: unknown key; no entry of 'backends' has it (1 in the "
         "settings file)"},
	{"bytes that are no UTF-8", "", NULL, "node.name=\xff",
         "--set node.name: 'node.name' is not valid UTF-8"},
	{"--set does not rename", GIT, NULL, "backends.repo.name=x", NULL},
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *c = &refusals[i];
		char variable[128];
		const char *environment[] = {variable, NULL};
		const char *sets[] = {c->set, NULL};
		struct run r = {
			.file = c->file, .environ = c->variable ? environment : NULL, .sets = sets};

		(void)snprintf(variable, sizeof(variable), "%s", c->variable ? c->variable : "");
		run(&r);
		if (r.rc != -EINVAL || (c->sentence && strcmp(r.err.msg, c->sentence) != 0))
			fail_msg("%s: want \"%s\", got %d \"%s\"", c->name,
			         c->sentence ? c->sentence : "-EINVAL", r.rc, r.err.msg);
		assert_null(r.s);
	}
}

static void test_a_file_that_does_not_parse_names_the_line(void **state)
{
	struct run r = {.file = "cache:\n  ttl: 'open\n"};

	(void)state;
	run(&r);
	assert_int_equal(r.rc, -EINVAL);
	assert_int_equal(strncmp(r.err.msg, "vortexd.yaml line ", 18), 0);
}

static void test_unknown_variables_warn(void **state)
{
	const char *environment[] = {"VORTEX_CACHE_TLL=1s", "VORTEX_QUITE_ANOTHER_THING=1",
	                             "VORTEX_BACKENDS=[]", "VORTEX_BACKENDS_NONE_URI=/x", NULL};
	struct run r = {.file = GIT, .environ = environment};

	(void)state;
	vx_settings_put(loaded(&r));
	assert_string_equal(
		r.warnings,
		"VORTEX_CACHE_TLL names no setting; did you mean VORTEX_CACHE_TTL? Ignored\n"
		"VORTEX_QUITE_ANOTHER_THING names no setting: ignored\n"
		"VORTEX_BACKENDS: entries of 'backends' are never made in the environment; write "
		"them "
		"in the settings file: ignored\n"
		"VORTEX_BACKENDS_NONE_URI names no setting: ignored\n");
}

static void test_what_kubernetes_and_our_tools_set_is_no_news(void **state)
{
	const char *environment[] = {"VORTEX_SERVICE_HOST=10.0.0.1",
	                             "VORTEX_SERVICE_PORT=80",
	                             "VORTEX_SERVICE_PORT_HTTP=80",
	                             "VORTEX_PORT=tcp://10.0.0.1:80",
	                             "VORTEX_PORT_80_TCP=tcp://10.0.0.1:80",
	                             "VORTEX_PORT_80_TCP_PROTO=tcp",
	                             "VORTEX_HOLDER_PORT_80_TCP_ADDR=10.0.0.1",
	                             "VORTEX_INSTANCE=blue",
	                             "VORTEX_SAMPLES=10",
	                             "VORTEX_MOUNT=/vortex",
	                             "VORTEX_SOCKET=/run/vortex/api.sock",
	                             "VORTEX",
	                             "VORTEXES=1",
	                             NULL};
	struct run r = {.environ = environment};

	(void)state;
	vx_settings_put(loaded(&r));
	assert_string_equal(r.warnings, "");
}

static void test_renamed_and_unbuilt_settings_warn(void **state)
{
	struct run r = {.file = "cache:\n"
	                        "  size: 1MiB\n"
	                        "  redis: file:/does/not/exist\n"
	                        "http:\n"
	                        "  listen: ''\n"
	                        "  tls_key: /k\n"};
	struct vx_settings *s = loaded(&r);

	(void)state;
	assert_string_equal(r.warnings,
	                    "vortexd.yaml line 2: 'cache.size' is now called 'cache.max_bytes'\n"
	                    "vortexd.yaml line 3: 'cache.redis' is not built in: ignored\n"
	                    "vortexd.yaml line 5: 'http' is not built in: ignored\n");
	assert_int_equal(vx_settings_int(s, "cache.max_bytes"), 1 << 20);
	vx_settings_put(s);
}

static void keep_change(void *arg, const char *key, bool hot)
{
	char *text = arg;

	(void)sprintf(text + strlen(text), "%s%s\n", key, hot ? " (hot)" : "");
}

static void test_a_reload_hears_of_what_differs(void **state)
{
	struct run a = {.file = "cache: {ttl: 60s, max_bytes: 1MiB}\n"
	                        "tree: {warm: [a, b], overrides: {x: 1}}\n"
	                        "backends:\n"
	                        "  - {name: same, type: directory}\n"
	                        "  - {name: gone, type: directory}\n"
	                        "  - {name: repo, type: git, uri: /a}\n"};
	struct run b = {.file = "cache: {ttl: 1m, max_bytes: 2MiB}\n"
	                        "tree: {warm: [a, c], overrides: {x: 2}}\n"
	                        "log: {format: json}\n"
	                        "backends:\n"
	                        "  - {name: repo, type: git, uri: /b, refresh: 1m}\n"
	                        "  - {name: same, type: directory}\n"
	                        "  - {name: new, type: directory}\n"};
	char changed[512] = "";

	(void)state;
	vx_settings_diff(loaded(&a), loaded(&b), keep_change, changed);
	assert_string_equal(changed, "cache.max_bytes\n"
	                             "tree.overrides\n"
	                             "tree.warm\n"
	                             "log.format (hot)\n"
	                             "backends.gone\n"
	                             "backends.repo.uri\n"
	                             "backends.repo.refresh (hot)\n"
	                             "backends.new\n");
	vx_settings_put(a.s);
	vx_settings_put(b.s);
}

static void test_what_is_printed_names_its_source(void **state)
{
	const char *environment[] = {"VORTEX_CACHE_TTL=60s", NULL};
	const char *sets[] = {"log.format=json", NULL};
	struct run r = {.file = "tree:\n"
	                        "  overrides: {a.b: 'x: y', a: 1, l: [~, true]}\n"
	                        "backends:\n"
	                        "  - name: repo\n"
	                        "    type: git\n"
	                        "    uri: https://me:secret@git.example/c.git\n"
	                        "    pool.max: 3\n"
	                        "  - {name: db, type: postgres, dsn: plain, replicas: [one, two]}\n"
	                        "access: [{match: \"a/*\"}]\n"
	                        "http: {listen: ''}\n",
	                .environ = environment,
	                .sets = sets};
	struct vx_settings *s = loaded(&r);
	char *text = vx_settings_print(s);

	(void)state;
	assert_string_equal(text, "node:\n"
	                          "  name: \"\"  # default\n"
	                          "cache:\n"
	                          "  enabled: true  # default\n"
	                          "  ttl: 60s  # VORTEX_CACHE_TTL\n"
	                          "  max_bytes: 64MiB  # default\n"
	                          "tree:\n"
	                          "  overrides: {\"a\": 1, \"a.b\": \"x: y\", \"l\": [null, true]}"
	                          "  # vortexd.yaml line 2\n"
	                          "  warm: []  # default\n"
	                          "limits:\n"
	                          "  warn: 80%  # default\n"
	                          "  tracks: 100  # default\n"
	                          "backends:\n"
	                          "  - name: \"repo\"  # vortexd.yaml line 4\n"
	                          "    type: git  # vortexd.yaml line 5\n"
	                          "    uri: \"https://me:***@git.example/c.git\"  # vortexd.yaml "
	                          "line 6\n"
	                          "    refresh: 30s  # default\n"
	                          "    pool:\n"
	                          "      max: 3  # vortexd.yaml line 7\n"
	                          "  - name: \"db\"  # vortexd.yaml line 8\n"
	                          "    type: postgres  # vortexd.yaml line 8\n"
	                          "    refresh: 30s  # default\n"
	                          "    pool:\n"
	                          "      max: 8  # default\n"
	                          "    dsn: \"***\"  # vortexd.yaml line 8\n"
	                          "    replicas: [\"***\", \"***\"]  # vortexd.yaml line 8\n"
	                          "access:\n"
	                          "  - match: \"a/*\"  # vortexd.yaml line 9\n"
	                          "    mode: \"0444\"  # default\n"
	                          "http:\n"
	                          "  listen: \"\"  # vortexd.yaml line 10; not built in\n"
	                          "log:\n"
	                          "  format: json  # --set log.format\n");
	free(text);
	vx_settings_put(s);
}

static void test_what_is_printed_can_be_read_again(void **state)
{
	struct run first = {
		.file = "node: {name: \"a\\n# 'b' \\\"c\\\" \\x7f\\u2028\\U0001f600\"}\n"
			"limits: {warn: 1.5%, growth: 1.25x}\n"
			"tree: {overrides: {a: 1, a.b: 2, c: [{d: 'on'}, ~, 1.0]}, warm: ['', 1]}\n"
			"access: [{match: x}, {match: y, mode: '0400'}]\n" GIT};
	struct run again = {0};
	char changed[512] = "";
	char *text;

	(void)state;
	text = vx_settings_print(loaded(&first));
	again.file = text;
	vx_settings_diff(first.s, loaded(&again), keep_change, changed);
	assert_string_equal(changed, "");
	free(text);
	vx_settings_put(first.s);
	vx_settings_put(again.s);
}

/* A key of 200 quotes takes 1202 characters with its escapes: more than readers look ahead for. */
static void test_a_key_of_many_escapes_can_be_read_again(void **state)
{
	struct run first = {0}, again = {0};
	char file[512] = "tree: {overrides: {'", changed[512] = "";
	char *text;

	(void)state;
	memset(file + strlen(file), '"', 200);
	(void)strcat(file, "': 1}}\n");
	first.file = file;
	text = vx_settings_print(loaded(&first));
	again.file = text;
	vx_settings_diff(first.s, loaded(&again), keep_change, changed);
	assert_string_equal(changed, "");
	free(text);
	vx_settings_put(first.s);
	vx_settings_put(again.s);
}

static void test_references_are_counted(void **state)
{
	struct run r = {0};
	struct vx_settings *s = loaded(&r);

	(void)state;
	assert_ptr_equal(vx_settings_ref(s), s);
	vx_settings_put(s);
	assert_true(vx_settings_bool(s, "cache.enabled"));
	vx_settings_put(s);
	vx_settings_put(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_without_anything_the_defaults_hold),
		cmocka_unit_test(test_the_file_is_read),
		cmocka_unit_test(test_set_beats_environment_beats_file_beats_defaults),
		cmocka_unit_test(test_entries_are_changed_by_name_or_position),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_a_file_that_does_not_parse_names_the_line),
		cmocka_unit_test(test_unknown_variables_warn),
		cmocka_unit_test(test_what_kubernetes_and_our_tools_set_is_no_news),
		cmocka_unit_test(test_renamed_and_unbuilt_settings_warn),
		cmocka_unit_test(test_a_reload_hears_of_what_differs),
		cmocka_unit_test(test_what_is_printed_names_its_source),
		cmocka_unit_test(test_what_is_printed_can_be_read_again),
		cmocka_unit_test(test_a_key_of_many_escapes_can_be_read_again),
		cmocka_unit_test(test_references_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
