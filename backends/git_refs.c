/* git_refs.c - from labels to commits.
 *
 * A label is looked for as a branch, then as a tag, by its whole name: never by a part of it, so
 * that the tag `foo` is not the branch `feature/foo`. What is neither and looks like a commit's id
 * is one. `main` stands for `master` where there is no `main`. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "backends/git_i.h"

#define ABBREVIATED_MIN 7
#define HEADS "refs/heads/"
#define TAGS "refs/tags/"

/* The commit of the reference that is @prefix and @label. 1 found, 0 there is none, or an error. */
static int find_ref(struct vx_git_handle *h, const char *prefix, const char *label, git_oid *ret,
                    struct vx_error *err)
{
	git_reference *ref = NULL;
	git_object *commit = NULL;
	char name[VX_NAME_BYTES + sizeof(HEADS)];
	int n = snprintf(name, sizeof(name), "%s%s", prefix, label);
	int valid = 0, grc;

	if (n >= (int)sizeof(name) || git_reference_name_is_valid(&valid, name) < 0 || !valid)
		return 0;
	grc = git_reference_lookup(&ref, h->repo, name);
	if (grc == GIT_ENOTFOUND || grc == GIT_EINVALIDSPEC)
		return 0;
	if (grc < 0)
		return vx_git_fail(h, err, grc, "reading the reference '%s'", name);
	grc = git_reference_peel(&commit, ref, GIT_OBJECT_COMMIT);
	git_reference_free(ref);
	if (grc < 0)
		return vx_git_fail(h, err, grc, "'%s' leads to no commit", name);
	git_oid_cpy(ret, git_object_id(commit));
	git_object_free(commit);
	return 1;
}

/* The commit whose id begins with the digits of @label. As find_ref. */
static int find_commit(struct vx_git_handle *h, const char *label, git_oid *ret,
                       struct vx_error *err)
{
	size_t n = strlen(label);
	git_commit *commit = NULL;
	git_oid digits;
	int grc;

	if (n < ABBREVIATED_MIN || n > VX_GIT_ID_DIGITS || strspn(label, "0123456789abcdef") != n ||
	    git_oid_fromstrn(&digits, label, n) < 0)
		return 0;
	grc = git_commit_lookup_prefix(&commit, h->repo, &digits, n);
	if (grc == GIT_EAMBIGUOUS)
		return vx_fail(err, -EINVAL,
		               "'%s' is ambiguous: the ids of several objects begin with it",
		               label);
	if (grc == GIT_ENOTFOUND)
		return 0;
	if (grc < 0)
		return vx_git_fail(h, err, grc, "reading the commit '%s'", label);
	git_oid_cpy(ret, git_commit_id(commit));
	git_commit_free(commit);
	return 1;
}

static int find(struct vx_git_handle *h, const char *label, git_oid *ret, struct vx_error *err)
{
	int rc = find_ref(h, HEADS, label, ret, err);

	if (rc == 0)
		rc = find_ref(h, TAGS, label, ret, err);
	if (rc == 0)
		rc = find_commit(h, label, ret, err);
	if (rc == 0 && strcmp(label, "main") == 0)
		rc = find(h, "master", ret, err);
	return rc;
}

int vx_git_resolve(const struct vx_backend *b, struct vx_git_handle *h, const char *label,
                   git_oid *ret, struct vx_error *err)
{
	git_oid found;
	int rc;

	if (!label)
		label = b->default_label;
	rc = find(h, label, &found, err);
	if (rc < 0)
		return rc;
	if (rc == 0 && git_repository_is_empty(h->repo) == 1)
		return vx_fail(err, -ENOENT, "the repository '%s' has no commits yet", b->shown);
	if (rc == 0)
		return vx_fail(err, -ENOENT, "no branch, tag or commit '%s' in '%s'", label,
		               b->shown);
	*ret = found;
	return 0;
}

const char *vx_git_ref_label(const char *name)
{
	if (strncmp(name, HEADS, strlen(HEADS)) == 0)
		return name + strlen(HEADS);
	if (strncmp(name, TAGS, strlen(TAGS)) == 0)
		return name + strlen(TAGS);
	return NULL;
}

void vx_git_refs_fini(struct vx_git_refs *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->refs[i].name);
	free(r->refs);
	memset(r, 0, sizeof(*r));
}

static int add_ref(struct vx_git_refs *r, const git_reference *ref)
{
	struct vx_git_ref *refs = r->refs;
	git_object *commit;

	/* One that leads to no commit (a tag of a tree, a broken link) is no label. */
	if (!vx_git_ref_label(git_reference_name(ref)) ||
	    git_reference_peel(&commit, ref, GIT_OBJECT_COMMIT) < 0)
		return 0;
	if ((r->n & (r->n - 1)) == 0) /* full: the capacity is a power of two */
		refs = reallocarray(refs, r->n ? r->n * 2 : 1, sizeof(*refs));
	if (refs) {
		r->refs = refs;
		git_oid_cpy(&refs[r->n].commit, git_object_id(commit));
		refs[r->n].name = strdup(git_reference_name(ref));
	}
	git_object_free(commit);
	if (!refs || !refs[r->n].name)
		return -ENOMEM;
	r->n++;
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct vx_git_ref *)a)->name, ((const struct vx_git_ref *)b)->name);
}

int vx_git_refs(struct vx_git_handle *h, const struct vx_ctx *ctx, struct vx_git_refs *ret,
                struct vx_error *err)
{
	VX_AUTO(vx_git_refs_fini) struct vx_git_refs r = {0};
	git_reference_iterator *all = NULL;
	git_reference *ref;
	int rc = 0, grc = git_reference_iterator_new(&all, h->repo);

	while (grc == 0 && rc == 0) {
		grc = git_reference_next(&ref, all);
		if (grc < 0)
			break;
		rc = add_ref(&r, ref);
		git_reference_free(ref);
		if (rc == 0)
			rc = vx_ctx_check(ctx);
	}
	git_reference_iterator_free(all);
	if (rc == 0 && grc < 0 && grc != GIT_ITEROVER)
		return vx_git_fail(h, err, grc, "listing the references");
	if (rc < 0)
		return vx_fail(err, rc, "listing the references");
	if (r.n)
		qsort(r.refs, r.n, sizeof(*r.refs), by_name);
	*ret = r;
	memset(&r, 0, sizeof(r));
	return 0;
}
