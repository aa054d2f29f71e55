/* ops_dir.c - directories: names found and names listed.
 *
 * A leaf answers from its index, which is loaded at the first question; whoever comes meanwhile
 * waits for the one load. A branch asks the provider for each name and each page of its listing.
 *
 * Cookies are ranks: 1 is ".", 2 is "..", 3 the first name. A handle keeps what they are ranks in:
 * in a leaf the index as it was when the listing was begun, in a branch the present page and where
 * it starts; going back starts again. The entries of READDIRPLUS, unlike the names, are always
 * those of the present index, so that an old listing brings back no old inode. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fs/ask.h"

#define NAME_MAX_BYTES 255
#define DOTS 2                  /* "." and ".." */
#define REPLY_MAX (1u << 20)    /* the kernel asks for at most this many bytes of listing */
#define INO_UNKNOWN 0xffffffffu /* listed, but never looked up; 0 would hide the name */

/* An open directory. The loop's thread alone touches it. */
struct vx_handle {
	struct vx_dir *dir;             /* a reference */
	struct vx_names *names;         /* leaf: what is being listed */
	struct vx_page page;            /* branch: a part of the listing */
	off_t start;                    /* branch: how many names precede the page */
	bool begun;                     /* branch: page is filled */
	struct vx_handle *next, **prev; /* fs->handles */
};

static void handle_free(struct vx_handle *h)
{
	*h->prev = h->next;
	if (h->next)
		h->next->prev = h->prev;
	vx_dir_put(h->dir);
	vx_names_put(h->names);
	vx_page_fini(&h->page);
	free(h);
}

/* --- LOOKUP ----------------------------------------------------------------------------------- */

/* Tell the kernel of @i, whose lookup is counted; take that back if the kernel does not want it. */
static void reply_entry(struct vx_fs *fs, fuse_req_t req, uint64_t id,
                        const struct fuse_entry_param *e)
{
	struct vx_inode *i;

	if (fuse_reply_entry(req, e) == 0)
		return;
	vx_lock(&fs->lock);
	i = vx_table_find(&fs->table, id);
	if (i)
		vx_table_forget(&fs->table, i, 1);
	vx_unlock(&fs->lock);
	vx_session_wake(fs); /* the provider is told by the loop */
}

/* (L) Enter @node at @name and fill @ret. 0 or -ENOMEM. */
static int enter(struct vx_fs *fs, struct vx_dir *dir, const char *name, const struct vx_node *node,
                 struct fuse_entry_param *ret)
{
	struct vx_inode *i;

	if (dir->gone)
		return -ENOENT; /* an answer to a question that the kernel has given up */
	i = vx_table_enter(&fs->table, dir, name, node, fs->started_ns);
	if (!i)
		return -ENOMEM;
	vx_fs_entry(fs, i, ret);
	return 0;
}

static void reply_missing(struct vx_fs *fs, fuse_req_t req)
{
	const struct fuse_entry_param none = {.entry_timeout = fs->negative_ttl};

	(void)fuse_reply_entry(req, &none); /* fails only if nobody waits */
}

/* What the provider says stands at a name that is in no index. */
static void node_ready(struct vx_ask *ask, int rc)
{
	struct vx_fs *fs = ask->fs;
	struct vx_dir *dir = vx_inode_dir(ask->inode);
	struct fuse_entry_param e;

	if (rc == 0) {
		VX_LOCKED(&fs->lock);
		const struct vx_node *node = NULL;

		if (dir->index) /* it may have been added meanwhile */
			node = vx_names_find(dir->index, ask->name);
		rc = enter(fs, dir, ask->name, node ? node : &ask->node, &e);
	}
	if (rc == 0)
		reply_entry(fs, ask->req, e.ino, &e);
	else if (rc == -ENOENT && dir->inode.node.place->leaf)
		reply_missing(fs, ask->req);
	else
		vx_fs_reply_rc(ask->req, rc);
}

