/* lru.c - a hash table whose entries also stand in a ring, the most recently used first.
 *
 * One lock guards all of it and is held for pointer work only; the values are counted, so that one
 * that is evicted lives on as long as somebody reads it. */
#include "backends/lru.h"

#include <pthread.h>
#include <string.h>

#define FIRST_BUCKETS 64

struct entry {
	struct vx_lru_key key;
	void *value;
	size_t bytes;
	struct entry *next;          /* in its bucket */
	struct entry *newer, *older; /* in the ring */
};

struct vx_lru {
	const struct vx_lru_ops *ops;
	size_t max_bytes;
	pthread_mutex_t lock; /* leaf; guards everything below */
	struct entry **buckets;
	size_t n_buckets; /* a power of two */
	size_t n;
	size_t bytes;
	struct entry ring; /* ring.older is the newest entry, ring.newer the oldest */
};

struct vx_lru *vx_lru_new(size_t max_bytes, const struct vx_lru_ops *ops)
{
	VX_AUTO(vx_freep) struct vx_lru *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->buckets = calloc(FIRST_BUCKETS, sizeof(*l->buckets));
	if (!l->buckets)
		return NULL;
	l->n_buckets = FIRST_BUCKETS;
	l->ops = ops;
	l->max_bytes = max_bytes;
	l->ring.newer = l->ring.older = &l->ring;
	vx_assert(pthread_mutex_init(&l->lock, NULL) == 0);
	return vx_steal(l);
}

void vx_lru_free(struct vx_lru *l)
{
	if (!l)
		return;
	for (struct entry *e = l->ring.older, *older; e != &l->ring; e = older) {
		older = e->older;
		l->ops->put(e->value);
		free(e);
	}
	(void)pthread_mutex_destroy(&l->lock); /* nobody uses it any more */
	free(l->buckets);
	free(l);
}

/* The id is a cryptographic digest: any of its bytes are as good a hash as one could compute. */
static struct entry **bucket_of(struct entry **buckets, size_t n, const struct vx_lru_key *key)
{
	size_t h;

	memcpy(&h, key->id, sizeof(h));
	return &buckets[(h ^ key->kind) & (n - 1)];
}

static bool same_key(const struct vx_lru_key *a, const struct vx_lru_key *b)
{
	return a->kind == b->kind && memcmp(a->id, b->id, sizeof(a->id)) == 0;
}

static struct entry *find(struct vx_lru *l, const struct vx_lru_key *key)
{
	struct entry *e = *bucket_of(l->buckets, l->n_buckets, key);

	while (e && !same_key(&e->key, key))
		e = e->next;
	return e;
}

static void ring_out(struct entry *e)
{
	e->newer->older = e->older;
	e->older->newer = e->newer;
}

static void ring_front(struct vx_lru *l, struct entry *e)
{
	e->newer = &l->ring;
	e->older = l->ring.older;
	e->older->newer = e;
	l->ring.older = e;
}

void *vx_lru_get(struct vx_lru *l, const struct vx_lru_key *key)
{
	VX_LOCKED(&l->lock);
	struct entry *e = find(l, key);

	if (!e)
		return NULL;
	ring_out(e);
	ring_front(l, e);
	return l->ops->ref(e->value);
}

/* Double the buckets once there are as many entries; without memory the chains grow instead. */
static void grow(struct vx_lru *l)
{
	struct entry **buckets;
	size_t n = l->n_buckets * 2;

	if (l->n < l->n_buckets)
		return;
	buckets = calloc(n, sizeof(struct entry *));
	if (!buckets)
		return;
	for (struct entry *e = l->ring.older; e != &l->ring; e = e->older) {
		struct entry **at = bucket_of(buckets, n, &e->key);

		e->next = *at;
		*at = e;
	}
	free(l->buckets);
	l->buckets = buckets;
	l->n_buckets = n;
}

static void evict(struct vx_lru *l, struct entry *e)
{
	struct entry **at = bucket_of(l->buckets, l->n_buckets, &e->key);

	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	ring_out(e);
	l->n--;
	l->bytes -= e->bytes;
	l->ops->put(e->value);
	free(e);
}

void *vx_lru_add(struct vx_lru *l, const struct vx_lru_key *key, void *value, size_t bytes)
{
	VX_LOCKED(&l->lock);
	struct entry *e = find(l, key);
	struct entry **at;

	if (e) { /* another thread made the same meanwhile */
		l->ops->put(value);
		return l->ops->ref(e->value);
	}
	bytes += sizeof(*e);
	if (bytes > l->max_bytes)
		return value;
	e = calloc(1, sizeof(*e));
	if (!e)
		return value;
	while (l->bytes > l->max_bytes - bytes)
		evict(l, l->ring.newer);
	grow(l);
	e->key = *key;
	e->value = l->ops->ref(value);
	e->bytes = bytes;
	at = bucket_of(l->buckets, l->n_buckets, key);
	e->next = *at;
	*at = e;
	ring_front(l, e);
	l->n++;
	l->bytes += bytes;
	return value;
}
