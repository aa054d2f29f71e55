/* test_docs.c - documents of all three formats: what they say, and the sentences they are refused
 * with. A tree is printed on one line: maps as {k=v}, lists as [v], scalars as type:text, a scalar
 * that is also a map as both; documents are separated by " | ", an activation is "on". */
#include "core/docs.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/buf.h"

static void show(struct vx_buf *b, const struct vx_value *v)
{
	if (v->type == VX_LIST) {
		vx_buf_putc(b, '[');
		for (size_t i = 0; i < v->n_items; i++) {
			if (i)
				vx_buf_putc(b, ' ');
			show(b, v->items[i]);
		}
		vx_buf_putc(b, ']');
	} else if (v->type != VX_MAP) {
		vx_buf_printf(b, "%c:%.*s", vx_type_name(v->type)[0], (int)v->len, v->text);
	}
	if (v->type != VX_MAP && v->n_entries == 0)
		return;
	vx_buf_putc(b, '{');
	for (size_t i = 0; i < v->n_entries; i++) {
		vx_buf_printf(b, "%s%s=", i ? " " : "", v->entries[i].key);
		show(b, v->entries[i].value);
	}
	vx_buf_putc(b, '}');
}

static void show_docs(struct vx_buf *b, const struct vx_docs *d)
{
	vx_buf_puts(b, "");
	for (size_t i = 0; i < d->n; i++) {
		vx_buf_printf(b, "%s%s", i ? " | " : "", d->doc[i].on ? "on" : "");
		show(b, d->doc[i].root);
	}
}

struct doc_case {
	const char *name;
	enum vx_format format;
	const char *in;
	int rc;
	const char *want; /* the tree, or a piece of the sentence */
};

#define Y VX_FORMAT_YAML
#define J VX_FORMAT_JSON
#define P VX_FORMAT_PROPERTIES
#define BAD (-EBADMSG)

static const struct doc_case cases[] = {
#include "docs_cases.def"
};

static int check(const struct doc_case *c, struct vx_buf *got)
{
	static const struct vx_doc_limits limits = VX_DOC_LIMITS_DEFAULT;
	VX_AUTO(vx_docs_put_p) struct vx_docs *d = NULL;
	struct vx_error err = {0};
	int rc = vx_docs_parse(c->format, c->in, strlen(c->in), &limits, &d, &err);

	if (rc == 0)
		show_docs(got, d);
	else
		vx_buf_puts(got, err.msg);
	if (rc != c->rc)
		return -1;
	if (rc == 0)
		return strcmp(got->data, c->want) ? -1 : 0;
	return strstr(got->data, c->want) ? 0 : -1;
}

static void test_cases(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		VX_AUTO(vx_buf_fini) struct vx_buf got = VX_BUF_INIT;

		if (check(&cases[i], &got) == 0)
			continue;
		failed++;
		print_error("%s\n  in   %s\n  want %s\n  got  %s\n", cases[i].name, cases[i].in,
		            cases[i].want, got.data);
	}
	assert_int_equal(failed, 0);
}

/* Each value's line is that of its key, an element's is its own. */
static void test_lines(void **state)
{
	/* clang-format off */
	static const struct {
		enum vx_format format;
		const char *in, *path;
		uint32_t line;
	} rows[] = {
		{Y, "a: 1\nb:\n  c: 2\n", "b", 2},
		{Y, "a: 1\nb:\n  c: 2\n", "b.c", 3},
		{Y, "l:\n- x\n- y\n", "l[1]", 3},
		{Y, "a: |\n  one\n  two\nb: 1\n", "b", 4},
		{Y, "a: &x\n  k: 1\nb: *x\n", "b", 3},
		{Y, "a: &x\n  k: 1\nb: *x\n", "b.k", 2},
		{J, "{\n\"a\":\n1,\n\"b\": [\n2]}", "a", 2},
		{J, "{\n\"a\":\n1,\n\"b\": [\n2]}", "b[0]", 5},
		{P, "# c\na=1\\\n 2\nb=3\n", "a", 2},
		{P, "# c\na=1\\\n 2\nb=3\n", "b", 4},
		{P, "a=1\r\nb=2\r\rc=3", "c", 4},
	};
	/* clang-format on */
	static const struct vx_doc_limits limits = VX_DOC_LIMITS_DEFAULT;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		VX_AUTO(vx_docs_put_p) struct vx_docs *d = NULL;
		const struct vx_value *v;

		assert_int_equal(vx_docs_parse(rows[i].format, rows[i].in, strlen(rows[i].in),
		                               &limits, &d, NULL),
		                 0);
		v = vx_value_find(d->doc[0].root, rows[i].path);
		assert_non_null(v);
		if (v->line != rows[i].line)
			fail_msg("%s: line %u of %s", rows[i].path, v->line, rows[i].in);
	}
}