static void ask_node(struct vx_fs *fs, fuse_req_t req, struct vx_dir *dir, const char *name)
{
	struct vx_who who = vx_fs_who(req);
	struct vx_ask *ask = vx_ask_new(fs, req, VX_WANT_NODE, &dir->inode, node_ready);
	struct vx_fs_call call;

	if (!ask)
		return;
	(void)vx_ask_ref(ask);
	ask->name = strdup(name);
	if (!ask->name) {
		vx_ask_error(ask, -ENOMEM);
	} else {
		vx_fs_call_begin(fs, &call);
		fs->provider->lookup(fs->self, ask, dir, name, &who);
		vx_fs_call_end(fs, &call, "lookup");
		/* Nobody may wait in a loaded leaf: no answer by now is a miss. */
		if (dir->inode.node.place->leaf && vx_ask_claim(ask))
			node_ready(ask, -ENOENT);
	}
	vx_ask_put(ask);
}

/* --- loading ---------------------------------------------------------------------------------- */

static void load_ready(struct vx_ask *ask, int rc)
{
	struct vx_fs *fs = ask->fs;
	struct vx_dir *dir = vx_inode_dir(ask->inode);

	vx_lock(&fs->lock);
	if (dir->load == ask) { /* else a publication or a younger load was faster */
		dir->load = NULL;
		if (rc < 0)
			vx_ask_release(fs, dir, rc);
	}
	vx_unlock(&fs->lock);
	if (rc == 0)
		vx_publish(fs, dir, vx_steal(ask->names), NULL, NULL);
	else
		vx_session_wake(fs);
}

/* Start the load of @dir's index unless one is out. */
static void load(struct vx_fs *fs, struct vx_dir *dir)
{
	struct vx_ask *ask = vx_ask_load(fs, dir);
	struct vx_fs_call call;

	if (!ask) {
		vx_lock(&fs->lock);
		vx_ask_release(fs, dir, -ENOMEM);
		vx_unlock(&fs->lock);
		vx_session_wake(fs);
		return;
	}
	ask->resume = load_ready;
	vx_lock(&fs->lock);
	dir->load = ask;
	vx_unlock(&fs->lock);
	vx_fs_call_begin(fs, &call);
	fs->provider->names(fs->self, ask, dir, "");
	vx_fs_call_end(fs, &call, "names");
}

/* Set @ask aside until @dir has its index. */
static void wait_for_index(struct vx_fs *fs, struct vx_ask *ask, struct vx_dir *dir)
{
	bool first;

	vx_lock(&fs->lock);
	first = !dir->load || atomic_load(&dir->load->ctx.cancelled);
	if (first)
		dir->load = NULL; /* how a cancelled one ends is not for those who come after it */
	vx_ask_wait(ask, dir);
	vx_unlock(&fs->lock);
	if (first)
		load(fs, dir);
}

/* (L) */
static bool loaded(const struct vx_dir *dir)
{
	return !dir->inode.node.place->leaf || dir->index;
}

/* --- LOOKUP, once more ------------------------------------------------------------------------ */

static void lookup(struct vx_fs *fs, fuse_req_t req, struct vx_dir *dir, const char *name);

static void lookup_loaded(struct vx_ask *ask, int rc)
{
	if (rc < 0)
		vx_fs_reply_rc(ask->req, rc);
	else
		lookup(ask->fs, ask->req, vx_inode_dir(ask->inode), ask->name);
}

static void wait_lookup(struct vx_fs *fs, fuse_req_t req, struct vx_dir *dir, const char *name)
{
	struct vx_ask *ask = vx_ask_new(fs, req, VX_WANT_LOAD, &dir->inode, lookup_loaded);

	if (!ask)
		return;
	ask->name = strdup(name);
	if (ask->name) {
		wait_for_index(fs, ask, dir);
	} else {
		if (vx_ask_claim(ask))
			(void)fuse_reply_err(req, ENOMEM); /* fails only if nobody waits */
		vx_ask_put(ask);
	}
}

