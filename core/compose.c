/* compose.c - from resolved layers to a snapshot.
 *
 * One pass lays the active documents over each other, lowest first (merge.c), then `vortex.imports`
 * goes, the overrides come, placeholders are resolved (placeholder.c) and the result gets its name
 * (version.c). The snapshot's arena holds the values; their texts stay in the documents, which
 * `inputs` keeps. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/compose_i.h"
#include "core/merge.h"
#include "core/placeholder.h"
#include "core/version.h"

struct compose {
	struct vx_snapshot *s;
	struct vx_value *root;
	struct vx_error *err;
};

static int no_memory(struct compose *c)
{
	return vx_fail(c->err, -ENOMEM, "no memory to compose %s", c->s->at->text);
}

/* --- the tree -------------------------------------------------------------------------------- */

/* A new origin, the highest so far, in the list of sources. */
static struct vx_origin *add_source(struct compose *c, const char *backend, const char *path,
                                    const char *revision)
{
	struct vx_origin *o = vx_arena_alloc(&c->s->arena, sizeof(*o));

	if (!o)
		return NULL;
	*o = (struct vx_origin){backend, path, revision, (uint32_t)c->s->n_sources};
	c->s->sources[c->s->n_sources++] = o;
	return o;
}

static int lay_docs(struct compose *c, const struct vx_coords *at, const struct vx_layers *l,
                    const struct vx_layer *layer)
{
	struct vx_merge_source from = {.borrowed = true};
	int rc = 0;

	for (size_t i = 0; i < layer->docs->n && rc == 0; i++) {
		const struct vx_doc *doc = &layer->docs->doc[i];

		if (!vx_activation_holds(doc->on, at->profiles, at->n_profiles))
			continue;
		from.origin = add_source(c, l->backend, layer->path, l->revision);
		rc = from.origin ? vx_merge(&c->s->arena, c->root, doc->root, &from, c->err)
		                 : no_memory(c);
	}
	return rc;
}

/* How many documents there are at most, with the overrides. */
static size_t count_docs(const struct vx_resolved *r)
{
	size_t n = 1;

	for (size_t i = 0; i < r->n_members; i++)
		for (size_t j = 0; j < r->members[i].n_layers; j++)
			for (size_t k = 0; k < r->members[i].layers[j]->n; k++)
				n += r->members[i].layers[j]->layer[k].docs->n;
	return n;
}

static int lay_members(struct compose *c, const struct vx_resolved *r)
{
	int rc = 0;

	for (size_t i = 0; i < r->n_members; i++) {
		const struct vx_member *m = &r->members[i];

		for (size_t j = 0; j < m->n_layers; j++) {
			const struct vx_layers *l = m->layers[j];

			for (size_t k = 0; k < l->n && rc == 0; k++)
				rc = lay_docs(c, m->at, l, &l->layer[k]);
		}
	}
	return rc;
}

/* Take `vortex.imports` out, and `vortex` if that leaves it empty (7.1). */
static void remove_imports(struct vx_value *root)
{
	struct vx_value *vortex = vx_value_child(root, "vortex", 6);

	if (vortex && vx_value_remove(vortex, "imports", 7) && vortex->type == VX_MAP &&
	    vortex->n_entries == 0)
		(void)vx_value_remove(root, "vortex", 6); /* it was found just now */
}

static int lay_overrides(struct compose *c, const struct vx_value *overrides)
{
	struct vx_merge_source from = {.borrowed = false};

	if (!overrides)
		return 0;
	from.origin = add_source(c, "overrides", "settings", "");
	return from.origin ? vx_merge(&c->s->arena, c->root, overrides, &from, c->err)
	                   : no_memory(c);
}

static int compose_tree(struct compose *c, const struct vx_resolved *r,
                        const struct vx_compose_options *options)
{
	int rc;

	c->root = vx_value_new(&c->s->arena, VX_MAP, 0);
	c->s->sources = vx_arena_alloc(&c->s->arena, count_docs(r) * sizeof(*c->s->sources));
	if (!c->root || !c->s->sources)
		return no_memory(c);
	c->s->root = c->root;
	rc = lay_members(c, r);
	if (rc < 0)
		return rc;
	remove_imports(c->root);
	rc = lay_overrides(c, options ? options->overrides : NULL);
	if (rc == 0)
		rc = vx_placeholders_resolve(&c->s->arena, c->root, c->err);
	return rc;
}

/* --- plain files ----------------------------------------------------------------------------- */

/* Whether the tree shows something of its own at this name (8.5). */
static bool is_taken(const struct vx_coords *at, const char *name)
{
	static const char *const suffixes[] = {"yml", "yaml", "json", "properties", "env", "toml"};
	const char *dot = strrchr(name, '.');
	size_t stem = dot ? (size_t)(dot - name) : 0;

	if (name[0] == '.' || name[0] == '@')
		return true;
	if (!dot || ((strlen(at->app) != stem || memcmp(name, at->app, stem) != 0) &&
	             (stem != 11 || memcmp(name, "application", 11) != 0)))
		return false;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (strcmp(dot + 1, suffixes[i]) == 0)
			return true;
	return false;
}

