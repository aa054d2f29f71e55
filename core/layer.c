/* layer.c - building a backend's answer. Everything but the documents lives in its arena. */
#include "core/layer.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

struct vx_layers *vx_layers_new(const char *backend, const char *revision)
{
	struct vx_layers *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	atomic_init(&l->refs, 1);
	l->backend = vx_arena_strndup(&l->arena, backend, strlen(backend));
	l->revision = vx_arena_strndup(&l->arena, revision, strlen(revision));
	if (!l->backend || !l->revision) {
		vx_layers_put(l);
		return NULL;
	}
	return l;
}

struct vx_layers *vx_layers_ref(struct vx_layers *l)
{
	atomic_fetch_add_explicit(&l->refs, 1, memory_order_relaxed);
	return l;
}

void vx_layers_put(struct vx_layers *l)
{
	if (!l || atomic_fetch_sub_explicit(&l->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < l->n; i++)
		vx_docs_put(l->layer[i].docs);
	free(l->layer);
	free(l->plain);
	vx_arena_fini(&l->arena);
	free(l);
}

/* Whether an array of @n elements is full: capacities are 0, then the powers of two from 8. */
static bool full(size_t n)
{
	return n == 0 || (n >= 8 && (n & (n - 1)) == 0);
}

int vx_layers_add(struct vx_layers *l, const char *path, struct vx_docs *docs)
{
	const char *copy = vx_arena_strndup(&l->arena, path, strlen(path));
	struct vx_layer *grown;

	if (full(l->n)) {
		grown = reallocarray(l->layer, l->n ? l->n * 2 : 8, sizeof(*grown));
		if (grown)
			l->layer = grown;
		else
			copy = NULL;
	}
	if (!copy) {
		vx_docs_put(docs);
		return -ENOMEM;
	}
	l->layer[l->n++] = (struct vx_layer){copy, docs};
	return 0;
}

int vx_layers_add_plain(struct vx_layers *l, const char *name, const char *path, uint64_t size,
                        const unsigned char id[VX_BLOB_ID_BYTES])
{
	struct vx_plain p = {.size = size};
	struct vx_plain *grown;

	p.name = vx_arena_strndup(&l->arena, name, strlen(name));
	p.path = vx_arena_strndup(&l->arena, path, strlen(path));
	if (!p.name || !p.path)
		return -ENOMEM;
	memcpy(p.id, id, VX_BLOB_ID_BYTES);
	if (full(l->n_plain)) {
		grown = reallocarray(l->plain, l->n_plain ? l->n_plain * 2 : 8, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		l->plain = grown;
	}
	l->plain[l->n_plain++] = p;
	return 0;
}

/* By name; equal names by the order in which they were added, which their paths' addresses in the
 * arena do not tell: so a stable merge sort, bottom up. */
static void merge_runs(struct vx_plain *to, const struct vx_plain *from, size_t n, size_t width)
{
	for (size_t lo = 0; lo < n; lo += 2 * width) {
		size_t mid = lo + width < n ? lo + width : n;
		size_t hi = lo + 2 * width < n ? lo + 2 * width : n;
		size_t a = lo, b = mid;

		for (size_t i = lo; i < hi; i++) {
			bool left = a < mid && (b >= hi || strcmp(from[a].name, from[b].name) <= 0);

			to[i] = from[left ? a++ : b++];
		}
	}
}

int vx_layers_sort_plain(struct vx_layers *l)
{
	struct vx_plain *spare;
	size_t kept = 0;

	if (l->n_plain < 2)
		return 0;
	spare = reallocarray(NULL, l->n_plain < 8 ? 8 : l->n_plain * 2, sizeof(*spare));
	if (!spare)
		return -ENOMEM;
	for (size_t width = 1; width < l->n_plain; width *= 2) {
		struct vx_plain *was = l->plain;

		merge_runs(spare, l->plain, l->n_plain, width);
		l->plain = spare;
		spare = was;
	}
	free(spare);
	for (size_t i = 0; i < l->n_plain; i++) {
		if (i + 1 < l->n_plain && strcmp(l->plain[i].name, l->plain[i + 1].name) == 0)
			continue; /* the later one stays */
		l->plain[kept++] = l->plain[i];
	}
	l->n_plain = kept;
	return 0;
}

int vx_blob_id(const void *bytes, size_t n, unsigned char ret_id[VX_BLOB_ID_BYTES])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	char head[32];
	int len = snprintf(head, sizeof(head), "blob %zu", n);
	bool done = md && EVP_DigestInit_ex(md, EVP_sha1(), NULL) == 1 &&
	            EVP_DigestUpdate(md, head, (size_t)len + 1) == 1 &&
	            EVP_DigestUpdate(md, bytes, n) == 1 &&
	            EVP_DigestFinal_ex(md, ret_id, NULL) == 1;

	EVP_MD_CTX_free(md);
	return done ? 0 : -ENOMEM; /* libcrypto has no other way to fail here */
}
