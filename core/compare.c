/* compare.c - what differs between two snapshots.
 *
 * Both trees are flattened into lists of keys, sorted, and walked side by side. The lists hold maps
 * and lists with something in them, too, so that a scalar that became a map is seen at its own key;
 * such a value counts only where the other side has another type, else its leaves tell everything.
 */
#include "core/compare.h"

#include <errno.h>
#include <string.h>

#include "core/buf.h"

/* A key of one side. Exactly one of value and plain is set. */
struct item {
	const char *key;
	const struct vx_value *value;
	const struct vx_snapshot_plain *plain;
};

struct side {
	struct vx_arena arena; /* of the keys */
	struct item *items;
	size_t n;
	size_t cap;
	bool failed; /* sticky: out of memory */
};

struct changes {
	struct vx_arena *arena;
	struct vx_change *change; /* at most one for each item */
	size_t n;
};

static void add(struct side *s, const struct vx_buf *path, const struct vx_value *v,
                const struct vx_snapshot_plain *plain)
{
	char *key = vx_buf_failed(path) ? NULL : vx_arena_strndup(&s->arena, path->data, path->len);

	if (key && s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 64;
		struct item *grown = reallocarray(s->items, cap, sizeof(*grown));

		if (grown) {
			s->items = grown;
			s->cap = cap;
		}
	}
	if (!key || s->n == s->cap) {
		s->failed = true;
		return;
	}
	s->items[s->n++] = (struct item){key, v, plain};
}

/* Add what stands below @v, which has the key @path. */
static void add_below(struct side *s, struct vx_buf *path, const struct vx_value *v)
{
	size_t len = path->len;

	for (size_t i = 0; i < v->n_items && !s->failed; i++) {
		vx_buf_printf(path, "[%zu]", i);
		add(s, path, v->items[i], NULL);
		add_below(s, path, v->items[i]);
		vx_buf_truncate(path, len);
	}
	for (size_t i = 0; i < v->n_entries && !s->failed; i++) {
		vx_buf_puts(path, len ? "." : "");
		vx_buf_puts(path, v->entries[i].key);
		add(s, path, v->entries[i].value, NULL);
		add_below(s, path, v->entries[i].value);
		vx_buf_truncate(path, len);
	}
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct item *)a)->key, ((const struct item *)b)->key);
}

static void flatten(struct side *side, const struct vx_snapshot *s)
{
	struct vx_buf path = VX_BUF_INIT;

	if (!s)
		return;
	add_below(side, &path, s->root);
	for (size_t i = 0; i < s->n_plain && !side->failed; i++) {
		vx_buf_truncate(&path, 0);
		vx_buf_puts(&path, "file:");
		vx_buf_puts(&path, s->plain[i].plain->name);
		add(side, &path, NULL, &s->plain[i]);
	}
	vx_buf_fini(&path);
	if (side->n > 1)
		qsort(side->items, side->n, sizeof(*side->items), by_key);
}

static void side_fini(struct side *s)
{
	vx_arena_fini(&s->arena);
	free(s->items);
}

/* Whether other keys tell all about this one. */
static bool is_inner(const struct item *i)
{
	return i->value && ((i->value->type == VX_MAP && i->value->n_entries) ||
	                    (i->value->type == VX_LIST && i->value->n_items));
}

static bool same_place(const struct vx_value *a, const struct vx_value *b)
{
	const struct vx_origin *x = a->origin, *y = b->origin;

	if (!x || !y)
		return x == y;
	return a->line == b->line && strcmp(x->backend, y->backend) == 0 &&
	       strcmp(x->path, y->path) == 0;
}

/* What happened to a value; false: nothing. */
static bool judge_values(const struct vx_value *a, const struct vx_value *b,
                         enum vx_change_kind *ret)
{
	if (a->type != b->type)
		*ret = VX_KEY_TYPE_CHANGED;
	else if (a->type == VX_MAP || a->type == VX_LIST)
		return false;
	else if (a->type != VX_NULL && (a->len != b->len || memcmp(a->text, b->text, a->len) != 0))
		*ret = VX_KEY_CHANGED;
	else if (!same_place(a, b))
		*ret = VX_KEY_ORIGIN_CHANGED;
	else
		return false;
	return true;
}

static bool judge(const struct item *a, const struct item *b, enum vx_change_kind *ret)
{
	const struct vx_snapshot_plain *x = a->plain, *y = b->plain;

	if (!x && !y)
		return judge_values(a->value, b->value, ret);
	if (!x || !y)
		*ret = VX_KEY_TYPE_CHANGED; /* a key that is spelled like a file's */
	else if (memcmp(x->plain->id, y->plain->id, VX_BLOB_ID_BYTES) != 0)
		*ret = VX_KEY_CHANGED;
	else if (strcmp(x->backend, y->backend) != 0 || strcmp(x->plain->path, y->plain->path) != 0)
		*ret = VX_KEY_ORIGIN_CHANGED;
	else
		return false;
	return true;
}

/* false: out of memory. */
static bool put(struct changes *c, enum vx_change_kind kind, const struct item *a,
                const struct item *b)
{
	const char *key = a ? a->key : b->key;
	const char *copy = vx_arena_strndup(c->arena, key, strlen(key));

	if (!copy)
		return false;
	c->change[c->n++] =
		(struct vx_change){kind, copy, a ? a->value : NULL, b ? b->value : NULL};
	return true;
}

static int walk(struct changes *c, const struct side *a, const struct side *b)
{
	size_t i = 0, j = 0;
	bool fine = true;

	while (fine && (i < a->n || j < b->n)) {
		int order = i == a->n ? 1 : j == b->n ? -1 : by_key(&a->items[i], &b->items[j]);
		const struct item *x = order <= 0 ? &a->items[i++] : NULL;
		const struct item *y = order >= 0 ? &b->items[j++] : NULL;
		enum vx_change_kind kind;

		if (x && y)
			fine = !judge(x, y, &kind) || put(c, kind, x, y);
		else if (x)
			fine = is_inner(x) || put(c, VX_KEY_REMOVED, x, NULL);
		else
			fine = is_inner(y) || put(c, VX_KEY_ADDED, NULL, y);
	}
	return fine ? 0 : -ENOMEM;
}

int vx_compare(const struct vx_snapshot *a, const struct vx_snapshot *b, struct vx_arena *arena,
               struct vx_change **ret, size_t *ret_n)
{
	struct side x = {.arena = VX_ARENA_INIT}, y = {.arena = VX_ARENA_INIT};
	struct changes c = {.arena = arena};
	int rc = -ENOMEM;

	flatten(&x, a);
	flatten(&y, b);
	if (!x.failed && !y.failed)
		c.change = vx_arena_alloc(arena, (x.n + y.n) * sizeof(*c.change));
	if (c.change)
		rc = walk(&c, &x, &y);
	side_fini(&x);
	side_fini(&y);
	if (rc < 0)
		return rc;
	*ret = c.change;
	*ret_n = c.n;
	return 0;
}