static int add_hidden_note(struct compose *c, const struct vx_layers *l, const struct vx_plain *p)
{
	VX_AUTO(vx_freep) char *text = NULL;
	int n = asprintf(&text, "%s of %s is hidden by a file that Vortex makes", p->path,
	                 l->backend);
	const char *copy;

	if (n < 0) {
		text = NULL; /* asprintf leaves it undefined */
		return no_memory(c);
	}
	copy = vx_arena_strndup(&c->s->arena, text, (size_t)n);
	if (!copy)
		return no_memory(c);
	c->s->notes[c->s->n_notes++] = (struct vx_note){copy};
	return 0;
}

/* Merge the sorted @l over the @n sorted files @low into @to, which has room for all. */
static size_t lay_plain(struct vx_snapshot_plain *to, const struct vx_snapshot_plain *low, size_t n,
                        const struct vx_layers *l)
{
	size_t i = 0, j = 0, out = 0;

	while (i < n || j < l->n_plain) {
		int order = i == n            ? 1
		            : j == l->n_plain ? -1
		                              : strcmp(low[i].plain->name, l->plain[j].name);

		i += order <= 0; /* of two equal names the higher backend's stays (8.1) */
		if (order < 0)
			to[out++] = low[i - 1];
		else
			to[out++] =
				(struct vx_snapshot_plain){&l->plain[j++], l->backend, l->revision};
	}
	return out;
}

/* Keep the files whose names are free, a note for each of the others. */
static int keep_plain(struct compose *c, const struct vx_snapshot_plain *all, size_t n,
                      const struct vx_member *m)
{
	struct vx_snapshot *s = c->s;
	size_t hidden = 0;
	int rc = 0;

	for (size_t i = 0; i < m->n_layers; i++)
		for (size_t j = 0; j < m->layers[i]->n_plain; j++)
			hidden += is_taken(s->at, m->layers[i]->plain[j].name);
	s->plain = vx_arena_alloc(&s->arena, n * sizeof(*s->plain));
	s->notes = vx_arena_alloc(&s->arena, hidden * sizeof(*s->notes));
	if (!s->plain || !s->notes)
		return no_memory(c);
	for (size_t i = 0; i < n; i++)
		if (!is_taken(s->at, all[i].plain->name))
			s->plain[s->n_plain++] = all[i];
	for (size_t i = 0; hidden && i < m->n_layers; i++) {
		const struct vx_layers *l = m->layers[i];

		for (size_t j = 0; j < l->n_plain && rc == 0; j++)
			if (is_taken(s->at, l->plain[j].name))
				rc = add_hidden_note(c, l, &l->plain[j]);
	}
	return rc;
}

/* The plain files of the application asked for; imports bring none. */
static int compose_plain(struct compose *c, const struct vx_member *m)
{
	VX_AUTO(vx_freep) struct vx_snapshot_plain *low = NULL;
	VX_AUTO(vx_freep) struct vx_snapshot_plain *high = NULL;
	size_t n = 0, max = 0;

	for (size_t i = 0; i < m->n_layers; i++)
		max += m->layers[i]->n_plain;
	if (max == 0)
		return 0;
	low = calloc(max, sizeof(*low));
	high = calloc(max, sizeof(*high));
	if (!low || !high)
		return no_memory(c);
	for (size_t i = 0; i < m->n_layers; i++) {
		struct vx_snapshot_plain *was = low;

		n = lay_plain(high, low, n, m->layers[i]);
		low = high;
		high = was;
	}
	return keep_plain(c, low, n, m);
}

/* --- the whole ------------------------------------------------------------------------------- */

static int compose(struct compose *c, struct vx_resolved *r,
                   const struct vx_compose_options *options)
{
	const struct vx_member *asked = &r->members[r->n_members - 1];
	int rc = vx_coords_dup(asked->at, &c->s->at);

	if (rc < 0)
		return rc;
	c->s->imports = r->imports; /* which `inputs` keeps */
	c->s->n_imports = r->n_imports;
	c->s->inputs = vx_resolved_ref(r);
	rc = compose_tree(c, r, options);
	if (rc == 0)
		rc = compose_plain(c, asked);
	if (rc == 0 && vx_version(c->s, c->s->version) < 0)
		rc = no_memory(c);
	return rc;
}

int vx_compose(struct vx_resolved *r, const struct vx_compose_options *options,
               struct vx_snapshot **ret, struct vx_error *err)
{
	VX_AUTO(vx_snapshot_put_p) struct vx_snapshot *s = calloc(1, sizeof(*s));
	struct compose c = {.s = s, .err = err};
	int rc;

	if (!s)
		return vx_fail(err, -ENOMEM, "no memory for a snapshot");
	atomic_init(&s->refs, 1);
	rc = compose(&c, r, options);
	if (rc < 0)
		return rc;
	*ret = vx_steal(s);
	return 0;
}
