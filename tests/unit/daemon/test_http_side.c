/* test_http_side.c - the words of a question to the local interface. */
#include "daemon/http/side.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define VERSION "0123456789abcdef0123456789abcdef"

struct side_case {
	const char *name, *text;
	int rc;
	const char *at, *label; /* coordinates' text, decoded label */
	enum vx_side_kind kind;
	const char *backend, *revision;
	uint64_t number;
};

static const struct side_case sides[] = {
	{"coordinates alone", "pay/prod", 0, "pay/prod", NULL, VX_SIDE_SERVED, NULL, NULL, 0},
	{"several profiles", "pay/a,b", 0, "pay/a,b", NULL, VX_SIDE_SERVED, NULL, NULL, 0},
	{"a label", "pay/prod/v2", 0, "pay/prod/v2", "v2", VX_SIDE_SERVED, NULL, NULL, 0},
	{"a label with a slash", "pay/prod/release/2", 0, "pay/prod/release(_)2", "release/2",
         VX_SIDE_SERVED, NULL, NULL, 0},
	{"the same, spelled", "pay/prod/release(_)2", 0, "pay/prod/release(_)2", "release/2",
         VX_SIDE_SERVED, NULL, NULL, 0},
	{"a label that looks like a moment", "pay/prod/x(_)@head", 0, "pay/prod/x(_)@head",
         "x/@head", VX_SIDE_SERVED, NULL, NULL, 0},
	{"a profile with an @", "pay/a@b/v", 0, "pay/a@b/v", "v", VX_SIDE_SERVED, NULL, NULL, 0},
	{"the head", "pay/prod/@head", 0, "pay/prod", NULL, VX_SIDE_HEAD, NULL, NULL, 0},
	{"a label's head", "pay/prod/r/2/@head", 0, "pay/prod/r(_)2", "r/2", VX_SIDE_HEAD, NULL,
         NULL, 0},
	{"a number", "pay/prod/@17", 0, "pay/prod", NULL, VX_SIDE_NUMBER, NULL, NULL, 17},
	{"a version", "pay/prod/@" VERSION, 0, "pay/prod", NULL, VX_SIDE_VERSION, NULL, NULL, 0},
	{"a version of digits alone", "pay/prod/@01234567890123456789012345678901", 0, "pay/prod",
         NULL, VX_SIDE_VERSION, NULL, NULL, 0},
	{"a revision", "pay/prod/@rev:repo:4f1c2e", 0, "pay/prod", NULL, VX_SIDE_REVISION, "repo",
         "4f1c2e", 0},
	{"a branch with a slash", "pay/prod/@rev:repo:feature/x", 0, "pay/prod", NULL,
         VX_SIDE_REVISION, "repo", "feature/x", 0},
	{"a revision of the only backend", "pay/prod/@rev:main", 0, "pay/prod", NULL,
         VX_SIDE_REVISION, NULL, "main", 0},

	{"nothing", "", -EINVAL, NULL, NULL, 0, NULL, NULL, 0},
	{"no profile", "pay", -EINVAL, NULL, NULL, 0, NULL, NULL, 0},
	{"an empty profile", "pay/", -EINVAL, NULL, NULL, 0, NULL, NULL, 0},
	{"an empty label", "pay/prod/", -EINVAL, NULL, NULL, 0, NULL, NULL, 0},
	{"dot-dot", "pay/prod/../etc", -EINVAL, NULL, NULL, 0, NULL, NULL, 0},
	{"no profile before the moment", "pay/@head", -EINVAL, NULL, NULL, 0, NULL, NULL, 0},
	{"an unknown moment", "pay/prod/@then", -EINVAL, NULL, NULL, 0, NULL, NULL, 0},
	{"an empty moment", "pay/prod/@", -EINVAL, NULL, NULL, 0, NULL, NULL, 0},
	{"version 0", "pay/prod/@0", -EINVAL, NULL, NULL, 0, NULL, NULL, 0},
	{"a number that is too large", "pay/prod/@99999999999999999999", -EINVAL, NULL, NULL, 0,
         NULL, NULL, 0},
	{"an empty revision", "pay/prod/@rev:", -EINVAL, NULL, NULL, 0, NULL, NULL, 0},
	{"an empty backend", "pay/prod/@rev::x", -EINVAL, NULL, NULL, 0, NULL, NULL, 0},
	{"a revision that leaves the repository", "pay/prod/@rev:repo:../x", -EINVAL, NULL, NULL, 0,
         NULL, NULL, 0},
	{"a moment without coordinates", "@head", -EINVAL, NULL, NULL, 0, NULL, NULL, 0},
};

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void test_sides(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		const struct side_case *c = &sides[i];
		struct vx_side s = {0};
		struct vx_error err = {0};
		int rc = vx_side_parse(c->text, NULL, &s, &err);

		if (rc != c->rc)
			fail_msg("%s: '%s' gave %d (%s), not %d", c->name, c->text, rc, err.msg,
			         c->rc);
		if (rc < 0) {
			assert_true(err.code == rc && err.msg[0]);
			continue;
		}
		if (!same(s.at->text, c->at) || !same(s.at->label, c->label) || s.kind != c->kind ||
		    !same(s.backend, c->backend) || !same(s.revision, c->revision) ||
		    s.number != c->number)
			fail_msg("%s: '%s' gave %s label %s kind %d %s:%s %llu", c->name, c->text,
			         s.at->text, s.at->label, (int)s.kind, s.backend, s.revision,
			         (unsigned long long)s.number);
		vx_side_fini(&s);
	}
}

