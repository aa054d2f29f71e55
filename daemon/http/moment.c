/* moment.c - from a side to its snapshot.
 *
 * A version is answered where it is what is served now. Until versions are stored, any other is gone
 * with the next publication, and the sentence says so. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "daemon/http/http_i.h"

static bool has_revisions(const struct vx_backend_info *b)
{
	const struct vx_backend_ops *ops = vx_backend_find(b->type);

	return ops && ops->history;
}

static int check_named(const struct vx_backend_list *l, const char *name, struct vx_error *err)
{
	for (size_t i = 0; i < l->n; i++) {
		if (strcmp(l->backends[i].name, name) != 0)
			continue;
		if (has_revisions(&l->backends[i]))
			return 0;
		return vx_fail(err, -EOPNOTSUPP, "the backend '%.100s' has no revisions", name);
	}
	return vx_fail(err, -ENOENT, "there is no backend '%.100s'", name);
}

static int find_only(const struct vx_backend_list *l, char **ret, struct vx_error *err)
{
	const char *found = NULL;

	for (size_t i = 0; i < l->n; i++) {
		if (!has_revisions(&l->backends[i]))
			continue;
		if (found)
			return vx_fail(err, -EINVAL,
			               "the backends '%.100s' and '%.100s' both have revisions; "
			               "name one, as in %.100s:REVISION",
			               found, l->backends[i].name, found);
		found = l->backends[i].name;
	}
	if (!found)
		return vx_fail(err, -EOPNOTSUPP, "no backend here has revisions");
	*ret = strdup(found);
	return *ret ? 0 : -ENOMEM;
}

int vx_revision_backend(const struct vx_http_request *rq, char **name, struct vx_error *err)
{
	struct vx_backend_list list = {0};
	int rc = vx_catalog_backends(rq->parts->catalog, &list);

	if (rc < 0)
		return rc;
	rc = *name ? check_named(&list, *name, err) : find_only(&list, name, err);
	vx_backend_list_fini(&list);
	return rc;
}

/* The version that the track at @at has as its number @number; "" it has another, or there is none. */
static int find_number(const struct vx_http_request *rq, const struct vx_coords *at,
                       uint64_t number, char ret[VX_VERSION_DIGITS + 1])
{
	struct vx_track_page page = {0};
	size_t n = strlen(at->text);
	VX_AUTO(vx_freep) char *before = malloc(n + 2);
	int rc;

	if (!before)
		return -ENOMEM;
	/* Less than the text, and nothing that is UTF-8 stands between. */
	memcpy(before, at->text, n);
	before[n - 1]--;
	before[n] = '\xff';
	before[n + 1] = '\0';
	rc = vx_catalog_tracks(rq->parts->catalog, before, 1, &page);
	if (rc < 0)
		return rc;
	*ret = '\0';
	if (page.n > 0 && strcmp(page.tracks[0].at, at->text) == 0 &&
	    page.tracks[0].number == number)
		memcpy(ret, page.tracks[0].version, VX_VERSION_DIGITS + 1);
	vx_track_page_fini(&page);
	return 0;
}

static int refuse_old(const struct vx_side *side, struct vx_error *err)
{
	return vx_fail(err, -ENOENT,
	               "%s is not what is served now, and only that can be had: versions are not "
	               "stored yet; a backend's own revisions can be had as @rev:BACKEND:REVISION",
	               side->text);
}

/* What is served, if it is the version that @side names. */
static int served_version(const struct vx_http_request *rq, const struct vx_side *side,
                          struct vx_snapshot **ret, struct vx_error *err)
{
	VX_AUTO(vx_snapshot_put_p) struct vx_snapshot *s = NULL;
	char version[VX_VERSION_DIGITS + 1];
	int rc = 0;

	if (side->kind == VX_SIDE_NUMBER)
		rc = find_number(rq, side->at, side->number, version);
	else
		memcpy(version, side->version, sizeof(version));
	if (rc < 0)
		return rc;
	if (!*version)
		return refuse_old(side, err);
	rc = vx_catalog_snapshot(rq->parts->catalog, rq->ctx, side->at, VX_SERVED, NULL, &s, err);
	if (rc < 0)
		return rc;
	if (strcmp(s->version, version) != 0)
		return refuse_old(side, err);
	*ret = vx_steal(s);
	return 0;
}

int vx_side_snapshot(const struct vx_http_request *rq, struct vx_side *side,
                     struct vx_snapshot **ret, struct vx_error *err)
{
	struct vx_at_revision rev = {0};
	int rc = vx_must_see(rq, side->at, side->revision, err);

	if (rc < 0)
		return rc;
	switch (side->kind) {
	case VX_SIDE_SERVED:
	case VX_SIDE_HEAD:
		return vx_catalog_snapshot(rq->parts->catalog, rq->ctx, side->at,
		                           side->kind == VX_SIDE_HEAD ? VX_HEAD : VX_SERVED, NULL,
		                           ret, err);
	case VX_SIDE_NUMBER:
	case VX_SIDE_VERSION:
		return served_version(rq, side, ret, err);
	case VX_SIDE_REVISION:
		break;
	}
	rc = vx_revision_backend(rq, &side->backend, err);
	if (rc < 0)
		return rc;
	rev.backend = side->backend;
	rev.revision = side->revision;
	return vx_catalog_snapshot(rq->parts->catalog, rq->ctx, side->at, VX_HEAD, &rev, ret, err);
}