static void lookup(struct vx_fs *fs, fuse_req_t req, struct vx_dir *dir, const char *name)
{
	const struct vx_node *node = NULL;
	struct fuse_entry_param e;
	bool ready;
	int rc = 0;

	vx_lock(&fs->lock);
	ready = loaded(dir);
	if (dir->index)
		node = vx_names_find(dir->index, name);
	if (node)
		rc = enter(fs, dir, name, node, &e);
	vx_unlock(&fs->lock);
	if (!ready)
		wait_lookup(fs, req, dir, name);
	else if (!node)
		ask_node(fs, req, dir, name);
	else if (rc < 0)
		vx_fs_reply_rc(req, rc);
	else
		reply_entry(fs, req, e.ino, &e);
}

/* Replies: entry (nodeid 0: a miss that the kernel may keep), err; later in a branch and in a leaf
 * that is not loaded. Success costs one lookup count, which forget returns. */
void vx_op_lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct vx_fs *fs = vx_fs_of(req);
	struct vx_inode *i = vx_fs_inode(fs, parent);

	atomic_fetch_add_explicit(&fs->counts.lookup, 1, memory_order_relaxed);
	if (!i)
		(void)fuse_reply_err(req, ESTALE);
	else if (i->node.kind != VX_NODE_DIR)
		(void)fuse_reply_err(req, ENOTDIR);
	else if (strlen(name) > NAME_MAX_BYTES)
		(void)fuse_reply_err(req, ENAMETOOLONG);
	else
		lookup(fs, req, vx_inode_dir(i), name);
	vx_inode_put(i);
}

/* --- listing ---------------------------------------------------------------------------------- */

/* A reply of READDIR or READDIRPLUS under construction. */
struct out {
	struct vx_fs *fs;
	fuse_req_t req;
	struct vx_dir *dir;
	bool plus;
	char *data;
	size_t size, used;
	uint64_t *entered; /* nodeids whose lookup this reply counts */
	size_t n_entered;
};

/* Append @name with the cookie @next. false: no room. */
static bool put_entry(struct out *o, const char *name, const struct fuse_entry_param *e, off_t next)
{
	size_t room = o->size - o->used, n;

	if (o->plus)
		n = fuse_add_direntry_plus(o->req, o->data + o->used, room, name, e, next);
	else
		n = fuse_add_direntry(o->req, o->data + o->used, room, name, &e->attr, next);
	if (n > room)
		return false;
	o->used += n;
	return true;
}

/* An entry with a type and no inode: dots, branches. */
static bool put_bare(struct out *o, const char *name, mode_t type, uint64_t id, off_t next)
{
	const struct fuse_entry_param e = {.attr = {.st_ino = id, .st_mode = type}};

	return put_entry(o, name, &e, next);
}

static bool put_dot(struct out *o, off_t at)
{
	const struct vx_dir *up = o->dir->inode.parent ? o->dir->inode.parent : o->dir;

	return at == 0 ? put_bare(o, ".", S_IFDIR, o->dir->inode.id, 1)
	               : put_bare(o, "..", S_IFDIR, up->inode.id, DOTS);
}

/* (L) A name of a leaf: with the inode that it shows now, or bare if it has gone meanwhile. */
static bool put_name(struct out *o, const struct vx_name *n, off_t next)
{
	static const mode_t types[] = {
		[VX_NODE_DIR] = S_IFDIR, [VX_NODE_FILE] = S_IFREG, [VX_NODE_LINK] = S_IFLNK};
	size_t need = o->plus ? fuse_add_direntry_plus(o->req, NULL, 0, n->name, NULL, 0)
	                      : fuse_add_direntry(o->req, NULL, 0, n->name, NULL, 0);
	const struct vx_inode *known;
	const struct vx_node *node;
	struct fuse_entry_param e;

	if (need > o->size - o->used)
		return false; /* before the lookup is counted */
	node = o->plus && o->dir->index ? vx_names_find(o->dir->index, n->name) : NULL;
	if (node && enter(o->fs, o->dir, n->name, node, &e) == 0) {
		o->entered[o->n_entered++] = e.ino;
		return put_entry(o, n->name, &e, next);
	}
	known = vx_table_named(&o->fs->table, o->dir, n->name);
	return put_bare(o, n->name, types[n->node.kind], known ? known->id : INO_UNKNOWN, next);
}

