/* git_index.c - folders made of tree objects, each made once.
 *
 * A tree object never changes, so its folder is kept by its id and shared by every commit that
 * contains it: after a commit only the trees that it touched are read, and one application of ten
 * thousand costs a few lookups. Links and submodules are left out. */
#include <errno.h>
#include <string.h>

#include "backends/git_i.h"

/* What a folder was made of; the kinds of keys in the table of folders. */
enum kind {
	TREE,       /* sizes of the loose files only */
	TREE_PLAIN, /* sizes of all files */
	COMMIT      /* not a folder but the id of one: an empty folder with the tree's id */
};

_Static_assert(VX_BLOB_ID_BYTES == GIT_OID_RAWSZ, "our ids of content are Git's");

static void *ref(void *folder)
{
	return vx_folder_ref(folder);
}

static void put(void *folder)
{
	vx_folder_put(folder);
}

struct vx_lru *vx_git_folders_new(size_t max_bytes)
{
	static const struct vx_lru_ops ops = {ref, put};

	return vx_lru_new(max_bytes, &ops);
}

static struct vx_lru_key key_of(const git_oid *id, enum kind kind)
{
	struct vx_lru_key key = {.kind = (unsigned char)kind};

	memcpy(key.id, id->id, sizeof(key.id));
	return key;
}

static int add_entries(struct vx_folder *f, const git_tree *tree, const struct vx_ctx *ctx)
{
	size_t n = git_tree_entrycount(tree);
	int rc = 0;

	for (size_t i = 0; i < n && rc == 0; i++) {
		const git_tree_entry *e = git_tree_entry_byindex(tree, i);
		const unsigned char *id = git_tree_entry_id(e)->id;
		git_filemode_t mode = git_tree_entry_filemode(e);

		if (mode == GIT_FILEMODE_TREE)
			rc = vx_folder_add_dir(f, git_tree_entry_name(e), id);
		else if (mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE)
			rc = vx_folder_add_file(f, git_tree_entry_name(e), 0, id);
		if (rc == 0 && i % 1024 == 0)
			rc = vx_ctx_check(ctx);
	}
	return rc;
}

static int blob_size(struct vx_git_handle *h, const unsigned char id[VX_BLOB_ID_BYTES],
                     const char *name, uint64_t *ret, struct vx_error *err)
{
	git_object_t type;
	git_oid oid;
	size_t size;
	int grc;

	memcpy(oid.id, id, sizeof(oid.id));
	grc = git_odb_read_header(&size, &type, h->odb, &oid);
	if (grc < 0)
		return vx_git_fail(h, err, grc, "the file '%s'", name);
	*ret = size;
	return 0;
}

