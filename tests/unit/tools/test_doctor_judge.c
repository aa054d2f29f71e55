/* test_doctor_judge.c - what doctor makes of the clock, of free space, and of a git address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"
#include "tools/vortexctl/doctor_judge.h"

#define NOW INT64_C(1790000000) /* in 2026 */

static void test_clock(void **state)
{
	static const struct {
		const char *name;
		struct doctor_clock clock;
		enum doctor_verdict want;
	} cases[] = {
		{"synchronised", {NOW, 0, true, true}, DOCTOR_OK},
		{"slewed a little", {NOW, 100 * VX_MSEC, true, true}, DOCTOR_OK},
		{"the kernel says nothing", {NOW, 0, false, false}, DOCTOR_OK},
		{"not synchronised", {NOW, 0, false, true}, DOCTOR_NOTE},
		{"set forwards", {NOW, VX_SEC, true, true}, DOCTOR_WARNING},
		{"set backwards", {NOW, -VX_SEC, true, true}, DOCTOR_WARNING},
		{"no battery: 1970", {86400, 0, true, true}, DOCTOR_PROBLEM},
		{"the year before this program",
	         {INT64_C(1735689599), 0, true, true},
	         DOCTOR_PROBLEM},
		{"2100", {INT64_C(4102444800), 0, true, true}, DOCTOR_PROBLEM},
		{"before 1970", {-1, 0, true, true}, DOCTOR_PROBLEM},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *why = NULL, *fix = "";
		enum doctor_verdict got = doctor_judge_clock(&cases[i].clock, &why, &fix);

		if (got != cases[i].want)
			fail_msg("%s: want %d, got %d (%s)", cases[i].name, cases[i].want, got,
			         why);
		assert_non_null(why);
		assert_true((fix == NULL) == (got == DOCTOR_OK));
	}
}

static void test_space(void **state)
{
	const uint64_t mib = 1 << 20;
	const char *why;

	(void)state;
	assert_int_equal(doctor_judge_space(0, 100, &why), DOCTOR_PROBLEM);
	assert_int_equal(doctor_judge_space(mib - 1, 100, &why), DOCTOR_PROBLEM);
	assert_int_equal(doctor_judge_space(1000 * mib, 0, &why), DOCTOR_PROBLEM);
	assert_int_equal(doctor_judge_space(63 * mib, 100, &why), DOCTOR_WARNING);
	assert_int_equal(doctor_judge_space(64 * mib, 100, &why), DOCTOR_OK);
	assert_int_equal(doctor_judge_space(1000 * mib, UINT64_MAX, &why), DOCTOR_OK);
}

static void test_git_host(void **state)
{
	static const struct {
		const char *uri, *host, *port; /* host NULL: on this machine, or not to be read */
	} cases[] = {
		{"https://git.example.org/team/config.git", "git.example.org", "443"},
		{"http://git.example.org:3000/config", "git.example.org", "3000"},
		{"https://user:p@ss:word@git.example.org/config", "git.example.org", "443"},
		{"https://git.example.org", "git.example.org", "443"},
		{"https://git.example.org/a@b:c", "git.example.org", "443"},
		{"https://[::1]:8443/config", "::1", "8443"},
		{"https://[::1]/config", "::1", "443"},
		{"ssh://git@git.example.org:2222/config", "git.example.org", "2222"},
		{"ssh://git.example.org/config", "git.example.org", "22"},
		{"git@git.example.org:team/config.git", "git.example.org", "22"},
		{"git.example.org:team/config.git", "git.example.org", "22"},
		{"/srv/config.git", NULL, NULL},
		{"file:///srv/config.git", NULL, NULL},
		{"./a:b", NULL, NULL},
		{"relative/path", NULL, NULL},
		{"https://", NULL, NULL},
		{"https://host:port/config", NULL, NULL},
		{"https://host:1234567/config", NULL, NULL},
		{"https://[::1/config", NULL, NULL},
		{"", NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char host[256] = "", port[8] = "";
		bool got = doctor_git_host(cases[i].uri, host, port);

		if (got != (cases[i].host != NULL) ||
		    (got && (strcmp(host, cases[i].host) != 0 || strcmp(port, cases[i].port) != 0)))
			fail_msg("'%s': want %s port %s, got %d %s port %s", cases[i].uri,
			         cases[i].host ? cases[i].host : "none",
			         cases[i].port ? cases[i].port : "", got, host, port);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_space),
		cmocka_unit_test(test_git_host),
	};

	return cmocka_run_group_tests_name("doctor_judge", tests, NULL, NULL);
}
