/* placeholder.c - `${key}` and `${key:default}` in values and in plain text.
 *
 * The one idea: everything is written to the end of one buffer. A placeholder appends `${` and its
 * key, in which placeholders have been resolved; if the key is found, the buffer is cut back to
 * where the placeholder began and the value's text appended; if not, the default is, or a `}`, and
 * it stands there as it was written. A value that is not resolved yet is resolved right there, and
 * remembered. So every byte is written once or twice, however deeply things are nested.
 *
 * Which `}` ends which `${` is found beforehand, in one pass over each text. */
#include "core/placeholder.h"

#include <errno.h>
#include <string.h>

#include "core/assert.h"
#include "core/buf.h"

#define NONE SIZE_MAX

/* A `${` and its `}`; NONE: it has none. */
struct brace {
	size_t open;
	size_t close;
};

enum state { WAITING, UNDER_WAY, DONE };

/* A string value with a `${` in it. */
struct pending {
	struct vx_value *value;
	enum state state;
};

/* A value that is being resolved; newest first. Its key, as the reference to it spells it, stands
 * in the buffer; the outermost has none. */
struct frame {
	const struct frame *below;
	const struct vx_value *value;
	size_t key;
	size_t key_len;
};

struct resolver {
	struct vx_arena *arena;
	const struct vx_value *root;
	struct vx_error *err;
	struct vx_buf out;
	const struct frame *top;
	unsigned depth;
	size_t budget;        /* bytes that may still be put in place of placeholders */
	struct brace *braces; /* of the texts under way, outermost first */
	size_t n_braces;
	size_t cap_braces;
	struct pending
		*pending; /* in the order of the tree, so that errors are the same each time */
	size_t n_pending;
	uint32_t *index; /* positions + 1, by address: open addressing, at most half full */
	size_t n_index;  /* a power of two */
};

/* A text under way. Its braces begin at `brace`, which moves on with the text. */
struct text {
	const char *s;
	size_t brace;
	size_t end_brace;
	size_t start; /* of its result in the buffer */
	size_t max;   /* bytes of the result */
};

static int no_memory(struct resolver *r)
{
	return vx_fail(r->err, -ENOMEM, "no memory to resolve placeholders");
}

static int expand(struct resolver *r, struct text *t, size_t at, size_t end);

static int put(struct resolver *r, const struct text *t, const char *s, size_t n)
{
	if (n > t->max || r->out.len - t->start > t->max - n)
		return vx_fail(r->err, -E2BIG,
		               "a text is larger than %zu bytes once its "
		               "placeholders are resolved",
		               t->max);
	vx_buf_put(&r->out, s, n);
	return vx_buf_failed(&r->out) ? no_memory(r) : 0;
}

/* --- braces ---------------------------------------------------------------------------------- */

static int push_brace(struct resolver *r, size_t open, size_t outer)
{
	if (r->n_braces == r->cap_braces) {
		size_t cap = r->cap_braces ? r->cap_braces * 2 : 16;
		struct brace *grown = reallocarray(r->braces, cap, sizeof(*grown));

		if (!grown)
			return no_memory(r);
		r->braces = grown;
		r->cap_braces = cap;
	}
	r->braces[r->n_braces++] = (struct brace){open, outer};
	return 0;
}

/* Append the braces of @s. While one is open, its `close` is the index of the one around it. */
static int match_braces(struct resolver *r, const char *s, size_t n)
{
	size_t open = NONE;
	int rc;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '$' && i + 1 < n && s[i + 1] == '{') {
			rc = push_brace(r, i++, open);
			if (rc < 0)
				return rc;
			open = r->n_braces - 1;
		} else if (s[i] == '}' && open != NONE) {
			size_t outer = r->braces[open].close;

			r->braces[open].close = i;
			open = outer;
		}
	}
	while (open != NONE) {
		size_t outer = r->braces[open].close;

		r->braces[open].close = NONE;
		open = outer;
	}
	return 0;
}

/* The next `${` of @t from @at on and before @end, or NULL. Valid until more braces are pushed. */
static const struct brace *next_brace(struct resolver *r, struct text *t, size_t at, size_t end)
{
	while (t->brace < t->end_brace && r->braces[t->brace].open < at)
		t->brace++;
	if (t->brace == t->end_brace || r->braces[t->brace].open >= end)
		return NULL;
	return &r->braces[t->brace];
}

/* Append the whole text @s, resolved, as at most @max bytes. */
static int expand_all(struct resolver *r, const char *s, size_t n, size_t max)
{
	struct text t = {.s = s, .brace = r->n_braces, .start = r->out.len, .max = max};
	size_t base = r->n_braces;
	int rc = match_braces(r, s, n);

	t.end_brace = r->n_braces;
	if (rc == 0)
		rc = expand(r, &t, 0, n);
	r->n_braces = base;
	return rc;
}

