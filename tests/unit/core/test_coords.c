/* test_coords.c - the rules of names, the spelling of labels, access patterns. */
#include "core/coords.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *name, *app, *profiles, *label;
	int want;
	const char *text;
} cases[] = {
	{"plain names", "payment", "prod", NULL, 0, "payment/prod"},
	{"a label", "payment", "prod", "release-2", 0, "payment/prod/release-2"},
	{"a slash in a label is spelled (_)", "a", "p", "feature(_)x", 0, "a/p/feature(_)x"},
	{"a real slash in a label is the same", "a", "p", "feature/x", 0, "a/p/feature(_)x"},
	{"a list of profiles keeps its order", "a", "prod,eu", NULL, 0, "a/prod,eu"},
	{"eight profiles", "a", "1,2,3,4,5,6,7,8", NULL, 0, "a/1,2,3,4,5,6,7,8"},
	{"nine profiles", "a", "1,2,3,4,5,6,7,8,9", NULL, -EINVAL, NULL},
	{"a profile twice", "a", "eu,prod,eu", NULL, -EINVAL, NULL},
	{"an empty profile in a list", "a", "eu,,prod", NULL, -EINVAL, NULL},
	{"a comma at the end", "a", "eu,", NULL, -EINVAL, NULL},
	{"all signs of a profile", "a", "a-b_c.d+e@f", NULL, 0, "a/a-b_c.d+e@f"},
	{"a profile begins with a sign", "a", "-x", NULL, -EINVAL, NULL},
	{"a profile ends with a sign", "a", "x.", NULL, -EINVAL, NULL},
	{"a blank in a profile", "a", "a b", NULL, -EINVAL, NULL},
	{"an umlaut in a profile", "a", "\xc3\xbc", NULL, -EINVAL, NULL},
	{"an umlaut in an application", "b\xc3\xbc", "p", NULL, 0, "b\xc3\xbc/p"},
	{"an application that is not UTF-8", "b\xff", "p", NULL, -EINVAL, NULL},
	{"dot-dot never escapes", "..", "p", NULL, -EINVAL, NULL},
	{"dot-dot inside a name", "a..b", "p", NULL, -EINVAL, NULL},
	{"a hidden application", ".git", "p", NULL, -EINVAL, NULL},
	{"an application with an at sign first", "@x", "p", NULL, -EINVAL, NULL},
	{"an at sign inside is fine", "a@x", "p", NULL, 0, "a@x/p"},
	{"a slash in an application", "a/b", "p", NULL, -EINVAL, NULL},
	{"a comma in an application", "a,b", "p", NULL, -EINVAL, NULL},
	{"a hash in an application", "a#b", "p", NULL, -EINVAL, NULL},
	{"a control character", "a\nb", "p", NULL, -EINVAL, NULL},
	{"an empty application", "", "p", NULL, -EINVAL, NULL},
	{"a label above the root", "a", "p", "..(_)x", -EINVAL, NULL},
	{"a label that begins with a slash", "a", "p", "(_)x", -EINVAL, NULL},
	{"an empty part in a label", "a", "p", "x(_)(_)y", -EINVAL, NULL},
	{"a hash in a label", "a", "p", "x#y", -EINVAL, NULL},
};

static void test_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
		struct vx_error err = {0};
		int rc = vx_coords_new(cases[i].app, cases[i].profiles, cases[i].label, &at, &err);

		if (rc != cases[i].want || (rc == 0 && strcmp(at->text, cases[i].text) != 0))
			fail_msg("%s: want %d %s, got %d %s", cases[i].name, cases[i].want,
			         cases[i].text, rc, rc == 0 ? at->text : err.msg);
		if (rc < 0 && !err.msg[0])
			fail_msg("%s: no sentence", cases[i].name);
	}
}

static void test_long_names(void **state)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	char name[VX_NAME_BYTES + 2];

	(void)state;
	memset(name, 'a', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(vx_coords_new(name, "p", NULL, &at, NULL), -ENAMETOOLONG);
	assert_int_equal(vx_coords_new("a", name, NULL, &at, NULL), -ENAMETOOLONG);
	name[VX_NAME_BYTES] = '\0';
	assert_int_equal(vx_coords_new(name, "p", name, &at, NULL), 0);
}

static void test_parts(void **state)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	VX_AUTO(vx_coords_free_p) struct vx_coords *copy = NULL;

	(void)state;
	assert_int_equal(vx_coords_new("a", "prod,eu", "x(_)y", &at, NULL), 0);
	assert_int_equal(vx_coords_dup(at, &copy), 0);
	assert_string_equal(copy->app, "a");
	assert_int_equal(copy->n_profiles, 2);
	assert_string_equal(copy->profiles[0], "prod");
	assert_string_equal(copy->profiles[1], "eu");
	assert_string_equal(copy->label, "x/y");
	assert_string_equal(copy->text, at->text);
}

static const struct {
	const char *name, *pattern, *app, *profile, *label;
	bool want;
} patterns[] = {
	{"a bare star matches all", "*", "a", "p", "main", true},
	{"a missing tail is a star", "payment", "payment", "prod", "x/y", true},
	{"a star stops at the slash", "pay*/prod", "payment", "dev", "main", false},
	{"a star in the middle", "p*t/prod", "payment", "prod", "main", true},
	{"two stars in one part", "*ay*n*/*", "payment", "prod", "main", true},
	{"a label with a slash", "*/*/release/*", "a", "p", "release/2", true},
	{"another label", "*/*/release/*", "a", "p", "main", false},
	{"an exact label", "a/p/main", "a", "p", "main", true},
	{"a longer name does not match", "pay", "payment", "p", "main", false},
	{"a shorter name does not match", "payment", "pay", "p", "main", false},
	{"an empty pattern matches nothing", "", "a", "p", "main", false},
	{"some label", "a/p/main", "a", "p", NULL, true},
	{"some label of another profile", "a/q/main", "a", "p", NULL, false},
};

static void test_labels_that_make_no_difference(void **state)
{
	static const struct {
		const char *pattern;
		bool any;
	} all[] = {{"*", true},     {"a/p", true},     {"a/p/*", true},   {"a/p/**", true},
	           {"a/p/", false}, {"a/p/m*", false}, {"a/p/*m", false}, {"*/*/main", false}};

	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (vx_pattern_any_label(all[i].pattern) != all[i].any)
			fail_msg("%s", all[i].pattern);
}

static void test_patterns(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		if (vx_pattern_match(patterns[i].pattern, patterns[i].app, patterns[i].profile,
		                     patterns[i].label) != patterns[i].want)
			fail_msg("%s: %s against %s/%s/%s", patterns[i].name, patterns[i].pattern,
			         patterns[i].app, patterns[i].profile, patterns[i].label);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_long_names),
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_patterns),
		cmocka_unit_test(test_labels_that_make_no_difference),
	};

	return cmocka_run_group_tests_name("coords", tests, NULL, NULL);
}
