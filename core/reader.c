/* reader.c - what the readers of the formats stand on: bounds, raw values, and how a document is made.
 *
 * A reader hands over raw values; the tree of each document is built of them, then the keys that
 * say when the document applies leave it (section 5 of docs/composition.md) with the maps that
 * become empty by that. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/read_i.h"

int vx_reader_count(struct vx_reader *r, size_t n, uint32_t line)
{
	if (n > r->limits->values - r->values)
		return vx_fail(r->err, -E2BIG,
		               "line %u: more than %zu values in one file, aliases "
		               "expanded",
		               line, r->limits->values);
	r->values += n;
	return 0;
}

int vx_reader_deep(const struct vx_reader *r, uint32_t depth, uint32_t line)
{
	if (depth <= r->limits->depth)
		return 0;
	return vx_fail(r->err, -E2BIG, "line %u: nested deeper than %u keys and lists", line,
	               r->limits->depth);
}

/* Whether an array of @n elements is full: capacities are 0, then the powers of two from 4. */
static bool is_full(size_t n)
{
	return n == 0 || (n >= 4 && (n & (n - 1)) == 0);
}

int vx_reader_append(struct vx_reader *r, struct vx_value *list, struct vx_value *item)
{
	size_t n = list->n_items;
	struct vx_value **items;

	if (is_full(n)) {
		items = vx_arena_alloc(&r->scratch, (n ? n * 2 : 4) * sizeof(struct vx_value *));
		if (!items)
			return -ENOMEM;
		if (n)
			memcpy(items, list->items, n * sizeof(struct vx_value *));
		list->items = items;
	}
	list->items[list->n_items++] = item;
	return 0;
}

int vx_reader_set(struct vx_reader *r, struct vx_value *map, const char *key, size_t len,
                  struct vx_value *value, uint32_t line)
{
	const struct vx_value *first;

	if (memchr(key, '\0', len))
		return vx_fail(r->err, -EBADMSG, "line %u: a key has a NUL character", line);
	first = vx_value_child(map, key, len);
	if (first)
		return vx_fail(
			r->err, -EBADMSG,
			"line %u: the key '%.*s' stands twice in this mapping (first on line %u)",
			line, (int)(len < 80 ? len : 80), key, first->line);
	return vx_value_set(&r->scratch, map, key, len, value) ? 0 : -ENOMEM;
}

uint32_t vx_reader_line(const struct vx_reader *r, size_t offset)
{
	uint32_t line = 1;

	for (size_t i = 0; i < offset && i < r->len; i++)
		line += r->bytes[i] == '\n';
	return line;
}

/* --- activation ------------------------------------------------------------------------------- */

/* Expressions that a document holds; copies, as the keys they came from go away. */
struct expressions {
	struct vx_arena *scratch;
	const char **text;
	size_t n, cap;
	uint32_t line; /* of the first */
	struct vx_error *err;
};

