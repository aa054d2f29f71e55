/* git_history.c - the commits that changed some coordinates' documents, newest first.
 *
 * A commit counts if what stands at the documents' possible paths differs from every parent's, as
 * `git log -- PATHS` shows. Only those paths are looked up, by name, in the trees on the way to
 * them: nothing is indexed for a commit that is walked past. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backends/git_i.h"

#define MEMO 64

/* What stands at the paths in one tree: equal prints, equal documents. */
struct print {
	unsigned char id[VX_BLOB_ID_BYTES];
};

struct history {
	struct vx_backend *b;
	struct vx_git_handle *h;
	const struct vx_ctx *ctx;
	struct vx_arena arena;
	const char **folders, **names;
	size_t n_folders, n_names;
	git_oid *found; /* scratch: one id for each possible path */
	struct print nothing;
	struct { /* each tree is asked for as a commit's and as its child's parent's */
		bool set;
		git_oid tree;
		struct print print;
	} memo[MEMO];
};

/* The ids of all names in one folder; zeroes where there is no such file. */
static int look_in(struct history *w, const git_tree *root, const char *folder, git_oid *ids,
                   struct vx_error *err)
{
	git_tree_entry *entry = NULL;
	git_tree *own = NULL;
	const git_tree *tree = root;
	int grc = 0;

	if (*folder) {
		grc = git_tree_entry_bypath(&entry, root, folder);
		if (grc == 0 && git_tree_entry_type(entry) == GIT_OBJECT_TREE)
			grc = git_tree_lookup(&own, w->h->repo, git_tree_entry_id(entry));
		git_tree_entry_free(entry);
		if (grc == GIT_ENOTFOUND)
			return 0;
		if (grc < 0)
			return vx_git_fail(w->h, err, grc, "reading the folder '%s'", folder);
		tree = own;
	}
	for (size_t i = 0; i < w->n_names && tree; i++) {
		const git_tree_entry *e = git_tree_entry_byname(tree, w->names[i]);

		if (e && git_tree_entry_type(e) == GIT_OBJECT_BLOB)
			git_oid_cpy(&ids[i], git_tree_entry_id(e));
	}
	git_tree_free(own);
	return 0;
}

static int print_tree(struct history *w, const git_oid *id, struct print *ret, struct vx_error *err)
{
	size_t slot = id->id[0] % MEMO, bytes = w->n_folders * w->n_names * sizeof(*w->found);
	git_tree *tree = NULL;
	int rc = 0, grc;

	if (w->memo[slot].set && git_oid_equal(&w->memo[slot].tree, id)) {
		*ret = w->memo[slot].print;
		return 0;
	}
	grc = git_tree_lookup(&tree, w->h->repo, id);
	if (grc < 0)
		return vx_git_fail(w->h, err, grc, "reading a tree");
	memset(w->found, 0, bytes);
	for (size_t i = 0; i < w->n_folders && rc == 0; i++)
		rc = look_in(w, tree, w->folders[i], w->found + i * w->n_names, err);
	git_tree_free(tree);
	if (rc == 0 && vx_blob_id(w->found, bytes, ret->id) < 0)
		rc = vx_fail(err, -ENOMEM, "out of memory");
	if (rc < 0)
		return rc;
	w->memo[slot].set = true;
	git_oid_cpy(&w->memo[slot].tree, id);
	w->memo[slot].print = *ret;
	return 0;
}

/* Whether @c changed the documents: 1, 0, or an error. */
static int changed(struct history *w, git_commit *c, struct vx_error *err)
{
	unsigned n = git_commit_parentcount(c);
	struct print own, other;
	int rc = print_tree(w, git_commit_tree_id(c), &own, err);

	if (rc == 0 && n == 0)
		return memcmp(&own, &w->nothing, sizeof(own)) != 0;
	for (unsigned i = 0; i < n && rc == 0; i++) {
		git_commit *parent;
		int grc = git_commit_parent(&parent, c, i);

		if (grc < 0)
			return vx_git_fail(w->h, err, grc, "reading a parent of commit %s",
			                   git_oid_tostr_s(git_commit_id(c)));
		rc = print_tree(w, git_commit_tree_id(parent), &other, err);
		git_commit_free(parent);
		if (rc == 0 && memcmp(&own, &other, sizeof(own)) == 0)
			return 0;
	}
	return rc < 0 ? rc : 1;
}

