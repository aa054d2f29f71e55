/* provider.h - the joint between the filesystem and whoever knows what is in it.
 *
 * fs/ knows directories, names, inodes and the kernel; it knows no rollout and no backend. The
 * provider knows what each directory holds and what each file says; it knows no nodeid. They speak
 * through this page only.
 *
 * Two kinds of directory. A *branch* (root, application, the folders that only hold folders) is
 * never published: its names are asked for one by one and may be waited for, and they time out. A
 * *leaf* holds an index: one immutable `struct vx_names` that is loaded once and afterwards
 * replaced by vx_fs_publish; its names are answered from that index without waiting, misses
 * included.
 *
 * Threads: provider calls are made on the loop's thread and must return within 1 ms (asserted by
 * debug builds under VORTEX_STRICT=1, see call.c); they either answer at once or keep the ask and answer exactly once, from any
 * thread, later. The vx_ask_* and vx_fs_* functions may be called from any thread, also from inside
 * a provider call, but with none of the provider's locks held that a provider call takes.
 *
 * INTERRUPT cancels ask->ctx; fs replies EINTR itself and drops the late answer. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/bytes.h"
#include "core/ctx.h"
#include "core/error.h"

struct vx_ask; /* one question that waits for its answer */
struct vx_dir; /* a directory that the kernel knows; see vx_dir_ref */

/* One file's content: a promise of bytes that never change. Counted; made by the provider, which
 * puts it inside a structure of its own or leaves `owner` to find its way back. fs keeps a
 * reference until the kernel forgets the inode, then calls provider->released and puts it. */
struct vx_content {
	atomic_size_t refs;
	void *owner;                                 /* the provider's */
	void (*destroy)(struct vx_content *content); /* called with the last reference */
	_Atomic(struct vx_bytes *) bytes; /* NULL until known; set once; freed with the content */
	int64_t mtime_ns;                 /* wall time; strictly rises under a name */
};
void vx_content_init(struct vx_content *c, void *owner, int64_t mtime_ns,
                     void (*destroy)(struct vx_content *));
struct vx_content *vx_content_ref(struct vx_content *c);
void vx_content_put(struct vx_content *c); /* NULL is a no-op */
/* Keep the promise: @bytes' reference is taken over (dropped if another thread was first). */
void vx_content_keep(struct vx_content *c, struct vx_bytes *bytes);

/* What a directory is to the provider. Counted; the provider embeds it. Two vx_dir of fs (two
 * paths) may share one place. */
struct vx_place {
	atomic_size_t refs;
	bool leaf;
	void (*destroy)(struct vx_place *place);
};
void vx_place_init(struct vx_place *p, bool leaf, void (*destroy)(struct vx_place *));
struct vx_place *vx_place_ref(struct vx_place *p);
void vx_place_put(struct vx_place *p); /* NULL is a no-op */

enum vx_node_kind { VX_NODE_DIR, VX_NODE_FILE, VX_NODE_LINK };

struct vx_mode {
	uid_t uid;
	gid_t gid;
	mode_t perm; /* 0444, 0555: no write bits */
};

/* What stands at a name. In an answer the references are handed over to fs. */
struct vx_node {
	enum vx_node_kind kind;
	struct vx_mode mode;
	struct vx_content *content; /* FILE; LINK: bytes known, the target */
	struct vx_place *place;     /* DIR */
	bool volatile_name;         /* LINK or FILE that must not be cached by name (TTL 0) */
};

/* A leaf's index: immutable, counted, built by the provider, sorted by fs. */
struct vx_names;
struct vx_names *vx_names_new(void);
/* Add; @node's references are taken over also on failure. @rank orders the listing (then byte
 * order); @listed false: found by name only. Of two equal names the first stays (-EEXIST). */
int vx_names_add(struct vx_names *n, const char *name, int rank, bool listed, struct vx_node node);
/* Sort and freeze: from now on it may be shared. */
void vx_names_seal(struct vx_names *n);
const struct vx_node *vx_names_find(const struct vx_names *n, const char *name); /* sealed only */
struct vx_names *vx_names_ref(struct vx_names *n);
void vx_names_put(struct vx_names *n); /* NULL is a no-op */

/* Who asks. */
struct vx_who {
	pid_t tid; /* the thread's id as the kernel reports it; 0 outside our pid namespace */
	uid_t uid;
	gid_t gid;
};

struct vx_provider {
	/* The root's place; called once at mount. A new reference. */
	struct vx_place *(*root)(void *self);

	/* Branch: a page of the listing after @cursor (""): answer with vx_ask_page.
	 * Leaf, whose index is not loaded: answer with vx_ask_index (@cursor is ""). */
	void (*names)(void *self, struct vx_ask *ask, struct vx_dir *dir, const char *cursor);

	/* Branch: what is @name? Answer with vx_ask_node or vx_ask_error(-ENOENT).
	 * Leaf: a name that its loaded index lacks (`@17`, a commit): answered before returning. */
	void (*lookup)(void *self, struct vx_ask *ask, struct vx_dir *dir, const char *name,
	               const struct vx_who *who);

	/* The bytes of @file are wanted: answer with vx_ask_content once they are kept. */
	void (*content)(void *self, struct vx_ask *ask, struct vx_content *file,
	                const struct vx_who *who);

	/* The kernel has forgotten an inode of @file; the reference is put right after. This and
	 * dropped also come from vx_fs_stop, on its caller's thread, for what was still held. */
	void (*released)(void *self, struct vx_content *file);

	/* The kernel has forgotten the directory; its index is dropped. */
	void (*dropped)(void *self, struct vx_dir *dir);
};

/* --- answering ------------------------------------------------------------------------------ */

/* The request's ctx: borrowed, valid until the ask is answered. */
struct vx_ctx *vx_ask_ctx(struct vx_ask *ask);

void vx_ask_error(struct vx_ask *ask, int rc); /* @rc: negative errno, mapped by core/errors.def */
void vx_ask_node(struct vx_ask *ask, struct vx_node node);
/* @names: sealed, the reference is taken over. The same as a publication where one came first: of
 * vx_ask_index and vx_fs_publish for one directory the later call stands. */
void vx_ask_index(struct vx_ask *ask, struct vx_names *names);
void vx_ask_content(struct vx_ask *ask); /* the content's bytes are kept by now */

/* A page of a branch: names in byte order; copied. @more: ask again with the last one. */
void vx_ask_page(struct vx_ask *ask, const char *const *names, size_t n, bool more);

/* --- directories ---------------------------------------------------------------------------- */

struct vx_place *vx_dir_place(struct vx_dir *dir); /* borrowed */
struct vx_dir *vx_dir_ref(struct vx_dir *dir);
void vx_dir_put(struct vx_dir *dir); /* NULL is a no-op */
