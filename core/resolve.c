/* resolve.c - which applications take part: following `vortex.imports`.
 *
 * A depth-first walk from the coordinates asked for: an application's imports are finished before
 * it is, so the order of finishing is the order of precedence, lowest first, and an application
 * that is met again stays where it was first. One that is met again before it is finished closes a
 * cycle. Where layers are not known yet, the walk goes on with everything else, so that all of them
 * are asked for in one pass. */
#include <errno.h>
#include <string.h>

#include "core/buf.h"
#include "core/compose_i.h"
#include "core/merge.h"

#define IMPORTS_MAX 64
/* Edges between IMPORTS_MAX + 1 applications, each once. */
#define EDGES_MAX ((IMPORTS_MAX + 1) * (IMPORTS_MAX + 1))

struct node {
	struct vx_member member;
	const struct node *importer; /* the one that met it first; NULL: asked for */
};

struct walk {
	vx_layers_fn *get;
	void *arg;
	struct vx_error *err;
	struct node *met[IMPORTS_MAX + 1];
	size_t n_met;
	struct node *order[IMPORTS_MAX + 1]; /* the finished ones, lowest first */
	size_t n_order;
	struct vx_import *edges;
	size_t n_edges;
	bool waiting; /* some layers are not known yet */
};

static int no_memory(struct walk *w)
{
	return vx_fail(w->err, -ENOMEM, "no memory to resolve imports");
}

static void member_fini(struct vx_member *m)
{
	for (size_t i = 0; i < m->n_layers; i++)
		vx_layers_put(m->layers[i]);
	free(m->layers);
	vx_coords_free(m->at);
}

static void node_free(struct node *n)
{
	member_fini(&n->member);
	free(n);
}

/* --- the merged value of `vortex.imports` ---------------------------------------------------- */

static int merge_vortex(struct vx_arena *a, struct vx_value *into, const struct vx_member *m,
                        const struct vx_docs *docs, const char *path, struct vx_error *err)
{
	const struct vx_origin origin = {.path = path};
	const struct vx_merge_source from = {.origin = &origin, .borrowed = true};
	int rc = 0;

	for (size_t i = 0; i < docs->n && rc == 0; i++) {
		const struct vx_value *v = vx_value_child(docs->doc[i].root, "vortex", 6);

		if (v && vx_activation_holds(docs->doc[i].on, m->at->profiles, m->at->n_profiles))
			rc = vx_merge_key(a, into, "vortex", v, &from, err);
	}
	return rc;
}

/* The value in force, in @a, or NULL (7.1). Only the part of each document that matters is merged.
 */
static int imports_of(struct walk *w, struct vx_arena *a, const struct vx_member *m,
                      const struct vx_value **ret)
{
	struct vx_value *into = vx_value_new(a, VX_MAP, 0);
	int rc = into ? 0 : no_memory(w);

	for (size_t i = 0; i < m->n_layers && rc == 0; i++) {
		const struct vx_layers *l = m->layers[i];

		for (size_t j = 0; j < l->n && rc == 0; j++)
			rc = merge_vortex(a, into, m, l->layer[j].docs, l->layer[j].path, w->err);
	}
	if (rc == 0)
		*ret = vx_value_find(into, "vortex.imports");
	return rc;
}

static bool is_scalar(const struct vx_value *v)
{
	return v->type != VX_MAP && v->type != VX_LIST;
}

/* `{application: db, label: v2, profiles: "a,b"}`; what is not given stays. */
static int read_map(struct walk *w, const struct vx_member *m, const struct vx_value *v,
                    const char **ret_app, const char **ret_profiles, const char **ret_label)
{
	for (size_t i = 0; i < v->n_entries; i++) {
		const char *key = v->entries[i].key;
		const struct vx_value *child = v->entries[i].value;
		const char **to = strcmp(key, "application") == 0 ? ret_app
		                  : strcmp(key, "profiles") == 0  ? ret_profiles
		                  : strcmp(key, "label") == 0     ? ret_label
		                                                  : NULL;

		if (!to)
			return vx_fail(w->err, -EBADMSG,
			               "vortex.imports of %s: '%s' is not one of "
			               "application, label and profiles",
			               m->at->text, key);
		if (!is_scalar(child))
			return vx_fail(w->err, -EBADMSG,
			               "vortex.imports of %s: '%s' is a %s, not a "
			               "text",
			               m->at->text, key, vx_type_name(child->type));
		if (child->type != VX_NULL)
			*to = child->text;
	}
	return 0;
}

/* The profiles of @at as a comma list, to be freed; NULL: no memory. */
static char *profiles_of(const struct vx_coords *at)
{
	struct vx_buf b = VX_BUF_INIT;

	for (size_t i = 0; i < at->n_profiles; i++) {
		vx_buf_puts(&b, i ? "," : "");
		vx_buf_puts(&b, at->profiles[i]);
	}
	return vx_buf_steal(&b);
}

