/* test_place.c - what a path inside the mount names. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/buf.h"
#include "tools/vortexctl/place.h"

struct place_case {
	const char *below;
	const char *want; /* at key=K file=F, and the second reading behind " or " */
};

static const struct place_case cases[] = {
	{"payment/prod", "payment/prod"},
	{"payment/prod/", "payment/prod"},
	{"payment/prod/application.yml", "payment/prod"},
	{"payment/prod/application.yaml", "payment/prod"},
	{"payment/prod/payment.env", "payment/prod"},
	{"payment/prod/.origin.json", "payment/prod"},
	{"payment/prod/.version", "payment/prod"},
	{"payment/prod/.keys", "payment/prod"},
	{"payment/prod/.keys/", "payment/prod"},
	{"payment/prod/.keys/server/port", "payment/prod key=server.port"},
	{"payment/prod/.keys/ports/0", "payment/prod key=ports[0]"},
	{"payment/prod/.keys/ports/0/name", "payment/prod key=ports[0].name"},
	{"payment/prod/.keys/0/x", "payment/prod key=0.x"},
	{"payment/prod/.keys/server/.value", "payment/prod key=server"},
	{"payment/prod/.keys/a%2Fb/100%25", "payment/prod key=a/b.100%"},
	{"payment/prod/.keys/a%2/%zz", "payment/prod key=a%2.%zz"},
	{"payment/prod/nginx.conf", "payment/prod file=nginx.conf or payment/prod/nginx.conf"},
	{"payment/prod/conf.d/x.conf",
         "payment/prod file=conf.d/x.conf or payment/prod/conf.d file=x.conf"},
	{"payment/prod/main", "payment/prod file=main or payment/prod/main"},
	{"payment/prod/main/application.json",
         "payment/prod file=main/application.json or payment/prod/main"},
	{"payment/prod/release(_)2/.keys/a",
         "payment/prod file=release(_)2/.keys/a or payment/prod/release(_)2 key=a"},
	{"payment/prod,eu/.keysmith",
         "payment/prod,eu file=.keysmith or payment/prod,eu/.keysmith"},
	{"payment/prod/orders.yml", "payment/prod file=orders.yml or payment/prod/orders.yml"},
};

static void put(struct vx_buf *b, const struct vx_ctl_reading *r)
{
	vx_buf_puts(b, r->at);
	if (r->key)
		vx_buf_printf(b, " key=%s", r->key);
	if (r->file)
		vx_buf_printf(b, " file=%s", r->file);
}

static void test_paths_below_a_mount(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vx_buf got = VX_BUF_INIT;
		struct vx_ctl_place p;

		assert_int_equal(vx_ctl_place_below(cases[i].below, &p, NULL), 0);
		put(&got, &p.readings[0]);
		if (p.n == 2) {
			vx_buf_puts(&got, " or ");
			put(&got, &p.readings[1]);
		}
		if (strcmp(got.data, cases[i].want) != 0)
			fail_msg("%s: got '%s', want '%s'", cases[i].below, got.data,
			         cases[i].want);
		vx_ctl_place_fini(&p);
		vx_buf_fini(&got);
	}
}

static void test_paths_above_a_configuration(void **state)
{
	static const char *const paths[] = {"", "payment", "payment/"};

	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		struct vx_ctl_place p;
		struct vx_error err = {0};

		assert_int_equal(vx_ctl_place_below(paths[i], &p, &err), -EINVAL);
		assert_non_null(strstr(err.msg, "APP/PROFILE"));
	}
}

static void test_coordinates_may_be_more(void **state)
{
	static const struct place_case words[] = {
		{"payment/prod", "payment/prod"},
		{"payment/prod/", "payment/prod"},
		{"payment/prod/@head", "payment/prod/@head"},
		{"payment/prod/main/@rev:a/b", "payment/prod/main/@rev:a/b"},
		{"payment/prod/nginx.conf",
	         "payment/prod/nginx.conf or payment/prod file=nginx.conf "
	         "or payment/prod/nginx.conf"},
		{"payment/prod/.keys/a/0", "payment/prod key=a[0]"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		struct vx_buf got = VX_BUF_INIT;
		struct vx_ctl_place p;

		assert_int_equal(vx_ctl_place_parse(words[i].below, &p, NULL), 0);
		for (size_t j = 0; j < p.n; j++) {
			vx_buf_puts(&got, j ? " or " : "");
			put(&got, &p.readings[j]);
		}
		if (strcmp(got.data ? got.data : "", words[i].want) != 0)
			fail_msg("%s: got '%s', want '%s'", words[i].below, got.data,
			         words[i].want);
		vx_ctl_place_fini(&p);
		vx_buf_fini(&got);
	}
}

struct side_case {
	const char *text;
	int want;
};

static void test_sides(void **state)
{
	static const struct side_case sides[] = {
		{"payment/prod", 0},
		{"payment/prod,eu/release/2", 0},
		{"payment/prod/release(_)2/@head", 0},
		{"payment/prod/@rev:repo:feature/x", 0},
		{"@head", 0},
		{"payment", -EINVAL},
		{"payment/-prod", -EINVAL},
		{"payment/@head", -EINVAL},
		{"", -EINVAL},
		{"/etc/passwd", -ENOENT},
		{"../etc/passwd", -ENOENT},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(sides) / sizeof(*sides); i++) {
		struct vx_error err = {0};
		char *at = NULL;
		int rc = vx_ctl_side_parse(sides[i].text, &at, &err);

		if (rc != sides[i].want)
			fail_msg("'%s': got %d (%s), want %d", sides[i].text, rc, err.msg,
			         sides[i].want);
		if (rc == 0)
			assert_string_equal(at, sides[i].text);
		free(at);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_paths_below_a_mount),
		cmocka_unit_test(test_paths_above_a_configuration),
		cmocka_unit_test(test_coordinates_may_be_more),
		cmocka_unit_test(test_sides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
