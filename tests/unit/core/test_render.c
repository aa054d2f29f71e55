/* What the examples of docs/formats.md do not reach: names of outputs, .keys, .origin.json, the
 * import graph, and trees that no document could spell. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/render.h"

static struct vx_arena arena;

static struct vx_value *scalar(enum vx_type type, const char *text)
{
	struct vx_value *v = vx_value_scalar(&arena, type, text, strlen(text), 1);

	assert_non_null(v);
	return v;
}

static struct vx_value *map(void)
{
	return vx_value_new(&arena, VX_MAP, 1);
}

static void set(struct vx_value *v, const char *key, struct vx_value *child)
{
	assert_true(vx_value_set(&arena, v, key, strlen(key), child));
}

static struct vx_value *list(struct vx_value **items, size_t n)
{
	struct vx_value *v = vx_value_new(&arena, VX_LIST, 1);

	v->items = items;
	v->n_items = n;
	return v;
}

static int teardown(void **state)
{
	(void)state;
	vx_arena_fini(&arena);
	return 0;
}

/* Render @root as @out and compare. */
static void check(const struct vx_value *root, enum vx_output out, const char *want)
{
	struct vx_coords at = {.text = "app/default"};
	struct vx_snapshot s = {.at = &at, .root = root};
	struct vx_bytes *bytes = NULL;
	struct vx_error err;

	assert_int_equal(vx_render(&s, out, &bytes, NULL, &err), 0);
	assert_string_equal(bytes->data, want);
	assert_int_equal(bytes->len, strlen(want));
	vx_bytes_put(bytes);
}

static void outputs_are_found_by_their_suffix(void **state)
{
	enum vx_output out;

	(void)state;
	for (unsigned i = 0; i < VX_OUTPUTS; i++) {
		assert_true(vx_output_find(vx_output_suffix((enum vx_output)i), &out));
		assert_int_equal(out, i);
	}
	assert_true(vx_output_find("yaml", &out));
	assert_int_equal(out, VX_OUT_YML);
	assert_false(vx_output_find("xml", &out));
	assert_false(vx_output_find("", &out));
}

static void an_empty_tree_is_braces_or_nothing(void **state)
{
	(void)state;
	check(map(), VX_OUT_YML, "{}\n");
	check(map(), VX_OUT_JSON, "{}\n");
	check(map(), VX_OUT_PROPERTIES, "");
	check(map(), VX_OUT_ENV, "");
	check(map(), VX_OUT_TOML, "");
}

static void a_toml_of_nulls_is_empty(void **state)
{
	struct vx_value *root = map();

	(void)state;
	set(root, "a", scalar(VX_NULL, "~"));
	check(root, VX_OUT_TOML, "");
}

static void a_null_that_is_also_a_map_keeps_its_children(void **state)
{
	struct vx_value *root = map(), *both = scalar(VX_NULL, "null");

	(void)state;
	set(both, "y", scalar(VX_INT, "1"));
	set(root, "x", both);
	check(root, VX_OUT_YML, "x: null\nx.y: 1\n");
	check(root, VX_OUT_TOML, "\"x.y\" = 1\n");
	check(root, VX_OUT_PROPERTIES, "x=\nx.y=1\n");
}

static void a_scalar_in_a_list_in_a_list_puts_its_children_beside_both(void **state)
{
	struct vx_value *root = map(), *both = scalar(VX_STRING, "W"), *inner;

	(void)state;
	set(both, "y", scalar(VX_STRING, "E"));
	inner = list(&both, 1);
	set(root, "l", list(&inner, 1));
	check(root, VX_OUT_YML, "l:\n  - - W\nl[0][0].y: E\n");
	check(root, VX_OUT_ENV, "L_0_0='W'\nL_0_0_Y='E'\n");
}

/* The parser lets no such text through under these types; a backend of rows might. */
static void a_number_that_is_none_is_a_string(void **state)
{
	struct vx_value *root = map();

	(void)state;
	set(root, "i", scalar(VX_INT, "12 apples"));
	set(root, "f", scalar(VX_FLOAT, ""));
	check(root, VX_OUT_YML, "i: \"12 apples\"\nf: \"\"\n");
	check(root, VX_OUT_JSON, "{\n  \"i\": \"12 apples\",\n  \"f\": \"\"\n}\n");
	check(root, VX_OUT_TOML, "i = \"12 apples\"\nf = \"\"\n");
}

