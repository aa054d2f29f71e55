/* get_backends.c - how the sources are doing, and asking them for news. */
#include <errno.h>
#include <string.h>

#include "daemon/http/http_i.h"

static json_t *seconds(int64_t ms)
{
	return ms < 0 ? json_null() : json_real((double)ms / 1000);
}

static int make_backend(const struct vx_backend_info *b, json_t *o)
{
	const struct vx_feed_counts *c = &b->counts;
	int failed = 0;

	failed |= json_object_set_new(o, "name", vx_json_str(b->name));
	failed |= json_object_set_new(o, "type", vx_json_str(b->type));
	failed |= json_object_set_new(o, "priority", json_integer(b->priority));
	failed |= json_object_set_new(o, "optional", json_boolean(b->optional));
	failed |= json_object_set_new(o, "source", vx_json_str(b->source));
	failed |= json_object_set_new(o, "state", vx_json_str(b->state));
	failed |= json_object_set_new(o, "revision", vx_json_some(b->revision));
	failed |= json_object_set_new(o, "message", vx_json_some(b->message));
	failed |= json_object_set_new(o, "good_age_s", seconds(b->good_age_ms));
	failed |= json_object_set_new(o, "next_s", seconds(b->next_ms));
	failed |= json_object_set_new(o, "fetches", json_integer((json_int_t)c->fetches));
	failed |= json_object_set_new(o, "unchanged", json_integer((json_int_t)c->unchanged));
	failed |= json_object_set_new(o, "calls", json_integer((json_int_t)c->calls));
	failed |= json_object_set_new(o, "failures", json_integer((json_int_t)c->failures));
	return failed;
}

/* The index behind the backend @cursor; 0 without one. */
static int find_start(const struct vx_backend_list *l, const char *cursor, size_t *ret,
                      struct vx_error *err)
{
	*ret = 0;
	for (size_t i = 0; cursor && i < l->n; i++)
		if (strcmp(l->backends[i].name, cursor) == 0) {
			*ret = i + 1;
			return 0;
		}
	return cursor ? vx_fail(err, -EINVAL, "the cursor '%.100s' is not one of this path", cursor)
	              : 0;
}

/* A page of those named @name (NULL: all). */
static int list_backends(const struct vx_http_request *rq, const char *name, json_t **ret,
                         struct vx_error *err)
{
	struct vx_backend_list list = {0};
	struct vx_items p;
	size_t start = 0;
	int rc = vx_items_init(&p, rq);

	if (rc < 0)
		return rc;
	rc = vx_catalog_backends(rq->parts->catalog, &list);
	if (rc == 0)
		rc = find_start(&list, rq->param[VX_P_CURSOR], &start, err);
	for (size_t i = start; rc == 0 && !p.next && i < list.n; i++) {
		json_t *o;

		if (name && strcmp(list.backends[i].name, name) != 0)
			continue;
		if (vx_items_full(&p)) {
			vx_items_end(&p, list.backends[i - 1].name);
			continue;
		}
		o = json_object();
		vx_items_add(&p, o, make_backend(&list.backends[i], o));
	}
	if (rc == 0)
		rc = vx_items_reply(&p, NULL, ret);
	vx_backend_list_fini(&list);
	vx_items_fini(&p);
	return rc;
}

int vx_get_backends(const struct vx_http_request *rq, json_t **ret, struct vx_error *err)
{
	return list_backends(rq, NULL, ret, err);
}

int vx_post_refresh(const struct vx_http_request *rq, json_t **ret, struct vx_error *err)
{
	int rc = vx_catalog_refresh(rq->parts->catalog, rq->ctx, rq->name, err);

	return rc < 0 ? rc : list_backends(rq, rq->name, ret, err);
}
