/* index.c - the names of a leaf, by rank (docs/tree.md): what Vortex makes itself, the rendered
 * files, the plain files, the labels. Built by the track's job only. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/catalog/catalog_i.h"

enum rank { RANK_OWN = 1, RANK_RENDERED, RANK_PLAIN, RANK_LABEL };

struct builder {
	struct track *track;
	struct vx_names *names;
	struct vx_mode file, dir;
	struct vx_arena arena; /* of the building */
	struct vx_buf hidden;  /* a line for each name that could not be shown */
};

/* Add @name; a name that an earlier rank took is hidden. 0 or -ENOMEM. */
static int add(struct builder *b, const char *name, enum rank rank, bool listed,
               struct vx_node node)
{
	int rc;

	if (node.kind == VX_NODE_DIR ? !node.place : !node.content)
		return -ENOMEM;
	rc = vx_names_add(b->names, name, (int)rank, listed, node);
	if (rc == -EEXIST && listed)
		vx_buf_printf(&b->hidden, "%s '%s' is hidden by a name of a higher rank\n",
		              rank == RANK_LABEL ? "the label" : "the plain file or folder", name);
	return rc == -EEXIST ? 0 : rc;
}

static struct vx_node file_node(struct builder *b, const struct file *want)
{
	return (struct vx_node){
		.kind = VX_NODE_FILE, .mode = b->file, .content = file_get(b->track, want)};
}

static struct vx_node dir_node(struct builder *b, enum place_kind kind, const char *path)
{
	return (struct vx_node){
		.kind = VX_NODE_DIR,
		.mode = b->dir,
		.place = place_new(b->track->catalog, kind, NULL, b->track->at, path)};
}

static char *join(struct builder *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A string in the builder's arena; NULL: no memory. */
static char *join(struct builder *b, const char *fmt, ...)
{
	char *text = NULL, *copy = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n >= 0) {
		copy = vx_arena_strndup(&b->arena, text, (size_t)n);
		free(text);
	}
	return copy;
}

/* --- ranks 1 and 2 --------------------------------------------------------------------------- */

static int add_own(struct builder *b)
{
	struct file origin = {.kind = FILE_ORIGIN}, version = {.kind = FILE_VERSION};
	int rc;

	origin.path = join(b, ".origin.json");
	version.path = join(b, ".version");
	if (!origin.path || !version.path)
		return -ENOMEM;
	rc = add(b, ".keys", RANK_OWN, true, dir_node(b, PLACE_KEYS, ""));
	if (rc == 0)
		rc = add(b, ".origin.json", RANK_OWN, true, file_node(b, &origin));
	if (rc == 0)
		rc = add(b, ".version", RANK_OWN, true, file_node(b, &version));
	return rc;
}

/* application.<suffix>, listed, and <app>.<suffix>, not listed: one content under two names. */
static int add_output(struct builder *b, enum vx_output out, const char *suffix, bool listed)
{
	struct file want = {.kind = FILE_OUTPUT, .output = out};
	char *own = join(b, "%s.%s", b->track->at->app, suffix);
	char *shared = join(b, "application.%s", suffix);
	int rc;

	want.path = join(b, "application.%s", vx_output_suffix(out));
	if (!own || !shared || !want.path)
		return -ENOMEM;
	rc = add(b, shared, RANK_RENDERED, listed, file_node(b, &want));
	return rc == 0 ? add(b, own, RANK_RENDERED, false, file_node(b, &want)) : rc;
}

static int add_outputs(struct builder *b)
{
	int rc = 0;

	for (int i = 0; rc == 0 && i < VX_OUTPUTS; i++)
		rc = add_output(b, (enum vx_output)i, vx_output_suffix((enum vx_output)i), true);
	return rc == 0 ? add_output(b, VX_OUT_YML, "yaml", false) : rc;
}

/* --- rank 3 and plain folders ---------------------------------------------------------------- */

/* The plain files whose names begin with @prefix ("" or "certs/"): files, and folders once. */
static int add_plain(struct builder *b, const char *prefix)
{
	const struct vx_snapshot *s = b->track->snapshot;
	size_t skip = strlen(prefix), seen_len = 0;
	const char *seen = "";
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < s->n_plain; i++) {
		const char *name = s->plain[i].plain->name + skip;
		size_t n;

		if (strncmp(s->plain[i].plain->name, prefix, skip) != 0)
			continue;
		n = strcspn(name, "/");
		if (!name[n]) {
			struct file want = {.kind = FILE_PLAIN, .plain = &s->plain[i]};

			want.path = join(b, "%s", s->plain[i].plain->name);
			rc = want.path ? add(b, name, RANK_PLAIN, true, file_node(b, &want))
			               : -ENOMEM;
		} else if (n != seen_len || memcmp(seen, name, n) != 0) {
			char *folder = join(b, "%.*s", (int)n, name);
			char *path = join(b, "%s%.*s/", prefix, (int)n, name);

			seen = name; /* sorted: a folder's files stand together */
			seen_len = n;
			if (!folder || !path)
				return -ENOMEM;
			rc = add(b, folder, RANK_PLAIN, true, dir_node(b, PLACE_PLAIN, path));
		}
	}
	return rc;
}

