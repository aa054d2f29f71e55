/* get_preview.c - what a revision would change, and what of it fails, over all configurations. */
#include <errno.h>
#include <string.h>

#include "core/compare.h"
#include "daemon/http/http_i.h"

struct preview {
	const struct vx_http_request *rq;
	struct vx_at_revision rev;
	struct vx_items page;
	bool all;      /* list those that are the same, too */
	bool validate; /* compare nothing, list what fails */
	json_int_t composed, failed;
};

struct counts {
	json_int_t added, removed, changed;
};

static int count_changes(const struct vx_snapshot *a, const struct vx_snapshot *b,
                         struct counts *ret)
{
	struct vx_arena arena = VX_ARENA_INIT;
	struct vx_change *changes = NULL;
	size_t n = 0;
	int rc = vx_compare(a, b, &arena, &changes, &n);

	for (size_t i = 0; i < n; i++) {
		ret->added += changes[i].kind == VX_KEY_ADDED;
		ret->removed += changes[i].kind == VX_KEY_REMOVED;
		ret->changed +=
			changes[i].kind == VX_KEY_CHANGED || changes[i].kind == VX_KEY_TYPE_CHANGED;
	}
	vx_arena_fini(&arena);
	return rc;
}

static void add_outcome(struct preview *p, const struct vx_coords *at, const char *outcome,
                        const struct counts *n, const char *message)
{
	json_t *o = json_object();
	int failed = 0;

	failed |= json_object_set_new(o, "at", vx_json_str(at->text));
	if (!p->validate) {
		failed |= json_object_set_new(o, "outcome", json_string(outcome));
		failed |= json_object_set_new(o, "added", json_integer(n->added));
		failed |= json_object_set_new(o, "removed", json_integer(n->removed));
		failed |= json_object_set_new(o, "changed", json_integer(n->changed));
	}
	failed |= json_object_set_new(o, "message", vx_json_str(message));
	vx_items_add(&p->page, o, failed);
}

/* There, composed; here, @rc says: 0 and @here, or why not. */
static int compare(struct preview *p, const struct vx_coords *at, const struct vx_snapshot *here,
                   const struct vx_snapshot *there, int rc, const struct vx_error *err)
{
	struct counts n = {0};
	const char *outcome = !there ? "removed" : rc == -ENOENT ? "added" : "changed";
	int failed;

	if (!here && !there)
		return 0;
	failed = count_changes(here, there, &n);
	if (failed < 0)
		return failed;
	if (here && there && n.added + n.removed + n.changed == 0)
		outcome = "same";
	if (strcmp(outcome, "same") == 0 && !p->all)
		return 0;
	add_outcome(p, at, outcome, &n, rc < 0 && rc != -ENOENT ? vx_error_text(err, rc) : NULL);
	return 0;
}

static int visit(void *arg, const struct vx_coords *at, const char *key, struct vx_error *err)
{
	VX_AUTO(vx_snapshot_put_p) struct vx_snapshot *here = NULL, *there = NULL;
	struct preview *p = arg;
	const struct vx_http_request *rq = p->rq;
	struct vx_error why = {0};
	const struct counts none = {0};
	int rc = vx_catalog_snapshot(rq->parts->catalog, rq->ctx, at, VX_HEAD, &p->rev, &there,
	                             &why);

	(void)key;
	if (rc == -ENOMEM || (rc < 0 && vx_ctx_check(rq->ctx) < 0))
		return vx_fail(err, rc, "%s", vx_error_text(&why, rc));
	p->composed += rc == 0;
	if (rc < 0 && rc != -ENOENT) {
		p->failed++;
		add_outcome(p, at, "fails", &none, vx_error_text(&why, rc));
		return 0;
	}
	if (p->validate)
		return 0;
	why = (struct vx_error){0};
	rc = vx_catalog_snapshot(rq->parts->catalog, rq->ctx, at, VX_SERVED, NULL, &here, &why);
	if (rc == -ENOMEM || (rc < 0 && vx_ctx_check(rq->ctx) < 0))
		return vx_fail(err, rc, "%s", vx_error_text(&why, rc));
	return compare(p, at, here, there, rc, &why);
}

static int reply(struct preview *p, json_t **ret)
{
	json_t *more = json_object(), *rev = json_object();
	int failed = 0;

	failed |= json_object_set_new(rev, "backend", vx_json_str(p->rev.backend));
	failed |= json_object_set_new(rev, "revision", vx_json_str(p->rev.revision));
	failed |= json_object_set_new(more, "rev", rev);
	failed |= json_object_set_new(more, "composed", json_integer(p->composed));
	failed |= json_object_set_new(more, "failed", json_integer(p->failed));
	p->page.failed |= failed != 0;
	return vx_items_reply(&p->page, more, ret);
}

/* Whether the backend has the revision: a walk takes a side that lacks an application for one where
 * it was removed. */
static int check_revision(const struct preview *p, struct vx_error *err)
{
	struct vx_list apps = {0};
	int rc = vx_catalog_names(p->rq->parts->catalog, p->rq->ctx, VX_LIST_APPS, NULL, NULL,
	                          &p->rev, "", 1, &apps, err);

	vx_list_fini(&apps);
	return rc;
}

static int preview(const struct vx_http_request *rq, bool validate, json_t **ret,
                   struct vx_error *err)
{
	VX_AUTO(vx_freep) char *backend = NULL;
	VX_AUTO(vx_freep) char *revision = NULL;
	struct preview p = {.rq = rq, .validate = validate};
	struct vx_walk walk = {.rq = rq, .served = !validate, .visit = visit, .arg = &p};
	int rc = vx_param_need(rq, VX_P_REV, err);

	walk.app = rq->param[VX_P_APP];
	if (rc == 0)
		rc = vx_param_bool(rq, VX_P_ALL, &p.all, err);
	if (rc == 0 && walk.app)
		rc = vx_app_check(walk.app, err);
	if (rc == 0)
		rc = vx_revision_parse(rq->param[VX_P_REV], &backend, &revision, err);
	if (rc == 0)
		rc = vx_revision_backend(rq, &backend, err);
	p.rev = (struct vx_at_revision){backend, revision};
	if (rc == 0)
		rc = check_revision(&p, err);
	if (rc == 0)
		rc = vx_items_init(&p.page, rq);
	if (rc < 0)
		return rc;
	walk.rev = &p.rev;
	rc = vx_walk(&walk, &p.page, err);
	if (rc == 0)
		rc = reply(&p, ret);
	vx_items_fini(&p.page);
	return rc;
}

int vx_get_preview(const struct vx_http_request *rq, json_t **ret, struct vx_error *err)
{
	return preview(rq, false, ret, err);
}

int vx_get_validate(const struct vx_http_request *rq, json_t **ret, struct vx_error *err)
{
	return preview(rq, true, ret, err);
}