static void put_leaf(struct out *o, struct vx_handle *h, off_t off)
{
	const struct vx_name *n;

	VX_LOCKED(&o->fs->lock);
	for (; off >= DOTS && (n = vx_names_listed(h->names, (size_t)(off - DOTS))); off++) {
		if (!put_name(o, n, off + 1))
			return;
	}
}

static void put_branch(struct out *o, struct vx_handle *h, off_t off)
{
	VX_LOCKED(&o->fs->lock);
	for (; off >= DOTS; off++) {
		size_t at = (size_t)(off - DOTS - h->start);
		const struct vx_inode *known;

		if (at >= h->page.n)
			return;
		known = vx_table_named(&o->fs->table, o->dir, h->page.names[at]);
		if (!put_bare(o, h->page.names[at], S_IFDIR, known ? known->id : INO_UNKNOWN,
		              off + 1))
			return;
	}
}

/* The reply did not arrive, and the lookups that it counted neither. */
static void take_back(struct out *o)
{
	vx_lock(&o->fs->lock);
	for (size_t k = 0; k < o->n_entered; k++) {
		struct vx_inode *i = vx_table_find(&o->fs->table, o->entered[k]);

		if (i)
			vx_table_forget(&o->fs->table, i, 1);
	}
	vx_unlock(&o->fs->lock);
	vx_session_wake(o->fs);
}

/* Reply with what there is from @off on. */
static void reply_listing(struct vx_fs *fs, fuse_req_t req, struct vx_handle *h, size_t size,
                          off_t off, bool plus)
{
	struct out o = {.fs = fs, .req = req, .dir = h->dir, .plus = plus, .size = size};

	if (o.size > REPLY_MAX)
		o.size = REPLY_MAX;
	o.data = malloc(o.size);
	/* An entry of READDIRPLUS is never smaller than what describes its inode. */
	o.entered = calloc(o.size / sizeof(struct stat) + 1, sizeof(*o.entered));
	if (!o.data || !o.entered) {
		(void)fuse_reply_err(req, ENOMEM); /* fails only if nobody waits */
	} else {
		while (off < DOTS && put_dot(&o, off))
			off++;
		if (h->names)
			put_leaf(&o, h, off);
		else
			put_branch(&o, h, off);
		if (fuse_reply_buf(req, o.data, o.used) != 0 && o.n_entered)
			take_back(&o);
	}
	free(o.data);
	free(o.entered);
}

static void list(struct vx_fs *fs, fuse_req_t req, struct vx_handle *h, size_t size, off_t off,
                 bool plus);

/* The index is there, or a page: go on. On the loop's thread. */
static void listing_ready(struct vx_ask *ask, int rc)
{
	struct vx_handle *h = ask->handle;

	if (rc < 0) {
		vx_fs_reply_rc(ask->req, rc);
		return;
	}
	if (ask->want == VX_WANT_PAGE) {
		h->start += h->begun ? (off_t)h->page.n : 0;
		h->begun = true;
		vx_page_fini(&h->page);
		h->page = ask->page;
		ask->page = (struct vx_page){0};
	}
	list(ask->fs, ask->req, h, ask->size, ask->off, ask->plus);
}

static struct vx_ask *ask_listing(struct vx_fs *fs, fuse_req_t req, enum vx_ask_want want,
                                  struct vx_handle *h, size_t size, off_t off, bool plus)
{
	struct vx_ask *ask = vx_ask_new(fs, req, want, &h->dir->inode, listing_ready);

	if (!ask)
		return NULL;
	ask->handle = h;
	ask->size = size;
	ask->off = off;
	ask->plus = plus;
	return ask;
}

/* Ask for the page after the handle's. */
static void ask_page(struct vx_fs *fs, struct vx_ask *ask, struct vx_handle *h)
{
	const char *cursor = h->begun && h->page.n ? h->page.names[h->page.n - 1] : "";
	struct vx_fs_call call;

	vx_fs_call_begin(fs, &call);
	fs->provider->names(fs->self, ask, h->dir, cursor);
	vx_fs_call_end(fs, &call, "names");
}