/* A comma list without the blanks around its commas, to be freed; NULL: no memory. */
static char *trimmed(const char *list)
{
	struct vx_buf b = VX_BUF_INIT;

	for (const char *s = list;; s++) {
		size_t n = strcspn(s, ","), from = strspn(s, " \t"), to = n;

		while (to > from && (s[to - 1] == ' ' || s[to - 1] == '\t'))
			to--;
		if (from < to)
			vx_buf_put(&b, s + from, to - from);
		s += n;
		if (!*s)
			return vx_buf_steal(&b);
		vx_buf_putc(&b, ',');
	}
}

/* The coordinates that the element @v of `vortex.imports` of @m names. */
static int read_import(struct walk *w, const struct vx_member *m, const struct vx_value *v,
                       struct vx_coords **ret)
{
	const char *app = NULL, *profiles = NULL, *label = NULL;
	VX_AUTO(vx_freep) char *list = NULL;
	VX_AUTO(vx_freep) char *spelled = m->at->label ? vx_label_encode(m->at->label) : NULL;
	int rc = 0;

	if (m->at->label && !spelled)
		return no_memory(w);
	if (is_scalar(v) && v->type != VX_NULL)
		app = v->text;
	else if (v->type == VX_MAP)
		rc = read_map(w, m, v, &app, &profiles, &label);
	if (rc < 0)
		return rc;
	if (!app)
		return vx_fail(w->err, -EBADMSG,
		               "vortex.imports of %s holds a %s that names no "
		               "application",
		               m->at->text, vx_type_name(v->type));
	list = profiles ? trimmed(profiles) : profiles_of(m->at);
	if (!list)
		return no_memory(w);
	rc = vx_coords_new(app, list, label ? label : spelled, ret, w->err);
	if (rc < 0 && rc != -ENOMEM)
		return vx_wrap(w->err, -EBADMSG, "vortex.imports of %s", m->at->text);
	return rc;
}

/* --- the walk -------------------------------------------------------------------------------- */

/* "imports form a cycle: a -> b -> a", when @from imports @to, which is above it. */
static int cycle(struct walk *w, const struct node *from, const struct node *to)
{
	const struct node *path[IMPORTS_MAX + 1];
	struct vx_buf names = VX_BUF_INIT;
	size_t n = 0;
	int rc;

	for (const struct node *a = from; a != to; a = a->importer)
		path[n++] = a;
	vx_buf_puts(&names, to->member.at->app);
	while (n > 0)
		vx_buf_printf(&names, " -> %s", path[--n]->member.at->app);
	if (vx_buf_failed(&names))
		rc = no_memory(w);
	else
		rc = vx_fail(w->err, -ELOOP, "imports form a cycle: %s -> %s", names.data,
		             to->member.at->app);
	vx_buf_fini(&names);
	return rc;
}

static int add_edge(struct walk *w, const struct node *from, const struct node *to)
{
	const struct vx_import edge = {from->member.at->text, to->member.at->text};

	for (size_t i = 0; i < w->n_edges; i++)
		if (w->edges[i].from == edge.from && w->edges[i].to == edge.to)
			return 0;
	if (!w->edges)
		w->edges = calloc(EDGES_MAX, sizeof(*w->edges));
	if (!w->edges)
		return no_memory(w);
	vx_assert(w->n_edges < EDGES_MAX);
	w->edges[w->n_edges++] = edge;
	return 0;
}

/* Keep a reference to each of the layers in @set. */
static int keep(struct walk *w, struct vx_member *m, const struct vx_layer_set *set)
{
	if (set->n == 0)
		return 0;
	m->layers = calloc(set->n, sizeof(struct vx_layers *));
	if (!m->layers)
		return no_memory(w);
	for (; m->n_layers < set->n; m->n_layers++)
		m->layers[m->n_layers] = vx_layers_ref(set->layers[m->n_layers]);
	return 0;
}

static bool exists(const struct vx_member *m)
{
	bool known = strcmp(m->at->app, "application") == 0;

	for (size_t i = 0; i < m->n_layers; i++)
		known = known || m->layers[i]->app_known;
	return known;
}

static int visit(struct walk *w, struct node *n);

/* Go from @from to the application at @at, whose ownership is taken over. */
static int follow(struct walk *w, struct node *from, struct vx_coords *at)
{
	struct node *to = NULL;
	int rc;

	vx_assert(at);
	for (size_t i = 0; i < w->n_met && !to; i++)
		if (strcmp(w->met[i]->member.at->text, at->text) == 0)
			to = w->met[i];
	if (to) {
		vx_coords_free(at);
		for (const struct node *a = from; a; a = a->importer)
			if (a == to)
				return cycle(w, from, to);
		return add_edge(w, from, to);
	}
	if (w->n_met > IMPORTS_MAX) {
		vx_coords_free(at);
		return vx_fail(w->err, -E2BIG, "%s imports more than %d applications",
		               w->met[0]->member.at->text, IMPORTS_MAX);
	}
	to = calloc(1, sizeof(*to));
	if (!to) {
		vx_coords_free(at);
		return no_memory(w);
	}
	to->member.at = at;
	to->importer = from;
	w->met[w->n_met++] = to;
	rc = from ? add_edge(w, from, to) : 0;
	return rc < 0 ? rc : visit(w, to);
}

