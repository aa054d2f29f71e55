/* settings_convert.c - from a YAML value, or the text of a variable, to the value of a row.
 *
 * Here is what a value may be and which sentence refuses it; the grammar of durations, sizes and
 * the like is settings_units.c. A refusal says what would be right. */
#include <errno.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/docs.h"
#include "core/settings_i.h"
#include "core/utf8.h"

/* Whether @text is one of "a | b | c"; else the nearest of them is in @near. */
static bool is_choice(const char *choices, const char *text, struct vx_nearest *near)
{
	for (const char *at = choices; *at;) {
		size_t n = strcspn(at, " |");

		if (strlen(text) == n && strncmp(at, text, n) == 0)
			return true;
		vx_nearest_try(near, at, n);
		at += n;
		at += strspn(at, " |");
	}
	return false;
}

/* What a value of @type looks like, as the end of "it is ...". */
static const char *looks(enum vx_setting_type type)
{
	switch (type) {
	case VX_SET_STRING:
		return "a string";
	case VX_SET_BOOL:
		return "true or false";
	case VX_SET_INT:
		return "a whole number";
	case VX_SET_DURATION:
		return "a duration like 30s, 5m or 1h30m (units: ms, s, m, h, d)";
	case VX_SET_SIZE:
		return "a size like 4096, 64MiB or 1GB (units: B, KiB, MiB, GiB, TiB, kB, MB, GB, "
		       "TB)";
	case VX_SET_PERCENT:
		return "a percentage like 30% or 1.5%";
	case VX_SET_FACTOR:
		return "a factor like 10x or 1.5x";
	case VX_SET_CHOICE:
		return "one word";
	case VX_SET_SECRET:
		return "a secret: file:PATH or env:NAME";
	case VX_SET_STRINGS:
		return "a list of strings, like [a, b]";
	case VX_SET_MAP:
		return "a map, like {key: value}";
	case VX_SET_SECRETS:
		return "a list of secrets, like [file:PATH, env:NAME]";
	}
	vx_assert_failed(__FILE__, __LINE__, "a setting has one of the types above");
}

static int refuse_number(const struct vx_setting_row *row, const char *shown, const char *text,
                         struct vx_error *err)
{
	bool bare = *text && text[strspn(text, "0123456789")] == '\0';

	if (bare && row->type == VX_SET_DURATION)
		return vx_fail(
			err, -EINVAL,
			"'%s' is %s without a unit; write %ss for seconds (units: ms, s, m, h, d)",
			shown, text, text);
	if (bare && row->type == VX_SET_PERCENT)
		return vx_fail(err, -EINVAL, "'%s' is %s without a unit; write %s%%", shown, text,
		               text);
	if (bare && row->type == VX_SET_FACTOR)
		return vx_fail(err, -EINVAL, "'%s' is %s without a unit; write %sx", shown, text,
		               text);
	return vx_fail(err, -EINVAL, "'%s' is '%s'; it must be %s", shown, text, looks(row->type));
}

static int check_bounds(const struct vx_setting_row *row, const char *shown, const char *text,
                        int64_t number, struct vx_error *err)
{
	VX_AUTO(vx_buf_fini) struct vx_buf range = VX_BUF_INIT;

	if (vx_setting_in_range(row, number))
		return 0;
	vx_setting_put_range(&range, row);
	if (vx_buf_failed(&range))
		return -ENOMEM;
	return vx_fail(err, -EINVAL, "'%s' is %s; it must be %s", shown, text, range.data);
}

static int refuse_choice(const struct vx_setting_row *row, const char *shown, const char *text,
                         const struct vx_nearest *near, struct vx_error *err)
{
	if (near->best)
		return vx_fail(err, -EINVAL,
		               "'%s' is '%s'; did you mean '%.*s'? It must be one of %s", shown,
		               text, (int)near->len, near->best, row->choices);
	return vx_fail(err, -EINVAL, "'%s' is '%s'; it must be one of %s", shown, text,
	               row->choices);
}

static int convert_scalar(struct vx_arena *a, const struct vx_setting_row *row, const char *shown,
                          const char *text, struct vx_setting *ret, struct vx_error *err)
{
	struct vx_nearest near = {.word = text};
	int64_t number;
	int rc;

	if (!vx_utf8_valid(text, strlen(text)))
		return vx_fail(err, -EINVAL, "'%s' is not valid UTF-8", shown);
	if (row->type == VX_SET_CHOICE && !is_choice(row->choices, text, &near))
		return refuse_choice(row, shown, text, &near, err);
	if (!vx_setting_to_number(row->type, text, &number))
		return refuse_number(row, shown, text, err);
	rc = check_bounds(row, shown, text, number, err);
	if (rc < 0)
		return rc;
	text = vx_arena_strndup(a, text, strlen(text));
	if (!text)
		return -ENOMEM;
	ret->text = text;
	ret->number = number;
	return 0;
}

static bool is_plain_scalar(const struct vx_value *v)
{
	return v->type != VX_MAP && v->type != VX_LIST && v->n_entries == 0;
}

/* A C string: a NUL inside would cut it short for whoever uses it. */
static int check_text(const char *shown, const struct vx_value *v, struct vx_error *err)
{
	if (strlen(v->text) != v->len)
		return vx_fail(err, -EINVAL, "'%s' contains a NUL character", shown);
	return 0;
}

