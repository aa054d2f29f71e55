/* test_feed_tell.c - a source that is asked for news: what of its status is said, and that a problem
 * of two causes lasts until both are over. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/catalog/feed_i.h"

/* A backend that is nothing but its status. */
struct vx_backend {
	struct vx_backend_status status;
};

static void tell_status(struct vx_backend *b, struct vx_backend_status *ret)
{
	*ret = b->status;
}

static const struct vx_backend_ops ops = {.type = "mirror", .status = tell_status};

struct house {
	struct vx_backend backend;
	struct vx_problems *problems;
	struct vx_feed feed;
};

static void open_house(struct house *h)
{
	static char name[] = "repo";

	memset(h, 0, sizeof(*h));
	h->problems = vx_problems_new(vx_clock_system(), NULL, 10);
	h->feed = (struct vx_feed){
		.name = name,
		.ops = &ops,
		.backend = &h->backend,
		.clock = vx_clock_system(),
		.events.problems = h->problems,
	};
	assert_int_equal(pthread_mutex_init(&h->feed.lock, NULL), 0);
}

static void leave_house(struct house *h)
{
	(void)pthread_mutex_destroy(&h->feed.lock);
	vx_problems_free(h->problems);
}

static void collect(void *arg, const struct vx_problem *p)
{
	char *text = arg;

	(void)snprintf(text + strlen(text), 512 - strlen(text), "%s %s: %s|",
	               vx_severity_name(p->severity), p->key, p->sentence);
}

/* Look at the status @s, then at all problems and at the state for people. */
static void look(struct house *h, int line, struct vx_backend_status s, const char *problems,
                 const char *state)
{
	struct vx_feed_state seen;
	char text[512] = "";

	h->backend.status = s;
	vx_feed_tell_status(&h->feed, vx_mono_ns(vx_clock_system()));
	(void)vx_problems_each(h->problems, collect, text);
	vx_feed_look(&h->feed, &seen);
	if (strcmp(text, problems) != 0 || strcmp(seen.state, state) != 0)
		fail_msg("line %d: '%s' and %s, want '%s' and %s", line, text, seen.state, problems,
		         state);
}

#define AWAY "warning backend repo: no route; still serving what was known|"

static void test_a_mirror_comes_goes_and_comes(void **state)
{
	struct house h;

	(void)state;
	open_house(&h);
	look(&h, __LINE__,
	     (struct vx_backend_status){.first = true, .busy = true, .message = "cloning"}, "",
	     "starting");
	look(&h, __LINE__,
	     (struct vx_backend_status){.rc = -EAGAIN, .first = true, .message = "no route"},
	     "error backend repo: no route; nothing of it is known yet|", "failing");
	look(&h, __LINE__, (struct vx_backend_status){.good_ns = 5}, "", "ok");
	look(&h, __LINE__,
	     (struct vx_backend_status){.rc = -EAGAIN, .good_ns = 5, .message = "no route"}, AWAY,
	     "failing");
	look(&h, __LINE__,
	     (struct vx_backend_status){.good_ns = 5, .busy = true, .message = "fetching"}, AWAY,
	     "failing"); /* it is at it: nothing has ended yet */
	look(&h, __LINE__, (struct vx_backend_status){.good_ns = 7}, "", "ok");
	leave_house(&h);
}

static void test_two_causes_of_one_problem(void **state)
{
	const struct vx_backend_status away = {.rc = -EAGAIN, .good_ns = 5, .message = "no route"};
	const struct vx_backend_status well = {.good_ns = 7};
	struct vx_known k = {0};
	struct house h;

	(void)state;
	open_house(&h);
	look(&h, __LINE__, away, AWAY, "failing");
	vx_feed_tell(&h.feed, &k, -ETIMEDOUT, "in vain", "a/b", "17");
	look(&h, __LINE__, away, AWAY, "failing"); /* its own sentence is the better one */
	vx_feed_tell(&h.feed, &k, 0, "", "a/b", NULL);
	look(&h, __LINE__, away, AWAY, "failing");
	vx_feed_tell(&h.feed, &k, -ETIMEDOUT, "in vain", "a/b", "17");
	look(&h, __LINE__, well, AWAY, "failing"); /* it still answers nobody */
	vx_feed_tell(&h.feed, &k, 0, "", "a/b", NULL);
	look(&h, __LINE__, well, "", "ok");
	leave_house(&h);
}

static void test_silence_and_content_are_two_problems(void **state)
{
	const struct vx_backend_status well = {.good_ns = 7};
	struct vx_known k = {0};
	struct house h;

	(void)state;
	open_house(&h);
	vx_feed_tell(&h.feed, &k, -EBADMSG, "f.yml: line 2", "a/b", "17");
	look(&h, __LINE__, well,
	     "warning backend repo a/b: f.yml: line 2; still serving revision 17|", "ok");
	vx_feed_tell(&h.feed, &k, -ETIMEDOUT, "in vain", "a/b", NULL);
	look(&h, __LINE__, well,
	     "error backend repo: in vain|"
	     "warning backend repo a/b: f.yml: line 2; still serving revision 17|",
	     "failing");
	vx_feed_tell(&h.feed, &k, 0, "", "a/b", NULL);
	look(&h, __LINE__, well, "", "ok");
	vx_feed_tell(&h.feed, &k, -EBADMSG, "f.yml: line 2", "a/b", NULL);
	vx_feed_tell_over(&h.feed, &k, "a/b");
	look(&h, __LINE__, well, "", "ok");
	leave_house(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_mirror_comes_goes_and_comes),
		cmocka_unit_test(test_two_causes_of_one_problem),
		cmocka_unit_test(test_silence_and_content_are_two_problems),
	};

	return cmocka_run_group_tests_name("feed_tell", tests, NULL, NULL);
}
