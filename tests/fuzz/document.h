/* document.h - what every fuzz target that reads documents checks of them, whatever their format.
 *
 * A file that parses is composed as the only layer of its application and rendered in all formats.
 * What composition.md and formats.md promise has to hold: a refusal has a sentence, memory is
 * bounded by the limits, and what is written in yml, json and properties reads back as the same. */
#pragma once

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/compose.h"
#include "core/render.h"

/* Small, so that inputs of a few kilobytes reach all of them. */
#define FUZZ_LIMITS                                                                                \
	{                                                                                          \
		(size_t)64 << 10, 64, 20000, 999                                                   \
	}

/* Measured at the limits: 20000 values of 112 bytes, as much again for entries and their index,
 * texts of four times 64 KiB. The snapshot may hold VX_RESOLVED_BYTES of resolved texts, too. */
#define FUZZ_DOCS_BYTES ((size_t)16 << 20)
#define FUZZ_SNAPSHOT_BYTES (FUZZ_DOCS_BYTES + 2 * ((size_t)16 << 20))

static inline void fuzz_refused(int rc, const struct vx_error *err)
{
	vx_assert(err->code == rc && err->msg[0]);
}

/* Every application has the same one document, so an import closes a cycle. */
static inline int fuzz_layers(void *arg, const struct vx_coords *at, struct vx_layer_set *ret,
                              struct vx_error *err)
{
	(void)at;
	(void)err;
	*ret = (struct vx_layer_set){arg, 1};
	return 0;
}

/* The snapshot of app/p with @docs in one layer; NULL: refused. Takes the reference over. */
static inline struct vx_snapshot *fuzz_compose(struct vx_docs *docs)
{
	static const struct vx_compose_options options = {NULL};
	struct vx_layers *l = vx_layers_new("fuzz", "1");
	struct vx_resolved *r = NULL;
	struct vx_coords *at = NULL;
	struct vx_snapshot *s = NULL;
	struct vx_error err = {0};
	int rc;

	vx_assert(l && vx_layers_add(l, "app.yml", docs) == 0);
	l->app_known = true;
	vx_assert(vx_coords_new("app", "p", NULL, &at, &err) == 0);
	rc = vx_resolve(at, fuzz_layers, &l, &r, &err);
	vx_assert(rc == 0 || rc == -ELOOP || rc == -EBADMSG || rc == -E2BIG);
	if (rc == 0) {
		rc = vx_compose(r, &options, &s, &err);
		vx_assert(rc == 0 || rc == -ELOOP || rc == -E2BIG);
	}
	if (rc < 0)
		fuzz_refused(rc, &err);
	vx_assert((rc == 0) == (s != NULL));
	vx_resolved_put(r);
	vx_coords_free(at);
	vx_layers_put(l);
	return s;
}

static inline struct vx_bytes *fuzz_render(const struct vx_snapshot *s, enum vx_output out)
{
	VX_AUTO(vx_buf_fini) struct vx_buf notes = VX_BUF_INIT;
	struct vx_error err = {0};
	struct vx_bytes *b = NULL;

	vx_assert(vx_render(s, out, &b, &notes, &err) == 0 && b->data[b->len] == '\0');
	return b;
}

/* Where a file of this format does not hold the whole tree for our own reader. */
static inline bool fuzz_is_lossy(const struct vx_value *v, enum vx_format format)
{
	/* formats.md 1.6: read back, the children of an element replace the list. In properties
	 * they are keys of their own, but a list may have more elements than a key can address. */
	for (size_t i = 0; i < v->n_items; i++) {
		if (format != VX_FORMAT_PROPERTIES && v->items[i]->type != VX_MAP &&
		    v->items[i]->n_entries > 0)
			return true;
		if (fuzz_is_lossy(v->items[i], format))
			return true;
	}
	for (size_t i = 0; i < v->n_entries; i++) {
		const char *key = v->entries[i].key;
		size_t n = strlen(key);

		/* composition.md 4.3: only in properties is `name[]` a list, and there an empty
		 * map is the text "", which activates nothing but is an expression (5.1). */
		if (format == VX_FORMAT_PROPERTIES && n >= 2 && strcmp(key + n - 2, "[]") == 0)
			return true;
		if (fuzz_is_lossy(v->entries[i].value, format))
			return true;
	}
	return format == VX_FORMAT_PROPERTIES &&
	       (v->n_items > 10000 || vx_value_child(v, "spring", 6));
}

