/* layers.h - backends' answers made by hand, for the tests of resolving and composing. */
#pragma once

#include "core/compose.h"
#include "tests/unit/core/tree.h"

/* One file with the documents @trees (in the notation of tree.h; ends with NULL). */
static inline struct vx_docs *docs_of(const char *const *trees)
{
	struct vx_docs *d = calloc(1, sizeof(*d));
	size_t n = 0;

	vx_assert(d);
	atomic_init(&d->refs, 1);
	while (trees[n])
		n++;
	d->n = n;
	d->doc = vx_arena_alloc(&d->arena, n * sizeof(*d->doc));
	for (size_t i = 0; i < n; i++)
		d->doc[i].root = tree(&d->arena, trees[i]);
	return d;
}

/* Add the file @path with one document to @l. */
static inline void add_doc(struct vx_layers *l, const char *path, const char *text)
{
	const char *const trees[] = {text, NULL};

	vx_assert(vx_layers_add(l, path, docs_of(trees)) == 0);
}

/* Add the plain file @name, whose blob id is twenty times @id. */
static inline void add_plain(struct vx_layers *l, const char *name, unsigned char id)
{
	unsigned char blob[VX_BLOB_ID_BYTES];

	memset(blob, id, sizeof(blob));
	vx_assert(vx_layers_add_plain(l, name, name, 1, blob) == 0);
}
