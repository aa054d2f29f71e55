/* test_settings_secret.c - secrets: read from where they are kept, and never shown. */
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/unit/core/settings_table.h"

/* A file with @n bytes whose name ends up in @ret_path. */
static void make_file(char ret_path[64], const char *bytes, size_t n)
{
	int fd;

	(void)strcpy(ret_path, "/tmp/vx-secret-XXXXXX");
	fd = mkstemp(ret_path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, n), n);
	assert_int_equal(close(fd), 0);
}

/* Load a file whose only secret is the @kind ("file:", "env:", "") followed by @rest. */
static void run_secret(struct run *r, const char *kind, const char *rest)
{
	static char file[256];

	(void)snprintf(file, sizeof(file),
	               "backends: [{name: db, type: postgres,\n  dsn: '%s%s'}]\n", kind, rest);
	r->file = file;
	run(r);
}

static const char *dsn(const struct run *r)
{
	if (r->rc != 0)
		fail_msg("refused: %s", r->err.msg);
	return vx_map_str(vx_settings_at(r->s, "backends", 0), "dsn");
}

static void test_a_secret_is_the_whole_file_but_its_last_newline(void **state)
{
	static const struct {
		const char *bytes, *want;
	} files[] = {
		{"host=db\n", "host=db"},
		{"host=db", "host=db"},
		{"host=db\r\n", "host=db"},
		{" two\nlines \n", " two\nlines "},
	};
	struct run r = {0};
	char path[64];

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		make_file(path, files[i].bytes, strlen(files[i].bytes));
		run_secret(&r, "file:", path);
		assert_int_equal(unlink(path), 0);
		assert_string_equal(dsn(&r), files[i].want);
		assert_string_equal(r.warnings, "");
		vx_settings_put(r.s);
	}
}

static void test_a_secret_comes_from_the_environment(void **state)
{
	const char *environment[] = {"DB=", "DB_DSN=host=db", "DB_OTHER=x", NULL};
	struct run r = {.environ = environment};

	(void)state;
	run_secret(&r, "env:", "DB_DSN");
	assert_string_equal(dsn(&r), "host=db");
	vx_settings_put(r.s);
}

static void refuse(struct run *r, const char *kind, const char *rest, int rc, const char *sentence)
{
	run_secret(r, kind, rest);
	assert_int_equal(r->rc, rc);
	assert_string_equal(r->err.msg, sentence);
}

static void test_what_cannot_be_read_is_refused(void **state)
{
	const char *environment[] = {"EMPTY=", NULL};
	struct run r = {.environ = environment};
	char path[64], sentence[256];

	(void)state;
	refuse(&r, "file:", "/does/not/exist", -EACCES,
	       "vortexd.yaml line 2: 'backends.db.dsn' cannot be read from /does/not/exist: No "
	       "such "
	       "file or directory");
	refuse(&r, "file:", "/tmp", -EACCES,
	       "vortexd.yaml line 2: 'backends.db.dsn' cannot be read from /tmp: Is a directory");
	refuse(&r, "file:", "dsn", -EINVAL,
	       "vortexd.yaml line 2: 'backends.db.dsn' is 'file:dsn'; the path must be absolute");
	refuse(&r, "env:", "UNSET", -EACCES,
	       "vortexd.yaml line 2: 'backends.db.dsn': the variable 'UNSET' is not set");
	refuse(&r, "env:", "EMPTY", -EACCES,
	       "vortexd.yaml line 2: 'backends.db.dsn': the variable EMPTY is empty");

	make_file(path, "\n", 1);
	(void)snprintf(sentence, sizeof(sentence),
	               "vortexd.yaml line 2: 'backends.db.dsn': %s is empty", path);
	refuse(&r, "file:", path, -EACCES, sentence);
	assert_int_equal(unlink(path), 0);

	make_file(path, "a\0b", 3);
	(void)snprintf(sentence, sizeof(sentence),
	               "vortexd.yaml line 2: 'backends.db.dsn': %s contains a NUL character", path);
	refuse(&r, "file:", path, -EACCES, sentence);
	assert_int_equal(unlink(path), 0);
}

static void test_a_secret_has_a_bound(void **state)
{
	static char big[(64 << 10) + 1];
	char path[64], sentence[256];
	struct run r = {0};

	(void)state;
	memset(big, 'x', sizeof(big));
	make_file(path, big, sizeof(big));
	(void)snprintf(sentence, sizeof(sentence),
	               "vortexd.yaml line 2: 'backends.db.dsn': %s is larger than 64KiB", path);
	refuse(&r, "file:", path, -EACCES, sentence);
	assert_int_equal(truncate(path, sizeof(big) - 1), 0);
	run_secret(&r, "file:", path);
	assert_int_equal(strlen(dsn(&r)), sizeof(big) - 1);
	vx_settings_put(r.s);
	assert_int_equal(unlink(path), 0);
}

static void test_a_fifo_does_not_hold_the_start(void **state)
{
	char path[64];
	struct run r = {0};

	(void)state;
	make_file(path, "", 0);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	run_secret(&r, "file:", path);
	assert_int_equal(r.rc, -EACCES);
	assert_int_equal(unlink(path), 0);
}

