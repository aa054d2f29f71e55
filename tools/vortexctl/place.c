/* place.c - from a path in the mount to coordinates; see place.h. docs/tree.md says what lies where. */
#include "tools/vortexctl/place.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/render.h"
#include "tools/vortexctl/ctl.h"
#include "tools/vortexctl/mounts.h"

static int set(char **to, const char *text, size_t len)
{
	*to = strndup(text, len);
	return *to ? 0 : -ENOMEM;
}

void vx_ctl_place_fini(struct vx_ctl_place *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->readings[i].at);
		free(p->readings[i].key);
		free(p->readings[i].file);
	}
	*p = (struct vx_ctl_place){0};
}

/* The value of a hexadecimal digit, or -1. */
static int hex(char c)
{
	static const char digits[] = "0123456789ABCDEFabcdef";
	const char *at = c ? strchr(digits, c) : NULL;

	if (!at)
		return -1;
	return (int)(at - digits) < 16 ? (int)(at - digits) : (int)(at - digits) - 6;
}

/* A name of .keys with its %XX undone. */
static void put_name(struct vx_buf *key, const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		int high = name[i] == '%' && len - i > 2 ? hex(name[i + 1]) : -1;
		int low = high >= 0 ? hex(name[i + 2]) : -1;

		vx_buf_putc(key, low >= 0 ? (char)(high * 16 + low) : name[i]);
		i += low >= 0 ? 2 : 0;
	}
}

/* "server/ports/0" becomes "server.ports[0]"; ".value" is the value of the map itself. */
static int key_of(const char *path, char **ret)
{
	VX_AUTO(vx_buf_fini) struct vx_buf key = VX_BUF_INIT;

	while (*path) {
		size_t len = strcspn(path, "/");
		bool number = strspn(path, "0123456789") >= len;

		if (number && key.len > 0) {
			vx_buf_printf(&key, "[%.*s]", (int)len, path);
		} else if (len != 6 || strncmp(path, ".value", 6) != 0) {
			if (key.len > 0)
				vx_buf_putc(&key, '.');
			put_name(&key, path, len);
		}
		path += len;
		path += strspn(path, "/");
	}
	if (key.len == 0 && !vx_buf_failed(&key))
		return 0; /* .keys itself */
	*ret = vx_buf_steal(&key);
	return *ret ? 0 : -ENOMEM;
}

/* Whether @name is a leaf's own: the whole configuration in some format. */
static bool is_whole(const char *name, const char *app, size_t app_len)
{
	enum vx_output out;
	const char *dot = strrchr(name, '.');
	size_t stem = dot ? (size_t)(dot - name) : 0;

	if (strcmp(name, ".origin.json") == 0 || strcmp(name, ".version") == 0)
		return true;
	if (!dot || strchr(name, '/') || !vx_output_find(dot + 1, &out))
		return false;
	return (stem == strlen("application") && strncmp(name, "application", stem) == 0) ||
	       (stem == app_len && strncmp(name, app, stem) == 0);
}

static int read_rest(const char *rest, const char *app, size_t app_len, struct vx_ctl_reading *r)
{
	if (!*rest || is_whole(rest, app, app_len))
		return 0;
	if (strncmp(rest, ".keys", 5) == 0 && (rest[5] == '\0' || rest[5] == '/'))
		return key_of(rest + 5 + strspn(rest + 5, "/"), &r->key);
	return set(&r->file, rest, strlen(rest));
}

int vx_ctl_place_below(const char *below, struct vx_ctl_place *ret, struct vx_error *err)
{
	struct vx_ctl_place p = {.n = 1};
	size_t app_len = strcspn(below, "/");
	const char *profile = below + app_len + strspn(below + app_len, "/");
	size_t at_len = (size_t)(profile - below) + strcspn(profile, "/");
	const char *rest = below + at_len + strspn(below + at_len, "/");
	size_t label_len = strcspn(rest, "/");
	int rc;

	if (!*profile)
		return vx_fail(err, -EINVAL,
		               "this path names no configuration yet: it ends above APP/PROFILE");
	rc = set(&p.readings[0].at, below, at_len);
	if (rc == 0)
		rc = read_rest(rest, below, app_len, &p.readings[0]);
	if (rc == 0 && p.readings[0].file) {
		const char *more = rest + label_len + strspn(rest + label_len, "/");

		p.n = 2;
		rc = set(&p.readings[1].at, below, (size_t)(rest - below) + label_len);
		if (rc == 0)
			rc = read_rest(more, below, app_len, &p.readings[1]);
	}
	if (rc < 0) {
		vx_ctl_place_fini(&p);
		return vx_fail(err, rc, "out of memory");
	}
	*ret = p;
	return 0;
}

