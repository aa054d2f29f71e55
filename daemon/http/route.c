/* route.c - which path is answered by what, and which parameters it takes.
 *
 * The table is the whole of the interface: a path that is not here does not exist, and a parameter
 * that is not in a path's row is refused, so that a misspelled one is never ignored. */
#include <errno.h>
#include <string.h>

#include "core/buf.h"
#include "core/utf8.h"
#include "daemon/http/http_i.h"

#define P(name) (UINT32_C(1) << VX_P_##name)
#define PAGED (P(LIMIT) | P(CURSOR))

static const char *const names[VX_PARAMS] = {
	[VX_P_AT] = "at",           [VX_P_A] = "a",           [VX_P_B] = "b",
	[VX_P_KEY] = "key",         [VX_P_FILE] = "file",     [VX_P_VALUE] = "value",
	[VX_P_LABEL] = "label",     [VX_P_REV] = "rev",       [VX_P_APP] = "app",
	[VX_P_BACKEND] = "backend", [VX_P_ALL] = "all",       [VX_P_ORIGINS] = "origins",
	[VX_P_AFTER] = "after",     [VX_P_FOLLOW] = "follow", [VX_P_LIMIT] = "limit",
	[VX_P_CURSOR] = "cursor",
};

static const struct vx_route routes[] = {
	{"GET", "/api/version", 0, false, vx_get_version},
	{"GET", "/api/problems", PAGED, false, vx_get_problems},
	{"GET", "/api/tracks", PAGED, false, vx_get_tracks},
	{"GET", "/api/backends", PAGED, false, vx_get_backends},
	{"POST", "/api/backends/refresh", 0, true, vx_post_refresh},
	{"POST", "/api/backends/*/refresh", 0, true, vx_post_refresh},
	{"GET", "/api/explain", P(AT) | P(KEY) | P(FILE) | PAGED, false, vx_get_explain},
	{"GET", "/api/find", P(KEY) | P(VALUE) | P(LABEL) | PAGED, false, vx_get_find},
	{"GET", "/api/diff", P(A) | P(B) | P(ORIGINS) | PAGED, false, vx_get_diff},
	{"GET", "/api/preview", P(REV) | P(APP) | P(ALL) | PAGED, false, vx_get_preview},
	{"GET", "/api/validate", P(REV) | P(APP) | PAGED, false, vx_get_validate},
	{"GET", "/api/history", P(AT) | P(BACKEND) | PAGED, false, vx_get_history},
	{"GET", "/api/events", P(AFTER) | P(FOLLOW), false, NULL},
};

/* Whether @path is @pattern; *ret_name what its `*` stands for. */
static bool match(const char *pattern, const char *path, const char **ret_name, size_t *ret_n)
{
	const char *star = strchr(pattern, '*');
	size_t head = star ? (size_t)(star - pattern) : 0, n;

	*ret_name = NULL;
	if (!star)
		return strcmp(pattern, path) == 0;
	if (strncmp(pattern, path, head) != 0)
		return false;
	n = strcspn(path + head, "/");
	*ret_name = path + head;
	*ret_n = n;
	return n > 0 && strcmp(path + head + n, star + 1) == 0;
}

int vx_route_find(const char *method, const char *path, const struct vx_route **ret,
                  char **ret_name, const char **ret_allow, struct vx_error *err)
{
	const char *allow = NULL, *name;
	size_t n;

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++) {
		if (!match(routes[i].path, path, &name, &n))
			continue;
		allow = routes[i].method;
		if (strcmp(method, allow) != 0)
			continue;
		*ret_name = name ? strndup(name, n) : NULL;
		if (name && !*ret_name)
			return -ENOMEM;
		*ret = &routes[i];
		return 0;
	}
	if (!allow)
		return vx_fail(err, -ENOENT, "there is no path %.200s; see docs/api.md", path);
	*ret_allow = allow;
	return vx_fail(err, -EROFS, "%.200s is asked by %s", path, allow);
}

static int refuse(const struct vx_route *route, const char *name, struct vx_error *err)
{
	VX_AUTO(vx_buf_fini) struct vx_buf known = VX_BUF_INIT;

	for (size_t i = 0; i < VX_PARAMS; i++)
		if (route->params & (UINT32_C(1) << i))
			vx_buf_printf(&known, "%s%s", known.len ? ", " : "", names[i]);
	if (vx_buf_failed(&known))
		return -ENOMEM;
	return vx_fail(err, -EINVAL, "%s has no parameter '%.100s'; it takes %s", route->path, name,
	               known.len ? known.data : "none");
}

int vx_route_param(const struct vx_route *route, struct vx_http_request *rq, const char *name,
                   const char *text, size_t len, struct vx_error *err)
{
	uint64_t n;
	size_t p = 0;
	int rc;

	while (p < VX_PARAMS && strcmp(names[p], name) != 0)
		p++;
	if (p == VX_PARAMS || !(route->params & (UINT32_C(1) << p)))
		return refuse(route, name, err);
	if (rq->param[p])
		return vx_fail(err, -EINVAL, "the parameter %s is given twice", name);
	if (!vx_utf8_valid(text, len) || strlen(text) != len)
		return vx_fail(err, -EINVAL, "the parameter %s is not UTF-8 text", name);
	rq->param[p] = text;
	if (p != VX_P_LIMIT)
		return 0;
	rc = vx_count_parse("limit", text, 1, VX_PAGE_MAX, &n, err);
	if (rc == 0)
		rq->limit = (size_t)n;
	return rc;
}

int vx_param_bool(const struct vx_http_request *rq, enum vx_param p, bool *ret,
                  struct vx_error *err)
{
	const char *text = rq->param[p] ? rq->param[p] : "false";

	if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
		return vx_fail(err, -EINVAL, "%s is true or false, not '%.100s'", names[p], text);
	*ret = *text == 't';
	return 0;
}

int vx_param_need(const struct vx_http_request *rq, enum vx_param p, struct vx_error *err)
{
	if (!rq->param[p] || !*rq->param[p])
		return vx_fail(err, -EINVAL, "the parameter %s is missing", names[p]);
	return 0;
}