static int add_expression(struct expressions *e, const char *s, size_t n)
{
	char *copy;

	if (memchr(s, '\0', n))
		return vx_fail(e->err, -EBADMSG,
		               "line %u: a profile expression has a NUL character", e->line);
	copy = vx_arena_strndup(e->scratch, s, n);
	if (e->n == e->cap) {
		size_t cap = e->cap ? e->cap * 2 : 4;
		const char **grown = vx_arena_alloc(e->scratch, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		for (size_t i = 0; i < e->n; i++)
			grown[i] = e->text[i];
		e->text = grown;
		e->cap = cap;
	}
	if (!copy)
		return -ENOMEM;
	e->text[e->n++] = copy;
	return 0;
}

static bool is_scalar(const struct vx_value *v)
{
	return v->type != VX_MAP && v->type != VX_LIST;
}

/* Add what @v, the value of an activation key, says. */
static int add_expressions(struct expressions *e, const struct vx_value *v)
{
	const char *why = "a profile expression is a text or a list of texts";
	int rc = 0;

	if (!e->line)
		e->line = v->line;
	if (is_scalar(v)) {
		const char *s = v->text, *end = s + v->len;

		while (rc == 0) {
			const char *comma = memchr(s, ',', (size_t)(end - s));

			rc = add_expression(e, s, (size_t)((comma ? comma : end) - s));
			if (!comma)
				return rc;
			s = comma + 1;
		}
		return rc;
	}
	if (v->type != VX_LIST)
		return vx_fail(e->err, -EBADMSG, "line %u: %s", v->line, why);
	for (size_t i = 0; i < v->n_items && rc == 0; i++) {
		const struct vx_value *item = v->items[i];

		if (!is_scalar(item))
			return vx_fail(e->err, -EBADMSG, "line %u: %s", item->line, why);
		rc = add_expression(e, item->text, item->len);
	}
	return rc;
}

/* Whether @key is @want (lower case) but for case, `-` and `_`. */
static bool is_relaxed(const char *key, const char *want)
{
	for (;; key++) {
		if (*key == '-' || *key == '_')
			continue;
		if (tolower((unsigned char)*key) != *want)
			return false;
		if (!*want)
			return true;
		want++;
	}
}

static bool is_empty_map(const struct vx_value *v)
{
	return v->type == VX_MAP && v->n_entries == 0;
}

static void remove_entry(struct vx_value *v, size_t i)
{
	const char *key = v->entries[i].key;

	(void)vx_value_remove(v, key, strlen(key)); /* it is there */
}

/* Take the keys spelled like @path (which ends in NULL) out of @v. */
static int take(struct vx_value *v, const char *const *path, struct expressions *e)
{
	for (size_t i = 0; i < v->n_entries;) {
		struct vx_value *child = v->entries[i].value;
		bool gone = false;
		size_t before = e->n;
		int rc;

		if (is_relaxed(v->entries[i].key, *path)) {
			gone = !path[1];
			rc = gone ? add_expressions(e, child) : take(child, path + 1, e);
			if (rc < 0)
				return rc;
			gone = gone || (e->n > before && is_empty_map(child));
		}
		if (gone)
			remove_entry(v, i);
		else
			i++;
	}
	return 0;
}

/* The older `spring.profiles`, where it is a scalar or a list; the keys below it stay. */
static int take_older(struct vx_value *root, struct expressions *e)
{
	struct vx_value *spring = vx_value_child(root, "spring", 6);
	struct vx_value *profiles = spring ? vx_value_child(spring, "profiles", 8) : NULL;
	int rc;

	if (!profiles || profiles->type == VX_MAP)
		return 0;
	rc = add_expressions(e, profiles);
	if (rc < 0)
		return rc;
	profiles->type = VX_MAP;
	profiles->text = "";
	profiles->len = 0;
	profiles->items = NULL;
	profiles->n_items = 0;
	if (is_empty_map(profiles))
		(void)vx_value_remove(spring, "profiles", 8);
	if (is_empty_map(spring))
		(void)vx_value_remove(root, "spring", 6);
	return 0;
}

static int take_activation(struct vx_reader *r, struct vx_value *root,
                           const struct vx_activation **ret)
{
	static const char *const path[] = {"spring", "config", "activate", "onprofile", NULL};
	struct expressions e = {.scratch = &r->scratch, .err = r->err};
	int rc = take(root, path, &e);

	if (rc == 0)
		rc = take_older(root, &e);
	if (rc < 0 || e.n == 0)
		return rc;
	rc = vx_activation_parse(&r->docs->arena, e.text, e.n, ret, r->err);
	return rc == -EBADMSG ? vx_wrap(r->err, rc, "line %u", e.line) : rc;
}

/* --- documents -------------------------------------------------------------------------------- */

int vx_reader_finish(struct vx_reader *r, struct vx_value *root)
{
	struct vx_docs *d = r->docs;
	struct vx_doc doc = {.root = root};
	struct vx_doc *grown;
	int rc = vx_tree_finish(&r->tree, root);

	if (rc == 0)
		rc = take_activation(r, root, &doc.on);
	if (rc < 0)
		return rc;
	if (is_full(d->n)) {
		grown = vx_arena_alloc(&d->arena, (d->n ? d->n * 2 : 4) * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		if (d->n)
			memcpy(grown, d->doc, d->n * sizeof(*grown));
		d->doc = grown;
	}
	d->doc[d->n++] = doc;
	return 0;
}

int vx_reader_document(struct vx_reader *r, const struct vx_value *raw)
{
	struct vx_value *root = vx_value_new(&r->docs->arena, VX_MAP, raw->line);
	int rc = 0;

	if (!root)
		return -ENOMEM;
	if (raw->type != VX_MAP)
		rc = vx_tree_put(&r->tree, root, "document", 8, raw, raw->line, r->err);
	for (size_t i = 0; i < raw->n_entries && rc == 0; i++) {
		const struct vx_entry *e = &raw->entries[i];

		rc = vx_tree_put(&r->tree, root, e->key, strlen(e->key), e->value, e->value->line,
		                 r->err);
	}
	return rc < 0 ? rc : vx_reader_finish(r, root);
}
