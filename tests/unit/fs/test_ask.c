/* test_ask.c - one question, one answer: whoever comes second replies nothing and leaks nothing.
 *
 * The kernel is played by this test: the session reads its requests from one end of a socket pair
 * that keeps message boundaries, as the device does. */
#include <errno.h>
#include <linux/fuse.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "fs/ask.h"

struct world {
	struct vx_fs *fs;
	int kernel; /* our end */
	struct vx_ask *asked;
	unsigned n_asked, n_content_freed;
};

static void free_place(struct vx_place *p)
{
	free(p);
}

static struct vx_place *root(void *self)
{
	struct vx_place *p = calloc(1, sizeof(*p));

	(void)self;
	if (p)
		vx_place_init(p, false, free_place);
	return p;
}

static void lookup(void *self, struct vx_ask *ask, struct vx_dir *dir, const char *name,
                   const struct vx_who *who)
{
	struct world *w = self;

	(void)dir, (void)name, (void)who;
	w->asked = ask;
	w->n_asked++;
}

static void released(void *self, struct vx_content *file)
{
	(void)self, (void)file;
}

static void dropped(void *self, struct vx_dir *dir)
{
	(void)self, (void)dir;
}

static const struct vx_provider provider = {
	.root = root, .lookup = lookup, .released = released, .dropped = dropped};

/* Send a request as the kernel does and let the session handle it. */
static void request(struct world *w, uint32_t opcode, uint64_t unique, const void *body, size_t n)
{
	struct fuse_in_header head = {.len = (uint32_t)(sizeof(head) + n),
	                              .opcode = opcode,
	                              .unique = unique,
	                              .nodeid = VX_ROOT_ID};
	char packet[512];
	struct fuse_buf buf = {0};

	memcpy(packet, &head, sizeof(head));
	memcpy(packet + sizeof(head), body, n);
	assert_int_equal(send(w->kernel, packet, head.len, 0), head.len);
	assert_true(fuse_session_receive_buf(w->fs->session, &buf) > 0);
	fuse_session_process_buf(w->fs->session, &buf);
	free(buf.mem);
}

/* The error of the next reply, -1 if there is none. */
static int reply(struct world *w, uint64_t *ret_unique)
{
	char packet[512];
	struct fuse_out_header head;

	if (recv(w->kernel, packet, sizeof(packet), MSG_DONTWAIT) < (ssize_t)sizeof(head))
		return -1;
	memcpy(&head, packet, sizeof(head));
	*ret_unique = head.unique;
	return -head.error;
}

static void ask_for(struct world *w, uint64_t unique)
{
	request(w, FUSE_LOOKUP, unique, "name", 5);
}

static void interrupt(struct world *w, uint64_t unique)
{
	struct fuse_interrupt_in in = {.unique = unique};

	request(w, FUSE_INTERRUPT, unique + 1, &in, sizeof(in));
}

static int set_up(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	const struct vx_fs_options options = {
		.path = "", .context = "", .clock = vx_clock_system()};
	struct fuse_init_in init = {.major = 7, .minor = 31};
	char name[] = "vortex";
	char *argv[] = {name, NULL};
	struct fuse_args args = FUSE_ARGS_INIT(1, argv);
	uint64_t unique;
	int ends[2];

	assert_non_null(w);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	w->kernel = ends[0];
	assert_int_equal(vx_fs_new(&options, &provider, w, &w->fs, NULL), 0);
	assert_int_equal(vx_session_new(w->fs, &args, ends[1], NULL), 0);
	fuse_opt_free_args(&args);
	request(w, FUSE_INIT, 1, &init, sizeof(init));
	assert_int_equal(reply(w, &unique), 0);
	*state = w;
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	vx_ask_drain(w->fs);
	vx_fs_free(w->fs);
	close(w->kernel);
	free(w);
	return 0;
}

static void free_content(struct vx_content *c)
{
	++*(unsigned *)c->owner;
	free(c);
}

static struct vx_node file(struct world *w)
{
	struct vx_content *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	vx_content_init(c, &w->n_content_freed, 1, free_content);
	return (struct vx_node){.kind = VX_NODE_FILE, .mode = {0, 0, 0444}, .content = c};
}

