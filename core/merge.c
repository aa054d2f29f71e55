/* merge.c - laying one document over the tree of the documents below it.
 *
 * The one idea: a map lets what stands below it shine through, everything else covers it. So only
 * maps are walked together with the tree; a list or a scalar becomes a new value that takes the old
 * one's place in the order and keeps it as `hidden`. Each value of a document is touched once,
 * whatever it meets, which makes merging linear in the documents' sizes. */
#include "core/merge.h"

#include <errno.h>
#include <string.h>

#include "core/assert.h"

struct merge {
	struct vx_arena *arena;
	const struct vx_merge_source *from;
	struct vx_error *err;
	unsigned depth;
};

static int no_memory(struct merge *m)
{
	return vx_fail(m->err, -ENOMEM, "no memory to merge %s", m->from->origin->path);
}

static int over(struct merge *m, struct vx_value *into, const char *key,
                const struct vx_value *src);

/* Lay the children of @src over those of @into. */
static int children_over(struct merge *m, struct vx_value *into, const struct vx_value *src)
{
	int rc = 0;

	if (++m->depth > VX_MERGE_DEPTH)
		return vx_fail(m->err, -E2BIG, "%s is nested deeper than %d levels",
		               m->from->origin->path, VX_MERGE_DEPTH);
	for (size_t i = 0; i < src->n_entries && rc == 0; i++)
		rc = over(m, into, src->entries[i].key, src->entries[i].value);
	m->depth--;
	return rc;
}

static int copy(struct merge *m, const struct vx_value *src, struct vx_value **ret);

static int copy_items(struct merge *m, struct vx_value *list, const struct vx_value *src)
{
	int rc = 0;

	if (src->n_items == 0)
		return 0;
	if (++m->depth > VX_MERGE_DEPTH)
		return vx_fail(m->err, -E2BIG, "%s is nested deeper than %d levels",
		               m->from->origin->path, VX_MERGE_DEPTH);
	list->items = vx_arena_alloc(m->arena, src->n_items * sizeof(struct vx_value *));
	if (!list->items)
		return no_memory(m);
	for (size_t i = 0; i < src->n_items && rc == 0; i++) {
		rc = copy(m, src->items[i], &list->items[i]);
		list->n_items = i + 1;
	}
	m->depth--;
	return rc;
}

/* A value of the tree's own with all that stands below @src. */
static int copy(struct merge *m, const struct vx_value *src, struct vx_value **ret)
{
	struct vx_value *v = vx_value_new(m->arena, src->type, src->line);
	int rc;

	if (!v)
		return no_memory(m);
	v->origin = m->from->origin;
	v->len = src->len;
	v->text = m->from->borrowed ? src->text : vx_arena_strndup(m->arena, src->text, src->len);
	if (!v->text)
		return no_memory(m);
	rc = copy_items(m, v, src);
	if (rc == 0)
		rc = children_over(m, v, src);
	if (rc == 0)
		*ret = v;
	return rc;
}

/* Lay @src over what @into has at @key. A source is one document and never meets its own values
 * here, so "from a higher source" (4.6) is always so. */
static int over(struct merge *m, struct vx_value *into, const char *key, const struct vx_value *src)
{
	size_t len = strlen(key);
	struct vx_value *old = vx_value_child(into, key, len);
	struct vx_value *v = NULL;
	int rc;

	if (src->type == VX_MAP && old && old->type != VX_LIST)
		return children_over(m, old, src); /* a scalar stays beside its new keys (4.6) */
	rc = copy(m, src, &v);
	if (rc < 0)
		return rc;
	vx_assert(v); /* a copy that was made */
	v->hidden = old;
	return vx_value_set(m->arena, into, key, len, v) ? 0 : no_memory(m);
}

int vx_merge(struct vx_arena *a, struct vx_value *into, const struct vx_value *doc,
             const struct vx_merge_source *from, struct vx_error *err)
{
	struct merge m = {a, from, err, 0};

	return children_over(&m, into, doc);
}

int vx_merge_key(struct vx_arena *a, struct vx_value *into, const char *key,
                 const struct vx_value *child, const struct vx_merge_source *from,
                 struct vx_error *err)
{
	struct merge m = {a, from, err, 0};

	return over(&m, into, key, child);
}
