/* render_origin.c - `.origin.json`: where each key came from and what it overrode.
 *
 * One line a key, so that grep and diff are useful; a list or a map has a line of its own where it
 * replaced something whole. What a key overrode is never shown, only the
 * first 16 hex digits of a SHA-256: enough to see whether a hidden value changed or equals one that
 * is known. They have no salt, since equal values must look equal from one version to the next;
 * whoever may read the configuration can therefore test guesses of a hidden value. */
#include <errno.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "core/render.h"
#include "core/render_i.h"

/* So many places of a key are told apart: a file of 100,000 documents shall not take a square of
 * that. Beyond, one may be named twice. */
#define NAMED_MAX 64

struct origins {
	struct vx_buf *b;
	bool any; /* a line was written before */
};

static void put_string(struct vx_buf *b, const char *name, const char *s)
{
	vx_buf_putc(b, '"');
	vx_buf_puts(b, name);
	vx_buf_puts(b, "\": ");
	vx_buf_json(b, s, strlen(s));
}

/* The hash of a scalar is that of its text, so that a person can compute it; a null has none; of a
 * list or a map it is that of its JSON. */
int vx_value_hash(const struct vx_value *v, char ret[VX_VALUE_HASH_DIGITS + 1])
{
	unsigned char md[SHA256_DIGEST_LENGTH];
	VX_AUTO(vx_buf_fini) struct vx_buf json = VX_BUF_INIT;

	if (v->type == VX_LIST || v->type == VX_MAP) {
		vx_render_json_value(&json, v, 0);
		if (json.failed)
			return -ENOMEM;
		(void)SHA256((unsigned char *)json.data, json.len, md);
	} else {
		(void)SHA256((const unsigned char *)v->text, v->type == VX_NULL ? 0 : v->len, md);
	}
	for (size_t i = 0; i < VX_VALUE_HASH_DIGITS / 2; i++)
		(void)snprintf(ret + 2 * i, 3, "%02x", md[i]);
	return 0;
}

static void put_hash(struct vx_buf *b, const struct vx_value *v)
{
	char hash[VX_VALUE_HASH_DIGITS + 1];

	if (vx_value_hash(v, hash) < 0)
		b->failed = true;
	else
		vx_buf_puts(b, hash);
}

static void put_where(struct vx_buf *b, const struct vx_value *v)
{
	put_string(b, "backend", v->origin ? v->origin->backend : "");
	vx_buf_puts(b, ", ");
	put_string(b, "path", v->origin ? v->origin->path : "");
	vx_buf_puts(b, ", \"line\": ");
	vx_put_size(b, v->line);
}

static bool same_place(const struct vx_value *a, const struct vx_value *b)
{
	return a->origin && b->origin && a->line == b->line &&
	       strcmp(a->origin->backend, b->origin->backend) == 0 &&
	       strcmp(a->origin->path, b->origin->path) == 0;
}

/* The places of one key that are written already, the value's own first. */
struct named {
	const struct vx_value *places[NAMED_MAX];
	size_t n;
};

/* Whether @v's place is new; an import brings the shared documents along once more, below or between
 * those that override them. */
static bool is_new(struct named *named, const struct vx_value *v)
{
	for (size_t i = 0; i < named->n; i++)
		if (same_place(named->places[i], v))
			return false;
	if (named->n < NAMED_MAX)
		named->places[named->n++] = v;
	return true;
}

static void put_line(void *arg, const char *key, size_t len, const struct vx_value *v)
{
	struct origins *o = arg;
	struct vx_buf *b = o->b;
	struct named named = {.places = {v}, .n = 1};
	bool any = false;

	if (!vx_is_leaf(v) && !v->hidden)
		return;
	vx_buf_puts(b, o->any ? ",\n  " : "\n  ");
	o->any = true;
	vx_buf_json(b, key, len);
	vx_buf_puts(b, ": {");
	put_where(b, v);
	vx_buf_puts(b, ", ");
	put_string(b, "revision", v->origin ? v->origin->revision : "");
	vx_buf_puts(b, ", \"overrode\": [");
	for (const struct vx_value *h = v->hidden; h; h = h->hidden) {
		if (!is_new(&named, h))
			continue;
		vx_buf_puts(b, any ? ", {" : "{");
		any = true;
		put_where(b, h);
		vx_buf_puts(b, ", \"sha256\": \"");
		put_hash(b, h);
		vx_buf_puts(b, "\"}");
	}
	vx_buf_puts(b, "]}");
}

int vx_render_origin(const struct vx_snapshot *s, struct vx_bytes **ret, struct vx_error *err)
{
	struct vx_buf b = VX_BUF_INIT;
	struct origins o = {&b, false};
	struct vx_bytes *bytes;

	vx_buf_putc(&b, '{');
	if (!vx_flat_each(s->root, put_line, &o))
		b.failed = true;
	vx_buf_puts(&b, o.any ? "\n}\n" : "}\n");
	bytes = vx_render_finish(&b);
	if (!bytes)
		return vx_fail(err, -ENOMEM, "no memory for .origin.json of %s", s->at->text);
	*ret = bytes;
	return 0;
}
