/* read_yaml.c - YAML documents from libyaml's events into raw values.
 *
 * libyaml cuts the text into events; what they mean is decided here: types by the core schema,
 * anchors, `<<`, equal keys. An alias shares its anchor's raw value, and the number of values that
 * it stands for is counted at once: a bomb of aliases ends here before any of it is expanded. The
 * reader descends once per collection, as deep as the limits allow. */
#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "core/assert.h"
#include "core/read_i.h"
#include "core/scalar.h"

#define CORE_TAG "tag:yaml.org,2002:"

struct anchor {
	struct vx_value *value; /* NULL: it is still being read */
	size_t values;          /* that it stands for */
};

struct yaml {
	struct vx_reader *r;
	yaml_parser_t parser;
	yaml_event_t event;      /* the current one */
	struct vx_value anchors; /* by name: the position in list, as the value's len */
	struct anchor *list;
	size_t n_anchors, cap_anchors;
};

static int bad(const struct yaml *y, uint32_t line, const char *why)
{
	return vx_fail(y->r->err, -EBADMSG, "line %u: %s", line, why);
}

static uint32_t line_of(const yaml_event_t *e)
{
	return (uint32_t)e->start_mark.line + 1;
}

/* Whether libyaml stumbled over a tab among the blanks that begin a line. */
static bool at_tab(const struct yaml *y)
{
	const char *s = y->r->bytes, *end = s + y->r->len;
	size_t line = 0, column = 0;

	while (line < y->parser.problem_mark.line && s < end)
		line += *s++ == '\n';
	while (s < end && *s == ' ' && column < y->parser.problem_mark.column) {
		s++;
		column++;
	}
	return s < end && *s == '\t';
}

