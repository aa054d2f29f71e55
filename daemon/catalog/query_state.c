/* query_state.c - what is known without asking anybody: the tracks in memory, the backends, and who
 * may read what. */
#include <errno.h>
#include <string.h>

#include "daemon/catalog/catalog_i.h"
#include "daemon/catalog/query.h"

const char *vx_track_state_name(enum vx_track_state s)
{
	switch (s) {
	case VX_TRACK_LIVE:
		return "live";
	case VX_TRACK_IDLE:
		return "idle";
	case VX_TRACK_STALE:
		return "stale";
	case VX_TRACK_FAILED:
		return "failed";
	case VX_TRACK_ORPHANED:
		return "orphaned";
	}
	return "failed";
}

/* Whether @t is a configuration: it is served, or should be and cannot. A name that is not there,
 * and a folder of nothing but labels, are none. L. */
static bool is_configuration(const struct track *t)
{
	return !t->probe && t->known && (t->snapshot || t->failed);
}

static enum vx_track_state state_of(const struct track *t)
{
	if (t->failed)
		return t->snapshot ? VX_TRACK_STALE : VX_TRACK_FAILED;
	if (t->orphaned_ns)
		return VX_TRACK_ORPHANED;
	return t->shown ? VX_TRACK_LIVE : VX_TRACK_IDLE;
}

/* L. */
static int fill(const struct track *t, int64_t now_ns, struct vx_track_info *ret)
{
	ret->at = strdup(t->at->text);
	ret->state = state_of(t);
	ret->idle_s = (now_ns - t->used_ns) / VX_SEC;
	if (t->snapshot) {
		memcpy(ret->version, t->snapshot->version, sizeof(ret->version));
		ret->number = t->number;
		ret->published_s = t->published_ns / VX_SEC;
		ret->revisions = t->revisions ? strdup(t->revisions) : NULL;
	}
	if (t->failed)
		ret->error = strdup(vx_error_text(&t->err, t->err.code));
	return ret->at && (!t->failed || ret->error) &&
	                       (!t->snapshot || !t->revisions || ret->revisions)
	               ? 0
	               : -ENOMEM;
}

/* Put @t into the @n sorted @best, of which there may be @most; the new number. */
static size_t insert(const struct track **best, size_t n, size_t most, const struct track *t)
{
	size_t lo = 0, hi = n;

	if (n == most && strcmp(best[n - 1]->at->text, t->at->text) < 0)
		return n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(best[mid]->at->text, t->at->text) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	n -= n == most; /* the last one goes */
	memmove(best + lo + 1, best + lo, (n - lo) * sizeof(const struct track *));
	best[lo] = t;
	return n + 1;
}

int vx_catalog_tracks(struct vx_catalog *c, const char *cursor, size_t max,
                      struct vx_track_page *ret)
{
	/* One more than a page tells whether there is more. */
	VX_AUTO(vx_freep) const struct track **best = calloc(max + 1, sizeof(const struct track *));
	VX_AUTO(vx_track_page_fini) struct vx_track_page page = {0};
	int64_t now = vx_mono_ns(c->clock);
	struct track *t, *next;
	size_t n = 0;
	int rc = 0;

	page.tracks = calloc(max ? max : 1, sizeof(*page.tracks));
	if (!best || !page.tracks)
		return -ENOMEM;
	vx_lock(&c->lock);
	HASH_ITER (hh, c->tracks, t, next)
		if (is_configuration(t) && strcmp(t->at->text, cursor) > 0)
			n = insert(best, n, max + 1, t);
	page.more = n > max;
	for (; rc == 0 && page.n < n && page.n < max; page.n++)
		rc = fill(best[page.n], now, &page.tracks[page.n]);
	vx_unlock(&c->lock);
	if (rc < 0)
		return rc;
	*ret = page;
	memset(&page, 0, sizeof(page)); /* it is the caller's */
	return 0;
}

void vx_track_page_fini(struct vx_track_page *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->tracks[i].at);
		free(p->tracks[i].revisions);
		free(p->tracks[i].error);
	}
	free(p->tracks);
	*p = (struct vx_track_page){0};
}

static int describe(struct vx_feed *f, int64_t now_ns, struct vx_backend_info *ret)
{
	struct vx_feed_state s;

	vx_feed_look(f, &s);
	vx_feed_count(f, &ret->counts);
	ret->name = strdup(vx_feed_name(f));
	ret->type = strdup(s.type);
	ret->source = s.source ? strdup(s.source) : NULL;
	ret->priority = vx_feed_priority(f);
	ret->optional = vx_feed_optional(f);
	ret->state = s.state;
	memcpy(ret->revision, s.revision, sizeof(ret->revision));
	ret->message = s.message[0] ? strdup(s.message) : NULL;
	ret->good_age_ms = s.good_ns ? (now_ns - s.good_ns) / VX_MSEC : -1;
	ret->next_ms = s.next_ns == 0       ? -1
	               : s.next_ns > now_ns ? (s.next_ns - now_ns) / VX_MSEC
	                                    : 0;
	return ret->name && ret->type && (!s.source || ret->source) &&
	                       (!s.message[0] || ret->message)
	               ? 0
	               : -ENOMEM;
}

int vx_catalog_backends(struct vx_catalog *c, struct vx_backend_list *ret)
{
	VX_AUTO(vx_backend_list_fini) struct vx_backend_list l = {0};
	int64_t now = vx_mono_ns(c->clock);

	l.backends = calloc(c->n_feeds + 1, sizeof(*l.backends));
	if (!l.backends)
		return -ENOMEM;
	for (; l.n < c->n_feeds; l.n++) {
		if (describe(c->feeds[l.n], now, &l.backends[l.n]) < 0) {
			l.n++; /* what it has of this one is freed too */
			return -ENOMEM;
		}
	}
	*ret = l;
	memset(&l, 0, sizeof(l));
	return 0;
}

void vx_backend_list_fini(struct vx_backend_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		free(l->backends[i].name);
		free(l->backends[i].type);
		free(l->backends[i].source);
		free(l->backends[i].message);
	}
	free(l->backends);
	*l = (struct vx_backend_list){0};
}

struct vx_mode vx_catalog_access(struct vx_catalog *c, const struct vx_coords *at)
{
	return catalog_mode(c, at);
}