/* --- values that wait ------------------------------------------------------------------------ */

/* The place in the index where @v stands or would stand. */
static uint32_t *slot_of(const struct resolver *r, const struct vx_value *v)
{
	/* Fibonacci hashing; an arena's addresses differ from the fifth bit on. */
	size_t i = (size_t)(((uintptr_t)v >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 32);

	for (i &= r->n_index - 1; r->index[i] && r->pending[r->index[i] - 1].value != v;)
		i = (i + 1) & (r->n_index - 1);
	return &r->index[i];
}

/* Sentence for a reference to @v, which is under way, by the key at @key of the buffer. */
static int cycle(struct resolver *r, const struct vx_value *v, size_t key, size_t key_len)
{
	struct vx_buf names = VX_BUF_INIT;
	const struct frame *f;
	size_t n = 0;
	int rc;

	/* Newest first in the chain, oldest first in the sentence. */
	for (f = r->top; f->value != v; f = f->below)
		n++;
	vx_buf_put(&names, r->out.data + key, key_len);
	for (; n > 0; n--) {
		f = r->top;
		for (size_t i = 1; i < n; i++)
			f = f->below;
		vx_buf_puts(&names, " -> ");
		vx_buf_put(&names, r->out.data + f->key, f->key_len);
	}
	rc = vx_buf_failed(&names)
	             ? no_memory(r)
	             : vx_fail(r->err, -ELOOP, "placeholders form a cycle: %s -> %.*s", names.data,
	                       (int)(key_len < VX_ERROR_MAX ? key_len : VX_ERROR_MAX), names.data);
	vx_buf_fini(&names);
	return rc;
}

/* Resolve the value of @p, whose key stands in the buffer at @key; the buffer stays as it is. */
static int settle(struct resolver *r, struct pending *p, size_t key, size_t key_len)
{
	struct frame frame = {r->top, p->value, key, key_len};
	size_t mark = r->out.len;
	char *text;
	int rc;

	if (p->state == DONE)
		return 0;
	if (p->state == UNDER_WAY)
		return cycle(r, p->value, key, key_len);
	p->state = UNDER_WAY;
	r->top = &frame;
	rc = expand_all(r, p->value->text, p->value->len, VX_RESULT_BYTES);
	r->top = frame.below;
	if (rc < 0)
		return rc;
	text = vx_arena_strndup(r->arena, r->out.data ? r->out.data + mark : "", r->out.len - mark);
	if (!text)
		return no_memory(r);
	p->value->text = text;
	p->value->len = r->out.len - mark;
	p->state = DONE;
	vx_buf_truncate(&r->out, mark);
	return 0;
}

/* --- one placeholder ------------------------------------------------------------------------- */

/* The first colon of @t between @at and @end that is in no nested placeholder, or @end. */
static size_t colon_of(const struct resolver *r, const struct text *t, size_t at, size_t end)
{
	for (size_t b = t->brace; at < end; at++) {
		while (b < t->end_brace && r->braces[b].open < at)
			b++;
		if (b < t->end_brace && r->braces[b].open == at)
			at = r->braces[b].close; /* inside a closed one all are closed */
		else if (t->s[at] == ':')
			break;
	}
	return at;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The scalar at the key that stands in the buffer from @key to its end, resolved; NULL: none. */
static int look_up(struct resolver *r, size_t key, const struct vx_value **ret)
{
	const struct vx_value *v;
	char *s = r->out.data;
	uint32_t waits;
	size_t end = r->out.len;
	char was;

	while (key < end && is_blank(s[key]))
		key++;
	while (end > key && is_blank(s[end - 1]))
		end--;
	was = s[end];
	s[end] = '\0';
	v = strlen(s + key) == end - key ? vx_value_find(r->root, s + key) : NULL;
	s[end] = was;
	if (v && (v->type == VX_MAP || v->type == VX_LIST))
		v = NULL;
	*ret = v;
	if (!v || v->type != VX_STRING || !r->index)
		return 0;
	waits = *slot_of(r, v);
	return waits ? settle(r, &r->pending[waits - 1], key, end - key) : 0;
}

/* Append what stands for the placeholder of @t between the offsets @at, after its `${`, and @end,
 * its `}`. */
static int placeholder(struct resolver *r, struct text *t, size_t at, size_t end)
{
	size_t mark = r->out.len;
	size_t colon = colon_of(r, t, at, end);
	const struct vx_value *v = NULL;
	int rc = put(r, t, "${", 2);

	if (rc == 0)
		rc = expand(r, t, at, colon);
	if (rc == 0)
		rc = look_up(r, mark + 2, &v);
	if (rc < 0)
		return rc;
	if (!v && colon == end)
		return put(r, t, "}", 1);
	vx_buf_truncate(&r->out, mark);
	if (!v)
		return expand(r, t, colon + 1, end);
	if (v->type == VX_NULL)
		return 0;
	if (v->len > r->budget)
		return vx_fail(r->err, -E2BIG, "placeholders stand for more than %zu bytes in all",
		               VX_RESOLVED_BYTES);
	r->budget -= v->len;
	return put(r, t, v->text, v->len);
}

/* Append the part of @t between @at and @end, resolved. */
static int expand(struct resolver *r, struct text *t, size_t at, size_t end)
{
	const struct brace *b;
	int rc = 0;

	if (r->depth == VX_PLACEHOLDER_DEPTH)
		return vx_fail(r->err, -E2BIG,
		               "placeholders are nested, or refer to each other, "
		               "more than %d times",
		               VX_PLACEHOLDER_DEPTH);
	r->depth++;
	while (rc == 0 && (b = next_brace(r, t, at, end))) {
		size_t open = b->open, close = b->close;
		size_t after = close == NONE ? open + 2 : close + 1;
		bool literal = open > at && t->s[open - 1] == '\\';

		rc = put(r, t, t->s + at, open - literal - at); /* the backslash goes */
		if (rc == 0 && (literal || close == NONE))
			rc = put(r, t, t->s + open, after - open);
		else if (rc == 0)
			rc = placeholder(r, t, open + 2, close);
		at = after;
	}
	if (rc == 0)
		rc = put(r, t, t->s + at, end - at);
	r->depth--;
	return rc;
}

/* --- the whole tree -------------------------------------------------------------------------- */

/* Call @fn for every string with a `${` at and below @v. */
static void each_pending(struct resolver *r, struct vx_value *v,
                         void (*fn)(struct resolver *r, struct vx_value *v))
{
	if (v->type == VX_STRING && memmem(v->text, v->len, "${", 2))
		fn(r, v);
	for (size_t i = 0; i < v->n_items; i++)
		each_pending(r, v->items[i], fn);
	for (size_t i = 0; i < v->n_entries; i++)
		each_pending(r, v->entries[i].value, fn);
}

static void count(struct resolver *r, struct vx_value *v)
{
	(void)v;
	r->n_pending++;
}

static void enter(struct resolver *r, struct vx_value *v)
{
	r->pending[r->n_pending++].value = v;
	*slot_of(r, v) = (uint32_t)r->n_pending;
}

/* Room for the values that were counted; they are entered anew. */
static int make_room(struct resolver *r)
{
	if (r->n_pending > UINT32_MAX / 4)
		return vx_fail(r->err, -E2BIG, "more than %u values hold placeholders",
		               UINT32_MAX / 4);
	for (r->n_index = 8; r->n_index < r->n_pending * 2;)
		r->n_index *= 2;
	r->pending = calloc(r->n_pending, sizeof(*r->pending));
	r->index = calloc(r->n_index, sizeof(*r->index));
	r->n_pending = 0;
	return r->pending && r->index ? 0 : no_memory(r);
}

static void resolver_fini(struct resolver *r)
{
	vx_buf_fini(&r->out);
	free(r->braces);
	free(r->pending);
	free(r->index);
}

int vx_placeholders_resolve(struct vx_arena *a, struct vx_value *root, struct vx_error *err)
{
	struct resolver r = {.arena = a,
	                     .root = root,
	                     .err = err,
	                     .out = VX_BUF_INIT,
	                     .budget = VX_RESOLVED_BYTES};
	int rc;

	each_pending(&r, root, count);
	if (r.n_pending == 0)
		return 0;
	rc = make_room(&r);
	if (rc == 0)
		each_pending(&r, root, enter);
	for (size_t i = 0; i < r.n_pending && rc == 0; i++)
		rc = settle(&r, &r.pending[i], 0, 0);
	resolver_fini(&r);
	return rc;
}

int vx_placeholders_text(const struct vx_value *root, const char *in, size_t n,
                         struct vx_bytes **ret, struct vx_error *err)
{
	struct resolver r = {
		.root = root, .err = err, .out = VX_BUF_INIT, .budget = VX_RESOLVED_BYTES};
	struct vx_bytes *bytes = NULL;
	int rc = expand_all(&r, in, n, n + VX_RESULT_BYTES);

	if (rc == 0)
		bytes = vx_bytes_new(r.out.data ? r.out.data : "", r.out.len);
	if (rc == 0 && !bytes)
		rc = no_memory(&r);
	if (rc == 0)
		*ret = bytes;
	resolver_fini(&r);
	return rc;
}