static int explain(const struct yaml *y)
{
	const yaml_parser_t *p = &y->parser;
	uint32_t line = (uint32_t)p->problem_mark.line + 1;

	if (p->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (p->error == YAML_READER_ERROR)
		return bad(y, vx_reader_line(y->r, p->problem_offset),
		           "a control character that YAML forbids: write it as an escape in double "
		           "quotes, \"\\x01\"");
	if (p->error == YAML_SCANNER_ERROR && at_tab(y))
		return bad(y, line, "tabs cannot indent YAML: write blanks");
	if (p->context && p->context_mark.line != p->problem_mark.line)
		return vx_fail(y->r->err, -EBADMSG, "line %u: %s (%s that begins on line %zu)",
		               line, p->problem, p->context, p->context_mark.line + 1);
	return bad(y, line, p->problem ? p->problem : "this is not YAML");
}

/* Make the next event the current one. */
static int next(struct yaml *y)
{
	yaml_event_delete(&y->event);
	return yaml_parser_parse(&y->parser, &y->event) ? 0 : explain(y);
}

/* --- anchors ---------------------------------------------------------------------------------- */

/* Begin the anchor @name, which hides an earlier one of that name; its position in *ret. */
static int begin_anchor(struct yaml *y, const char *name, size_t *ret)
{
	struct vx_value *at;

	if (y->n_anchors == y->cap_anchors) {
		size_t cap = y->cap_anchors ? y->cap_anchors * 2 : 16;
		struct anchor *grown = vx_arena_alloc(&y->r->scratch, cap * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		if (y->n_anchors)
			memcpy(grown, y->list, y->n_anchors * sizeof(*grown));
		y->list = grown;
		y->cap_anchors = cap;
	}
	at = vx_value_new(&y->r->scratch, VX_NULL, 0);
	if (!at || !vx_value_set(&y->r->scratch, &y->anchors, name, strlen(name), at))
		return -ENOMEM;
	at->len = y->n_anchors;
	y->list[y->n_anchors] = (struct anchor){0};
	*ret = y->n_anchors++;
	return 0;
}

static int read_alias(struct yaml *y, struct vx_value **ret)
{
	const char *name = (const char *)y->event.data.alias.anchor;
	const struct vx_value *at = vx_value_child(&y->anchors, name, strlen(name));
	uint32_t line = line_of(&y->event);
	struct vx_value *copy;
	int rc;

	if (!at)
		return vx_fail(
			y->r->err, -EBADMSG,
			"line %u: the alias '*%.80s' has no anchor '&%.80s' before it in this "
			"document",
			line, name, name);
	if (!y->list[at->len].value)
		return vx_fail(y->r->err, -EBADMSG,
		               "line %u: the alias '*%.80s' stands inside its own anchor", line,
		               name);
	rc = vx_reader_count(y->r, y->list[at->len].values, line);
	if (rc < 0)
		return rc;
	copy = vx_value_new(&y->r->scratch, VX_NULL, line);
	if (!copy)
		return -ENOMEM;
	*copy = *y->list[at->len].value; /* shares what is below; has a line of its own */
	copy->line = line;
	*ret = copy;
	return 0;
}

/* --- scalars ---------------------------------------------------------------------------------- */

/* What follows the core schema's prefix in @tag; NULL: it is another tag. */
static const char *core_tag(const char *tag)
{
	return strncmp(tag, CORE_TAG, strlen(CORE_TAG)) == 0 ? tag + strlen(CORE_TAG) : NULL;
}

static int unknown_tag(const struct yaml *y, const char *tag)
{
	return vx_fail(y->r->err, -EBADMSG,
	               "line %u: the tag '%.80s' is not known here: remove it, or use one of !!str "
	               "!!int !!float !!bool !!null !!map !!seq",
	               line_of(&y->event), tag);
}

static int type_of_tag(const struct yaml *y, const char *tag, const char *text, size_t len,
                       enum vx_type *ret)
{
	/* clang-format off */
	static const struct {
		const char *name;
		enum vx_type type;
	} tags[] = {
		{"str", VX_STRING},
		{"timestamp", VX_STRING},
		{"int", VX_INT},
		{"float", VX_FLOAT},
		{"bool", VX_BOOL},
		{"null", VX_NULL},
	};
	/* clang-format on */
	const char *name = core_tag(tag);

	for (size_t i = 0; name && i < sizeof(tags) / sizeof(tags[0]); i++) {
		if (strcmp(name, tags[i].name) != 0)
			continue;
		if (!vx_scalar_fits(tags[i].type, text, len))
			return vx_fail(y->r->err, -EBADMSG,
			               "line %u: '%.*s' does not fit its tag !!%s",
			               line_of(&y->event), (int)(len < 80 ? len : 80), text, name);
		*ret = tags[i].type;
		return 0;
	}
	return unknown_tag(y, tag);
}

static int read_scalar(struct yaml *y, struct vx_value **ret)
{
	const char *text = (const char *)y->event.data.scalar.value;
	const char *tag = (const char *)y->event.data.scalar.tag;
	size_t len = y->event.data.scalar.length;
	enum vx_type type = VX_STRING;
	int rc = 0;

	if (tag && strcmp(tag, "!") != 0)
		rc = type_of_tag(y, tag, text, len, &type);
	else if (!tag && y->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		type = vx_scalar_type(text, len);
	if (rc < 0)
		return rc;
	*ret = vx_value_scalar(&y->r->docs->arena, type, text, len, line_of(&y->event));
	return *ret ? 0 : -ENOMEM;
}

/* --- collections ------------------------------------------------------------------------------ */

static int read_node(struct yaml *y, uint32_t depth, struct vx_value **ret);

static int check_tag(const struct yaml *y, const yaml_char_t *tag, const char *want)
{
	const char *t = (const char *)tag, *name;

	if (!t || strcmp(t, "!") == 0)
		return 0;
	name = core_tag(t);
	return name && strcmp(name, want) == 0 ? 0 : unknown_tag(y, t);
}

static int read_sequence(struct yaml *y, uint32_t depth, struct vx_value *list)
{
	int rc = check_tag(y, y->event.data.sequence_start.tag, "seq");

	while (rc == 0 && (rc = next(y)) == 0 && y->event.type != YAML_SEQUENCE_END_EVENT) {
		struct vx_value *item = NULL;

		rc = read_node(y, depth + 1, &item);
		if (rc == 0)
			rc = vx_reader_append(y->r, list, item);
	}
	return rc;
}

/* The entries of a mapping that is being read. */
struct mapping {
	struct vx_value *own;         /* its keys, literally */
	const struct vx_value *merge; /* the value of its `<<`, if it has one */
	size_t merge_at;              /* how many keys stand before that */
};

static bool is_merge_key(const yaml_event_t *e)
{
	const char *tag;

	if (e->type != YAML_SCALAR_EVENT || e->data.scalar.style != YAML_PLAIN_SCALAR_STYLE ||
	    strcmp((const char *)e->data.scalar.value, "<<") != 0)
		return false;
	tag = (const char *)e->data.scalar.tag;
	return !tag || strcmp(tag, CORE_TAG "merge") == 0;
}

static int read_key(struct yaml *y, uint32_t depth, struct vx_value **ret)
{
	uint32_t line = line_of(&y->event);
	int rc;

	if (y->event.type != YAML_SCALAR_EVENT && y->event.type != YAML_ALIAS_EVENT)
		return bad(y, line, "a list or a map cannot be a key");
	rc = read_node(y, depth, ret);
	if (rc < 0)
		return rc;
	if ((*ret)->type == VX_MAP || (*ret)->type == VX_LIST)
		return bad(y, line, "a list or a map cannot be a key");
	if ((*ret)->type == VX_NULL)
		return bad(y, line, "null cannot be a key: write it in quotes if it is a text");
	return 0;
}

static int read_pair(struct yaml *y, uint32_t depth, struct mapping *m)
{
	bool merge = is_merge_key(&y->event);
	uint32_t line = line_of(&y->event);
	struct vx_value *key = NULL, *value = NULL;
	int rc = 0;

	if (merge && m->merge)
		return bad(y, line,
		           "the key '<<' stands twice in this mapping: merge a list of maps");
	if (!merge)
		rc = read_key(y, depth, &key);
	if (rc == 0)
		rc = next(y);
	if (rc == 0)
		rc = read_node(y, depth + 1, &value);
	if (rc < 0)
		return rc;
	vx_assert(value && (merge || key)); /* what was read is there */
	if (!merge) {
		struct vx_value *copy = vx_value_new(&y->r->scratch, VX_NULL, line);

		if (!copy)
			return -ENOMEM;
		*copy = *value; /* an anchor's own line stays in the anchor */
		copy->line = line;
		return vx_reader_set(y->r, m->own, key->text, key->len, copy, line);
	}
	value->line = line;
	m->merge = value;
	m->merge_at = m->own->n_entries;
	return 0;
}

static bool put_entry(struct yaml *y, struct vx_value *map, const struct vx_entry *e)
{
	return vx_value_set(&y->r->scratch, map, e->key, strlen(e->key), e->value);
}

/* Add to @map what it does not have of @from; the values of @own win. */
static int merge_map(struct yaml *y, struct vx_value *map, const struct vx_value *own,
                     const struct vx_value *from, uint32_t line)
{
	if (from->type != VX_MAP)
		return bad(y, line, "'<<' needs a map or a list of maps");
	for (size_t i = 0; i < from->n_entries; i++) {
		struct vx_entry e = from->entries[i];
		size_t len = strlen(e.key);
		struct vx_value *mine = vx_value_child(own, e.key, len);

		if (vx_value_child(map, e.key, len))
			continue;
		if (mine)
			e.value = mine;
		if (!put_entry(y, map, &e))
			return -ENOMEM;
	}
	return 0;
}

/* The mapping with the keys of its `<<` where that stands. */
static int apply_merge(struct yaml *y, const struct mapping *m, struct vx_value *map)
{
	int rc = 0;

	for (size_t i = 0; i < m->merge_at; i++)
		if (!put_entry(y, map, &m->own->entries[i]))
			return -ENOMEM;
	if (m->merge->type != VX_LIST)
		rc = merge_map(y, map, m->own, m->merge, m->merge->line);
	else
		for (size_t i = 0; i < m->merge->n_items && rc == 0; i++)
			rc = merge_map(y, map, m->own, m->merge->items[i], m->merge->line);
	for (size_t i = m->merge_at; i < m->own->n_entries && rc == 0; i++)
		if (!put_entry(y, map, &m->own->entries[i]))
			return -ENOMEM;
	return rc;
}

static int read_mapping(struct yaml *y, uint32_t depth, struct vx_value *map)
{
	struct mapping m = {.own = vx_value_new(&y->r->scratch, VX_MAP, map->line)};
	int rc = check_tag(y, y->event.data.mapping_start.tag, "map");

	if (!m.own)
		return -ENOMEM;
	while (rc == 0 && (rc = next(y)) == 0 && y->event.type != YAML_MAPPING_END_EVENT)
		rc = read_pair(y, depth, &m);
	if (rc < 0)
		return rc;
	if (m.merge)
		return apply_merge(y, &m, map);
	*map = *m.own;
	return 0;
}

static int read_collection(struct yaml *y, uint32_t depth, struct vx_value **ret)
{
	bool is_map = y->event.type == YAML_MAPPING_START_EVENT;
	uint32_t line = line_of(&y->event);
	struct vx_value *v = vx_value_new(&y->r->scratch, is_map ? VX_MAP : VX_LIST, line);
	int rc = vx_reader_deep(y->r, depth, line);

	if (rc < 0)
		return rc;
	if (!v)
		return -ENOMEM;
	*ret = v;
	return is_map ? read_mapping(y, depth, v) : read_sequence(y, depth, v);
}

static const char *anchor_name(const yaml_event_t *e)
{
	if (e->type == YAML_SCALAR_EVENT)
		return (const char *)e->data.scalar.anchor;
	if (e->type == YAML_SEQUENCE_START_EVENT)
		return (const char *)e->data.sequence_start.anchor;
	return (const char *)e->data.mapping_start.anchor;
}

/* Read the node that the current event begins. */
static int read_node(struct yaml *y, uint32_t depth, struct vx_value **ret)
{
	size_t before = y->r->values, anchor = 0;
	const char *name;
	bool anchored;
	int rc;

	if (y->event.type == YAML_ALIAS_EVENT)
		return read_alias(y, ret);
	rc = vx_reader_count(y->r, 1, line_of(&y->event));
	name = anchor_name(&y->event);
	anchored = name != NULL;
	if (rc == 0 && anchored)
		rc = begin_anchor(y, name, &anchor);
	if (rc == 0)
		rc = y->event.type == YAML_SCALAR_EVENT ? read_scalar(y, ret)
		                                        : read_collection(y, depth, ret);
	if (rc == 0 && anchored)
		y->list[anchor] = (struct anchor){*ret, y->r->values - before};
	return rc;
}

static int read_document(struct yaml *y)
{
	struct vx_value *root = NULL;
	int rc;

	y->anchors = (struct vx_value){.type = VX_MAP, .text = ""};
	y->n_anchors = 0;
	rc = next(y);
	if (rc == 0)
		rc = read_node(y, 1, &root);
	if (rc < 0)
		return rc;
	vx_assert(root); /* what was read is there */
	if (root->type == VX_NULL)
		return 0; /* an empty document is skipped */
	return vx_reader_document(y->r, root);
}

static int read_stream(struct yaml *y)
{
	int rc = 0;

	do {
		rc = next(y);
		if (rc == 0 && y->event.type == YAML_DOCUMENT_START_EVENT)
			rc = read_document(y);
	} while (rc == 0 && y->event.type != YAML_STREAM_END_EVENT);
	return rc;
}

int vx_read_yaml(struct vx_reader *r)
{
	struct yaml y = {.r = r};
	int rc;

	if (!yaml_parser_initialize(&y.parser))
		return -ENOMEM;
	yaml_parser_set_encoding(&y.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&y.parser, (const unsigned char *)r->bytes, r->len);
	rc = read_stream(&y);
	yaml_event_delete(&y.event);
	yaml_parser_delete(&y.parser);
	return rc;
}
