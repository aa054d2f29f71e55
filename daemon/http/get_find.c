/* get_find.c - every configuration that sets a key.
 *
 * All are composed, so what is found is what is served, wherever it was written. A configuration with
 * more matches than a page takes is gone on with in the next, behind the last key. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "daemon/http/http_i.h"

struct find {
	const struct vx_http_request *rq;
	struct vx_items page;
	json_int_t composed, failed;
};

static bool wanted(const struct vx_http_request *rq, const struct vx_flat_item *i)
{
	const char *value = rq->param[VX_P_VALUE];
	const struct vx_value *v = i->value;

	if (v->type == VX_MAP || v->type == VX_LIST || !vx_star_match(rq->param[VX_P_KEY], i->key))
		return false;
	return !value || (v->type != VX_NULL && strlen(value) == v->len &&
	                  memcmp(value, v->text, v->len) == 0);
}

static int make_item(const struct vx_coords *at, const struct vx_flat_item *i, json_t *o)
{
	int failed = 0;

	failed |= json_object_set_new(o, "at", vx_json_str(at->text));
	failed |= json_object_set_new(o, "key", vx_json_str(i->key));
	failed |= json_object_set_new(o, "value", vx_json_value(i->value));
	return failed | vx_json_origin(o, i->value, true);
}

/* Those of one configuration behind @key. */
static int search(struct find *f, const struct vx_coords *at, const struct vx_flat *flat,
                  const char *key)
{
	const char *last = key;

	for (size_t i = vx_flat_after(flat, key); i < flat->n; i++) {
		json_t *o;

		if (!wanted(f->rq, &flat->items[i]))
			continue;
		if (vx_items_full(&f->page)) {
			VX_AUTO(vx_freep) char *next = NULL;

			if (asprintf(&next, "%s#%s", at->text, last) < 0) {
				next = NULL;
				return -ENOMEM;
			}
			vx_items_end(&f->page, next);
			return 0;
		}
		o = json_object();
		vx_items_add(&f->page, o, make_item(at, &flat->items[i], o));
		last = flat->items[i].key;
	}
	return 0;
}

static int visit(void *arg, const struct vx_coords *at, const char *key, struct vx_error *err)
{
	VX_AUTO(vx_snapshot_put_p) struct vx_snapshot *s = NULL;
	struct find *f = arg;
	struct vx_flat flat;
	int rc = vx_catalog_snapshot(f->rq->parts->catalog, f->rq->ctx, at, VX_SERVED, NULL, &s,
	                             err);

	if (rc == -ENOMEM || vx_ctx_check(f->rq->ctx) < 0)
		return rc < 0 ? rc : vx_ctx_check(f->rq->ctx);
	if (rc < 0) {
		f->failed += rc != -ENOENT; /* that one has gone meanwhile */
		return 0;
	}
	f->composed++;
	rc = vx_flat_init(&flat, s);
	if (rc == 0)
		rc = search(f, at, &flat, key);
	vx_flat_fini(&flat);
	return rc;
}

static int check_label(const struct vx_http_request *rq, char **ret, struct vx_error *err)
{
	int rc;

	if (!rq->param[VX_P_LABEL])
		return 0;
	*ret = vx_label_decode(rq->param[VX_P_LABEL]);
	if (!*ret)
		return -ENOMEM;
	rc = vx_label_check(*ret, err);
	return rc < 0 ? vx_wrap(err, rc, "label") : 0;
}

int vx_get_find(const struct vx_http_request *rq, json_t **ret, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *label = NULL;
	struct find f = {.rq = rq};
	struct vx_walk walk = {.rq = rq, .served = true, .visit = visit, .arg = &f};
	json_t *more;
	int rc = vx_param_need(rq, VX_P_KEY, err);

	if (rc == 0)
		rc = check_label(rq, &label, err);
	if (rc == 0)
		rc = vx_items_init(&f.page, rq);
	if (rc < 0)
		return rc;
	walk.label = label;
	rc = vx_walk(&walk, &f.page, err);
	if (rc == 0) {
		more = json_object();
		f.page.failed |=
			json_object_set_new(more, "composed", json_integer(f.composed)) < 0;
		f.page.failed |= json_object_set_new(more, "failed", json_integer(f.failed)) < 0;
		rc = vx_items_reply(&f.page, more, ret);
	}
	vx_items_fini(&f.page);
	return rc;
}
