/* ask.c - questions: made, answered once, interrupted, abandoned.
 *
 * The race that matters is between an answer on the provider's thread and an INTERRUPT on the
 * loop's. Both move the state by one compare-and-swap, and the winner replies. libfuse calls the
 * interrupt function with the request's lock held and its argument read before, so the winner of
 * an answer first takes the function back, which waits for one that is running: only then may the
 * ask go. The interrupt function touches the ask no more once it has won. */
#include "fs/ask.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void vx_page_fini(struct vx_page *page)
{
	for (size_t i = 0; i < page->n; i++)
		free(page->names[i]);
	free(page->names);
	*page = (struct vx_page){0};
}

/* (L) */
static void queue_add(struct vx_ask **at, struct vx_ask *ask)
{
	ask->queue_next = *at;
	ask->queue_prev = at;
	if (ask->queue_next)
		ask->queue_next->queue_prev = &ask->queue_next;
	*at = ask;
}

/* (L) */
static void queue_remove(struct vx_fs *fs, struct vx_ask *ask)
{
	*ask->queue_prev = ask->queue_next;
	if (ask->queue_next)
		ask->queue_next->queue_prev = ask->queue_prev;
	else if (fs->ready_tail == &ask->queue_next)
		fs->ready_tail = ask->queue_prev;
	ask->queue_next = NULL;
	ask->queue_prev = NULL;
}

/* (L) */
static void ready_add(struct vx_fs *fs, struct vx_ask *ask)
{
	queue_add(fs->ready_tail, ask);
	fs->ready_tail = &ask->queue_next;
	vx_broadcast(&fs->fewer); /* vx_ask_drain, where there is no loop any more */
}

static struct vx_ask *ask_new(struct vx_fs *fs, fuse_req_t req, enum vx_ask_want want,
                              struct vx_inode *inode)
{
	struct vx_ask *ask = calloc(1, sizeof(*ask));

	if (!ask)
		return NULL;
	ask->magic = VX_ASK_MAGIC;
	atomic_init(&ask->refs, 1);
	atomic_init(&ask->state, VX_ASK_WAITING);
	ask->want = want;
	ask->fs = fs;
	ask->req = req;
	vx_ctx_init(&ask->ctx, fs->options.clock, -1);
	ask->inode = vx_inode_ref(inode);
	VX_LOCKED(&fs->lock);
	ask->next = fs->asks;
	ask->prev = &fs->asks;
	if (ask->next)
		ask->next->prev = &ask->next;
	fs->asks = ask;
	fs->n_asks++;
	return ask;
}

struct vx_ask *vx_ask_ref(struct vx_ask *ask)
{
	atomic_fetch_add_explicit(&ask->refs, 1, memory_order_relaxed);
	return ask;
}

void vx_ask_put(struct vx_ask *ask)
{
	struct vx_fs *fs = ask->fs;

	if (atomic_fetch_sub_explicit(&ask->refs, 1, memory_order_acq_rel) != 1)
		return;
	vx_ctx_fini(&ask->ctx);
	vx_node_put(&ask->node);
	vx_names_put(ask->names);
	vx_page_fini(&ask->page);
	vx_inode_put(ask->inode);
	free(ask->name);
	VX_LOCKED(&fs->lock); /* the last touch of fs: vx_fs_stop may go on after it */
	*ask->prev = ask->next;
	if (ask->next)
		ask->next->prev = ask->prev;
	ask->magic = 0;
	free(ask);
	fs->n_asks--;
	vx_broadcast(&fs->fewer);
}

/* A waiter leaves its directory; with the last one the load has lost its purpose. */
static bool leave(struct vx_ask *ask)
{
	struct vx_dir *dir = vx_inode_dir(ask->inode);

	VX_LOCKED(&ask->fs->lock);
	if (!ask->queue_prev)
		return false;
	queue_remove(ask->fs, ask);
	if (!dir->waiting && dir->load)
		vx_ctx_cancel(&dir->load->ctx);
	return true;
}

/* The kernel's INTERRUPT, on the loop's thread, with the request's lock held. */
static void interrupted(fuse_req_t req, void *arg)
{
	struct vx_ask *ask = VX_CHECK(arg, struct vx_ask, VX_ASK_MAGIC);
	enum vx_ask_state waiting = VX_ASK_WAITING;
	bool ours = false;

	vx_ctx_cancel(&ask->ctx);
	if (ask->want == VX_WANT_LOAD)
		ours = leave(ask);
	if (!atomic_compare_exchange_strong(&ask->state, &waiting, VX_ASK_GONE))
		return;                   /* an answer was first */
	(void)fuse_reply_err(req, EINTR); /* fails only if the kernel no longer waits */
	if (ours)
		vx_ask_put(ask);
}

struct vx_ask *vx_ask_new(struct vx_fs *fs, fuse_req_t req, enum vx_ask_want want,
                          struct vx_inode *inode, void (*resume)(struct vx_ask *, int))
{
	struct vx_ask *ask = NULL;
	int rc = ENOMEM;

	/* INTERRUPTs are handled on this thread: none can come between looking and registering,
	 * and registering never calls the function, which must not reply from in there. */
	if (fuse_req_interrupted(req))
		rc = EINTR;
	else if (atomic_load(&fs->ending))
		rc = EIO;
	else
		ask = ask_new(fs, req, want, inode);
	if (!ask) {
		(void)fuse_reply_err(req, rc); /* fails only if the kernel no longer waits */
		return NULL;
	}
	ask->resume = resume;
	fuse_req_interrupt_func(req, interrupted, ask);
	return ask;
}