static void leading_zeros_never_reach_a_number(void **state)
{
	struct vx_value *root = map();

	(void)state;
	set(root, "i", scalar(VX_INT, "-007"));
	set(root, "f", scalar(VX_FLOAT, "00.50"));
	check(root, VX_OUT_YML, "i: -7\nf: 0.50\n");
	check(root, VX_OUT_JSON, "{\n  \"i\": -7,\n  \"f\": 0.50\n}\n");
	check(root, VX_OUT_TOML, "i = -7\nf = 0.50\n");
}

static void a_number_of_too_many_hexadecimal_digits_is_a_string_in_json(void **state)
{
	struct vx_value *root = map();
	char text[1028] = "0x";
	struct vx_buf want = VX_BUF_INIT;

	(void)state;
	memset(text + 2, 'F', 1025);
	set(root, "i", scalar(VX_INT, text));
	vx_buf_printf(&want, "{\n  \"i\": \"%s\"\n}\n", text);
	check(root, VX_OUT_JSON, want.data);
	vx_buf_fini(&want);
}

static void an_env_value_with_a_nul_is_left_out(void **state)
{
	struct vx_value *root = map();

	(void)state;
	set(root, "a\nb", vx_value_scalar(&arena, VX_STRING, "x\0y", 3, 1));
	check(root, VX_OUT_ENV, "# a%0Ab: its value holds a NUL\n");
	check(root, VX_OUT_YML, "\"a\\nb\": \"x\\x00y\"\n");
	check(root, VX_OUT_PROPERTIES, "a\\nb=x\\u0000y\n");
}

static void keys_are_named_and_sorted_by_bytes(void **state)
{
	struct vx_value *root = scalar(VX_STRING, "W");
	struct vx_key_name *names;
	size_t n;
	static const struct {
		const char *name;
		bool directory;
	} want[] = {
		{"%2E", false}, {"%2E%2Fx", false},    {"%2Evalue", false}, {".value", false},
		{"B", true},    {"a%2500A%0A", false}, {"a.b", true},       {"b", true},
	};

	(void)state;
	set(root, "b", map());
	set(root, "a.b", list(NULL, 0));
	set(root, ".", scalar(VX_NULL, ""));
	set(root, "./x", scalar(VX_INT, "1"));
	set(root, ".value", scalar(VX_INT, "1"));
	set(root, "B", scalar(VX_INT, "1"));
	set(vx_value_child(root, "B", 1), "c", scalar(VX_INT, "1"));
	set(root, "a%00A\n", scalar(VX_INT, "1"));
	assert_int_equal(vx_keys_list(&arena, root, &names, &n), 0);
	assert_int_equal(n, sizeof(want) / sizeof(*want));
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(names[i].name, want[i].name);
		assert_int_equal(names[i].directory, want[i].directory);
	}
	assert_ptr_equal(names[3].value, root);
}

static void elements_of_a_list_are_listed_in_byte_order(void **state)
{
	struct vx_value *items[11];
	struct vx_key_name *names;
	size_t n;

	(void)state;
	for (size_t i = 0; i < 11; i++)
		items[i] = scalar(VX_INT, "1");
	assert_int_equal(vx_keys_list(&arena, list(items, 11), &names, &n), 0);
	assert_int_equal(n, 11);
	assert_string_equal(names[1].name, "1");
	assert_string_equal(names[2].name, "10");
	assert_string_equal(names[3].name, "2");
	assert_ptr_equal(names[2].value, items[10]);
}

/* Readers count a key's characters as they are written: 300 escapes are 1202. */
static void a_key_long_by_its_escapes_is_announced(void **state)
{
	char key[301] = "", want[1300] = "? \"";
	struct vx_value *root = map();

	(void)state;
	for (size_t i = 0; i < 300; i++) {
		key[i] = '\x7f';
		(void)strcat(want, "\\x7F");
	}
	(void)strcat(want, "\"\n: 1\n");
	set(root, key, scalar(VX_INT, "1"));
	check(root, VX_OUT_YML, want);
}

static void a_name_longer_than_a_file_name_is_not_shown(void **state)
{
	struct vx_value *root = map();
	char key[257] = "";
	struct vx_key_name *names;
	size_t n;

	(void)state;
	memset(key, 'x', 255);
	set(root, key, scalar(VX_INT, "1"));
	memset(key, 'x', 256);
	set(root, key, scalar(VX_INT, "2"));
	memset(key, '/', 86);
	key[86] = '\0'; /* 258 bytes once written */
	set(root, key, scalar(VX_INT, "3"));
	assert_int_equal(vx_keys_list(&arena, root, &names, &n), 0);
	assert_int_equal(n, 1);
	assert_int_equal(strlen(names[0].name), 255);
}

