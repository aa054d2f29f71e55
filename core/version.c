/* version.c - hashing a snapshot's content; the grammar of what is hashed is in version.h.
 *
 * The grammar's pieces are a few bytes each, so they are gathered in a block before libcrypto sees
 * them. A map's keys are sorted in a stack of scratch entries that all levels share. */
#include "core/version.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>

struct hasher {
	EVP_MD_CTX *md;
	const struct vx_entry **scratch; /* the levels' sorted entries, outermost first */
	size_t n_scratch;
	size_t cap_scratch;
	bool failed; /* sticky: out of memory */
	size_t len;
	unsigned char block[4096];
};

static void flush(struct hasher *h)
{
	if (!h->failed && EVP_DigestUpdate(h->md, h->block, h->len) != 1)
		h->failed = true;
	h->len = 0;
}

static void put(struct hasher *h, const void *bytes, size_t n)
{
	if (n > sizeof(h->block) - h->len)
		flush(h);
	if (n > sizeof(h->block)) {
		if (!h->failed && EVP_DigestUpdate(h->md, bytes, n) != 1)
			h->failed = true;
		return;
	}
	memcpy(h->block + h->len, bytes, n);
	h->len += n;
}

static void put_count(struct hasher *h, uint64_t n)
{
	unsigned char b[8];

	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (unsigned char)(n >> 8 * i);
	put(h, b, sizeof(b));
}

static void put_string(struct hasher *h, const char *s, size_t n)
{
	put_count(h, n);
	if (n)
		put(h, s, n);
}

static int by_key(const void *a, const void *b)
{
	const struct vx_entry *const *x = a, *const *y = b;

	return strcmp((*x)->key, (*y)->key);
}

/* Push the entries of @v, sorted; the index of the first. */
static size_t push_sorted(struct hasher *h, const struct vx_value *v)
{
	size_t base = h->n_scratch, need = base + v->n_entries;

	if (need > h->cap_scratch) {
		const struct vx_entry **grown =
			reallocarray(h->scratch, need * 2, sizeof(const struct vx_entry *));

		if (!grown) {
			h->failed = true;
			return base;
		}
		h->scratch = grown;
		h->cap_scratch = need * 2;
	}
	for (size_t i = 0; i < v->n_entries; i++)
		h->scratch[base + i] = &v->entries[i];
	if (v->n_entries > 1)
		qsort(h->scratch + base, v->n_entries, sizeof(const struct vx_entry *), by_key);
	h->n_scratch = need;
	return base;
}

static void put_value(struct hasher *h, const struct vx_value *v);

static void put_children(struct hasher *h, const struct vx_value *v)
{
	size_t base = push_sorted(h, v);

	put_count(h, v->n_entries);
	for (size_t i = 0; i < v->n_entries && !h->failed; i++) {
		const struct vx_entry *e = h->scratch[base + i];

		put_string(h, e->key, strlen(e->key));
		put_value(h, e->value);
	}
	h->n_scratch = base;
}

static void put_value(struct hasher *h, const struct vx_value *v)
{
	static const char types[] = {
		[VX_MAP] = 'm',   [VX_NULL] = 'n',   [VX_BOOL] = 'b', [VX_INT] = 'i',
		[VX_FLOAT] = 'f', [VX_STRING] = 's', [VX_LIST] = 'l',
	};

	put(h, &types[v->type], 1);
	if (v->type == VX_LIST) {
		put_count(h, v->n_items);
		for (size_t i = 0; i < v->n_items; i++)
			put_value(h, v->items[i]);
	} else if (v->type != VX_MAP && v->type != VX_NULL) {
		put_string(h, v->text, v->len);
	}
	put_children(h, v);
}

static void put_snapshot(struct hasher *h, const struct vx_snapshot *s)
{
	static const char head[8] = {'v', 'o', 'r', 't', 'e', 'x', '\0', '1'};

	put(h, head, sizeof(head));
	put_value(h, s->root);
	put_count(h, s->n_plain);
	for (size_t i = 0; i < s->n_plain; i++) {
		const struct vx_plain *p = s->plain[i].plain;

		put_string(h, p->name, strlen(p->name));
		put(h, p->id, sizeof(p->id));
	}
	flush(h);
}

int vx_version(const struct vx_snapshot *s, char ret_digits[VX_VERSION_DIGITS + 1])
{
	static const char hex[] = "0123456789abcdef";
	unsigned char md[EVP_MAX_MD_SIZE];
	struct hasher h;

	h.md = EVP_MD_CTX_new();
	h.scratch = NULL;
	h.n_scratch = h.cap_scratch = h.len = 0;
	h.failed = !h.md || EVP_DigestInit_ex(h.md, EVP_sha256(), NULL) != 1;
	put_snapshot(&h, s);
	if (!h.failed && EVP_DigestFinal_ex(h.md, md, NULL) != 1)
		h.failed = true;
	EVP_MD_CTX_free(h.md);
	free(h.scratch);
	if (h.failed)
		return -ENOMEM; /* libcrypto has no other way to fail here */
	for (size_t i = 0; i < VX_VERSION_DIGITS / 2; i++) {
		ret_digits[2 * i] = hex[md[i] >> 4];
		ret_digits[2 * i + 1] = hex[md[i] & 15];
	}
	ret_digits[VX_VERSION_DIGITS] = '\0';
	return 0;
}