/* --- rank 4 ---------------------------------------------------------------------------------- */

static int add_label(struct builder *b, const char *label)
{
	struct track *t = b->track;
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	VX_AUTO(vx_freep) char *spelled = vx_label_encode(label);
	struct vx_node node = {.kind = VX_NODE_DIR};

	if (!spelled)
		return -ENOMEM;
	if (vx_coords_new(t->at->app, strchr(t->at->text, '/') + 1, spelled, &at, NULL) < 0)
		return 0; /* a branch whose name no label can have: not reachable */
	node.mode = vx_access_dir(catalog_mode(t->catalog, at));
	node.place = place_new(t->catalog, PLACE_LEAF, NULL, at, NULL);
	return add(b, spelled, RANK_LABEL, true, node);
}

static int by_name(const void *name, const void *at)
{
	return strcmp(name, *(const char *const *)at);
}

/* Whether a feed before the @i-th has the label too. */
static bool added_before(const struct track *t, size_t i, const char *label)
{
	for (size_t k = 0; k < i; k++) {
		const struct vx_list *l = t->labels[k] ? &t->labels[k]->list : NULL;

		if (l && l->n && bsearch(label, l->names, l->n, sizeof(*l->names), by_name))
			return true;
	}
	return false;
}

static int add_labels(struct builder *b)
{
	struct track *t = b->track;
	int rc = 0;

	for (size_t i = 0; !t->at->label && t->labels && i < t->catalog->n_feeds; i++) {
		const struct vx_list *l = t->labels[i] ? &t->labels[i]->list : NULL;

		for (size_t k = 0; l && rc == 0 && k < l->n; k++)
			if (!added_before(t, i, l->names[k]))
				rc = add_label(b, l->names[k]);
	}
	return rc;
}

/* --- .keys ----------------------------------------------------------------------------------- */

/* The value at @path, names as .keys spells them joined by '/'; NULL: none any more. */
static const struct vx_value *keys_find(struct builder *b, const char *path)
{
	const struct vx_value *v = b->track->snapshot->root;

	while (v && *path) {
		size_t len = strcspn(path, "/"), n = 0;
		struct vx_key_name *names = NULL;
		const struct vx_value *next = NULL;

		if (vx_keys_list(&b->arena, v, &names, &n) < 0)
			return NULL;
		for (size_t i = 0; i < n && !next; i++)
			if (names[i].directory && strncmp(names[i].name, path, len) == 0 &&
			    !names[i].name[len])
				next = names[i].value;
		v = next;
		path += len + (path[len] == '/');
	}
	return v;
}

static int add_keys(struct builder *b, const char *path)
{
	const struct vx_value *v = keys_find(b, path);
	struct vx_key_name *names = NULL;
	size_t n = 0;
	int rc = v ? vx_keys_list(&b->arena, v, &names, &n) : 0;

	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct file want = {.kind = FILE_KEY, .value = names[i].value};
		char *below = join(b, "%s%s%s", path, *path ? "/" : "", names[i].name);

		want.path = below ? join(b, ".keys/%s", below) : NULL;
		if (!want.path)
			return -ENOMEM;
		rc = add(b, names[i].name, RANK_OWN, true,
		         names[i].directory ? dir_node(b, PLACE_KEYS, below) : file_node(b, &want));
	}
	return rc;
}

static int add_files(struct builder *b)
{
	int rc = add_own(b);

	if (rc == 0)
		rc = add_outputs(b);
	return rc == 0 ? add_plain(b, "") : rc;
}

int index_build(struct track *t, const struct place *place, struct vx_names **ret)
{
	struct builder b = {
		.track = t, .names = vx_names_new(), .arena = VX_ARENA_INIT, .hidden = VX_BUF_INIT};
	int rc = b.names ? 0 : -ENOMEM;

	b.file = catalog_mode(t->catalog, t->at);
	b.dir = vx_access_dir(b.file);
	if (rc == 0 && t->snapshot && place->kind == PLACE_KEYS) {
		rc = add_keys(&b, place->path);
	} else if (rc == 0 && t->snapshot && place->kind == PLACE_PLAIN) {
		rc = add_plain(&b, place->path);
	} else if (rc == 0 && place->kind == PLACE_LEAF) {
		rc = t->snapshot ? add_files(&b) : 0;
		if (rc == 0)
			rc = add_labels(&b);
	} /* else: gone from every source, an empty directory until it times out */
	if (rc == 0 && place->kind == PLACE_LEAF)
		tell_hidden(t, b.hidden.data ? b.hidden.data : "");
	vx_buf_fini(&b.hidden);
	vx_arena_fini(&b.arena);
	if (rc < 0) {
		vx_names_put(b.names);
		return rc;
	}
	vx_names_seal(b.names);
	*ret = b.names;
	return 0;
}
