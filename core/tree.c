/* tree.c - playing literal keys, in order, into the tree of a document.
 *
 * A raw value (as a reader found it: maps with literal keys, shared by aliases) is never changed;
 * the tree is made of fresh values that share its texts. While a tree is built, three things are
 * kept in fields that have no other use then: a value whose text is NULL is a place that nothing
 * was put at yet; an element that is NULL is one that no key has set; and a list with cap_entries
 * is spelled by indices, this being the room in items. vx_tree_finish() puts all three right. */
#include "core/tree.h"

#include <errno.h>
#include <string.h>

#include "core/assert.h"
#include "core/key.h"

/* Aliases may repeat a text as often as there may be values. What the tree says in full is held to
 * this many times the largest file; latin-1 text at most doubles when it becomes UTF-8. */
#define TEXT_TIMES 4

/* Of a key in a sentence. */
#define SHOWN_BYTES 80

static int shown(size_t len)
{
	return (int)(len < SHOWN_BYTES ? len : SHOWN_BYTES);
}

/* --- values under construction ---------------------------------------------------------------- */

static bool is_unset(const struct vx_value *v)
{
	return !v->text;
}

static bool is_by_index(const struct vx_value *v)
{
	return v->type == VX_LIST && v->cap_entries > 0;
}

/* Make @v an empty value of @type, whatever it was. */
static void become(struct vx_value *v, enum vx_type type, uint32_t line)
{
	*v = (struct vx_value){.type = type, .line = line, .text = ""};
}

static int count(struct vx_tree *t, size_t values, size_t text_bytes, uint32_t line,
                 struct vx_error *err)
{
	t->values += values;
	t->text_bytes += text_bytes;
	if (t->values > t->limits->values)
		return vx_fail(err, -E2BIG,
		               "line %u: more than %zu values in one file, aliases "
		               "expanded and gaps in lists filled",
		               line, t->limits->values);
	if (t->text_bytes / TEXT_TIMES > t->limits->bytes)
		return vx_fail(err, -E2BIG,
		               "line %u: aliases expand to more than %d times %zu bytes "
		               "(limits.document)",
		               line, TEXT_TIMES, t->limits->bytes);
	return 0;
}

static int too_deep(const struct vx_tree *t, uint32_t line, struct vx_error *err)
{
	return vx_fail(err, -E2BIG, "line %u: nested deeper than %u keys and lists", line,
	               t->limits->depth);
}

static struct vx_value *fresh(struct vx_tree *t, uint32_t line)
{
	struct vx_value *v = vx_value_new(t->arena, VX_NULL, line);

	if (v)
		v->text = NULL;
	return v;
}

/* The child of @v at the name in @s, made if there is none. */
static int enter_name(struct vx_tree *t, struct vx_value *v, const struct vx_step *s, uint32_t line,
                      struct vx_value **ret, struct vx_error *err)
{
	struct vx_value *child;
	int rc;

	if (is_unset(v) || v->type == VX_LIST)
		become(v, VX_MAP, line);
	child = vx_value_child(v, s->name, s->len);
	if (!child) {
		rc = count(t, 1, s->len, line, err);
		if (rc < 0)
			return rc;
		child = fresh(t, line);
		if (!child || !vx_value_set(t->arena, v, s->name, s->len, child))
			return -ENOMEM;
	}
	*ret = child;
	return 0;
}

/* Room for @n elements in the list @v, which is spelled by indices. */
static int extend(struct vx_tree *t, struct vx_value *v, size_t n, uint32_t line,
                  struct vx_error *err)
{
	size_t cap = v->cap_entries;
	struct vx_value **items;
	int rc = count(t, n - v->n_items, 0, line, err);

	if (rc < 0)
		return rc;
	while (cap < n)
		cap *= 2;
	if (cap > v->cap_entries || !v->items) {
		items = vx_arena_alloc(t->arena, cap * sizeof(struct vx_value *));
		if (!items)
			return -ENOMEM;
		if (v->items)
			memcpy(items, v->items, v->n_items * sizeof(struct vx_value *));
		v->items = items;
		v->cap_entries = cap;
	}
	v->n_items = n;
	return 0;
}

/* The element of @v at @index, made if there is none. */
static int enter_index(struct vx_tree *t, struct vx_value *v, uint32_t index, uint32_t line,
                       struct vx_value **ret, struct vx_error *err)
{
	int rc;