static int convert_strings(struct vx_arena *a, const struct vx_setting_row *row, const char *shown,
                           const struct vx_value *v, struct vx_setting *ret, struct vx_error *err)
{
	const char **strings;

	if (v->type != VX_LIST)
		return vx_fail(err, -EINVAL, "'%s' is a %s; it must be %s", shown,
		               vx_type_name(v->type), looks(row->type));
	strings = vx_arena_alloc(a, (v->n_items + 1) * sizeof(*strings));
	if (!strings)
		return -ENOMEM;
	for (size_t i = 0; i < v->n_items; i++) {
		const struct vx_value *item = v->items[i];
		int rc;

		if (!is_plain_scalar(item) || item->type == VX_NULL)
			return vx_fail(err, -EINVAL, "'%s[%zu]' is a %s; it must be a string",
			               shown, i, vx_type_name(item->type));
		rc = check_text(shown, item, err);
		if (rc < 0)
			return rc;
		strings[i] = vx_arena_strndup(a, item->text, item->len);
		if (!strings[i])
			return -ENOMEM;
	}
	ret->strings = strings;
	ret->n_strings = v->n_items;
	return 0;
}

/* A copy in @a; the depth is bounded by the parser. */
static struct vx_value *copy_tree(struct vx_arena *a, const struct vx_value *v)
{
	struct vx_value *copy = vx_value_new(a, v->type, v->line);

	if (!copy)
		return NULL;
	copy->text = vx_arena_strndup(a, v->text, v->len);
	copy->len = v->len;
	if (!copy->text)
		return NULL;
	if (v->n_items) {
		copy->items = vx_arena_alloc(a, v->n_items * sizeof(*copy->items));
		if (!copy->items)
			return NULL;
		for (; copy->n_items < v->n_items; copy->n_items++) {
			copy->items[copy->n_items] = copy_tree(a, v->items[copy->n_items]);
			if (!copy->items[copy->n_items])
				return NULL;
		}
	}
	for (size_t i = 0; i < v->n_entries; i++) {
		const struct vx_entry *e = &v->entries[i];
		struct vx_value *child = copy_tree(a, e->value);

		if (!child || !vx_value_set(a, copy, e->key, strlen(e->key), child))
			return NULL;
	}
	return copy;
}

int vx_setting_convert(struct vx_arena *a, const struct vx_setting_row *row, const char *shown,
                       const struct vx_value *v, struct vx_setting *ret, struct vx_error *err)
{
	bool list = row->type == VX_SET_STRINGS || row->type == VX_SET_SECRETS;
	bool empty = v->type == VX_NULL && v->n_entries == 0;
	int rc;

	if (row->type == VX_SET_MAP) {
		if (v->type != VX_MAP && !empty)
			return vx_fail(err, -EINVAL, "'%s' is a %s; it must be %s", shown,
			               vx_type_name(v->type), looks(row->type));
		ret->tree =
			copy_tree(a, empty ? &(struct vx_value){.type = VX_MAP, .text = ""} : v);
		return ret->tree ? 0 : -ENOMEM;
	}
	if (list)
		return convert_strings(a, row, shown,
		                       empty ? &(struct vx_value){.type = VX_LIST, .text = ""} : v,
		                       ret, err);
	if (!is_plain_scalar(v))
		return vx_fail(err, -EINVAL, "'%s' is a %s; it must be %s", shown,
		               v->type == VX_LIST ? "list" : "map", looks(row->type));
	rc = check_text(shown, v, err);
	if (rc < 0)
		return rc;
	return convert_scalar(a, row, shown, empty ? "" : v->text, ret, err);
}

int vx_setting_convert_text(struct vx_arena *a, const struct vx_setting_row *row, const char *shown,
                            const char *text, struct vx_setting *ret, struct vx_error *err)
{
	static const struct vx_doc_limits limits = VX_DOC_LIMITS_DEFAULT;
	static const struct vx_value nothing = {.type = VX_NULL, .text = ""};
	VX_AUTO(vx_docs_put_p) struct vx_docs *docs = NULL;
	const struct vx_value *v = &nothing;
	int rc;

	if (row->type != VX_SET_STRINGS && row->type != VX_SET_SECRETS && row->type != VX_SET_MAP)
		return convert_scalar(a, row, shown, text, ret, err);
	rc = vx_docs_parse(VX_FORMAT_YAML, text, strlen(text), &limits, &docs, err);
	if (rc == -ENOMEM)
		return rc;
	if (rc < 0 || docs->n > 1 || (docs->n == 1 && docs->doc[0].on))
		return vx_fail(err, -EINVAL, "'%s' is '%s'; it must be %s", shown,
		               row->type == VX_SET_SECRETS ? "***" : text, looks(row->type));
	if (docs->n == 1)
		v = docs->doc[0].root;
	/* A root that is no map stands under this key; see core/docs.h. */
	if (v->n_entries == 1 && *text != '{' && strcmp(v->entries[0].key, "document") == 0)
		v = v->entries[0].value;
	return vx_setting_convert(a, row, shown, v, ret, err);
}
