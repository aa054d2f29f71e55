/* get_diff.c - two sides, key by key. */
#include <errno.h>
#include <string.h>

#include "core/compare.h"
#include "daemon/http/http_i.h"

static const char *change_name(enum vx_change_kind kind)
{
	switch (kind) {
	case VX_KEY_ADDED:
		return "added";
	case VX_KEY_REMOVED:
		return "removed";
	case VX_KEY_CHANGED:
		return "changed";
	case VX_KEY_TYPE_CHANGED:
		return "type";
	case VX_KEY_ORIGIN_CHANGED:
		return "origin";
	}
	vx_assert(!"a kind of change without a name");
	return "";
}

/* What stands at @key on one side; null where there is nothing. */
static json_t *make_side(const struct vx_snapshot *s, const char *key, const struct vx_value *v)
{
	static const char file[] = "file:";
	const struct vx_snapshot_plain *p = !v && strncmp(key, file, strlen(file)) == 0
	                                            ? vx_snapshot_plain_find(s, key + strlen(file))
	                                            : NULL;
	json_t *o;
	int failed = 0;

	if (!v && !p)
		return json_null();
	o = json_object();
	failed |= json_object_set_new(o, "type", json_string(v ? vx_type_name(v->type) : "file"));
	failed |= json_object_set_new(o, "value", v ? vx_json_value(v) : json_null());
	if (v)
		failed |= vx_json_origin(o, v, false);
	if (p) {
		failed |= json_object_set_new(o, "backend", vx_json_str(p->backend));
		failed |= json_object_set_new(o, "path", vx_json_str(p->plain->path));
		failed |= json_object_set_new(o, "line", json_null());
	}
	if (!failed)
		return o;
	json_decref(o);
	return NULL;
}

struct diff {
	struct vx_side side[2];
	struct vx_snapshot *snapshot[2];
	struct vx_arena arena;
	struct vx_change *changes;
	size_t n;
	bool origins; /* those that only come from elsewhere count */
};

static bool counts(const struct diff *d, const struct vx_change *c)
{
	return c->kind != VX_KEY_ORIGIN_CHANGED || d->origins;
}

static void add_items(const struct vx_http_request *rq, const struct diff *d, struct vx_items *p)
{
	const char *cursor = rq->param[VX_P_CURSOR], *last = NULL;

	for (size_t i = 0; i < d->n; i++) {
		const struct vx_change *c = &d->changes[i];
		const bool a = c->kind != VX_KEY_ADDED, b = c->kind != VX_KEY_REMOVED;
		json_t *o;
		int failed = 0;

		if (!counts(d, c) || (cursor && strcmp(c->key, cursor) <= 0))
			continue;
		if (vx_items_full(p)) {
			vx_items_end(p, last);
			return;
		}
		o = json_object();
		failed |= json_object_set_new(o, "key", vx_json_str(c->key));
		failed |= json_object_set_new(o, "change", json_string(change_name(c->kind)));
		failed |= json_object_set_new(
			o, "a", a ? make_side(d->snapshot[0], c->key, c->a) : json_null());
		failed |= json_object_set_new(
			o, "b", b ? make_side(d->snapshot[1], c->key, c->b) : json_null());
		vx_items_add(p, o, failed);
		last = c->key;
	}
}

static int reply(const struct vx_http_request *rq, const struct diff *d, json_t **ret)
{
	json_t *all = json_object();
	struct vx_items p;
	bool same = true;
	int rc = vx_items_init(&p, rq), failed = 0;

	for (size_t i = 0; i < 2; i++)
		failed |= json_object_set_new(all, i == 0 ? "a" : "b",
		                              json_pack("{s:o, s:s}", "at",
		                                        vx_json_str(d->side[i].text), "version",
		                                        d->snapshot[i]->version));
	for (size_t i = 0; i < d->n; i++)
		same = same && !counts(d, &d->changes[i]);
	failed |= json_object_set_new(all, "same", json_boolean(same));
	if (rc < 0 || failed) {
		json_decref(all);
		vx_items_fini(&p);
		return -ENOMEM;
	}
	add_items(rq, d, &p);
	rc = vx_items_reply(&p, all, ret);
	vx_items_fini(&p);
	return rc;
}

int vx_get_diff(const struct vx_http_request *rq, json_t **ret, struct vx_error *err)
{
	struct diff d = {.arena = VX_ARENA_INIT};
	int rc = vx_param_need(rq, VX_P_A, err);

	if (rc == 0)
		rc = vx_param_need(rq, VX_P_B, err);
	if (rc == 0)
		rc = vx_param_bool(rq, VX_P_ORIGINS, &d.origins, err);
	if (rc == 0)
		rc = vx_side_parse(rq->param[VX_P_A], NULL, &d.side[0], err);
	if (rc == 0)
		rc = vx_side_parse(rq->param[VX_P_B], d.side[0].at, &d.side[1], err);
	for (size_t i = 0; rc == 0 && i < 2; i++) {
		rc = vx_side_snapshot(rq, &d.side[i], &d.snapshot[i], err);
		if (rc < 0)
			rc = vx_wrap(err, rc, "%s", d.side[i].text);
	}
	if (rc == 0)
		rc = vx_compare(d.snapshot[0], d.snapshot[1], &d.arena, &d.changes, &d.n);
	if (rc == 0)
		rc = reply(rq, &d, ret);
	for (size_t i = 0; i < 2; i++) {
		vx_snapshot_put(d.snapshot[i]);
		vx_side_fini(&d.side[i]);
	}
	vx_arena_fini(&d.arena);
	return rc;
}
