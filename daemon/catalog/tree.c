/* tree.c - the provider: which directory is what, and who answers for it.
 *
 *	/                     branch: the applications of all backends
 *	/<app>                branch: the profiles that its documents name, and `default`
 *	/<app>/<profiles>     leaf of the default label: files, plain files, labels
 *	/<app>/<profiles>/<label>   leaf of that label (or commit)
 *	.../.keys[/...]       leaf: one file a key
 *	.../<folder>          leaf: plain files in folders
 *
 * A place holds names, never a track: tracks come and go, the kernel keeps a directory as long as
 * it likes. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "daemon/catalog/catalog_i.h"

static void place_destroy(struct vx_place *base)
{
	struct place *p = VX_CHECK((struct place *)base, struct place, VX_PLACE_MAGIC);

	free(p->app);
	free(p->path);
	vx_coords_free(p->at);
	free(p);
}

struct vx_place *place_new(struct vx_catalog *c, enum place_kind kind, const char *app,
                           const struct vx_coords *at, const char *path)
{
	struct place *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	vx_place_init(&p->base, kind != PLACE_ROOT && kind != PLACE_APP, place_destroy);
	p->magic = VX_PLACE_MAGIC;
	p->kind = kind;
	p->catalog = c;
	if ((app && !(p->app = strdup(app))) || (at && vx_coords_dup(at, &p->at) < 0) ||
	    (path && !(p->path = strdup(path)))) {
		vx_place_put(&p->base);
		return NULL;
	}
	return &p->base;
}

struct place *place_of(struct vx_dir *dir)
{
	return VX_CHECK((struct place *)vx_dir_place(dir), struct place, VX_PLACE_MAGIC);
}

/* The directory that stands for a track which exists (@rc 0), or why there is none. */
void tree_answer_node(struct track *t, int rc, struct vx_ask *ask)
{
	struct vx_node node = {.kind = VX_NODE_DIR, .mode = {geteuid(), getegid(), 0555}};

	if (rc == 0 && t->probe) {
		node.place = place_new(t->catalog, PLACE_APP, t->at->app, NULL, NULL);
	} else if (rc == 0) {
		node.mode = vx_access_dir(catalog_mode(t->catalog, t->at));
		node.place = place_new(t->catalog, PLACE_LEAF, NULL, t->at, NULL);
	}
	if (rc == 0 && !node.place)
		rc = -ENOMEM;
	if (rc < 0)
		vx_ask_error(ask, rc);
	else
		vx_ask_node(ask, node);
}

static struct vx_place *provider_root(void *self)
{
	struct vx_catalog *c = VX_CHECK(self, struct vx_catalog, VX_CATALOG_MAGIC);

	return place_new(c, PLACE_ROOT, NULL, NULL, NULL);
}

/* A name that no rule allows is simply not there; one that is too long is said to be. */
static int not_there(int rc)
{
	return rc == -EINVAL ? -ENOENT : rc;
}

/* A commit under a loaded leaf: answered at once, decided when something inside is looked up. */
static void lookup_commit(struct vx_catalog *c, struct vx_ask *ask, const struct place *p,
                          const char *name)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	struct vx_node node = {.kind = VX_NODE_DIR};

	if (p->kind != PLACE_LEAF || p->at->label || !c->commits || !vx_label_may_be_commit(name)) {
		vx_ask_error(ask, -ENOENT);
		return;
	}
	if (vx_coords_new(p->at->app, strchr(p->at->text, '/') + 1, name, &at, NULL) == 0)
		node.place = place_new(c, PLACE_LEAF, NULL, at, NULL);
	if (!node.place) {
		vx_ask_error(ask, -ENOMEM);
		return;
	}
	node.mode = vx_access_dir(catalog_mode(c, at));
	vx_ask_node(ask, node);
}

static void provider_lookup(void *self, struct vx_ask *ask, struct vx_dir *dir, const char *name,
                            const struct vx_who *who)
{
	struct vx_catalog *c = VX_CHECK(self, struct vx_catalog, VX_CATALOG_MAGIC);
	struct place *p = place_of(dir);
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	int rc;

	(void)who; /* every reader gets the same until rollouts */
	if (p->kind != PLACE_ROOT && p->kind != PLACE_APP) {
		lookup_commit(c, ask, p, name);
		return;
	}
	rc = vx_coords_new(p->kind == PLACE_ROOT ? name : p->app,
	                   p->kind == PLACE_ROOT ? "default" : name, NULL, &at, NULL);
	if (rc < 0)
		vx_ask_error(ask, not_there(rc));
	else
		track_ask(c, at, p->kind == PLACE_ROOT, ask, NULL);
}

static void provider_names(void *self, struct vx_ask *ask, struct vx_dir *dir, const char *cursor)
{
	struct vx_catalog *c = VX_CHECK(self, struct vx_catalog, VX_CATALOG_MAGIC);
	struct place *p = place_of(dir);

	if (p->kind == PLACE_ROOT)
		listing_ask(c, ask, VX_LIST_APPS, NULL, cursor);
	else if (p->kind == PLACE_APP)
		listing_ask(c, ask, VX_LIST_PROFILES, p->app, cursor);
	else
		track_ask(c, p->at, false, ask, dir);
}

static void provider_content(void *self, struct vx_ask *ask, struct vx_content *content,
                             const struct vx_who *who)
{
	(void)who;
	file_content(VX_CHECK(self, struct vx_catalog, VX_CATALOG_MAGIC), ask, content);
}

static void provider_released(void *self, struct vx_content *content)
{
	(void)self;
	(void)content; /* its reference says it all, until the fleet counts who holds what */
}

static void provider_dropped(void *self, struct vx_dir *dir)
{
	struct vx_catalog *c = VX_CHECK(self, struct vx_catalog, VX_CATALOG_MAGIC);
	struct place *p = place_of(dir);
	struct track *t;

	if (!p->at)
		return;
	vx_lock(&c->lock);
	HASH_FIND_STR(c->tracks, p->at->text, t);
	if (t) {
		t->used_ns = vx_mono_ns(c->clock);
		atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	}
	vx_unlock(&c->lock);
	if (t)
		track_unshow(t, dir);
	track_put(t);
}

const struct vx_provider *vx_catalog_provider(void)
{
	static const struct vx_provider provider = {
		.root = provider_root,
		.names = provider_names,
		.lookup = provider_lookup,
		.content = provider_content,
		.released = provider_released,
		.dropped = provider_dropped,
	};

	return &provider;
}