static int add_entry(struct vx_history *into, const git_commit *c)
{
	const git_signature *who = git_commit_author(c);
	const char *message = git_commit_message(c);
	struct vx_history_entry *e = &into->entries[into->n];
	size_t n = message ? strlen(message) : 0;

	while (n && (message[n - 1] == '\n' || message[n - 1] == ' '))
		n--;
	(void)git_oid_tostr(e->revision, sizeof(e->revision), git_commit_id(c));
	e->time_s = git_commit_time(c);
	e->message = strndup(message ? message : "", n);
	if (asprintf(&e->author, "%s <%s>", who ? who->name : "", who ? who->email : "") < 0)
		e->author = NULL;
	into->n++; /* a half-made entry is freed with the rest */
	return e->message && e->author ? 0 : -ENOMEM;
}

/* Walk on until there are @max entries, and see whether there is one more. */
static int walk(struct history *w, git_revwalk *revs, const char *cursor, size_t max,
                struct vx_history *into, struct vx_error *err)
{
	bool skipping = *cursor != '\0';
	git_oid id;
	int grc;

	while ((grc = git_revwalk_next(&id, revs)) == 0) {
		git_commit *c;
		int rc = vx_ctx_check(w->ctx);

		if (rc < 0)
			return vx_fail(err, rc, "walking the history of '%s'", w->b->shown);
		if (skipping) {
			skipping = strcmp(git_oid_tostr_s(&id), cursor) != 0;
			continue;
		}
		grc = git_commit_lookup(&c, w->h->repo, &id);
		if (grc < 0)
			return vx_git_fail(w->h, err, grc, "reading a commit");
		rc = changed(w, c, err);
		if (rc > 0 && into->n == max) {
			into->more = true;
			git_commit_free(c);
			return 0;
		}
		if (rc > 0 && add_entry(into, c) < 0)
			rc = vx_fail(err, -ENOMEM, "out of memory");
		git_commit_free(c);
		if (rc < 0)
			return rc;
	}
	return grc == GIT_ITEROVER ? 0 : vx_git_fail(w->h, err, grc, "walking the history");
}

static int prepare(struct history *w, const struct vx_coords *at, const char *label,
                   struct vx_error *err)
{
	size_t n;
	int rc = vx_layout_candidates(&w->b->layout, at, label, &w->arena, &w->folders,
	                              &w->n_folders, &w->names, &w->n_names);

	if (rc == 0) {
		n = w->n_folders * w->n_names * sizeof(*w->found);
		w->found = vx_arena_alloc(&w->arena, n);
		rc = w->found ? vx_blob_id(w->found, n, w->nothing.id) : -ENOMEM;
	}
	return rc < 0 ? vx_fail(err, rc, "out of memory") : 0;
}

static int page(struct history *w, const struct vx_coords *at, const char *cursor, size_t max,
                struct vx_history *into, struct vx_error *err)
{
	git_revwalk *revs = NULL;
	git_oid tip;
	int grc, rc = vx_git_resolve(w->b, w->h, at->label, &tip, err);

	if (rc == 0)
		rc = prepare(w, at, at->label ? at->label : w->b->default_label, err);
	if (rc < 0)
		return rc;
	grc = git_revwalk_new(&revs, w->h->repo);
	if (grc == 0)
		grc = git_revwalk_sorting(revs, GIT_SORT_TIME);
	if (grc == 0)
		grc = git_revwalk_push(revs, &tip);
	rc = grc < 0 ? vx_git_fail(w->h, err, grc, "walking the history")
	             : walk(w, revs, cursor, max, into, err);
	git_revwalk_free(revs);
	return rc;
}

int vx_git_history(struct vx_backend *b, const struct vx_ctx *ctx, const struct vx_coords *at,
                   const char *cursor, size_t max, struct vx_history *ret, struct vx_error *err)
{
	VX_AUTO(vx_freep) struct history *w = calloc(1, sizeof(*w));
	VX_AUTO(vx_history_fini) struct vx_history made = {0};
	int rc;

	if (w)
		made.entries = calloc(max ? max : 1, sizeof(*made.entries));
	if (!w || !made.entries)
		return vx_fail(err, -ENOMEM, "out of memory");
	w->b = b;
	w->ctx = ctx;
	rc = vx_git_await(b, ctx, &w->h, err);
	if (rc == 0)
		rc = page(w, at, cursor, max, &made, err);
	vx_git_give(b, w->h);
	vx_arena_fini(&w->arena);
	if (rc == 0) {
		*ret = made;
		memset(&made, 0, sizeof(made));
	}
	return rc;
}