static void a_key_is_its_text_and_a_line_break(void **state)
{
	static const struct {
		enum vx_type type;
		const char *text, *want;
	} cases[] = {
		{VX_INT, "0x1F", "0x1F\n"},  {VX_BOOL, "True", "True\n"}, {VX_STRING, "", "\n"},
		{VX_STRING, "a\n", "a\n\n"}, {VX_NULL, "null", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vx_bytes *b = vx_render_key(scalar(cases[i].type, cases[i].text));

		assert_string_equal(b->data, cases[i].want);
		vx_bytes_put(b);
	}
}

static void origins_name_sources_and_hide_values(void **state)
{
	static const struct vx_origin low = {"repo", "application.yml", "4f1c", 0};
	static const struct vx_origin high = {"db", "a\"b", "17", 1};
	static const char *const want =
		"{\n"
		"  \"a.b\": {\"backend\": \"db\", \"path\": \"a\\\"b\", \"line\": 7, \"revision\": "
		"\"17\", "
		"\"overrode\": [{\"backend\": \"repo\", \"path\": \"application.yml\", \"line\": "
		"1, "
		"\"sha256\": \"2c26b46b68ffc68f\"}, {\"backend\": \"repo\", \"path\": "
		"\"application.yml\", \"line\": 2, \"sha256\": \"4f53cda18c2baa0c\"}, "
		"{\"backend\": "
		"\"repo\", \"path\": \"application.yml\", \"line\": 3, \"sha256\": "
		"\"e3b0c44298fc1c14\"}]},\n"
		"  \"c\": {\"backend\": \"\", \"path\": \"\", \"line\": 1, \"revision\": \"\", "
		"\"overrode\": []}\n"
		"}\n";
	struct vx_value *root = map(), *a = map(), *b = scalar(VX_INT, "2");
	struct vx_value *text = scalar(VX_STRING, "foo"), *none = scalar(VX_NULL, "null");
	struct vx_value *twice = scalar(VX_STRING, "foo");
	struct vx_value *thrice = scalar(VX_STRING, "foo"), *itself = scalar(VX_INT, "2");
	struct vx_value *empty = list(NULL, 0);
	struct vx_coords at = {.text = "app/default"};
	struct vx_snapshot s = {.at = &at, .root = root};
	struct vx_bytes *bytes = NULL;

	(void)state;
	b->line = 7;
	b->origin = &high;
	text->origin = twice->origin = thrice->origin = empty->origin = none->origin = &low;
	b->hidden = text;
	text->hidden = twice; /* the shared document, brought along by an import too */
	twice->hidden = empty;
	empty->hidden = itself; /* nor need the others stand side by side */
	itself->hidden = thrice;
	thrice->hidden = none;
	itself->origin = &high;
	itself->line = 7;
	empty->line = 2;
	none->line = 3;
	set(root, "a", a);
	set(a, "b", b);
	set(root, "c", map());
	assert_int_equal(vx_render_origin(&s, &bytes, NULL), 0);
	assert_string_equal(bytes->data, want);
	vx_bytes_put(bytes);
}

static void check_graph(const struct vx_snapshot *s, const char *as, const char *want)
{
	struct vx_bytes *bytes = NULL;

	assert_int_equal(vx_render_graph(s, as, &bytes, NULL), 0);
	assert_string_equal(bytes->data, want);
	vx_bytes_put(bytes);
}

static void a_graph_has_each_application_once(void **state)
{
	static struct vx_import imports[] = {
		{"a/prod", "b/prod"},
		{"b/prod", "c\"\\/prod"},
		{"a/prod", "c\"\\/prod"},
	};
	struct vx_coords at = {.text = "a/prod"};
	struct vx_snapshot s = {.at = &at, .n_imports = 3, .imports = imports};
	struct vx_bytes *bytes = NULL;

	(void)state;
	check_graph(&s, "json",
	            "{\n  \"nodes\": [\n    \"a/prod\",\n    \"b/prod\",\n    \"c\\\"\\\\/prod\"\n "
	            " ],\n"
	            "  \"imports\": [\n    {\"from\": \"a/prod\", \"to\": \"b/prod\"},\n"
	            "    {\"from\": \"b/prod\", \"to\": \"c\\\"\\\\/prod\"},\n"
	            "    {\"from\": \"a/prod\", \"to\": \"c\\\"\\\\/prod\"}\n  ]\n}\n");
	check_graph(
		&s, "dot",
		"digraph imports {\n\trankdir=LR;\n\tnode [shape=box];\n\t\"a/prod\";\n"
		"\t\"b/prod\";\n\t\"c\\\"\\\\/prod\";\n\t\"a/prod\" -> \"b/prod\";\n"
		"\t\"b/prod\" -> \"c\\\"\\\\/prod\";\n\t\"a/prod\" -> \"c\\\"\\\\/prod\";\n}\n");
	assert_int_equal(vx_render_graph(&s, "png", &bytes, NULL), -EINVAL);
	assert_null(bytes);
}

static void a_graph_without_imports_is_one_node(void **state)
{
	struct vx_coords at = {.text = "a/prod"};
	struct vx_snapshot s = {.at = &at};

	(void)state;
	check_graph(&s, "json", "{\n  \"nodes\": [\n    \"a/prod\"\n  ],\n  \"imports\": []\n}\n");
	check_graph(&s, "dot",
	            "digraph imports {\n\trankdir=LR;\n\tnode [shape=box];\n\t\"a/prod\";\n}\n");
}

/* Text is escaped; an arrow that passes a column does so below its boxes. */
static void a_drawing_is_layered_and_escaped(void **state)
{
	static struct vx_import imports[] = {
		{"a/prod", "b/prod"}, {"a/prod", "<&\">/prod"}, {"<&\">/prod", "b/prod"}};
	struct vx_coords at = {.text = "a/prod"};
	struct vx_snapshot s = {.at = &at, .n_imports = 3, .imports = imports};
	struct vx_bytes *bytes = NULL;
	size_t arrows = 0;

	(void)state;
	assert_int_equal(vx_render_graph(&s, "svg", &bytes, NULL), 0);
	assert_int_equal(strncmp(bytes->data, "<svg xmlns=", 11), 0);
	assert_non_null(strstr(bytes->data, ">&lt;&amp;&quot;&gt;/prod</text>"));
	for (const char *p = bytes->data; (p = strstr(p, "<path d=\"M")); p++)
		if (strncmp(p, "<path d=\"M0 0L", 14) != 0) /* the arrow's head */
			arrows++;
	assert_non_null(strstr(bytes->data, "M88 30H88C"));
	assert_non_null(strstr(bytes->data, " 74H")); /* the long one has a lane below the box */
	assert_int_equal(arrows, 3);
	vx_bytes_put(bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(outputs_are_found_by_their_suffix, teardown),
		cmocka_unit_test_teardown(an_empty_tree_is_braces_or_nothing, teardown),
		cmocka_unit_test_teardown(a_toml_of_nulls_is_empty, teardown),
		cmocka_unit_test_teardown(a_null_that_is_also_a_map_keeps_its_children, teardown),
		cmocka_unit_test_teardown(
			a_scalar_in_a_list_in_a_list_puts_its_children_beside_both, teardown),
		cmocka_unit_test_teardown(a_number_that_is_none_is_a_string, teardown),
		cmocka_unit_test_teardown(leading_zeros_never_reach_a_number, teardown),
		cmocka_unit_test_teardown(
			a_number_of_too_many_hexadecimal_digits_is_a_string_in_json, teardown),
		cmocka_unit_test_teardown(an_env_value_with_a_nul_is_left_out, teardown),
		cmocka_unit_test_teardown(keys_are_named_and_sorted_by_bytes, teardown),
		cmocka_unit_test_teardown(elements_of_a_list_are_listed_in_byte_order, teardown),
		cmocka_unit_test_teardown(a_key_long_by_its_escapes_is_announced, teardown),
		cmocka_unit_test_teardown(a_name_longer_than_a_file_name_is_not_shown, teardown),
		cmocka_unit_test_teardown(a_key_is_its_text_and_a_line_break, teardown),
		cmocka_unit_test_teardown(origins_name_sources_and_hide_values, teardown),
		cmocka_unit_test_teardown(a_graph_has_each_application_once, teardown),
		cmocka_unit_test_teardown(a_graph_without_imports_is_one_node, teardown),
		cmocka_unit_test_teardown(a_drawing_is_layered_and_escaped, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
