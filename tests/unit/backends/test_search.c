/* test_search.c - search paths: what is one, and which folders it can mean. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "backends/search.h"

static void paths_are_checked_and_normalised(void **state)
{
	static const struct {
		const char *name, *path;
		int rc;
		const char *want;
	} cases[] = {
		{"a plain path", "apps/shared", 0, "apps/shared"},
		{"slashes that mean nothing", "/apps//shared/", 0, "apps/shared"},
		{"the root by its slash", "/", 0, ""},
		{"the root by a dot", "./", 0, ""},
		{"a dot inside", "apps/./x", 0, "apps/x"},
		{"placeholders", "{application}/{profile}-{label}", 0,
	         "{application}/{profile}-{label}"},
		{"dot-dot never escapes", "apps/../../etc", -EINVAL, NULL},
		{"hidden names are never looked at", "apps/.git", -EINVAL, NULL},
		{"an unknown placeholder", "{app}", -EINVAL, NULL},
		{"a brace alone", "a}b", -EINVAL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vx_arena arena = VX_ARENA_INIT;
		struct vx_error err;
		const char *got = NULL;
		int rc = vx_search_check(&arena, cases[i].path, &got, &err);

		if (rc != cases[i].rc || (rc == 0 && strcmp(got, cases[i].want) != 0))
			fail_msg("%s: '%s': %d '%s'", cases[i].name, cases[i].path, rc,
			         got ? got : "");
		vx_arena_fini(&arena);
	}
}

static void folders_are_matched_and_bound(void **state)
{
	static const struct {
		const char *name, *pattern, *path;
		bool matches;
		const char *app;
	} cases[] = {
		{"the root is itself", "", "", true, NULL},
		{"the root is no folder in it", "", "a", false, NULL},
		{"a name", "apps", "apps", true, NULL},
		{"no beginning of a name", "apps", "apps2", false, NULL},
		{"a placeholder is a whole segment", "{application}", "pay", true, "pay"},
		{"a placeholder stops at a slash", "{application}", "pay/x", false, NULL},
		{"a placeholder is never empty", "a{application}", "a", false, NULL},
		{"text around it", "x-{application}-y", "x-pay-y", true, "pay"},
		{"two segments", "{application}/{profile}", "pay/prod", true, "pay"},
		{"what is bound must be met again", "{application}/{application}", "a/b", false,
	         NULL},
		{"and is met", "{application}/{application}", "a/a", true, "a"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vx_binding b = {0};
		bool got = vx_search_matches(cases[i].pattern, cases[i].path, strlen(cases[i].path),
		                             &b);
		size_t n = cases[i].app ? strlen(cases[i].app) : 0;

		if (got != cases[i].matches || b.app_len != n ||
		    (n && memcmp(b.app, cases[i].app, n) != 0))
			fail_msg("%s", cases[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(paths_are_checked_and_normalised),
	                                   cmocka_unit_test(folders_are_matched_and_bound)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