/* Make @path absolute, without "." and "..", without looking anything up. */
static int flatten(const char *path, char **ret)
{
	VX_AUTO(vx_buf_fini) struct vx_buf flat = VX_BUF_INIT;
	char above[PATH_MAX] = "";

	if (*path != '/' && getcwd(above, sizeof(above)))
		vx_buf_puts(&flat, strcmp(above, "/") == 0 ? "" : above);
	while (*path) {
		size_t len = strcspn(path, "/");

		if (len == 2 && strncmp(path, "..", 2) == 0) {
			const char *slash = flat.len ? strrchr(flat.data, '/') : NULL;

			vx_buf_truncate(&flat, slash ? (size_t)(slash - flat.data) : 0);
		} else if (len > 0 && !(len == 1 && *path == '.')) {
			vx_buf_printf(&flat, "/%.*s", (int)len, path);
		}
		path += len;
		path += strspn(path, "/");
	}
	if (flat.len == 0)
		vx_buf_putc(&flat, '/');
	*ret = vx_buf_steal(&flat);
	return *ret ? 0 : -ENOMEM;
}

/* What @path is in its mount. Links are followed where it exists; a key that is misspelt does not:
 * then only what @must be a path is taken for one. */
static int find_below(const char *path, bool must, char **ret, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *absolute = realpath(path, NULL);

	if (!absolute && !must)
		return -ENOENT;
	if (!absolute && flatten(path, &absolute) < 0)
		return vx_fail(err, -ENOMEM, "out of memory");
	return vx_ctl_mounts_below(absolute, ret, err);
}

/* Coordinates, with a moment or without: checked here, since "payment" is a mistake of many. */
static int check_side(const char *text, struct vx_error *err)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	const char *moment = strstr(text, "/@");
	VX_AUTO(vx_freep)
	char *coords = strndup(text, moment ? (size_t)(moment - text) : strlen(text));

	if (!coords)
		return vx_fail(err, -ENOMEM, "out of memory");
	return vx_ctl_coords(coords, &at, err);
}

/* The third part of @text, behind APP/PROFILE/, or "". */
static const char *third_part(const char *text)
{
	const char *slash = strchr(text, '/');

	slash = slash ? strchr(slash + 1, '/') : NULL;
	return slash ? slash + 1 : "";
}

/* @text as coordinates, and then as a path without its mount point. */
static int parse_coords(const char *text, struct vx_ctl_place *ret, struct vx_error *err)
{
	const char *third = third_part(text);
	struct vx_ctl_place p = {0}, below = {0};
	int rc = check_side(text, err);

	if (*third && *third != '@' && !strstr(third, "/@") &&
	    vx_ctl_place_below(text, &below, NULL) == 0 && rc < 0) {
		*ret = below; /* "payment/prod/.keys/a" is no side */
		return 0;
	}
	if (rc == 0) {
		p.n = 1;
		rc = set(&p.readings[0].at, text, strlen(text));
	}
	for (size_t i = 0; rc == 0 && i < below.n; i++) {
		p.readings[p.n++] = below.readings[i];
		below.readings[i] = (struct vx_ctl_reading){0};
	}
	vx_ctl_place_fini(&below);
	if (rc < 0)
		vx_ctl_place_fini(&p);
	else
		*ret = p;
	return rc;
}

int vx_ctl_place_parse(const char *text, struct vx_ctl_place *ret, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *below = NULL;
	VX_AUTO(vx_freep) char *coords = NULL;
	size_t len = strlen(text);
	bool must = *text == '/' || *text == '.';
	int rc = find_below(text, must, &below, must ? err : NULL);

	if (rc == 0)
		return vx_ctl_place_below(below, ret, err);
	if (must)
		return rc;
	while (len > 1 && text[len - 1] == '/')
		len--; /* as the shell's completion leaves it */
	if (set(&coords, text, len) < 0)
		return vx_fail(err, -ENOMEM, "out of memory");
	return parse_coords(coords, ret, err);
}

/* The reading that is a whole configuration, or the last one. */
static size_t side_of(const struct vx_ctl_place *p)
{
	size_t i = 0;

	while (i + 1 < p->n && (p->readings[i].key || p->readings[i].file))
		i++;
	return i;
}

int vx_ctl_side_parse(const char *text, char **ret, struct vx_error *err)
{
	struct vx_ctl_place p = {0};
	int rc;

	if (*text == '@') { /* the moment alone */
		*ret = strdup(text);
		return *ret ? 0 : vx_fail(err, -ENOMEM, "out of memory");
	}
	rc = vx_ctl_place_parse(text, &p, err);
	if (rc == 0)
		*ret = vx_steal(p.readings[side_of(&p)].at);
	vx_ctl_place_fini(&p);
	return rc;
}