static int follow_all(struct walk *w, struct node *n, const struct vx_value *imports)
{
	struct vx_value *const *item = imports->items;
	size_t count = imports->n_items;
	struct vx_coords *at = NULL;
	int rc = 0;

	if (imports->type != VX_LIST) {
		rc = read_import(w, &n->member, imports, &at);
		return rc < 0 ? rc : follow(w, n, at);
	}
	for (size_t i = 0; i < count && rc == 0; i++) {
		rc = read_import(w, &n->member, item[i], &at);
		if (rc == 0)
			rc = follow(w, n, at);
	}
	return rc;
}

/* Ask for the layers of @n and go on to what it imports. 0 also while something is not known. */
static int visit(struct walk *w, struct node *n)
{
	struct vx_arena scratch = VX_ARENA_INIT;
	const struct vx_value *imports = NULL;
	struct vx_layer_set set = {0};
	int rc = w->get(w->arg, n->member.at, &set, w->err);

	if (rc == -EINPROGRESS) {
		w->waiting = true;
		return 0;
	}
	if (rc < 0)
		return n->importer ? vx_wrap(w->err, rc, "%s imports %s",
		                             n->importer->member.at->app, n->member.at->app)
		                   : rc;
	rc = keep(w, &n->member, &set);
	if (rc == 0 && n->importer && !exists(&n->member))
		return vx_fail(w->err, -ENOENT, "%s imports %s, which does not exist",
		               n->importer->member.at->app, n->member.at->app);
	if (rc == 0)
		rc = imports_of(w, &scratch, &n->member, &imports);
	if (rc == 0 && imports && imports->type != VX_NULL)
		rc = follow_all(w, n, imports);
	vx_arena_fini(&scratch);
	if (rc == 0)
		w->order[w->n_order++] = n;
	return rc;
}

/* --- the result ------------------------------------------------------------------------------ */

/* Move the finished members into a set of their own. */
static int finish(struct walk *w, struct vx_resolved **ret)
{
	struct vx_resolved *r = calloc(1, sizeof(*r));

	vx_assert(w->n_order == w->n_met);
	if (!r)
		return no_memory(w);
	atomic_init(&r->refs, 1);
	r->members = calloc(w->n_order, sizeof(*r->members));
	if (!r->members) {
		free(r);
		return no_memory(w);
	}
	for (; r->n_members < w->n_order; r->n_members++) {
		r->members[r->n_members] = w->order[r->n_members]->member;
		w->order[r->n_members]->member = (struct vx_member){0};
	}
	r->n_imports = w->n_edges;
	r->imports = vx_steal(w->edges);
	*ret = r;
	return 0;
}

int vx_resolve(const struct vx_coords *at, vx_layers_fn *get, void *arg, struct vx_resolved **ret,
               struct vx_error *err)
{
	struct walk w = {.get = get, .arg = arg, .err = err};
	struct vx_coords *copy = NULL;
	int rc = vx_coords_dup(at, &copy);

	if (rc == 0)
		rc = follow(&w, NULL, copy);
	if (rc == 0 && w.waiting)
		rc = -EINPROGRESS;
	if (rc == 0)
		rc = finish(&w, ret);
	for (size_t i = 0; i < w.n_met; i++)
		node_free(w.met[i]);
	free(w.edges);
	return rc;
}

struct vx_resolved *vx_resolved_ref(struct vx_resolved *r)
{
	atomic_fetch_add_explicit(&r->refs, 1, memory_order_relaxed);
	return r;
}

void vx_resolved_put(struct vx_resolved *r)
{
	if (!r || atomic_fetch_sub_explicit(&r->refs, 1, memory_order_acq_rel) != 1)
		return;
	for (size_t i = 0; i < r->n_members; i++)
		member_fini(&r->members[i]);
	free(r->members);
	free(r->imports);
	free(r);
}

bool vx_resolved_same(const struct vx_resolved *a, const struct vx_resolved *b)
{
	if (!a || !b || a->n_members != b->n_members)
		return false;
	for (size_t i = 0; i < a->n_members; i++) {
		const struct vx_member *x = &a->members[i], *y = &b->members[i];

		if (x->n_layers != y->n_layers)
			return false;
		for (size_t j = 0; j < x->n_layers; j++)
			if (x->layers[j] != y->layers[j])
				return false;
	}
	return true;
}