static int add_sizes(struct vx_folder *f, struct vx_git_handle *h, bool plain,
                     const struct vx_ctx *ctx, struct vx_error *err)
{
	size_t n = plain ? f->n_files : f->n_loose;

	for (size_t i = 0; i < n; i++) {
		struct vx_file *file = &f->files[plain ? i : f->loose[i]];
		int rc = i % 64 ? 0 : vx_ctx_check(ctx);

		if (rc < 0)
			return vx_fail(err, rc, "reading the sizes of %zu files", n);
		rc = blob_size(h, file->id, file->name, &file->size, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int make_folder(struct vx_git_handle *h, const struct vx_ctx *ctx, const git_oid *id,
                       bool plain, struct vx_folder **ret, struct vx_error *err)
{
	VX_AUTO(vx_folder_put_p) struct vx_folder *f = vx_folder_new();
	git_tree *tree = NULL;
	int rc, grc;

	if (!f)
		return vx_fail(err, -ENOMEM, "out of memory");
	grc = git_tree_lookup(&tree, h->repo, id);
	if (grc < 0)
		return vx_git_fail(h, err, grc, "reading a tree");
	rc = add_entries(f, tree, ctx);
	git_tree_free(tree);
	if (rc == 0)
		rc = vx_folder_seal(f, id->id);
	if (rc < 0)
		return vx_fail(err, rc, "reading a tree");
	rc = add_sizes(f, h, plain, ctx, err);
	if (rc == 0)
		*ret = vx_steal(f);
	return rc;
}

static int folder_of_tree(struct vx_git_view *v, const struct vx_ctx *ctx, const git_oid *id,
                          bool plain, struct vx_folder **ret, struct vx_error *err)
{
	struct vx_lru_key key = key_of(id, plain ? TREE_PLAIN : TREE);
	struct vx_folder *f = vx_lru_get(v->b->folders, &key);
	int rc;

	if (!f) {
		rc = make_folder(v->h, ctx, id, plain, &f, err);
		if (rc < 0)
			return rc;
		f = vx_lru_add(v->b->folders, &key, f, vx_folder_bytes(f));
	}
	*ret = f;
	return 0;
}

/* The id of the tree of @commit. */
static int tree_of_commit(struct vx_git_view *v, const git_oid *commit, git_oid *ret,
                          struct vx_error *err)
{
	struct vx_lru_key key = key_of(commit, COMMIT);
	struct vx_folder *f = vx_lru_get(v->b->folders, &key);
	git_commit *c;
	int rc, grc;

	if (!f) {
		grc = git_commit_lookup(&c, v->h->repo, commit);
		if (grc == GIT_ENOTFOUND)
			return vx_fail(err, -ESTALE, "the commit is no longer in '%s'",
			               v->b->shown);
		if (grc < 0)
			return vx_git_fail(v->h, err, grc, "reading a commit");
		f = vx_folder_new();
		rc = f ? vx_folder_seal(f, git_commit_tree_id(c)->id) : -ENOMEM;
		git_commit_free(c);
		if (rc < 0) {
			vx_folder_put(f);
			return vx_fail(err, rc, "out of memory");
		}
		f = vx_lru_add(v->b->folders, &key, f, vx_folder_bytes(f));
	}
	memcpy(ret->id, f->id, sizeof(ret->id));
	vx_folder_put(f);
	return 0;
}

int vx_git_view(struct vx_backend *b, struct vx_git_handle *h, const struct vx_ctx *ctx,
                const git_oid *commit, struct vx_git_view *ret, struct vx_error *err)
{
	struct vx_git_view v = {.b = b, .h = h};
	git_oid tree;
	int rc = tree_of_commit(&v, commit, &tree, err);

	if (rc == 0)
		rc = folder_of_tree(&v, ctx, &tree, false, &v.root, err);
	if (rc == 0)
		*ret = v;
	return rc;
}

void vx_git_view_fini(struct vx_git_view *v)
{
	vx_folder_put(v->root);
	v->root = NULL;
}

static int source_folder(const struct vx_source *src, const char *path, bool plain,
                         struct vx_folder **ret, struct vx_error *err)
{
	struct vx_git_view *v = src->arg;
	VX_AUTO(vx_folder_put_p) struct vx_folder *at = vx_folder_ref(v->root);

	while (*path) {
		size_t n = strcspn(path, "/");
		const struct vx_subfolder *dir = vx_folder_dir(at, path, n);
		struct vx_folder *next;
		git_oid id;
		int rc;

		if (!dir)
			return vx_fail(err, -ENOENT, "no folder '%s'", path);
		memcpy(id.id, dir->id, sizeof(id.id));
		path += n + (path[n] == '/');
		rc = folder_of_tree(v, src->ctx, &id, plain && !*path, &next, err);
		if (rc < 0)
			return rc;
		vx_folder_put(at);
		at = next;
	}
	*ret = vx_steal(at);
	return 0;
}

static int source_read(const struct vx_source *src, const char *path, const struct vx_file *file,
                       size_t max, struct vx_bytes **ret, struct vx_error *err)
{
	struct vx_git_view *v = src->arg;
	git_odb_object *object = NULL;
	struct vx_bytes *bytes;
	uint64_t size = 0;
	git_oid id;
	int rc, grc;

	rc = vx_ctx_check(src->ctx);
	if (rc < 0)
		return vx_fail(err, rc, "reading '%s'", path);
	rc = blob_size(v->h, file->id, path, &size, err);
	if (rc == 0 && size > max)
		rc = vx_source_too_big(path, size, max, err);
	if (rc < 0)
		return rc;
	memcpy(id.id, file->id, sizeof(id.id));
	grc = git_odb_read(&object, v->h->odb, &id);
	if (grc < 0)
		return vx_git_fail(v->h, err, grc, "the file '%s'", path);
	bytes = vx_bytes_new(git_odb_object_data(object), git_odb_object_size(object));
	git_odb_object_free(object);
	if (!bytes)
		return vx_fail(err, -ENOMEM, "out of memory");
	*ret = bytes;
	return 0;
}

struct vx_source vx_git_source(struct vx_git_view *view, const struct vx_ctx *ctx)
{
	return (struct vx_source){.ctx = ctx,
	                          .cache = view->b->docs,
	                          .limits = view->b->limits,
	                          .arg = view,
	                          .folder = source_folder,
	                          .read = source_read};
}
