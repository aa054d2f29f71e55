/* test_doc_cache.c - parsed once, errors remembered, bounded. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "backends/doc_cache.h"

static const struct vx_doc_limits limits = VX_DOC_LIMITS_DEFAULT;

static int parse(struct vx_doc_cache *c, const char *text, enum vx_format format,
                 struct vx_docs **ret, struct vx_error *err)
{
	unsigned char id[VX_BLOB_ID_BYTES];

	assert_int_equal(vx_blob_id(text, strlen(text), id), 0);
	return vx_doc_cache_parse(c, id, format, text, strlen(text), &limits, ret, err);
}

static int get(struct vx_doc_cache *c, const char *text, enum vx_format format,
               struct vx_docs **ret, struct vx_error *err)
{
	unsigned char id[VX_BLOB_ID_BYTES];

	assert_int_equal(vx_blob_id(text, strlen(text), id), 0);
	return vx_doc_cache_get(c, id, format, ret, err);
}

static void equal_content_is_parsed_once_for_each_format(void **state)
{
	struct vx_doc_cache *c = vx_doc_cache_new(1 << 20);
	struct vx_docs *a = NULL, *b = NULL, *p = NULL;

	(void)state;
	assert_int_equal(get(c, "a: 1\n", VX_FORMAT_YAML, &a, NULL), -ENOENT);
	assert_int_equal(parse(c, "a: 1\n", VX_FORMAT_YAML, &a, NULL), 0);
	assert_int_equal(get(c, "a: 1\n", VX_FORMAT_YAML, &b, NULL), 0);
	assert_ptr_equal(a, b);
	assert_int_equal(get(c, "a: 1\n", VX_FORMAT_PROPERTIES, &p, NULL), -ENOENT);
	vx_doc_cache_free(c);
	assert_int_equal(a->n, 1); /* what was handed out lives on */
	vx_docs_put(a);
	vx_docs_put(b);
}

static void a_parse_error_is_remembered_with_its_sentence(void **state)
{
	struct vx_doc_cache *c = vx_doc_cache_new(1 << 20);
	struct vx_docs *d = NULL;
	struct vx_error first, second;

	(void)state;
	assert_int_equal(parse(c, "a: [\n", VX_FORMAT_YAML, &d, &first), -EBADMSG);
	assert_int_equal(get(c, "a: [\n", VX_FORMAT_YAML, &d, &second), -EBADMSG);
	assert_string_equal(first.msg, second.msg);
	assert_non_null(strstr(second.msg, "line"));
	assert_null(d);
	vx_doc_cache_free(c);
}

static void the_least_recently_used_leaves_first(void **state)
{
	struct vx_doc_cache *c = vx_doc_cache_new((size_t)64 << 10);
	struct vx_docs *d = NULL;
	char text[32];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(text, sizeof(text), "a: %d\n", i);
		assert_int_equal(parse(c, text, VX_FORMAT_YAML, &d, NULL), 0);
		vx_docs_put(d);
		assert_int_equal(get(c, "a: 0\n", VX_FORMAT_YAML, &d, NULL), 0);
		vx_docs_put(d);
	}
	assert_int_equal(get(c, "a: 1\n", VX_FORMAT_YAML, &d, NULL), -ENOENT);
	assert_int_equal(get(c, "a: 999\n", VX_FORMAT_YAML, &d, NULL), 0);
	vx_docs_put(d);
	vx_doc_cache_free(c);
}

static void a_document_heavier_than_the_cache_is_used_and_not_kept(void **state)
{
	struct vx_doc_cache *c = vx_doc_cache_new(16);
	struct vx_docs *d = NULL;

	(void)state;
	assert_int_equal(parse(c, "a: 1\n", VX_FORMAT_YAML, &d, NULL), 0);
	vx_docs_put(d);
	assert_int_equal(get(c, "a: 1\n", VX_FORMAT_YAML, &d, NULL), -ENOENT);
	vx_doc_cache_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equal_content_is_parsed_once_for_each_format),
		cmocka_unit_test(a_parse_error_is_remembered_with_its_sentence),
		cmocka_unit_test(the_least_recently_used_leaves_first),
		cmocka_unit_test(a_document_heavier_than_the_cache_is_used_and_not_kept)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
