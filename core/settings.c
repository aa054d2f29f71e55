/* settings.c - settings in force: lifetime, getters, comparison.
 *
 * How they come to be is settings_load.c. A getter finds its row by its key, a handful of string
 * comparisons: whoever needs a setting on a hot path keeps the number. Asking for a key that is no
 * row, or for another type than the row's, is a bug of the program and aborts. */
#include "core/settings.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/assert.h"
#include "core/settings_i.h"

#define TYPE(t) (1u << (t))
#define NUMBERS                                                                                    \
	(TYPE(VX_SET_INT) | TYPE(VX_SET_DURATION) | TYPE(VX_SET_SIZE) | TYPE(VX_SET_PERCENT) |     \
	 TYPE(VX_SET_FACTOR))

struct vx_setting *vx_setting_find(const struct vx_settings_map *m, const char *key)
{
	for (size_t i = 0; i < m->list->n_rows; i++)
		if (strcmp(m->values[i].key, key) == 0)
			return &m->values[i];
	return NULL;
}

struct vx_settings_list *vx_setting_list(const struct vx_settings *s, const char *name)
{
	for (size_t i = 0; i < s->n_lists; i++)
		if (strcmp(s->lists[i].name, name) == 0)
			return &s->lists[i];
	return NULL;
}

void vx_setting_shown(const struct vx_settings_map *m, const char *key,
                      char ret[VX_SETTING_KEY_MAX])
{
	if (*m->list->name)
		(void)snprintf(ret, VX_SETTING_KEY_MAX, "%s.%s.%s", m->list->name, m->label, key);
	else
		(void)snprintf(ret, VX_SETTING_KEY_MAX, "%s", key);
}

bool vx_setting_applies(const struct vx_settings_map *m, const struct vx_setting_row *row)
{
	const struct vx_setting *type = row->only ? vx_setting_find(m, "type") : NULL;
	const char *at = row->only;

	if (!type)
		return true;
	while (*at) {
		size_t n = strcspn(at, ",");

		if (strlen(type->text) == n && strncmp(at, type->text, n) == 0)
			return true;
		at += n + (at[n] == ',');
	}
	return false;
}

const char *vx_setting_format(struct vx_arena *a, const char *fmt, ...)
{
	char text[VX_ERROR_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap); /* for messages: cut, never overrun */
	va_end(ap);
	return vx_arena_strndup(a, text, strlen(text));
}

struct vx_settings *vx_settings_ref(struct vx_settings *s)
{
	atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
	return s;
}

void vx_settings_put(struct vx_settings *s)
{
	if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t l = 0; l < s->n_lists; l++)
		for (size_t e = 0; e < s->lists[l].n_entries; e++)
			for (size_t i = 0; i < s->lists[l].n_rows; i++)
				vx_setting_wipe(&s->lists[l].entries[e].values[i]);
	vx_arena_fini(&s->arena);
	free(s);
}

static const struct vx_setting *get(const struct vx_settings_map *m, const char *key,
                                    unsigned types)
{
	const struct vx_setting *v = vx_setting_find(m, key);

	vx_assert(v && (types & TYPE(v->row->type)));
	return v;
}

const char *vx_map_str(const struct vx_settings_map *m, const char *key)
{
	const struct vx_setting *v =
		get(m, key, TYPE(VX_SET_STRING) | TYPE(VX_SET_CHOICE) | TYPE(VX_SET_SECRET));

	return v->secrets ? v->secrets[0] : v->text;
}

bool vx_map_bool(const struct vx_settings_map *m, const char *key)
{
	return get(m, key, TYPE(VX_SET_BOOL))->number != 0;
}

int64_t vx_map_int(const struct vx_settings_map *m, const char *key)
{
	return get(m, key, NUMBERS)->number;
}

size_t vx_map_strings(const struct vx_settings_map *m, const char *key, const char *const **ret)
{
	const struct vx_setting *v = get(m, key, TYPE(VX_SET_STRINGS) | TYPE(VX_SET_SECRETS));

	*ret = v->secrets ? (const char *const *)v->secrets : v->strings;
	return v->n_strings;
}

const struct vx_value *vx_map_tree(const struct vx_settings_map *m, const char *key)
{
	return get(m, key, TYPE(VX_SET_MAP))->tree;
}

bool vx_map_given(const struct vx_settings_map *m, const char *key)
{
	return get(m, key, ~0u)->where != NULL;
}

const char *vx_map_where(const struct vx_settings_map *m)
{
	return m->where;
}

size_t vx_settings_count(const struct vx_settings *s, const char *list)
{
	const struct vx_settings_list *l = vx_setting_list(s, list);

	vx_assert(l && *list);
	return l->n_entries;
}

