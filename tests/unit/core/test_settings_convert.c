/* test_settings_convert.c - durations, sizes, percentages, factors, numbers and booleans. */
#include "tests/unit/core/settings_table.h"

#define REFUSED INT64_MIN

static const struct {
	const char *name;
	const char *key;
	const char *text;
	int64_t want;
} cases[] = {
	{"seconds", "backends.x.refresh", "30s", 30000},
	{"milliseconds", "backends.x.refresh", "500ms", 500},
	{"minutes are not months", "backends.x.refresh", "5m", 300000},
	{"days", "backends.x.refresh", "30d", 2592000000},
	{"units add up", "backends.x.refresh", "1h30m5s1ms", 5405001},
	{"nothing at all, with a unit", "backends.x.refresh", "0s", 0},
	{"units fall", "backends.x.refresh", "30m1h", REFUSED},
	{"a unit once", "backends.x.refresh", "1m1m", REFUSED},
	{"a bare number is refused", "backends.x.refresh", "60", REFUSED},
	{"zero too", "backends.x.refresh", "0", REFUSED},
	{"no blanks", "backends.x.refresh", "5 m", REFUSED},
	{"no sign", "backends.x.refresh", "-5m", REFUSED},
	{"no fraction", "backends.x.refresh", "1.5h", REFUSED},
	{"no unknown unit", "backends.x.refresh", "5min", REFUSED},
	{"a unit without a number", "backends.x.refresh", "m", REFUSED},
	{"an empty text", "backends.x.refresh", "", REFUSED},
	{"more than 64 bits", "backends.x.refresh", "99999999999999999999s", REFUSED},
	{"more than 64 bits of ms", "backends.x.refresh", "9223372036854775807s", REFUSED},
	{"a sum of more than 64 bits", "backends.x.refresh", "106751991167d8h", REFUSED},
	{"bytes", "cache.max_bytes", "4096", 4096},
	{"bytes with their unit", "cache.max_bytes", "4096B", 4096},
	{"binary units", "cache.max_bytes", "64MiB", 64 << 20},
	{"decimal units", "cache.max_bytes", "1GB", 1000000000},
	{"kB in both spellings", "cache.max_bytes", "1KB", 1000},
	{"the bound itself", "cache.max_bytes", "1GiB", 1 << 30},
	{"a byte above the bound", "cache.max_bytes", "1073741825", REFUSED},
	{"an ambiguous unit", "cache.max_bytes", "64M", REFUSED},
	{"a misspelt unit", "cache.max_bytes", "64mib", REFUSED},
	{"a fraction of a size", "cache.max_bytes", "1.5GiB", REFUSED},
	{"a size of more than 64 bits", "cache.max_bytes", "9999999999TiB", REFUSED},
	{"a percentage", "limits.warn", "30%", 3000},
	{"with a decimal", "limits.warn", "1.5%", 150},
	{"with two", "limits.warn", "0.25%", 25},
	{"with three", "limits.warn", "0.125%", REFUSED},
	{"a percentage without its sign", "limits.warn", "30", REFUSED},
	{"a point without digits", "limits.warn", "30.%", REFUSED},
	{"a factor", "limits.growth", "10x", 1000},
	{"a fraction as a factor", "limits.growth", "1.5x", 150},
	{"a factor that is a percentage", "limits.growth", "150%", REFUSED},
	{"a number", "backends.x.pool.max", "7", 7},
	{"a negative number", "backends.x.pool.max", "-7", -7},
	{"a number in another base", "backends.x.pool.max", "0x10", REFUSED},
	{"a fraction as a number", "backends.x.pool.max", "1.0", REFUSED},
	{"a sign alone", "backends.x.pool.max", "-", REFUSED},
	{"true", "cache.enabled", "true", 1},
	{"on, as other languages of configuration have it", "cache.enabled", "on", 1},
	{"NO", "cache.enabled", "NO", 0},
	{"a number is no boolean", "cache.enabled", "1", REFUSED},
};

static int64_t value_of(const struct vx_settings *s, const char *key)
{
	const char *entry = "backends.x.";

	if (strncmp(key, entry, strlen(entry)) == 0)
		return vx_map_int(vx_settings_at(s, "backends", 0), key + strlen(entry));
	if (strcmp(key, "cache.enabled") == 0)
		return vx_settings_bool(s, key);
	return vx_settings_int(s, key);
}

static void test_conversions(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char set[128];
		const char *sets[] = {set, NULL};
		struct run r = {.file = "backends: [{name: x, type: directory}]\n", .sets = sets};

		(void)snprintf(set, sizeof(set), "%s=%s", cases[i].key, cases[i].text);
		run(&r);
		if (cases[i].want == REFUSED
		            ? r.rc != -EINVAL
		            : r.rc != 0 || value_of(r.s, cases[i].key) != cases[i].want)
			fail_msg("%s: '%s' want %lld, got %lld, %d %s", cases[i].name,
			         cases[i].text, (long long)cases[i].want,
			         r.s ? (long long)value_of(r.s, cases[i].key) : 0LL, r.rc,
			         r.err.msg);
		vx_settings_put(r.s);
	}
}

static void test_a_text_with_nul_is_refused(void **state)
{
	struct run r = {.file = "node: {name: \"a\\0b\"}\n"};

	(void)state;
	run(&r);
	assert_int_equal(r.rc, -EINVAL);
	assert_string_equal(r.err.msg, "vortexd.yaml line 1: 'node.name' contains a NUL character");
}

static void test_null_is_empty(void **state)
{
	struct run r = {.file = "node: {name: }\ntree: {warm: , overrides: ~}\n"};
	struct vx_settings *s = loaded(&r);
	const char *const *strings;

	(void)state;
	assert_string_equal(vx_settings_str(s, "node.name"), "");
	assert_int_equal(vx_settings_strings(s, "tree.warm", &strings), 0);
	assert_int_equal(vx_settings_tree(s, "tree.overrides")->n_entries, 0);
	vx_settings_put(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_conversions),
		cmocka_unit_test(test_a_text_with_nul_is_refused),
		cmocka_unit_test(test_null_is_empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