	if (is_unset(v) || !is_by_index(v)) {
		become(v, VX_LIST, line);
		v->cap_entries = 4;
	}
	if (index >= v->n_items) {
		rc = extend(t, v, (size_t)index + 1, line, err);
		if (rc < 0)
			return rc;
	}
	if (!v->items[index])
		v->items[index] = fresh(t, line);
	if (!v->items[index])
		return -ENOMEM;
	*ret = v->items[index];
	return 0;
}

static int assign(struct vx_tree *t, struct vx_value *v, const struct vx_value *raw, uint32_t line,
                  uint32_t depth, struct vx_error *err);

/* Walk from @v, which is @depth collections deep, along @key and put @raw there. */
static int put(struct vx_tree *t, struct vx_value *v, const char *key, size_t len,
               const struct vx_value *raw, uint32_t line, uint32_t depth, struct vx_error *err)
{
	struct vx_key k = {key, key + len, false};
	struct vx_error why = {0};
	struct vx_step step;
	int rc;

	while ((rc = vx_key_next(&k, t->limits->index, &step, &why)) > 0) {
		if (++depth > t->limits->depth)
			return too_deep(t, line, err);
		rc = step.name ? enter_name(t, v, &step, line, &v, err)
		               : enter_index(t, v, step.index, line, &v, err);
		if (rc < 0)
			return rc;
	}
	if (rc < 0)
		return vx_fail(err, rc, "line %u: the key '%.*s': %s", line, shown(len), key,
		               why.msg);
	return assign(t, v, raw, line, depth, err);
}

static int assign_list(struct vx_tree *t, struct vx_value *v, const struct vx_value *raw,
                       uint32_t line, uint32_t depth, struct vx_error *err)
{
	int rc = count(t, raw->n_items, 0, line, err);

	if (rc < 0)
		return rc;
	if (depth + 1 > t->limits->depth)
		return too_deep(t, line, err);
	become(v, VX_LIST, line);
	if (raw->n_items == 0)
		return 0;
	v->items = vx_arena_alloc(t->arena, raw->n_items * sizeof(struct vx_value *));
	if (!v->items)
		return -ENOMEM;
	v->n_items = raw->n_items;
	for (size_t i = 0; i < raw->n_items; i++) {
		v->items[i] = fresh(t, raw->items[i]->line);
		if (!v->items[i])
			return -ENOMEM;
		rc = assign(t, v->items[i], raw->items[i], raw->items[i]->line, depth + 1, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int assign_map(struct vx_tree *t, struct vx_value *v, const struct vx_value *raw,
                      uint32_t line, uint32_t depth, struct vx_error *err)
{
	int rc = 0;

	if (depth + 1 > t->limits->depth)
		return too_deep(t, line, err);
	if (is_unset(v) || v->type == VX_LIST)
		become(v, VX_MAP, line);
	for (size_t i = 0; i < raw->n_entries && rc == 0; i++) {
		const struct vx_entry *e = &raw->entries[i];

		rc = put(t, v, e->key, strlen(e->key), e->value, e->value->line, depth, err);
	}
	return rc;
}

/* Let @raw meet what @v is; @v is @depth collections deep. */
static int assign(struct vx_tree *t, struct vx_value *v, const struct vx_value *raw, uint32_t line,
                  uint32_t depth, struct vx_error *err)
{
	if (raw->type == VX_MAP)
		return assign_map(t, v, raw, line, depth, err);
	if (raw->type == VX_LIST)
		return assign_list(t, v, raw, line, depth, err);
	if (v->type == VX_LIST)
		become(v, VX_NULL, line);
	v->type = raw->type;
	v->line = line;
	v->text = raw->text;
	v->len = raw->len;
	return count(t, 0, raw->len, line, err);
}

int vx_tree_put(struct vx_tree *t, struct vx_value *root, const char *key, size_t len,
                const struct vx_value *raw, uint32_t line, struct vx_error *err)
{
	return put(t, root, key, len, raw, line, 0, err);
}

int vx_tree_finish(struct vx_tree *t, struct vx_value *v)
{
	struct vx_value *null =
		NULL; /* one for all gaps of a list: values do not change any more */
	int rc = 0;

	if (is_by_index(v))
		v->cap_entries = 0;
	for (size_t i = 0; i < v->n_items && rc == 0; i++) {
		if (v->items[i]) {
			rc = vx_tree_finish(t, v->items[i]);
			continue;
		}
		if (!null)
			null = vx_value_new(t->arena, VX_NULL, v->line);
		if (!null)
			return -ENOMEM;
		v->items[i] = null;
	}
	for (size_t i = 0; i < v->n_entries && rc == 0; i++)
		rc = vx_tree_finish(t, v->entries[i].value);
	return rc;
}