/* Whether @b, which was read from what @a was written to, says the same. Numbers may have become
 * canonical, a whole float an integer, or texts where the format lacks them (formats.md 1.7, 3.2).
 */
static inline bool fuzz_same(const struct vx_value *a, const struct vx_value *b)
{
	bool number = a->type == VX_INT || a->type == VX_FLOAT;

	if (a->type != b->type && !(number && (b->type == VX_INT || b->type == VX_STRING)))
		return false;
	if (a->type == VX_STRING && (a->len != b->len || memcmp(a->text, b->text, a->len) != 0))
		return false;
	if (a->type == VX_BOOL && (*a->text | 32) != (*b->text | 32))
		return false;
	if (a->n_items != b->n_items || a->n_entries != b->n_entries)
		return false;
	for (size_t i = 0; i < a->n_items; i++)
		if (!fuzz_same(a->items[i], b->items[i]))
			return false;
	for (size_t i = 0; i < a->n_entries; i++)
		if (strcmp(a->entries[i].key, b->entries[i].key) != 0 ||
		    !fuzz_same(a->entries[i].value, b->entries[i].value))
			return false;
	return true;
}

/* Write @s, read it, write it again: the bytes are the same, and so is what they say. */
static inline void fuzz_read_back(const struct vx_snapshot *s, enum vx_output out,
                                  enum vx_format format)
{
	static const struct vx_doc_limits roomy = {(size_t)256 << 20, 64, 1000000, 9999};
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *first = fuzz_render(s, out);
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *second = NULL;
	VX_AUTO(vx_docs_put_p) struct vx_docs *docs = NULL;
	struct vx_snapshot again = {0};
	struct vx_error err = {0};

	if (fuzz_is_lossy(s->root, format))
		return;
	vx_assert(vx_docs_parse(format, first->data, first->len, &roomy, &docs, &err) == 0);
	if (docs->n == 0) { /* an empty tree in properties */
		vx_assert(s->root->n_entries == 0);
		return;
	}
	vx_assert(docs->n == 1 && !docs->doc[0].on);
	again.root = docs->doc[0].root;
	vx_assert(format == VX_FORMAT_PROPERTIES || fuzz_same(s->root, again.root));
	second = fuzz_render(&again, out);
	vx_assert(first->len == second->len && memcmp(first->data, second->data, first->len) == 0);
}

static inline void fuzz_snapshot(const struct vx_snapshot *s)
{
	struct vx_bytes *origin = NULL;

	vx_assert(s->arena.used <= FUZZ_SNAPSHOT_BYTES);
	vx_assert(strlen(s->version) == VX_VERSION_DIGITS);
	for (int out = 0; out < VX_OUTPUTS; out++)
		vx_bytes_put(fuzz_render(s, out));
	vx_assert(vx_render_origin(s, &origin, NULL) == 0);
	vx_bytes_put(origin);
	fuzz_read_back(s, VX_OUT_YML, VX_FORMAT_YAML);
	fuzz_read_back(s, VX_OUT_JSON, VX_FORMAT_JSON);
	fuzz_read_back(s, VX_OUT_PROPERTIES, VX_FORMAT_PROPERTIES);
}

static inline void fuzz_document(enum vx_format format, const uint8_t *data, size_t size)
{
	static const struct vx_doc_limits limits = FUZZ_LIMITS;
	VX_AUTO(vx_snapshot_put_p) struct vx_snapshot *s = NULL;
	struct vx_docs *docs = NULL;
	struct vx_error err = {0};
	int rc = vx_docs_parse(format, (const char *)data, size, &limits, &docs, &err);

	vx_assert(rc == 0 || rc == -EBADMSG || rc == -E2BIG);
	if (rc < 0) {
		fuzz_refused(rc, &err);
		return;
	}
	vx_assert(docs->arena.used <= FUZZ_DOCS_BYTES);
	s = fuzz_compose(docs);
	if (s)
		fuzz_snapshot(s);
}
