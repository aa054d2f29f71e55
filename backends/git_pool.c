/* git_pool.c - opening repositories, lending them to calls, and saying what is wrong with them.
 *
 * A handle is not lent again once another folder stands at the repository's path: a repository that
 * was removed and made anew is another one. New packs need nothing: libgit2 looks again for an
 * object that it does not find. When packs were merged the handle is made anew too, for it holds
 * the removed ones' space. A handle that met a damaged object in a mirror tells it (git_remote.c). */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "backends/git_i.h"

/* Whether an object is missing or broken, rather than not of the kind that was asked for. */
static bool is_damage(int grc, const git_error *said)
{
	if (!said || grc == GIT_EPEEL || grc == GIT_EINVALIDSPEC || grc == GIT_EAMBIGUOUS)
		return false;
	return grc == GIT_ENOTFOUND || said->klass == GIT_ERROR_INVALID ||
	       said->klass == GIT_ERROR_ODB || said->klass == GIT_ERROR_ZLIB ||
	       said->klass == GIT_ERROR_REFERENCE || said->klass == GIT_ERROR_SHA;
}

int vx_git_fail(struct vx_git_handle *h, struct vx_error *err, int grc, const char *fmt, ...)
{
	const git_error *said = git_error_last();
	bool no_memory = said && said->klass == GIT_ERROR_NOMEMORY;
	char what[VX_ERROR_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	if (no_memory)
		return vx_fail(err, -ENOMEM, "%s: out of memory", what);
	h->damaged = h->damaged || is_damage(grc, said);
	return vx_fail(err, -EBADMSG, "%s: %s", what,
	               said                   ? said->message
	               : grc == GIT_ENOTFOUND ? "not found"
	                                      : "failed");
}

static void handle_free(struct vx_git_handle *h)
{
	if (!h)
		return;
	git_odb_free(h->odb);
	git_repository_free(h->repo);
	free(h);
}

static void handle_free_p(struct vx_git_handle **h)
{
	handle_free(*h);
}

/* The folder that stands at the path; 0 or the sentence about why there is none. */
static int look(const struct vx_backend *b, struct stat *st, struct vx_error *err)
{
	if (stat(b->path, st) < 0)
		return errno == EACCES ? vx_fail(err, -EACCES,
		                                 "the repository '%s' may not be read", b->path)
		                       : vx_fail(err, -EAGAIN, "the repository '%s': %s", b->shown,
		                                 strerror(errno));
	if (S_ISDIR(st->st_mode) && access(b->path, R_OK | X_OK) < 0)
		return vx_fail(err, -EACCES, "the repository '%s' may not be read", b->shown);
	return 0;
}

static int open_handle(const struct vx_backend *b, const struct stat *st,
                       struct vx_git_handle **ret, struct vx_error *err)
{
	VX_AUTO(handle_free_p) struct vx_git_handle *h = calloc(1, sizeof(*h));
	const git_error *said;

	if (!h)
		return vx_fail(err, -ENOMEM, "out of memory");
	h->dev = st->st_dev;
	h->ino = st->st_ino;
	h->generation = b->remote ? vx_git_remote_generation(b->remote) : 0;
	if (git_repository_open_ext(&h->repo, b->path, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL) < 0 ||
	    git_repository_odb(&h->odb, h->repo) < 0) {
		said = git_error_last();
		return vx_fail(err, -EAGAIN, "'%s' is not a git repository that can be read: %s",
		               b->shown, said ? said->message : "no reason was given");
	}
	*ret = vx_steal(h);
	return 0;
}

static struct vx_git_handle *pop(struct vx_backend *b)
{
	VX_LOCKED(&b->lock);
	struct vx_git_handle *h = b->idle;

	if (h) {
		b->idle = h->next;
		b->n_idle--;
	}
	return h;
}

/* Whether @h still is what stands at the path. Its folder is enough: a repository is made in a new
 * one, and the references are read from files each time. */
static bool still_there(const struct vx_backend *b, const struct vx_git_handle *h,
                        const struct stat *st)
{
	char head[PATH_MAX];

	if (h->dev != st->st_dev || h->ino != st->st_ino)
		return false;
	if (b->remote && h->generation != vx_git_remote_generation(b->remote))
		return false;
	(void)snprintf(head, sizeof(head), "%sHEAD", git_repository_path(h->repo));
	return access(head, R_OK) == 0;
}

int vx_git_take(struct vx_backend *b, struct vx_git_handle **ret, struct vx_error *err)
{
	struct vx_git_handle *h;
	struct stat st;
	int rc = look(b, &st, err);

	if (rc < 0)
		return rc;
	while ((h = pop(b))) {
		if (still_there(b, h, &st)) {
			*ret = h;
			return 0;
		}
		handle_free(h);
	}
	return open_handle(b, &st, ret, err);
}

int vx_git_await(struct vx_backend *b, const struct vx_ctx *ctx, struct vx_git_handle **ret,
                 struct vx_error *err)
{
	int rc = b->remote ? vx_git_remote_wait(b->remote, ctx, err) : 0;

	return rc == 0 ? vx_git_take(b, ret, err) : rc;
}

void vx_git_give(struct vx_backend *b, struct vx_git_handle *h)
{
	if (!h)
		return;
	if (h->damaged && b->remote)
		vx_git_remote_suspect(b->remote);
	h->damaged = false;
	vx_lock(&b->lock);
	if (b->n_idle < VX_GIT_IDLE_MAX) {
		h->next = b->idle;
		b->idle = h;
		b->n_idle++;
		h = NULL;
	}
	vx_unlock(&b->lock);
	handle_free(h);
}

void vx_git_pool_fini(struct vx_backend *b)
{
	struct vx_git_handle *h;

	while ((h = pop(b)))
		handle_free(h);
}
