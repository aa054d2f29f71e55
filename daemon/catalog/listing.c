/* listing.c - one page of a branch: every backend is asked for its names, and the pages are merged.
 *
 * Nothing is composed and nothing kept: a listing costs what it shows. A backend that fails makes
 * the listing fail (half a listing would look like a whole one), unless it is optional. */
#include <errno.h>
#include <string.h>

#include "daemon/catalog/catalog_i.h"

#define PAGE 1000

struct listing {
	struct vx_catalog *catalog;
	struct vx_ask *ask;
	enum vx_list_what what;
	char *app;
	char *cursor;
	atomic_size_t outstanding;
	struct part {
		struct vx_feed_call call;
		struct listing *listing;
		struct vx_list list;
		int rc;
	} parts[];
};

static void listing_free(struct listing *l)
{
	for (size_t i = 0; i < l->catalog->n_feeds; i++)
		vx_list_fini(&l->parts[i].list);
	free(l->app);
	free(l->cursor);
	free(l);
}

/* Names up to this one are complete: the least of the last names of the pages that have more. */
static const char *complete_to(const struct listing *l)
{
	const char *to = NULL;

	for (size_t i = 0; i < l->catalog->n_feeds; i++) {
		const struct vx_list *p = &l->parts[i].list;

		if (p->more && p->n > 0 && (!to || strcmp(p->names[p->n - 1], to) < 0))
			to = p->names[p->n - 1];
	}
	return to;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Merge in place: sorted, unique, up to @to; the number that stays. */
static size_t merge(const char **names, size_t n, const char *to)
{
	size_t kept = 0;

	qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++) {
		if (to && strcmp(names[i], to) > 0)
			break;
		if (kept == 0 || strcmp(names[i], names[kept - 1]) != 0)
			names[kept++] = names[i];
	}
	return kept;
}

/* `application` is what all share: it is listed only where there is nothing else. */
static size_t without_shared(const char **names, size_t n)
{
	for (size_t i = 0; n > 1 && i < n; i++) {
		if (strcmp(names[i], "application") != 0)
			continue;
		memmove(names + i, names + i + 1, (n - i - 1) * sizeof(*names));
		return n - 1;
	}
	return n;
}

static bool lists(const struct vx_list *l, const char *name, size_t n)
{
	for (size_t lo = 0, hi = l->n; lo < hi;) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strncmp(l->names[mid], name, n);

		c = c ? c : l->names[mid][n] != '\0';
		if (c == 0)
			return true;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

/* Whether @name, which the backend @from reads as an application, is a profile's file of one that
 * only another backend has: `orders-prod.yml` here, `orders.yml` there. A look at this page only. */
static bool is_profile_of_another(const struct listing *l, size_t from, const char *name)
{
	for (size_t n = strlen(name); n-- > 1;) {
		if (name[n] != '-' || lists(&l->parts[from].list, name, n))
			continue;
		for (size_t i = 0; i < l->catalog->n_feeds; i++)
			if (i != from && lists(&l->parts[i].list, name, n))
				return true;
	}
	return false;
}

/* All names of all parts, unsorted; their number. */
static size_t collect(const struct listing *l, const char **names, bool filter)
{
	size_t n = 0;

	for (size_t i = 0; i < l->catalog->n_feeds; i++) {
		const struct vx_list *list = &l->parts[i].list;

		for (size_t k = 0; k < list->n; k++)
			if (!filter || !is_profile_of_another(l, i, list->names[k]))
				names[n++] = list->names[k];
	}
	return n;
}

static void finish(struct listing *l)
{
	const char *to = complete_to(l);
	const char **names;
	size_t n = 1, at = 0;
	bool known = false;
	int rc = 0;

	for (size_t i = 0; i < l->catalog->n_feeds; i++) {
		n += l->parts[i].list.n;
		known |= l->parts[i].rc == 0;
		if (l->parts[i].rc < 0 && l->parts[i].rc != -ENOENT &&
		    !vx_feed_optional(l->catalog->feeds[i]))
			rc = l->parts[i].rc;
	}
	names = calloc(n, sizeof(*names));
	if (!names)
		rc = -ENOMEM;
	if (rc < 0) {
		vx_ask_error(l->ask, rc);
	} else {
		at = collect(l, names, l->what == VX_LIST_APPS);
		/* What only another label has is a directory too, but has no profiles here. */
		if (l->what == VX_LIST_PROFILES && known && strcmp(l->cursor, "default") < 0)
			names[at++] = "default";
		n = merge(names, at, to);
		if (n == 0 && to) /* every page has to get the listing on */
			n = merge(names, collect(l, names, false), to);
		if (l->what == VX_LIST_APPS)
			n = without_shared(names, n);
		vx_ask_page(l->ask, names, n, to != NULL);
	}
	free(names);
	listing_free(l);
}

static int run_part(struct vx_feed_call *call, struct vx_backend *b,
                    const struct vx_backend_ops *ops, const struct vx_ctx *ctx, int rc)
{
	struct part *p = (struct part *)((char *)call - offsetof(struct part, call));
	struct listing *l = p->listing;

	if (rc == 0)
		rc = ops->list(b, ctx, l->what, l->app, NULL, l->cursor, PAGE, &p->list, NULL);
	p->rc = rc; /* -ENOENT: the source lacks the label, or does not know the application */
	if (atomic_fetch_sub(&l->outstanding, 1) == 1)
		finish(l);
	return rc;
}

void listing_ask(struct vx_catalog *c, struct vx_ask *ask, enum vx_list_what what, const char *app,
                 const char *cursor)
{
	struct listing *l = calloc(1, sizeof(*l) + c->n_feeds * sizeof(l->parts[0]));

	if (!l) {
		vx_ask_error(ask, -ENOMEM);
		return;
	}
	l->catalog = c;
	l->ask = ask;
	l->what = what;
	l->app = app ? strdup(app) : NULL;
	l->cursor = strdup(cursor);
	atomic_init(&l->outstanding, c->n_feeds);
	if (!l->cursor || (app && !l->app)) {
		listing_free(l);
		vx_ask_error(ask, -ENOMEM);
		return;
	}
	for (size_t i = 0; i < c->n_feeds; i++) {
		l->parts[i].listing = l;
		l->parts[i].call.run = run_part;
	}
	for (size_t i = 0, n = c->n_feeds; i < n; i++)
		vx_feed_call(c->feeds[i], &l->parts[i].call); /* the last one frees l */
}
