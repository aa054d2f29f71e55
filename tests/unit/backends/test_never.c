/* test_never.c - the backend that answers nothing ends when its caller does. */
#include <errno.h>
#include <pthread.h>

#include "tests/unit/backends/open.h"

static void *cancel(void *arg)
{
	vx_ctx_cancel(arg);
	return NULL;
}

static void a_question_ends_with_its_ctx(void **state)
{
	char revision[VX_REVISION_MAX];
	struct opened o;
	struct vx_ctx ctx;
	pthread_t other;

	(void)state;
	assert_int_equal(try_open(&o, "{type: never, name: n}"), 0);
	vx_ctx_init(&ctx, vx_clock_system(), 5);
	assert_int_equal(o.ops->revision(o.b, &ctx, NULL, revision, &o.err), -ETIMEDOUT);
	vx_ctx_fini(&ctx);
	vx_ctx_init(&ctx, vx_clock_system(), -1);
	assert_int_equal(pthread_create(&other, NULL, cancel, &ctx), 0);
	assert_int_equal(o.ops->revision(o.b, &ctx, NULL, revision, &o.err), -ECANCELED);
	assert_int_equal(pthread_join(other, NULL), 0);
	vx_ctx_fini(&ctx);
	shut(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_question_ends_with_its_ctx)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
