/* render_i.h - what the renderers share; for core/render*.c only.
 *
 * A renderer appends to a buffer whose failure is sticky, so it returns nothing: whoever made the
 * buffer looks once at the end. Trees come from the parsers, which bound their depth; recursion
 * follows it. Every rule of representation is in docs/formats.md. */
#pragma once

#include "core/buf.h"
#include "core/bytes.h"
#include "core/number.h"
#include "core/value.h"

void vx_render_yml(struct vx_buf *b, const struct vx_value *root);
void vx_render_json(struct vx_buf *b, const struct vx_value *root);
void vx_render_properties(struct vx_buf *b, const struct vx_value *root);
void vx_render_env(struct vx_buf *b, const struct vx_value *root, struct vx_buf *notes);
void vx_render_toml(struct vx_buf *b, const struct vx_value *root);

/* A key and a scalar of application.yml, without the end of the line; the lines of a block are
 * indented by @indent, two more than what it stands in. */
void vx_yml_put_key(struct vx_buf *b, const char *key, size_t len);
void vx_yml_put_scalar(struct vx_buf *b, const struct vx_value *v, unsigned indent);

/* Append @v as JSON; lines after the first are indented by @depth steps of two blanks. */
void vx_render_json_value(struct vx_buf *b, const struct vx_value *v, unsigned depth);

/* Whether @v is a scalar that is also a map. */
static inline bool vx_is_both(const struct vx_value *v)
{
	return v->type != VX_MAP && v->type != VX_LIST && v->n_entries > 0;
}

/* Whether a VX_BOOL is true: its text is a spelling of true or of false. */
static inline bool vx_is_true(const struct vx_value *v)
{
	return v->text[0] == 't' || v->text[0] == 'T';
}

/* Whether a flat format has a line for @v itself: for each scalar, empty list and empty map. */
static inline bool vx_is_leaf(const struct vx_value *v)
{
	return v->type == VX_LIST ? v->n_items == 0 : v->type != VX_MAP || v->n_entries == 0;
}

/* Called with a key of @len bytes and a NUL, valid during the call, and what stands there. */
typedef void vx_key_fn(void *arg, const char *key, size_t len, const struct vx_value *v);

/* Call @fn for each member that the map part of @v has once it is written where a scalar cannot be
 * a map: the children of a scalar come after it under a dotted key ("x.y"), those of a list's
 * element after the list ("l[0].y"), and so on below. False: out of memory. */
bool vx_members_each(const struct vx_value *v, vx_key_fn *fn, void *arg);

/* Call @fn with the flat key of each value below @root, in order: a list, a map, and a scalar that
 * is also a map come before what is below them. False: out of memory. */
bool vx_flat_each(const struct vx_value *root, vx_key_fn *fn, void *arg);

/* Append @n in decimal: printf took most of the time of large lists. */
void vx_put_size(struct vx_buf *b, size_t n);

/* The buffer's content as counted bytes, or NULL when out of memory; empties the buffer. */
struct vx_bytes *vx_render_finish(struct vx_buf *b);

/* Append @n in canonical decimal ("0.5", "1.0e+3"), an integer with ".0" if @as_float. False, and
 * nothing appended: it is no number, infinite, or has too many digits to convert from its base. */
bool vx_number_put(struct vx_buf *b, const struct vx_number *n, bool as_float);