static void an_answer_is_the_reply(void **state)
{
	struct world *w = *state;
	uint64_t unique = 0;

	ask_for(w, 10);
	assert_int_equal(reply(w, &unique), -1); /* it waits */
	vx_ask_node(w->asked, file(w));
	assert_int_equal(reply(w, &unique), 0);
	assert_int_equal(unique, 10);
	assert_true(vx_fs_holds(w->fs, w->fs->table.root, "name"));
	assert_int_equal(w->n_content_freed, 0); /* the inode's now */
}

static void an_interrupt_says_eintr_cancels_and_drops_the_late_answer(void **state)
{
	struct world *w = *state;
	uint64_t unique = 0;

	ask_for(w, 10);
	interrupt(w, 10);
	assert_int_equal(reply(w, &unique), EINTR);
	assert_int_equal(unique, 10);
	assert_int_equal(vx_ctx_check(vx_ask_ctx(w->asked)), -ECANCELED);
	vx_ask_node(w->asked, file(w));
	assert_int_equal(reply(w, &unique), -1);
	assert_int_equal(w->n_content_freed, 1);
	assert_false(vx_fs_holds(w->fs, w->fs->table.root, "name"));
}

static void an_interrupt_after_the_answer_is_nothing(void **state)
{
	struct world *w = *state;
	uint64_t unique = 0;

	ask_for(w, 10);
	vx_ask_error(w->asked, -ENOENT);
	assert_int_equal(reply(w, &unique), ENOENT);
	interrupt(w, 10);
	assert_int_equal(reply(w, &unique), -1);
	ask_for(w, 20); /* libfuse keeps the stray interrupt until the next request */
	assert_int_equal(reply(w, &unique), EAGAIN);
	assert_int_equal(unique, 11);
	vx_ask_error(w->asked, -ENOENT);
	assert_int_equal(reply(w, &unique), ENOENT);
}

static void an_errno_is_translated_for_readers(void **state)
{
	struct world *w = *state;
	uint64_t unique = 0;

	ask_for(w, 10);
	vx_ask_error(w->asked, -EAGAIN);
	assert_int_equal(reply(w, &unique), EIO); /* a reader would spin on EAGAIN */
}

static void the_end_answers_what_waits_and_asks_no_more(void **state)
{
	struct world *w = *state;
	uint64_t unique = 0;

	ask_for(w, 10);
	atomic_store(&w->fs->ending, true);
	vx_ask_abandon(w->fs);
	assert_int_equal(reply(w, &unique), EIO);
	ask_for(w, 12);
	assert_int_equal(w->n_asked, 1);
	assert_int_equal(reply(w, &unique), EIO);
	vx_ask_error(w->asked, -ECANCELED); /* late */
	assert_int_equal(reply(w, &unique), -1);
}

static void a_reply_that_does_not_arrive_takes_its_lookup_back(void **state)
{
	struct world *w = *state;

	ask_for(w, 10);
	assert_int_equal(shutdown(w->kernel, SHUT_RDWR), 0);
	vx_ask_node(w->asked, file(w));
	assert_false(vx_fs_holds(w->fs, w->fs->table.root, "name"));
	vx_fs_drain_gone(w->fs);
	assert_int_equal(w->n_content_freed, 1);
}

/* The last close of a directory and the end of the mount race; LeakSanitizer says who lost. */
static void a_directory_that_is_open_at_the_end_is_closed(void **state)
{
	struct world *w = *state;
	const struct fuse_open_in in = {.flags = 0};
	uint64_t unique = 0;

	request(w, FUSE_OPENDIR, 10, &in, sizeof(in));
	assert_int_equal(reply(w, &unique), 0);
	assert_int_equal(unique, 10);
	assert_non_null(w->fs->handles);
	vx_fs_close_handles(w->fs);
	assert_null(w->fs->handles);
	request(w, FUSE_OPENDIR, 12, &in, sizeof(in));
	assert_int_equal(reply(w, &unique), 0); /* left to tear_down */
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_answer_is_the_reply),
		TEST(an_interrupt_says_eintr_cancels_and_drops_the_late_answer),
		TEST(an_interrupt_after_the_answer_is_nothing),
		TEST(an_errno_is_translated_for_readers),
		TEST(the_end_answers_what_waits_and_asks_no_more),
		TEST(a_reply_that_does_not_arrive_takes_its_lookup_back),
		TEST(a_directory_that_is_open_at_the_end_is_closed),
	};

	signal(SIGPIPE, SIG_IGN); /* a socket stands in for the device */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