/* Whether the handle's page is the one that answers from @off on. */
static bool page_serves(const struct vx_handle *h, off_t off)
{
	off_t at = off < DOTS ? 0 : off - DOTS;

	return h->begun && (at < h->start + (off_t)h->page.n || !h->page.more);
}

static void rewind_branch(struct vx_handle *h)
{
	vx_page_fini(&h->page);
	h->start = 0;
	h->begun = false;
}

static void list_branch(struct vx_fs *fs, fuse_req_t req, struct vx_handle *h, size_t size,
                        off_t off, bool plus)
{
	struct vx_ask *ask;

	if (page_serves(h, off)) {
		reply_listing(fs, req, h, size, off, plus);
		return;
	}
	ask = ask_listing(fs, req, VX_WANT_PAGE, h, size, off, plus);
	if (ask)
		ask_page(fs, ask, h);
}

static void list(struct vx_fs *fs, fuse_req_t req, struct vx_handle *h, size_t size, off_t off,
                 bool plus)
{
	struct vx_ask *ask;

	if (!h->dir->inode.node.place->leaf) {
		list_branch(fs, req, h, size, off, plus);
		return;
	}
	vx_lock(&fs->lock);
	if (!h->names && h->dir->index)
		h->names = vx_names_ref(h->dir->index);
	vx_unlock(&fs->lock);
	if (h->names) {
		reply_listing(fs, req, h, size, off, plus);
		return;
	}
	ask = ask_listing(fs, req, VX_WANT_LOAD, h, size, off, plus);
	if (ask)
		wait_for_index(fs, ask, h->dir);
}

static void begin_list(fuse_req_t req, struct fuse_file_info *fi, size_t size, off_t off, bool plus)
{
	struct vx_fs *fs = vx_fs_of(req);
	struct vx_handle *h = (struct vx_handle *)(uintptr_t)fi->fh;

	atomic_fetch_add_explicit(&fs->counts.readdir, 1, memory_order_relaxed);
	if (off == 0) { /* from the start: what stands now, see publish.c on the kernel's cache */
		vx_names_put(h->names);
		h->names = NULL;
	}
	if (off == 0 || off - DOTS < h->start)
		rewind_branch(h);
	list(fs, req, h, size, off, plus);
}

/* Replies: buf, err; later while an index or a page is fetched. */
void vx_op_readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                   struct fuse_file_info *fi)
{
	(void)ino;
	begin_list(req, fi, size, off, false);
}

/* The same; each entry of a leaf costs one lookup count. */
void vx_op_readdirplus(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
                       struct fuse_file_info *fi)
{
	(void)ino;
	begin_list(req, fi, size, off, true);
}

/* Replies: open, err. The kernel may keep the listing of a leaf: publish.c tells it when not. */
void vx_op_opendir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct vx_fs *fs = vx_fs_of(req);
	struct vx_inode *i = vx_fs_inode(fs, ino);
	struct vx_dir *dir = vx_inode_dir(i);
	struct vx_handle *h = dir ? calloc(1, sizeof(*h)) : NULL;

	atomic_fetch_add_explicit(&fs->counts.other, 1, memory_order_relaxed);
	if (!h) {
		(void)fuse_reply_err(req, dir ? ENOMEM : ESTALE);
		vx_inode_put(i);
		return;
	}
	h->dir = dir; /* with the reference */
	h->next = fs->handles;
	h->prev = &fs->handles;
	if (h->next)
		h->next->prev = &h->next;
	fs->handles = h;
	fi->fh = (uintptr_t)h;
	fi->cache_readdir = dir->inode.node.place->leaf;
	fi->keep_cache = fi->cache_readdir;
	if (fuse_reply_open(req, fi) != 0)
		handle_free(h); /* no releasedir comes */
}

/* Replies: err (0). */
void vx_op_releasedir(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	(void)ino;
	atomic_fetch_add_explicit(&vx_fs_of(req)->counts.other, 1, memory_order_relaxed);
	handle_free((struct vx_handle *)(uintptr_t)fi->fh);
	(void)fuse_reply_err(req, 0); /* fails only if nobody waits */
}

void vx_fs_close_handles(struct vx_fs *fs)
{
	while (fs->handles)
		handle_free(fs->handles);
}