const struct vx_settings_map *vx_settings_at(const struct vx_settings *s, const char *list,
                                             size_t i)
{
	vx_assert(i < vx_settings_count(s, list));
	return &vx_setting_list(s, list)->entries[i];
}

const char *vx_settings_str(const struct vx_settings *s, const char *key)
{
	return vx_map_str(s->lists[0].entries, key);
}

bool vx_settings_bool(const struct vx_settings *s, const char *key)
{
	return vx_map_bool(s->lists[0].entries, key);
}

int64_t vx_settings_int(const struct vx_settings *s, const char *key)
{
	return vx_map_int(s->lists[0].entries, key);
}

size_t vx_settings_strings(const struct vx_settings *s, const char *key, const char *const **ret)
{
	return vx_map_strings(s->lists[0].entries, key, ret);
}

const struct vx_value *vx_settings_tree(const struct vx_settings *s, const char *key)
{
	return vx_map_tree(s->lists[0].entries, key);
}

bool vx_settings_given(const struct vx_settings *s, const char *key)
{
	return vx_map_given(s->lists[0].entries, key);
}

static bool same_tree(const struct vx_value *a, const struct vx_value *b)
{
	if (!a || !b) /* not given is the same as empty */
		return (!a || !a->n_entries) && (!b || !b->n_entries);
	if (a->type != b->type || a->n_items != b->n_items || a->n_entries != b->n_entries)
		return false;
	if (a->type != VX_NULL && (a->len != b->len || memcmp(a->text, b->text, a->len) != 0))
		return false;
	for (size_t i = 0; i < a->n_items; i++)
		if (!same_tree(a->items[i], b->items[i]))
			return false;
	for (size_t i = 0; i < a->n_entries; i++)
		if (strcmp(a->entries[i].key, b->entries[i].key) != 0 ||
		    !same_tree(a->entries[i].value, b->entries[i].value))
			return false;
	return true;
}

/* What the getters answer, not how it was written: 60s and 1m are the same. */
static bool same(const struct vx_setting *a, const struct vx_setting *b)
{
	if (!a->secrets != !b->secrets || a->n_strings != b->n_strings || a->number != b->number)
		return false;
	if (a->secrets) {
		size_t n = a->row->type == VX_SET_SECRETS ? a->n_strings : 1;

		for (size_t i = 0; i < n; i++)
			if (strcmp(a->secrets[i], b->secrets[i]) != 0)
				return false;
		return true;
	}
	for (size_t i = 0; i < a->n_strings; i++)
		if (strcmp(a->strings[i], b->strings[i]) != 0)
			return false;
	if (!same_tree(a->tree, b->tree))
		return false;
	return (NUMBERS | TYPE(VX_SET_BOOL)) & TYPE(a->row->type) || strcmp(a->text, b->text) == 0;
}

static const struct vx_settings_map *entry(const struct vx_settings_list *l, const char *label)
{
	for (size_t i = 0; i < l->n_entries; i++)
		if (strcmp(l->entries[i].label, label) == 0)
			return &l->entries[i];
	return NULL;
}

typedef void changed_fn(void *arg, const char *key, bool hot);

static void diff_entry(const struct vx_settings_map *was, const struct vx_settings_map *now,
                       changed_fn *changed, void *arg)
{
	char shown[VX_SETTING_KEY_MAX];

	for (size_t i = 0; i < was->list->n_rows; i++) {
		const struct vx_setting *a = &was->values[i];

		if (same(a, &now->values[i]))
			continue;
		vx_setting_shown(was, a->key, shown);
		changed(arg, shown, a->row->flags & VX_SET_HOT);
	}
}

/* An entry came or went: as hot as the first row of its list, which is its `name` where it has
 * one. */
static void diff_presence(const struct vx_settings_map *m, changed_fn *changed, void *arg)
{
	char shown[VX_SETTING_KEY_MAX];

	(void)snprintf(shown, sizeof(shown), "%s.%s", m->list->name, m->label);
	changed(arg, shown, m->list->rows[0]->flags & VX_SET_HOT);
}

void vx_settings_diff(const struct vx_settings *was, const struct vx_settings *now,
                      void (*changed)(void *arg, const char *key, bool hot), void *arg)
{
	vx_assert(was->rows == now->rows);
	for (size_t l = 0; l < was->n_lists; l++) {
		const struct vx_settings_list *a = &was->lists[l], *b = &now->lists[l];

		for (size_t i = 0; i < a->n_entries; i++) {
			const struct vx_settings_map *other = entry(b, a->entries[i].label);

			if (other)
				diff_entry(&a->entries[i], other, changed, arg);
			else
				diff_presence(&a->entries[i], changed, arg);
		}
		for (size_t i = 0; i < b->n_entries; i++)
			if (!entry(a, b->entries[i].label))
				diff_presence(&b->entries[i], changed, arg);
	}
}
