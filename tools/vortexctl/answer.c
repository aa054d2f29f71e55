/* answer.c - pages become one answer; see answer.h. */
#include "tools/vortexctl/answer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PAGE_ITEMS 1000 /* the most that the daemon gives at once */

/* Add the number @name of @page to that of @all. */
static int add_up(json_t *all, const json_t *page, const char *name)
{
	const json_t *more = json_object_get(page, name);

	if (!json_is_integer(more))
		return 0;
	return json_object_set_new(all, name,
	                           json_integer(vx_ctl_int(all, name) + json_integer_value(more)));
}

/* @all becomes what it and @page say together. */
static int merge(json_t *all, const json_t *page)
{
	json_t *items = json_object_get(all, "items");
	json_t *next = json_object_get(page, "next");

	if (json_array_extend(items, json_object_get(page, "items")) < 0 ||
	    add_up(all, page, "composed") < 0 || add_up(all, page, "failed") < 0)
		return -ENOMEM;
	return json_object_set(all, "next", next ? next : json_null()) < 0 ? -ENOMEM : 0;
}

/* The next page of the list, after @cursor (NULL: the first). */
static int ask_page(struct vx_ctl_client *c, const struct vx_ctl_question *q, const char *cursor,
                    size_t have, json_t **ret, struct vx_error *err)
{
	struct vx_ctl_param params[12];
	char limit[24];
	size_t room = PAGE_ITEMS;

	if (q->limit > 0 && (size_t)q->limit - have < room)
		room = (size_t)q->limit - have;
	(void)snprintf(limit, sizeof(limit), "%zu", room); /* fits: at most PAGE_ITEMS */
	vx_assert(q->n_params + 2 <= sizeof(params) / sizeof(*params));
	if (q->n_params > 0)
		memcpy(params, q->params, q->n_params * sizeof(*params));
	params[q->n_params] = (struct vx_ctl_param){"limit", limit};
	params[q->n_params + 1] = (struct vx_ctl_param){"cursor", cursor};
	return vx_ctl_ask(c, q->path, params, q->n_params + 2, ret, err);
}

static int check_page(const struct vx_ctl_client *c, const json_t *page, const char *cursor,
                      struct vx_error *err)
{
	const char *next = vx_ctl_str(page, "next");

	if (!json_is_array(json_object_get(page, "items")))
		return vx_fail(err, -EIO, "what %s answered is no list", vx_ctl_client_socket(c));
	if (next && cursor && strcmp(next, cursor) == 0)
		return vx_fail(err, -EIO, "%s answers the same page again and again",
		               vx_ctl_client_socket(c));
	return 0;
}

/* Whoever waits at a terminal for thousands of configurations sees that it goes on. */
static void show_progress(const json_t *all)
{
	if (isatty(STDERR_FILENO) && json_object_get(all, "composed"))
		(void)fprintf(stderr, "\r%lld configurations composed ...",
		              (long long)vx_ctl_int(all, "composed"));
}

static void clear_progress(void)
{
	if (isatty(STDERR_FILENO))
		(void)fputs("\r\033[K", stderr); /* to the line's end */
}

/* Take @page (owned) into *all. */
static int take_page(const struct vx_ctl_question *q, json_t *page, json_t **all)
{
	int rc = 0;

	if (q->each) {
		q->each(q->arg, page);
		if (json_array_clear(json_object_get(page, "items")) < 0)
			rc = -ENOMEM;
	}
	if (!*all) {
		*all = page;
		return rc;
	}
	if (rc == 0)
		rc = merge(*all, page);
	json_decref(page);
	return rc;
}

static int ask_pages(struct vx_ctl_client *c, const struct vx_ctl_question *q, json_t **ret,
                     struct vx_error *err)
{
	VX_AUTO(vx_json_put) json_t *all = NULL;
	VX_AUTO(vx_freep) char *cursor = NULL;
	size_t have = 0;
	bool more = true;

	while (more) {
		json_t *page = NULL;
		const char *next;
		int rc = ask_page(c, q, cursor, have, &page, err);

		if (cursor)
			clear_progress();
		if (rc == 0)
			rc = check_page(c, page, cursor, err);
		if (rc < 0) {
			json_decref(page);
			return rc;
		}
		have += vx_ctl_count(page);
		if (take_page(q, page, &all) < 0)
			return vx_fail(err, -ENOMEM, "out of memory");
		next = vx_ctl_str(all, "next");
		more = next && (q->limit == 0 || have < (size_t)q->limit);
		if (more)
			show_progress(all);
		free(cursor);
		cursor = more ? strdup(next) : NULL;
		if (more && !cursor)
			return vx_fail(err, -ENOMEM, "out of memory");
	}
	*ret = vx_steal(all);
	return 0;
}

int vx_ctl_answer(const struct vx_ctl_question *q, json_t **ret, struct vx_error *err)
{
	VX_AUTO(vx_ctl_client_close_p) struct vx_ctl_client *c = NULL;
	int rc = vx_ctl_client_open(q->server, &c, err);

	if (rc < 0)
		return rc;
	if (q->post)
		return vx_ctl_command(c, q->path, q->params, q->n_params, ret, err);
	if (q->once)
		return vx_ctl_ask(c, q->path, q->params, q->n_params, ret, err);
	return ask_pages(c, q, ret, err);
}

int vx_ctl_print_json(const json_t *value)
{
	/* Fifteen digits are what a double holds of any decimal: 4.2 stays 4.2. */
	char *text = json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(15));

	if (!text)
		return -ENOMEM;
	(void)puts(text); /* main.c looks at ferror */
	free(text);
	return 0;
}

int vx_ctl_list(const struct vx_ctl_question *q, const char *const *heads,
                void (*add_row)(struct vx_ctl_table *t, const json_t *item), json_t **ret,
                struct vx_error *err)
{
	VX_AUTO(vx_ctl_table_fini) struct vx_ctl_table t;
	const json_t *item;
	size_t i;
	int rc = vx_ctl_answer(q, ret, err);

	vx_ctl_table_init(&t, heads);
	if (rc < 0)
		return rc;
	if (vx_ctl_is_json(q->server))
		return vx_ctl_print_json(*ret);
	json_array_foreach (json_object_get(*ret, "items"), i, item)
		add_row(&t, item);
	return vx_ctl_table_print(&t);
}