struct vx_ask *vx_ask_load(struct vx_fs *fs, struct vx_dir *dir)
{
	return ask_new(fs, NULL, VX_WANT_INDEX, &dir->inode);
}

bool vx_ask_claim(struct vx_ask *ask)
{
	enum vx_ask_state waiting = VX_ASK_WAITING;

	if (!atomic_compare_exchange_strong(&ask->state, &waiting, VX_ASK_ANSWERED))
		return false;
	if (ask->req)
		fuse_req_interrupt_func(ask->req, NULL, NULL);
	return true;
}

void vx_ask_wait(struct vx_ask *ask, struct vx_dir *dir)
{
	queue_add(&dir->waiting, ask);
}

void vx_ask_release(struct vx_fs *fs, struct vx_dir *dir, int rc)
{
	while (dir->waiting) {
		struct vx_ask *ask = dir->waiting;

		queue_remove(fs, ask);
		ask->rc = rc;
		ready_add(fs, ask);
	}
}

void vx_ask_run_ready(struct vx_fs *fs)
{
	for (;;) {
		struct vx_ask *ask;

		vx_lock(&fs->lock);
		ask = fs->ready;
		if (ask)
			queue_remove(fs, ask);
		vx_unlock(&fs->lock);
		if (!ask)
			return;
		if (ask->want != VX_WANT_LOAD || vx_ask_claim(ask))
			ask->resume(ask, ask->rc);
		vx_ask_put(ask);
	}
}

/* The next ask that still owes the kernel a reply, with a reference. All loads are cancelled. */
static struct vx_ask *next_owing(struct vx_fs *fs)
{
	VX_LOCKED(&fs->lock);
	for (struct vx_ask *a = fs->asks; a; a = a->next) {
		if (a->want == VX_WANT_INDEX)
			vx_ctx_cancel(&a->ctx);
		else if (atomic_load(&a->state) == VX_ASK_WAITING)
			return vx_ask_ref(a);
	}
	return NULL;
}

void vx_ask_abandon(struct vx_fs *fs)
{
	struct vx_ask *ask;

	while ((ask = next_owing(fs))) {
		bool ours = ask->want == VX_WANT_LOAD && leave(ask);

		vx_ctx_cancel(&ask->ctx);
		if (vx_ask_claim(ask))
			(void)fuse_reply_err(ask->req, EIO); /* the kernel may be gone already */
		if (ours)
			vx_ask_put(ask);
		vx_ask_put(ask);
	}
}

void vx_ask_drain(struct vx_fs *fs)
{
	bool left = true;

	while (left) {
		vx_ask_run_ready(fs);
		VX_LOCKED(&fs->lock);
		while (fs->n_asks && !fs->ready)
			vx_assert(pthread_cond_wait(&fs->fewer, &fs->lock) == 0);
		left = fs->n_asks > 0;
	}
}

/* --- the provider's side: see provider.h ------------------------------------------------------ */

struct vx_ctx *vx_ask_ctx(struct vx_ask *ask)
{
	return &ask->ctx;
}

/* The provider has spoken, and its reference with it. */
static void answer(struct vx_ask *ask, int rc)
{
	struct vx_fs *fs = ask->fs;

	if (!vx_ask_claim(ask)) {
		vx_ask_put(ask); /* too late: what came along is dropped */
	} else if (ask->want == VX_WANT_PAGE) {
		ask->rc = rc;
		vx_lock(&fs->lock);
		ready_add(fs, ask);
		vx_session_wake(fs); /* under the lock: after it, ask and fs may be gone */
		vx_unlock(&fs->lock);
	} else {
		ask->resume(ask, rc);
		vx_ask_put(ask);
	}
}

void vx_ask_error(struct vx_ask *ask, int rc)
{
	vx_assert(rc < 0);
	answer(ask, rc);
}

void vx_ask_node(struct vx_ask *ask, struct vx_node node)
{
	vx_assert(ask->want == VX_WANT_NODE);
	vx_assert(node.kind == VX_NODE_DIR ? node.place != NULL : node.content != NULL);
	ask->node = node;
	answer(ask, 0);
}

void vx_ask_index(struct vx_ask *ask, struct vx_names *names)
{
	vx_assert(ask->want == VX_WANT_INDEX);
	ask->names = names;
	answer(ask, 0);
}

void vx_ask_content(struct vx_ask *ask)
{
	vx_assert(ask->want == VX_WANT_CONTENT);
	answer(ask, 0);
}

void vx_ask_page(struct vx_ask *ask, const char *const *names, size_t n, bool more)
{
	int rc = 0;

	vx_assert(ask->want == VX_WANT_PAGE);
	vx_assert(n || !more); /* a listing gets on with every page */
	ask->page.names = calloc(n ? n : 1, sizeof(char *));
	for (size_t i = 0; ask->page.names && i < n; i++) {
		ask->page.names[i] = strdup(names[i]);
		if (!ask->page.names[i])
			break;
		ask->page.n++;
	}
	if (!ask->page.names || ask->page.n < n)
		rc = -ENOMEM;
	ask->page.more = more;
	answer(ask, rc);
}
