/* settings_load.c - from a file, the environment and --set to checked settings.
 *
 * The order is: defaults, file, environment, --set; each value is converted where it is read, so a
 * bad one is refused even if a later source replaces it. Then come the checks that need the whole:
 * what an entry must have, what its type takes, and the secrets. The walk over the file knows a
 * dotted path and asks whether it is a row, a section (the beginning of a row) or a list. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/assert.h"
#include "core/docs.h"
#include "core/settings_i.h"

#define ENTRIES_MAX 1024 /* of one list; far above any plausible number of backends or peers */

/* The list that @key belongs to: "backends" of "backends[].uri", "" of "cache.ttl". */
static size_t list_len(const char *key)
{
	const char *brackets = strstr(key, "[].");

	return brackets ? (size_t)(brackets - key) : 0;
}

static const char *key_in_list(const char *key)
{
	size_t n = list_len(key);

	return n ? key + n + strlen("[].") : key;
}

/* The list of @row, made if it is the first one of it. */
static struct vx_settings_list *list_of(struct vx_settings *s, const struct vx_setting_row *row)
{
	size_t n = list_len(row->key);
	struct vx_settings_list *l;

	for (l = s->lists; l < s->lists + s->n_lists; l++)
		if (strlen(l->name) == n && strncmp(l->name, row->key, n) == 0)
			return l;
	l->name = vx_arena_strndup(&s->arena, row->key, n);
	l->rows = vx_arena_alloc(&s->arena, s->n_rows * sizeof(struct vx_setting_row *));
	if (!l->name || !l->rows)
		return NULL;
	s->n_lists++;
	return l;
}

/* An entry of @l with every value at its default. */
static int init_entry(struct vx_settings *s, struct vx_settings_list *l, struct vx_settings_map *m)
{
	m->list = l;
	m->label = "";
	m->where = "";
	m->values = vx_arena_alloc(&s->arena, l->n_rows * sizeof(*m->values));
	if (!m->values)
		return -ENOMEM;
	for (size_t i = 0; i < l->n_rows; i++) {
		const struct vx_setting_row *row = l->rows[i];
		struct vx_setting *v = &m->values[i];

		v->row = row;
		v->key = key_in_list(row->key);
		v->text = "";
		if (row->def) {
			int rc = vx_setting_convert_text(&s->arena, row, v->key, row->def, v, NULL);

			vx_assert(rc == 0 || rc == -ENOMEM); /* a default obeys its own row */
			if (rc < 0)
				return rc;
		}
	}
	return 0;
}

static int build(struct vx_settings *s)
{
	int rc;

	s->lists = vx_arena_alloc(&s->arena, (s->n_rows + 1) * sizeof(*s->lists));
	if (!s->lists)
		return -ENOMEM;
	s->n_lists = 1; /* the one without a name is always there, and the first */
	s->lists[0].name = "";
	s->lists[0].rows = vx_arena_alloc(&s->arena, (s->n_rows + 1) * sizeof(s->lists[0].rows[0]));
	s->lists[0].entries = vx_arena_alloc(&s->arena, sizeof(struct vx_settings_map));
	if (!s->lists[0].rows || !s->lists[0].entries)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_rows; i++) {
		struct vx_settings_list *l = list_of(s, &s->rows[i]);

		if (!l)
			return -ENOMEM;
		l->rows[l->n_rows++] = &s->rows[i];
	}
	rc = init_entry(s, &s->lists[0], s->lists[0].entries);
	if (rc == 0)
		s->lists[0].n_entries = 1;
	return rc;
}

void vx_settings_warn(struct vx_settings_loader *l, const char *fmt, ...)
{
	char sentence[VX_ERROR_MAX];
	va_list ap;

	if (!l->warn)
		return;
	va_start(ap, fmt);
	(void)vsnprintf(sentence, sizeof(sentence), fmt, ap); /* cut, never overrun */
	va_end(ap);
	l->warn(l->arg, sentence);
}

