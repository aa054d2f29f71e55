/* settings_print.c - settings in force as YAML, each with where it comes from.
 *
 * What is printed can be read again and gives the same settings, save for secrets, which are ***.
 * Rows stand in the order of the table; its sections must not be interleaved. What is not given and
 * has no default is left out, and so is what this build would ignore. */
#include <string.h>

#include "core/assert.h"
#include "core/settings_i.h"
#include "core/utf8.h"

/* A reader gives up on a key that is not over after 1024 characters, unless `? ` announces it. */
#define IMPLICIT_KEY_BYTES 1000

struct print {
	struct vx_buf out;
	size_t dash; /* the indentation at which an entry begins, while its "- " is due; else 0 */
};

static void put_indent(struct print *p, size_t indent)
{
	if (p->dash) {
		vx_buf_repeat(&p->out, ' ', p->dash - 2);
		vx_buf_puts(&p->out, "- ");
	} else {
		vx_buf_repeat(&p->out, ' ', indent);
	}
	p->dash = 0;
}

/* Print the headers of the sections that @key is in and @before was not; the indentation of the
 * key itself, and its last segment in *ret_leaf. */
static size_t put_sections(struct print *p, const char *before, const char *key, size_t indent,
                           const char **ret_leaf)
{
	bool same = true;

	for (;;) {
		size_t n = strcspn(key, ".");

		if (key[n] == '\0') {
			*ret_leaf = key;
			return indent;
		}
		same = same && strncmp(before, key, n + 1) == 0;
		if (!same) {
			put_indent(p, indent);
			vx_buf_put(&p->out, key, n);
			vx_buf_puts(&p->out, ":\n");
		}
		if (same)
			before += n + 1;
		key += n + 1;
		indent += 2;
	}
}

/* Whether a double-quoted scalar may hold the character as it is: YAML forbids some and folds lines
 * at others. */
static bool is_plain(uint32_t c)
{
	return c >= 0x20 && c != '"' && c != '\\' && !(c >= 0x7f && c <= 0xa0) && c != 0x2028 &&
	       c != 0x2029 && c != 0xfeff && c < 0xfffe;
}