static void test_plain_text_warns(void **state)
{
	struct run r = {0};

	(void)state;
	run_secret(&r, "", "host=db");
	assert_string_equal(dsn(&r), "host=db");
	assert_string_equal(r.warnings,
	                    "vortexd.yaml line 2: 'backends.db.dsn' is written in plain text; "
	                    "file:PATH or env:NAME keeps it apart\n");
	vx_settings_put(r.s);
}

static void test_plain_text_in_a_public_file_is_refused(void **state)
{
	const char *environment[] = {"VORTEX_BACKENDS_DB_DSN=host=db", NULL};
	struct run r = {.others_read = true};

	(void)state;
	refuse(&r, "", "host=db", -EINVAL,
	       "vortexd.yaml line 2: 'backends.db.dsn' is written in plain text in a file that "
	       "every "
	       "user can read; write file:PATH or env:NAME, or chmod o-r vortexd.yaml");
	/* Where the variable replaces what the file says, it is not the file that shows it. */
	r.environ = environment;
	run_secret(&r, "", "");
	assert_string_equal(dsn(&r), "host=db");
	assert_string_equal(r.warnings,
	                    "VORTEX_BACKENDS_DB_DSN: 'backends.db.dsn' is written in plain text; "
	                    "file:PATH or env:NAME keeps it apart\n");
	vx_settings_put(r.s);
}

static void test_a_password_in_a_url_is_a_secret_too(void **state)
{
	struct run r = {.file = "backends: [{name: r, type: git, uri: 'https://u:p@host/x'}]\n",
	                .others_read = true};

	(void)state;
	run(&r);
	assert_int_equal(r.rc, -EINVAL);
	assert_string_equal(
		r.err.msg,
		"vortexd.yaml line 1: a password in 'backends.r.uri' is written in plain "
		"text in a file that every user can read; write file:PATH or env:NAME, or "
		"chmod o-r vortexd.yaml");
	r.file = "backends: [{name: r, type: git, uri: 'ssh://git@host:22/a:b@c'}]\n";
	vx_settings_put(loaded(&r));
	assert_string_equal(r.warnings, "");
}

static void test_an_empty_secret_is_none(void **state)
{
	struct run r = {.others_read = true};

	(void)state;
	run_secret(&r, "", "");
	assert_string_equal(dsn(&r), "");
	assert_string_equal(r.warnings, "");
	vx_settings_put(r.s);
}

static void test_lists_of_secrets_are_resolved_one_by_one(void **state)
{
	const char *environment[] = {"ONE=first", "TWO=second", NULL};
	struct run r = {
		.file = "backends: [{name: db, type: postgres, replicas: [env:ONE, env:TWO]}]\n",
		.environ = environment};
	const char *const *strings;
	char *text;

	(void)state;
	assert_int_equal(
		vx_map_strings(vx_settings_at(loaded(&r), "backends", 0), "replicas", &strings), 2);
	assert_string_equal(strings[0], "first");
	assert_string_equal(strings[1], "second");
	text = vx_settings_print(r.s);
	assert_null(strstr(text, "first"));
	assert_null(strstr(text, "ONE"));
	free(text);
	vx_settings_put(r.s);
}

static void test_a_broken_list_of_secrets_is_not_repeated(void **state)
{
	const char *environment[] = {"VORTEX_BACKENDS_DB_REPLICAS=[hunter2", NULL};
	struct run r = {.file = "backends: [{name: db, type: postgres}]\n", .environ = environment};

	(void)state;
	run(&r);
	assert_int_equal(r.rc, -EINVAL);
	assert_string_equal(
		r.err.msg,
		"VORTEX_BACKENDS_DB_REPLICAS: 'backends.db.replicas' is '***'; it must be "
		"a list of secrets, like [file:PATH, env:NAME]");
}

static void count_change(void *arg, const char *key, bool hot)
{
	assert_string_equal(key, "backends.db.dsn");
	assert_false(hot);
	++*(int *)arg;
}

static void test_a_secret_that_changed_behind_its_name_differs(void **state)
{
	const char *before[] = {"DSN=first", NULL}, *after[] = {"DSN=second", NULL};
	struct run a = {.environ = before}, b = {.environ = after};
	int changes = 0;

	(void)state;
	run_secret(&a, "env:", "DSN");
	run_secret(&b, "env:", "DSN");
	vx_settings_diff(a.s, b.s, count_change, &changes);
	assert_int_equal(changes, 1);
	vx_settings_put(a.s);
	vx_settings_put(b.s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_secret_is_the_whole_file_but_its_last_newline),
		cmocka_unit_test(test_a_secret_comes_from_the_environment),
		cmocka_unit_test(test_what_cannot_be_read_is_refused),
		cmocka_unit_test(test_a_secret_has_a_bound),
		cmocka_unit_test(test_a_fifo_does_not_hold_the_start),
		cmocka_unit_test(test_plain_text_warns),
		cmocka_unit_test(test_plain_text_in_a_public_file_is_refused),
		cmocka_unit_test(test_a_password_in_a_url_is_a_secret_too),
		cmocka_unit_test(test_an_empty_secret_is_none),
		cmocka_unit_test(test_lists_of_secrets_are_resolved_one_by_one),
		cmocka_unit_test(test_a_broken_list_of_secrets_is_not_repeated),
		cmocka_unit_test(test_a_secret_that_changed_behind_its_name_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
