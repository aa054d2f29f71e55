/* get_explain.c - who supplied a value, and what it overrode. */
#include <errno.h>
#include <string.h>

#include "core/render.h"
#include "daemon/http/http_i.h"

/* --- a plain file ---------------------------------------------------------------------------- */

static int explain_file(const struct vx_side *side, const struct vx_snapshot *s, const char *name,
                        json_t *all, struct vx_error *err)
{
	const struct vx_snapshot_plain *p = vx_snapshot_plain_find(s, name);
	json_t *o;
	int failed = 0;

	if (!p)
		return vx_fail(err, -ENOENT, "%s has no plain file '%.200s'", side->text, name);
	o = json_object();
	failed |= json_object_set_new(o, "name", vx_json_str(p->plain->name));
	failed |= json_object_set_new(o, "backend", vx_json_str(p->backend));
	failed |= json_object_set_new(o, "path", vx_json_str(p->plain->path));
	failed |= json_object_set_new(o, "revision", vx_json_some(p->revision));
	failed |= json_object_set_new(o, "bytes", json_integer((json_int_t)p->plain->size));
	failed |= json_object_set_new(all, "file", o);
	return failed ? -ENOMEM : 0;
}

/* --- keys ------------------------------------------------------------------------------------ */

/* An import brings the shared documents along once more. */
static bool same_place(const struct vx_value *a, const struct vx_value *b)
{
	return a->origin && b->origin && a->line == b->line &&
	       strcmp(a->origin->backend, b->origin->backend) == 0 &&
	       strcmp(a->origin->path, b->origin->path) == 0;
}

static json_t *make_hidden(const struct vx_value *v, bool show)
{
	char hash[sizeof("sha256:") + VX_VALUE_HASH_DIGITS] = "sha256:";
	json_t *o = json_object();
	int failed = vx_json_origin(o, v, true);

	failed |= vx_value_hash(v, hash + strlen(hash));
	failed |= json_object_set_new(o, "hash", json_string(hash));
	if (show)
		failed |= json_object_set_new(o, "value", vx_json_value(v));
	if (!failed)
		return o;
	json_decref(o);
	return NULL;
}

static int make_item(const struct vx_http_request *rq, const struct vx_flat_item *i, json_t *o)
{
	json_t *overrode = json_array();
	int failed = 0;

	failed |= json_object_set_new(o, "key", vx_json_str(i->key));
	failed |= json_object_set_new(o, "type", json_string(vx_type_name(i->value->type)));
	failed |= json_object_set_new(o, "value", vx_json_value(i->value));
	failed |= vx_json_origin(o, i->value, true);
	for (const struct vx_value *h = i->value->hidden, *was = i->value; h;
	     was = h, h = h->hidden)
		if (!same_place(h, was))
			failed |= json_array_append_new(overrode,
			                                make_hidden(h, rq->caller.commands));
	failed |= json_object_set_new(o, "overrode", overrode);
	return failed;
}

/* Those at and below @key, behind @cursor. */
static int add_items(const struct vx_http_request *rq, const struct vx_side *side,
                     const struct vx_flat *f, struct vx_items *p, struct vx_error *err)
{
	const char *key = rq->param[VX_P_KEY] ? rq->param[VX_P_KEY] : "";
	const char *cursor = rq->param[VX_P_CURSOR], *last = NULL;

	for (size_t i = vx_flat_after(f, cursor); i < f->n; i++) {
		json_t *o;

		if (!vx_key_below(f->items[i].key, key))
			continue;
		if (vx_items_full(p)) {
			vx_items_end(p, last);
			break;
		}
		o = json_object();
		vx_items_add(p, o, make_item(rq, &f->items[i], o));
		last = f->items[i].key;
	}
	if (!last && *key && !cursor)
		return vx_fail(err, -ENOENT, "%s has no key '%.200s'", side->text, key);
	return 0;
}

static int add_documents(const struct vx_snapshot *s, json_t *all)
{
	json_t *list = json_array();
	int failed = 0;

	for (size_t i = 0; i < s->n_sources; i++) {
		const struct vx_origin *from = s->sources[i];
		json_t *o = json_object();

		failed |= json_object_set_new(o, "backend", vx_json_str(from->backend));
		failed |= json_object_set_new(o, "path", vx_json_str(from->path));
		failed |= json_object_set_new(o, "revision", vx_json_some(from->revision));
		failed |= json_array_append_new(list, o);
	}
	return failed | json_object_set_new(all, "documents", list);
}

/* Takes @all over. */
static int explain_keys(const struct vx_http_request *rq, const struct vx_side *side,
                        const struct vx_snapshot *s, json_t *all, json_t **ret,
                        struct vx_error *err)
{
	struct vx_flat flat;
	struct vx_items p;
	int rc = vx_flat_init(&flat, s);

	if (vx_items_init(&p, rq) < 0)
		rc = -ENOMEM;
	if (rc == 0)
		rc = add_items(rq, side, &flat, &p, err);
	if (rc == 0 && !rq->param[VX_P_CURSOR])
		p.failed |= add_documents(s, all) != 0;
	if (rc == 0)
		rc = vx_items_reply(&p, vx_steal(all), ret);
	json_decref(all);
	vx_flat_fini(&flat);
	vx_items_fini(&p);
	return rc;
}

static int explain(const struct vx_http_request *rq, struct vx_side *side, json_t **ret,
                   struct vx_error *err)
{
	VX_AUTO(vx_snapshot_put_p) struct vx_snapshot *s = NULL;
	const char *file = rq->param[VX_P_FILE];
	int rc = vx_side_snapshot(rq, side, &s, err), failed = 0;
	json_t *all;

	if (rc < 0)
		return rc;
	all = json_object();
	failed |= json_object_set_new(all, "at", vx_json_str(side->text));
	failed |= json_object_set_new(all, "version", json_string(s->version));
	if (failed)
		rc = -ENOMEM;
	else if (!file)
		return explain_keys(rq, side, s, all, ret, err);
	else
		rc = explain_file(side, s, file, all, err);
	if (rc < 0)
		json_decref(all);
	else
		*ret = all;
	return rc;
}

int vx_get_explain(const struct vx_http_request *rq, json_t **ret, struct vx_error *err)
{
	struct vx_side side;
	int rc = vx_param_need(rq, VX_P_AT, err);

	if (rc == 0 && rq->param[VX_P_KEY] && rq->param[VX_P_FILE])
		rc = vx_fail(err, -EINVAL, "key and file cannot both be asked for");
	if (rc == 0)
		rc = vx_side_parse(rq->param[VX_P_AT], NULL, &side, err);
	if (rc < 0)
		return rc;
	rc = explain(rq, &side, ret, err);
	vx_side_fini(&side);
	return rc;
}
