/* value.c - building and reading the value tree.
 *
 * A map is an array of entries in order of first appearance; from INDEX_FROM entries on it also has
 * an open-addressing index of positions, so that large maps stay O(1) without making small ones
 * pay. Nothing is ever freed: the arena goes as a whole. */
#include "core/value.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/assert.h"
#include "core/key.h"

#define INDEX_FROM 12
#define NOT_FOUND SIZE_MAX

struct vx_value *vx_value_new(struct vx_arena *a, enum vx_type type, uint32_t line)
{
	struct vx_value *v = vx_arena_alloc(a, sizeof(*v));

	if (!v)
		return NULL;
	v->type = type;
	v->line = line;
	v->text = "";
	return v;
}

struct vx_value *vx_value_scalar(struct vx_arena *a, enum vx_type type, const char *text,
                                 size_t len, uint32_t line)
{
	struct vx_value *v = vx_value_new(a, type, line);

	vx_assert(type != VX_MAP && type != VX_LIST);
	if (!v)
		return NULL;
	v->text = vx_arena_strndup(a, text, len);
	v->len = len;
	return v->text ? v : NULL;
}

static bool key_is(const struct vx_entry *e, const char *key, size_t len)
{
	return strncmp(e->key, key, len) == 0 && e->key[len] == '\0';
}

/* The slot of the index where @key stands or would stand. */
static size_t slot_of(const struct vx_value *v, const char *key, size_t len)
{
	size_t mask = v->n_index - 1;
	size_t i = XXH3_64bits(key, len) & mask;

	while (v->index[i] && !key_is(&v->entries[v->index[i] - 1], key, len))
		i = (i + 1) & mask;
	return i;
}

static size_t position(const struct vx_value *v, const char *key, size_t len)
{
	if (v->index)
		return (size_t)v->index[slot_of(v, key, len)] - 1; /* 0 - 1 is NOT_FOUND */
	for (size_t i = 0; i < v->n_entries; i++)
		if (key_is(&v->entries[i], key, len))
			return i;
	return NOT_FOUND;
}

static void fill_index(struct vx_value *v)
{
	memset(v->index, 0, v->n_index * sizeof(*v->index));
	for (size_t i = 0; i < v->n_entries; i++) {
		const char *key = v->entries[i].key;

		v->index[slot_of(v, key, strlen(key))] = (uint32_t)i + 1;
	}
}

/* Room for one more entry; the index is at most half full. */
static bool grow(struct vx_arena *a, struct vx_value *v)
{
	size_t cap = v->cap_entries ? v->cap_entries * 2 : 4;
	struct vx_entry *entries;

	if (v->n_entries < v->cap_entries)
		return true;
	if (cap > UINT32_MAX / 4)
		return false;
	entries = vx_arena_alloc(a, cap * sizeof(*entries));
	if (!entries)
		return false;
	if (v->n_entries)
		memcpy(entries, v->entries, v->n_entries * sizeof(*entries));
	v->entries = entries;
	v->cap_entries = cap;
	if (cap <= INDEX_FROM)
		return true;
	v->index = vx_arena_alloc(a, cap * 2 * sizeof(*v->index));
	if (!v->index)
		return false;
	v->n_index = cap * 2; /* a power of two, since cap is */
	fill_index(v);
	return true;
}

struct vx_value *vx_value_child(const struct vx_value *v, const char *key, size_t key_len)
{
	size_t at = position(v, key, key_len);

	return at == NOT_FOUND ? NULL : v->entries[at].value;
}

bool vx_value_set(struct vx_arena *a, struct vx_value *v, const char *key, size_t key_len,
                  struct vx_value *child)
{
	size_t at = position(v, key, key_len);
	const char *copy;

	if (at != NOT_FOUND) {
		v->entries[at].value = child;
		return true;
	}
	copy = vx_arena_strndup(a, key, key_len);
	if (!copy || !grow(a, v))
		return false;
	v->entries[v->n_entries++] = (struct vx_entry){copy, child};
	if (v->index)
		v->index[slot_of(v, copy, key_len)] = (uint32_t)v->n_entries;
	return true;
}

bool vx_value_remove(struct vx_value *v, const char *key, size_t key_len)
{
	size_t at = position(v, key, key_len);

	if (at == NOT_FOUND)
		return false;
	memmove(v->entries + at, v->entries + at + 1,
	        (v->n_entries - at - 1) * sizeof(*v->entries));
	v->n_entries--;
	if (v->index)
		fill_index(v); /* rare: a handful of keys are ever taken out */
	return true;
}

const struct vx_value *vx_value_find(const struct vx_value *v, const char *path)
{
	struct vx_key k = {path, path + strlen(path), false};
	struct vx_step step;
	int rc = 0;

	if (!*path)
		return v;
	while (v && (rc = vx_key_next(&k, UINT32_MAX, &step, NULL)) > 0) {
		if (step.name)
			v = vx_value_child(v, step.name, step.len);
		else
			v = v->type == VX_LIST && step.index < v->n_items ? v->items[step.index]
			                                                  : NULL;
	}
	return rc < 0 ? NULL : v; /* what cannot be a key is at no place */
}

const char *vx_type_name(enum vx_type type)
{
	switch (type) {
	case VX_MAP:
		return "map";
	case VX_NULL:
		return "null";
	case VX_BOOL:
		return "bool";
	case VX_INT:
		return "int";
	case VX_FLOAT:
		return "float";
	case VX_STRING:
		return "string";
	case VX_LIST:
		return "list";
	}
	vx_assert_failed(__FILE__, __LINE__, "a value has one of the types above");
}