int vx_setting_assign(struct vx_settings_loader *l, struct vx_settings_map *m,
                      struct vx_setting *set, const struct vx_value *v, const char *text,
                      const char *where, struct vx_error *err)
{
	struct vx_arena *a = &l->s->arena;
	char shown[VX_SETTING_KEY_MAX];
	struct vx_setting now;
	int rc;

	vx_setting_shown(m, set->key, shown);
	if (set->row->replaced_by) {
		vx_settings_warn(l, "%s: '%s' is now called '%s'", where, shown,
		                 set->row->replaced_by);
		set = vx_setting_find(m, key_in_list(set->row->replaced_by));
		vx_assert(set && !set->row->replaced_by);
	}
	now = *set;
	rc = v ? vx_setting_convert(a, set->row, shown, v, &now, err)
	       : vx_setting_convert_text(a, set->row, shown, text, &now, err);
	if (rc < 0)
		return rc == -ENOMEM ? rc : vx_wrap(err, rc, "%s", where ? where : "default");
	now.where = where;
	*set = now;
	return 0;
}

/* Defaults that only the process knows, such as a directory of its user. */
static int take_defaults(struct vx_settings_loader *l, struct vx_error *err)
{
	struct vx_settings_map *top = l->s->lists[0].entries;

	for (size_t i = 0; i < l->from->n_defaults; i++) {
		const char *text = l->from->defaults[i];
		size_t n = strcspn(text, "=");
		struct vx_setting *set = NULL;
		int rc;

		for (size_t k = 0; k < top->list->n_rows; k++)
			if (strlen(top->values[k].key) == n &&
			    strncmp(top->values[k].key, text, n) == 0)
				set = &top->values[k];
		vx_assert(set && text[n] == '=');
		rc = vx_setting_assign(l, top, set, NULL, text + n + 1, NULL, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static const char *line_of(struct vx_settings_loader *l, const struct vx_value *v)
{
	return vx_setting_format(&l->s->arena, "%s line %u", l->from->path, v->line);
}

/* How much of @key has as many segments as @path. */
static size_t same_depth(const char *key, const char *path)
{
	const char *end = key;

	for (;; path++, end++) {
		end += strcspn(end, ".[");
		path = strchr(path, '.');
		if (*end != '.' || !path)
			return (size_t)(end - key);
	}
}

/* The last segment of a key that is misplaced: "ttl" is nearest to the only row ending in ".ttl".
 */
static const char *only_ending(const struct vx_settings_list *l, const char *path)
{
	const char *found = NULL;

	for (size_t i = 0; i < l->n_rows; i++) {
		const char *key = key_in_list(l->rows[i]->key);
		const char *dot = strrchr(key, '.');

		if (!dot || strcmp(dot + 1, path) != 0)
			continue;
		if (found)
			return NULL;
		found = key;
	}
	return found;
}

static int unknown_key(struct vx_settings_loader *l, const struct vx_settings_map *m,
                       const char *path, const struct vx_value *v, struct vx_error *err)
{
	struct vx_nearest near = {.word = path};
	char shown[VX_SETTING_KEY_MAX], meant[VX_SETTING_KEY_MAX], part[VX_SETTING_KEY_MAX];
	const char *elsewhere = only_ending(m->list, path);

	for (size_t i = 0; i < m->list->n_rows; i++) {
		const char *key = m->values[i].key;

		vx_nearest_try(&near, key, same_depth(key, path));
	}
	for (size_t i = 1; !*m->list->name && i < l->s->n_lists; i++) {
		const char *name = l->s->lists[i].name;

		vx_nearest_try(&near, name, same_depth(name, path));
	}
	vx_setting_shown(m, path, shown);
	if (!near.best && !elsewhere)
		return vx_fail(err, -EINVAL, "%s line %u: unknown key '%s'", l->from->path, v->line,
		               shown);
	(void)snprintf(part, sizeof(part), "%.*s", near.best ? (int)near.len : VX_SETTING_KEY_MAX,
	               near.best ? near.best : elsewhere);
	vx_setting_shown(m, part, meant);
	return vx_fail(err, -EINVAL, "%s line %u: unknown key '%s'; did you mean '%s'?",
	               l->from->path, v->line, shown, meant);
}

/* Whether some row or list begins with the section @path. */
static bool is_section(const struct vx_settings_loader *l, const struct vx_settings_map *m,
                       const char *path)
{
	size_t n = strlen(path);

	for (size_t i = 0; i < m->list->n_rows; i++)
		if (strncmp(m->values[i].key, path, n) == 0 && m->values[i].key[n] == '.')
			return true;
	for (size_t i = 1; !*m->list->name && i < l->s->n_lists; i++)
		if (strncmp(l->s->lists[i].name, path, n) == 0 && l->s->lists[i].name[n] == '.')
			return true;
	return false;
}

static int take_map(struct vx_settings_loader *l, struct vx_settings_map *m,
                    const struct vx_value *v, const char *path, struct vx_error *err);

/* An entry is called by its `name` where the list has that row, else by its position. */
static int label_entry(struct vx_settings_loader *l, struct vx_settings_map *m,
                       const struct vx_value *v, size_t i)
{
	const struct vx_value *name = NULL;

	if (vx_setting_find(m, "name"))
		name = vx_value_child(v, "name", strlen("name"));
	m->where = line_of(l, v);
	m->label = name && *name->text ? vx_arena_strndup(&l->s->arena, name->text, name->len)
	                               : vx_setting_format(&l->s->arena, "%zu", i);
	return m->where && m->label ? 0 : -ENOMEM;
}

static int take_list(struct vx_settings_loader *l, struct vx_settings_list *list,
                     const struct vx_value *v, struct vx_error *err)
{
	if (v->type == VX_NULL && v->n_entries == 0)
		return 0;
	if (v->type != VX_LIST)
		return vx_fail(err, -EINVAL,
		               "%s line %u: '%s' is a %s; it must be a list, each entry beginning "
		               "with '- '",
		               l->from->path, v->line, list->name, vx_type_name(v->type));
	if (v->n_items > ENTRIES_MAX)
		return vx_fail(err, -EINVAL,
		               "%s line %u: '%s' has %zu entries; at most %d are taken",
		               l->from->path, v->line, list->name, v->n_items, ENTRIES_MAX);
	list->entries = vx_arena_alloc(&l->s->arena, (v->n_items + 1) * sizeof(*list->entries));
	if (!list->entries)
		return -ENOMEM;
	for (size_t i = 0; i < v->n_items; i++) {
		const struct vx_value *item = v->items[i];
		struct vx_settings_map *m = &list->entries[i];
		int rc = init_entry(l->s, list, m);

		if (rc < 0)
			return rc;
		list->n_entries++;
		if (item->type != VX_MAP)
			return vx_fail(err, -EINVAL,
			               "%s line %u: '%s[%zu]' is a %s; an entry is a map, like "
			               "{%s: ...}",
			               l->from->path, item->line, list->name, i,
			               vx_type_name(item->type), m->values[0].key);
		rc = label_entry(l, m, item, i);
		if (rc == 0)
			rc = take_map(l, m, item, "", err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int take_section(struct vx_settings_loader *l, struct vx_settings_map *m,
                        const struct vx_value *v, const char *path, struct vx_error *err)
{
	char shown[VX_SETTING_KEY_MAX];

	if (v->type == VX_MAP || v->type == VX_NULL)
		return take_map(l, m, v, path, err);
	vx_setting_shown(m, path, shown);
	return vx_fail(err, -EINVAL, "%s line %u: '%s' is a %s; it must be a section of keys",
	               l->from->path, v->line, shown, vx_type_name(v->type));
}

static int take_value(struct vx_settings_loader *l, struct vx_settings_map *m,
                      const struct vx_value *v, const char *path, struct vx_error *err)
{
	struct vx_setting *set = vx_setting_find(m, path);
	struct vx_settings_list *list = *m->list->name ? NULL : vx_setting_list(l->s, path);
	const char *where;

	if (list)
		return take_list(l, list, v, err);
	if (!set && is_section(l, m, path))
		return take_section(l, m, v, path, err);
	if (!set)
		return unknown_key(l, m, path, v, err);
	where = line_of(l, v);
	if (!where)
		return -ENOMEM;
	return vx_setting_assign(l, m, set, v, NULL, where, err);
}

/* The keys of @v, which stand below @path in @m. The depth is bounded by the parser. */
static int take_map(struct vx_settings_loader *l, struct vx_settings_map *m,
                    const struct vx_value *v, const char *path, struct vx_error *err)
{
	char below[VX_SETTING_KEY_MAX];

	for (size_t i = 0; i < v->n_entries; i++) {
		int rc;

		/* A key that is cut here is longer than any row, and so unknown. */
		(void)snprintf(below, sizeof(below), "%s%s%s", path, *path ? "." : "",
		               v->entries[i].key);
		rc = take_value(l, m, v->entries[i].value, below, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int take_file(struct vx_settings_loader *l, struct vx_error *err)
{
	static const struct vx_doc_limits limits = VX_DOC_LIMITS_DEFAULT;
	VX_AUTO(vx_docs_put_p) struct vx_docs *docs = NULL;
	const struct vx_value *root;
	struct vx_error why;
	int rc;

	if (!l->from->text)
		return 0;
	rc = vx_docs_parse(VX_FORMAT_YAML, l->from->text, l->from->len, &limits, &docs, &why);
	if (rc == -ENOMEM)
		return rc;
	if (rc < 0)
		return vx_fail(err, -EINVAL, "%s %s", l->from->path, vx_error_text(&why, rc));
	if (docs->n == 0)
		return 0;
	root = docs->doc[0].root;
	if (docs->n > 1)
		return vx_fail(err, -EINVAL,
		               "%s holds %zu documents; one is read: take out the '---'",
		               l->from->path, docs->n);
	if (docs->doc[0].on)
		return vx_fail(err, -EINVAL, "%s: unknown key 'spring'", l->from->path);
	if (root->n_entries == 1 && strcmp(root->entries[0].key, "document") == 0)
		return vx_fail(err, -EINVAL, "%s line %u: the file must be a map of settings",
		               l->from->path, root->entries[0].value->line);
	return take_map(l, l->s->lists[0].entries, root, "", err);
}

static int load(struct vx_settings_loader *l, struct vx_error *err)
{
	int rc = build(l->s);

	if (rc == 0)
		rc = take_defaults(l, err);
	if (rc == 0)
		rc = take_file(l, err);
	if (rc == 0)
		rc = vx_settings_check_names(l->s, err);
	if (rc == 0)
		rc = vx_settings_environment(l, err);
	if (rc == 0)
		rc = vx_settings_sets(l, err);
	if (rc == 0)
		rc = vx_settings_check(l, err);
	if (rc == -ENOMEM)
		return vx_fail(err, rc, "out of memory while reading the settings");
	return rc;
}

int vx_settings_load(const struct vx_setting_row *rows, size_t n_rows,
                     const struct vx_settings_source *from, vx_settings_warn_fn *warn, void *arg,
                     struct vx_settings **ret, struct vx_error *err)
{
	VX_AUTO(vx_settings_put_p) struct vx_settings *s = calloc(1, sizeof(*s));
	struct vx_settings_loader l = {s, from, warn, arg};
	int rc;

	vx_assert(!from->text || from->path);
	if (!s)
		return vx_fail(err, -ENOMEM, "out of memory while reading the settings");
	atomic_init(&s->refs, 1);
	s->rows = rows;
	s->n_rows = n_rows;
	rc = load(&l, err);
	if (rc < 0)
		return rc;
	*ret = vx_steal(s);
	return 0;
}
