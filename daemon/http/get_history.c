/* get_history.c - the revisions in which a configuration changed, of every backend that keeps them.
 *
 * Each backend gives its own in order, newest first; of the next ones of all, the newest comes next.
 * The cursor names for each backend, by rising priority, the revision that was shown last. */
#include <errno.h>
#include <string.h>

#include "core/buf.h"
#include "daemon/http/http_i.h"

#define BACKENDS_MAX 64

struct keeper {
	char *name;  /* owned */
	char *after; /* revision shown last; "" none; owned */
	struct vx_history history;
	size_t i;
};

struct keepers {
	struct keeper k[BACKENDS_MAX];
	size_t n;
};

static void keepers_fini(struct keepers *all)
{
	for (size_t i = 0; i < all->n; i++) {
		free(all->k[i].name);
		free(all->k[i].after);
		vx_history_fini(&all->k[i].history);
	}
}

/* The backend @only, or each that keeps revisions. */
static int find_keepers(const struct vx_http_request *rq, const char *only, struct keepers *all,
                        struct vx_error *err)
{
	struct vx_backend_list list = {0};
	bool known = false;
	int rc = vx_catalog_backends(rq->parts->catalog, &list);

	for (size_t i = 0; rc == 0 && i < list.n; i++) {
		const struct vx_backend_info *b = &list.backends[i];
		const struct vx_backend_ops *ops = vx_backend_find(b->type);

		if (only && strcmp(b->name, only) != 0)
			continue;
		known = true;
		if (!ops || !ops->history || all->n == BACKENDS_MAX)
			continue;
		all->k[all->n] = (struct keeper){.name = strdup(b->name), .after = strdup("")};
		if (!all->k[all->n].name || !all->k[all->n].after)
			rc = -ENOMEM;
		all->n++;
	}
	vx_backend_list_fini(&list);
	if (rc == 0 && only && !known)
		return vx_fail(err, -ENOENT, "there is no backend '%.100s'", only);
	if (rc == 0 && only && all->n == 0)
		return vx_fail(err, -EOPNOTSUPP, "the backend '%.100s' keeps no revisions", only);
	return rc;
}

/* "rev,rev": one a keeper. */
static int take_cursor(const char *cursor, struct keepers *all, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *copy = strdup(cursor);
	char *rest = copy, *one;
	size_t n = 0;

	if (!copy)
		return -ENOMEM;
	while ((one = strsep(&rest, ",")) && n < all->n && strlen(one) < VX_REVISION_MAX) {
		free(all->k[n].after);
		all->k[n].after = strdup(one);
		if (!all->k[n++].after)
			return -ENOMEM;
	}
	if (one || n != all->n)
		return vx_fail(err, -EINVAL, "the cursor '%.100s' is not one of this path", cursor);
	return 0;
}

/* The index of the keeper with the newest entry at hand; all->n: none has any. */
static size_t newest(const struct keepers *all)
{
	size_t best = all->n;

	for (size_t i = 0; i < all->n; i++) {
		const struct keeper *k = &all->k[i], *b = best < all->n ? &all->k[best] : NULL;

		if (k->i < k->history.n &&
		    (!b || k->history.entries[k->i].time_s > b->history.entries[b->i].time_s))
			best = i;
	}
	return best;
}

static void add_entry(struct vx_items *p, const struct keeper *k)
{
	const struct vx_history_entry *e = &k->history.entries[k->i];
	size_t n = e->message ? strlen(e->message) : 0;
	json_t *o = json_object();
	int failed = 0;

	while (n > 0 && (e->message[n - 1] == '\n' || e->message[n - 1] == ' '))
		n--;
	failed |= json_object_set_new(o, "backend", vx_json_str(k->name));
	failed |= json_object_set_new(o, "revision", vx_json_str(e->revision));
	failed |= json_object_set_new(o, "author", vx_json_str(e->author));
	failed |= json_object_set_new(o, "time", vx_json_time(e->time_s));
	failed |= json_object_set_new(o, "message", vx_json_text(e->message ? e->message : "", n));
	vx_items_add(p, o, failed);
}

static int end_page(struct vx_items *p, const struct keepers *all)
{
	VX_AUTO(vx_buf_fini) struct vx_buf next = VX_BUF_INIT;
	bool more = false;

	for (size_t i = 0; i < all->n; i++) {
		more = more || all->k[i].i < all->k[i].history.n || all->k[i].history.more;
		vx_buf_printf(&next, "%s%s", i ? "," : "", all->k[i].after);
	}
	if (vx_buf_failed(&next))
		return -ENOMEM;
	vx_items_end(p, more ? next.data : NULL);
	return 0;
}

static int merge(const struct vx_http_request *rq, const struct vx_coords *at, struct keepers *all,
                 struct vx_items *p, struct vx_error *err)
{
	for (size_t i = 0; i < all->n; i++) {
		struct keeper *k = &all->k[i];
		int rc = vx_catalog_history(rq->parts->catalog, rq->ctx, k->name, at, k->after,
		                            rq->limit, &k->history, err);

		if (rc < 0)
			return vx_wrap(err, rc, "backend %s", k->name);
	}
	for (size_t best; !vx_items_full(p) && (best = newest(all)) < all->n;) {
		struct keeper *k = &all->k[best];
		char *after = strdup(k->history.entries[k->i].revision);

		if (!after)
			return -ENOMEM;
		add_entry(p, k);
		free(k->after);
		k->after = after;
		k->i++;
	}
	return end_page(p, all);
}

int vx_get_history(const struct vx_http_request *rq, json_t **ret, struct vx_error *err)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	struct keepers all = {.n = 0};
	struct vx_items p;
	int rc = vx_param_need(rq, VX_P_AT, err);

	if (rc == 0)
		rc = vx_at_parse(rq->param[VX_P_AT], &at, err);
	if (rc == 0)
		rc = vx_must_see(rq, at, NULL, err);
	if (rc == 0)
		rc = vx_items_init(&p, rq);
	if (rc < 0)
		return rc;
	rc = find_keepers(rq, rq->param[VX_P_BACKEND], &all, err);
	if (rc == 0 && rq->param[VX_P_CURSOR])
		rc = take_cursor(rq->param[VX_P_CURSOR], &all, err);
	if (rc == 0)
		rc = merge(rq, at, &all, &p, err);
	if (rc == 0)
		rc = vx_items_reply(&p, NULL, ret);
	keepers_fini(&all);
	vx_items_fini(&p);
	return rc;
}