static int parse(enum vx_format format, const char *s, size_t n, struct vx_error *err)
{
	static const struct vx_doc_limits limits = VX_DOC_LIMITS_DEFAULT;
	VX_AUTO(vx_docs_put_p) struct vx_docs *d = NULL;

	return vx_docs_parse(format, s, n, &limits, &d, err);
}

/* Ten to the eighth values, a key of megabytes repeated, lists with gaps, depth: all end early. */
static void test_bounds(void **state)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;

	(void)state;
	vx_buf_puts(&b, "a0: &a0 x\n");
	for (int i = 1; i < 9; i++) {
		vx_buf_printf(&b, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			vx_buf_printf(&b, "%s*a%d", k ? "," : "", i - 1);
		vx_buf_puts(&b, "]\n");
	}
	assert_int_equal(parse(Y, b.data, b.len, NULL), -E2BIG);

	vx_buf_truncate(&b, 0);
	vx_buf_puts(&b, "a: &a {x: '");
	vx_buf_repeat(&b, 'x', 1 << 20);
	vx_buf_puts(&b, "'}\nl: [*a");
	for (int i = 0; i < 1000; i++)
		vx_buf_puts(&b, ",*a");
	vx_buf_puts(&b, "]\n");
	assert_int_equal(parse(Y, b.data, b.len, NULL), -E2BIG);

	vx_buf_truncate(&b, 0);
	for (int i = 0; i < 200; i++)
		vx_buf_printf(&b, "k%d[9999]=x\n", i);
	assert_int_equal(parse(P, b.data, b.len, NULL), -E2BIG);

	vx_buf_truncate(&b, 0);
	vx_buf_repeat(&b, '[', 100000);
	assert_int_equal(parse(J, b.data, b.len, NULL), -E2BIG);
	assert_int_equal(parse(Y, b.data, b.len, NULL), -E2BIG);
}

/* Nested, dotted and by index, depth is the same: 64 steps, or 63 to a collection. */
static void test_depth(void **state)
{
	static const struct {
		const char *before, *again, *after;
		unsigned most; /* how many of @again are not too many */
	} rows[] = {
		{"", "a.", "a: 1", 63},     {"", "a.", "a: {}", 62},   {"a", "[0]", ": 1", 63},
		{"a: ", "{b: ", "1", 63},   {"a: ", "[", "1", 63},     {"", "[", "1", 63},
		{"a.b: ", "{b: ", "1", 62}, {"a: ", "{b: ", "[]", 62},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		for (unsigned more = 0; more < 2; more++) {
			VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;
			unsigned n = rows[i].most + more;
			char open = rows[i].again[0];
			int want = more ? -E2BIG : 0, rc;

			vx_buf_puts(&b, rows[i].before);
			for (unsigned k = 0; k < n; k++)
				vx_buf_puts(&b, rows[i].again);
			vx_buf_puts(&b, rows[i].after);
			if (rows[i].after[0] != ':' && open != 'a')
				vx_buf_repeat(&b, open == '{' ? '}' : ']', n);
			vx_buf_putc(&b, '\n');
			rc = parse(Y, b.data, b.len, NULL);
			if (rc != want)
				fail_msg("want %d, got %d: %s", want, rc, b.data);
		}
	}
}

static void test_names_profile(void **state)
{
	static const struct vx_doc_limits limits = VX_DOC_LIMITS_DEFAULT;
	static const char in[] = "a: 1\n---\nspring.profiles: '!dev, (eu & us)'\n";
	VX_AUTO(vx_docs_put_p) struct vx_docs *d = NULL;

	(void)state;
	assert_int_equal(vx_docs_parse(Y, in, strlen(in), &limits, &d, NULL), 0);
	assert_true(vx_docs_name_profile(d, "dev"));
	assert_true(vx_docs_name_profile(d, "us"));
	assert_false(vx_docs_name_profile(d, "prod"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),         cmocka_unit_test(test_lines),
		cmocka_unit_test(test_bounds),        cmocka_unit_test(test_depth),
		cmocka_unit_test(test_names_profile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