static void test_a_moment_alone_takes_the_coordinates_at_hand(void **state)
{
	struct vx_side a = {0}, b = {0};

	(void)state;
	assert_int_equal(vx_side_parse("pay/prod/r(_)2", NULL, &a, NULL), 0);
	assert_int_equal(vx_side_parse("@head", a.at, &b, NULL), 0);
	assert_string_equal(b.at->text, "pay/prod/r(_)2");
	assert_string_equal(b.text, "pay/prod/r(_)2/@head");
	assert_int_equal(b.kind, VX_SIDE_HEAD);
	vx_side_fini(&b);
	assert_int_equal(vx_side_parse("other/dev", a.at, &b, NULL), 0);
	assert_string_equal(b.text, "other/dev");
	vx_side_fini(&b);
	vx_side_fini(&a);
}

static void test_a_version_is_lower_case(void **state)
{
	struct vx_side s = {0};

	(void)state;
	assert_int_equal(vx_side_parse("a/b/@0123456789ABCDEF0123456789abcdef", NULL, &s, NULL), 0);
	assert_string_equal(s.version, VERSION);
	vx_side_fini(&s);
}

static void test_places(void **state)
{
	struct vx_coords *at = NULL;
	const char *key = "";

	(void)state;
	assert_int_equal(vx_place_parse("pay/prod/r(_)2", &at, &key, NULL), 0);
	assert_string_equal(at->text, "pay/prod/r(_)2");
	assert_null(key);
	vx_coords_free(at);
	assert_int_equal(vx_place_parse("pay/prod#a#b[0]", &at, &key, NULL), 0);
	assert_string_equal(at->text, "pay/prod");
	assert_string_equal(key, "a#b[0]");
	vx_coords_free(at);
	assert_int_equal(vx_place_parse("#a", &at, &key, NULL), -EINVAL);
	assert_int_equal(vx_place_parse("", &at, &key, NULL), -EINVAL);
}

static void test_numbers(void **state)
{
	static const struct {
		const char *text;
		int rc;
		uint64_t n;
	} cases[] = {{"1", 0, 1},        {"1000", 0, 1000},
	             {"0", -EINVAL, 0},  {"1001", -EINVAL, 0},
	             {"", -EINVAL, 0},   {"-1", -EINVAL, 0},
	             {"+1", -EINVAL, 0}, {" 1", -EINVAL, 0},
	             {"1x", -EINVAL, 0}, {"18446744073709551617", -EINVAL, 0}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t n = 0;
		int rc = vx_count_parse("limit", cases[i].text, 1, 1000, &n, NULL);

		if (rc != cases[i].rc || n != cases[i].n)
			fail_msg("'%s' gave %d and %llu", cases[i].text, rc, (unsigned long long)n);
	}
}

static void test_keys_below(void **state)
{
	(void)state;
	assert_true(vx_key_below("a.b", ""));
	assert_true(vx_key_below("a.b", "a.b"));
	assert_true(vx_key_below("a.b.c", "a.b"));
	assert_true(vx_key_below("a.b[0].c", "a.b"));
	assert_false(vx_key_below("a.bc", "a.b"));
	assert_false(vx_key_below("a", "a.b"));
}

static void test_stars(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool match;
	} cases[] = {
		{"server.port", "server.port", true},
		{"server.port", "server.ports", false},
		{"*", "", true},
		{"*", "a.b[0]", true},
		{"*.port", "server.port", true},
		{"*.port", "port", false},
		{"a*b*c", "a.b.b.c", true},
		{"a*b*c", "a.b.b.d", false},
		{"a[0].*", "a[0].x", true},
		{"a[0]", "a0", false},
		{"?", "a", false},
		{"?", "?", true},
		{"", "", true},
		{"", "a", false},
		{"a**", "a", true},
		{"*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaa", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (vx_star_match(cases[i].pattern, cases[i].text) != cases[i].match)
			fail_msg("'%s' and '%s'", cases[i].pattern, cases[i].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_a_moment_alone_takes_the_coordinates_at_hand),
		cmocka_unit_test(test_a_version_is_lower_case),
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_keys_below),
		cmocka_unit_test(test_stars),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
