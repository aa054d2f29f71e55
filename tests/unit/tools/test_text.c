/* test_text.c - the words of vortexctl's answers, and exit codes from the names of errors. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "tools/vortexctl/answer.h"
#include "tools/vortexctl/text.h"

static void want(struct vx_buf *got, const char *text)
{
	assert_string_equal(got->data ? got->data : "", text);
	vx_buf_fini(got);
}

static void test_a_value_cannot_command_the_terminal(void **state)
{
	struct vx_buf b = VX_BUF_INIT;

	(void)state;
	vx_ctl_put(&b, "a\nb\tc\033[31m\x7f\xc2\x9b"
	               "1m é €");
	want(&b, "a\\nb\\tc\\x1b[31m\\x7f\\x9b1m é €");
	vx_ctl_put(&b, NULL);
	want(&b, "");
}

static void test_durations(void **state)
{
	static const struct {
		double seconds;
		const char *want;
	} cases[] = {{-3, "0 s"},      {0, "0 s"},        {119, "119 s"},
	             {120, "2 min"},   {7199, "120 min"}, {7200, "2 h"},
	             {172799, "48 h"}, {172800, "2 d"},   {86400.0 * 400, "400 d"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vx_buf b = VX_BUF_INIT;

		vx_ctl_put_duration(&b, cases[i].seconds);
		want(&b, cases[i].want);
	}
}

static void test_ages(void **state)
{
	struct vx_buf b = VX_BUF_INIT;
	char text[64];
	time_t then = time(NULL) - 3 * 86400;
	struct tm tm;

	(void)state;
	assert_non_null(gmtime_r(&then, &tm));
	assert_int_not_equal(strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm), 0);
	vx_ctl_put_ago(&b, text);
	want(&b, "3 d ago");
	vx_ctl_put_ago(&b, NULL);
	want(&b, "-");
	vx_ctl_put_ago(&b, "yesterday");
	want(&b, "yesterday");
}

static void test_origins(void **state)
{
	static const struct {
		const char *json, *want;
	} cases[] = {
		{"{\"backend\": \"repo\", \"path\": \"a.yml\", \"line\": 3, \"revision\": "
	         "\"4f1c2e7a9b4f1c2e7a9b4f1c2e7a9b4f1c2e7a9b\"}",
	         "a.yml:3 of repo at 4f1c2e7"},
		{"{\"backend\": \"local\", \"path\": \"a.yml\", \"revision\": null}",
	         "a.yml of local"},
		{"{\"path\": \"a.yml\", \"line\": 0, \"revision\": \"v1\"}", "a.yml at v1"},
		{"{}", "the settings"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vx_buf b = VX_BUF_INIT;
		json_t *from = json_loads(cases[i].json, 0, NULL);

		vx_ctl_put_origin(&b, from);
		json_decref(from);
		want(&b, cases[i].want);
	}
}

static void test_exit_codes_from_the_names_of_errors(void **state)
{
	static const struct {
		const char *name;
		int want;
	} cases[] = {{"EINVAL", VX_CTL_USAGE},          {"ENOENT", VX_CTL_NOT_FOUND},
	             {"EACCES", VX_CTL_DENIED},         {"EBUSY", VX_CTL_CONFLICT},
	             {"ESTALE", VX_CTL_CONFLICT},       {"EBADMSG", VX_CTL_NOT_COMPOSED},
	             {"ELOOP", VX_CTL_NOT_COMPOSED},    {"EAGAIN", VX_CTL_NOT_COMPOSED},
	             {"ETIMEDOUT", VX_CTL_TIMEOUT},     {"EROFS", VX_CTL_NOT_COMPOSED},
	             {"ENONSENSE", VX_CTL_NOT_COMPOSED}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_int_equal(vx_ctl_exit_of(vx_ctl_errno_of(cases[i].name)), cases[i].want);
	assert_int_equal(vx_ctl_exit_of(-ENOTCONN), VX_CTL_UNREACHABLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_value_cannot_command_the_terminal),
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_ages),
		cmocka_unit_test(test_origins),
		cmocka_unit_test(test_exit_codes_from_the_names_of_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