/* A double-quoted scalar; all text in settings is UTF-8. */
static void put_quoted(struct vx_buf *b, const char *text, size_t n)
{
	vx_buf_putc(b, '"');
	for (size_t i = 0, w; i < n; i += w) {
		uint32_t c;

		w = vx_utf8_width(text + i, n - i);
		vx_assert(w);
		c = vx_utf8_get(text + i, w);
		if (is_plain(c))
			vx_buf_put(b, text + i, w);
		else
			vx_buf_printf(b, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
	}
	vx_buf_putc(b, '"');
}

static void put_string(struct vx_buf *b, const char *text)
{
	size_t n = 0;
	const char *password = vx_url_password(text, &n);
	struct vx_buf masked = VX_BUF_INIT;

	if (!password) {
		put_quoted(b, text, strlen(text));
		return;
	}
	vx_buf_put(&masked, text, (size_t)(password - text));
	vx_buf_puts(&masked, "***");
	vx_buf_puts(&masked, password + n);
	if (vx_buf_failed(&masked))
		b->failed = true;
	else
		put_quoted(b, masked.data, masked.len);
	vx_buf_fini(&masked);
}

static void put_secret(struct vx_buf *b, const char *text)
{
	vx_buf_puts(b, *text ? "\"***\"" : "\"\"");
}

static void put_list(struct vx_buf *b, const struct vx_setting *v)
{
	vx_buf_putc(b, '[');
	for (size_t i = 0; i < v->n_strings; i++) {
		if (i)
			vx_buf_puts(b, ", ");
		if (v->row->type == VX_SET_SECRETS)
			put_secret(b, v->strings[i]);
		else
			put_string(b, v->strings[i]);
	}
	vx_buf_putc(b, ']');
}

static void put_tree(struct vx_buf *b, const struct vx_value *v);

static void put_key(struct vx_buf *b, const char *text, size_t n)
{
	size_t at = b->len;

	put_quoted(b, text, n);
	if (b->len - at <= IMPLICIT_KEY_BYTES)
		return;
	vx_buf_truncate(b, at);
	vx_buf_puts(b, "? ");
	put_quoted(b, text, n);
}

/* The entries of @v; a scalar that has keys below it writes them dotted beside itself. */
static void put_entries(struct vx_buf *b, const struct vx_value *v, const char *prefix, bool *first)
{
	for (size_t i = 0; i < v->n_entries; i++) {
		const struct vx_value *child = v->entries[i].value;
		VX_AUTO(vx_buf_fini) struct vx_buf key = VX_BUF_INIT;

		vx_buf_puts(&key, prefix);
		vx_buf_puts(&key, v->entries[i].key);
		if (!*first)
			vx_buf_puts(b, ", ");
		*first = false;
		if (vx_buf_failed(&key)) {
			b->failed = true;
			return;
		}
		put_key(b, key.data, key.len);
		vx_buf_puts(b, ": ");
		put_tree(b, child);
		if (child->type != VX_MAP && child->n_entries) {
			vx_buf_putc(&key, '.');
			if (vx_buf_failed(&key))
				b->failed = true;
			else
				put_entries(b, child, key.data, first);
		}
	}
}

/* In YAML flow; the depth is bounded by the parser. */
static void put_tree(struct vx_buf *b, const struct vx_value *v)
{
	bool first = true;

	switch (v->type) {
	case VX_MAP:
		vx_buf_putc(b, '{');
		put_entries(b, v, "", &first);
		vx_buf_putc(b, '}');
		return;
	case VX_LIST:
		vx_buf_putc(b, '[');
		for (size_t i = 0; i < v->n_items; i++) {
			if (i)
				vx_buf_puts(b, ", ");
			put_tree(b, v->items[i]);
		}
		vx_buf_putc(b, ']');
		return;
	case VX_STRING:
		put_quoted(b, v->text, v->len);
		return;
	case VX_NULL:
		vx_buf_puts(b, "null");
		return;
	case VX_FLOAT:
		if (strspn(v->text, "+-0123456789") == v->len)
			vx_buf_puts(b, "!!float "); /* its author's tag, or it would be an int */
		vx_buf_puts(b, v->text);
		return;
	case VX_BOOL:
	case VX_INT:
		vx_buf_puts(b, v->text);
		return;
	}
}

static void put_value(struct vx_buf *b, const struct vx_setting *v)
{
	switch (v->row->type) {
	case VX_SET_STRING:
		put_string(b, v->text);
		return;
	case VX_SET_SECRET:
		put_secret(b, v->text);
		return;
	case VX_SET_STRINGS:
	case VX_SET_SECRETS:
		put_list(b, v);
		return;
	case VX_SET_MAP:
		if (v->tree)
			put_tree(b, v->tree);
		else
			vx_buf_puts(b, "{}");
		return;
	case VX_SET_BOOL:
		vx_buf_puts(b, v->number ? "true" : "false");
		return;
	case VX_SET_INT:
	case VX_SET_DURATION:
	case VX_SET_SIZE:
	case VX_SET_PERCENT:
	case VX_SET_FACTOR:
	case VX_SET_CHOICE:
		vx_buf_puts(b, v->text);
		return;
	}
}

static bool is_printed(const struct vx_settings_map *m, const struct vx_setting *v)
{
	if (v->where)
		return true;
	if (v->row->replaced_by || v->row->flags & VX_SET_UNBUILT || !vx_setting_applies(m, v->row))
		return false;
	switch (v->row->type) {
	case VX_SET_STRING:
	case VX_SET_SECRET:
	case VX_SET_STRINGS:
	case VX_SET_SECRETS:
	case VX_SET_MAP:
		return true; /* empty is a value of theirs */
	case VX_SET_BOOL:
	case VX_SET_INT:
	case VX_SET_DURATION:
	case VX_SET_SIZE:
	case VX_SET_PERCENT:
	case VX_SET_FACTOR:
	case VX_SET_CHOICE:
		return v->row->def != NULL;
	}
	return false;
}

/* One setting; the key that the next one's sections are compared with. */
static const char *put_setting(struct print *p, const struct vx_settings_map *m,
                               const struct vx_setting *v, const char *before, size_t indent)
{
	const char *leaf;

	if (!is_printed(m, v))
		return before;
	indent = put_sections(p, before, v->key, indent, &leaf);
	put_indent(p, indent);
	vx_buf_printf(&p->out, "%s: ", leaf);
	put_value(&p->out, v);
	vx_buf_printf(&p->out, "  # %s%s\n", v->where ? v->where : "default",
	              v->row->flags & VX_SET_UNBUILT ? "; not built in" : "");
	return v->key;
}

static const char *put_entries_of(struct print *p, const struct vx_settings_list *l,
                                  const char *before)
{
	const char *leaf;
	size_t indent;

	if (!l->n_entries)
		return before;
	indent = put_sections(p, before, l->name, 0, &leaf);
	put_indent(p, indent);
	vx_buf_printf(&p->out, "%s:\n", leaf);
	for (size_t i = 0; i < l->n_entries; i++) {
		const struct vx_settings_map *m = &l->entries[i];
		const char *last = "";

		p->dash = indent + 4;
		for (size_t k = 0; k < l->n_rows; k++)
			last = put_setting(p, m, &m->values[k], last, indent + 4);
		if (p->dash) { /* an entry of which nothing is given nor has a default */
			put_indent(p, 0);
			vx_buf_puts(&p->out, "{}\n");
		}
	}
	return l->name;
}

char *vx_settings_print(const struct vx_settings *s)
{
	struct print p = {VX_BUF_INIT, 0};
	const char *before = "";
	const struct vx_settings_map *top = s->lists[0].entries;

	for (size_t i = 0; i < s->n_rows; i++) {
		const struct vx_setting_row *row = &s->rows[i];
		const struct vx_setting *v = vx_setting_find(top, row->key);

		if (v)
			before = put_setting(&p, top, v, before, 0);
		for (size_t l = 1; !v && l < s->n_lists; l++)
			if (s->lists[l].rows[0] == row)
				before = put_entries_of(&p, &s->lists[l], before);
	}
	return vx_buf_steal(&p.out);
}
