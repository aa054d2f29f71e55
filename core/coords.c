/* coords.c - the rules of names, and coordinates in one allocation. */
#include "core/coords.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "core/utf8.h"

static bool alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* What applications and labels share. @what is "application" or "label". */
static int name_check(const char *what, const char *name, const char *forbidden,
                      struct vx_error *err)
{
	size_t n = strlen(name);

	if (n > VX_NAME_BYTES)
		return vx_fail(err, -ENAMETOOLONG, "the %s name is longer than %d bytes", what,
		               VX_NAME_BYTES);
	if (n == 0)
		return vx_fail(err, -EINVAL, "the %s name is empty", what);
	if (!vx_utf8_valid(name, n))
		return vx_fail(err, -EINVAL, "the %s name is not UTF-8", what);
	for (const char *c = name; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return vx_fail(err, -EINVAL, "the %s name holds a control character", what);
	if (name[0] == '.' || name[0] == '@')
		return vx_fail(err, -EINVAL, "the %s name '%s' begins with '%c'", what, name,
		               name[0]);
	if (name[strcspn(name, forbidden)])
		return vx_fail(err, -EINVAL, "the %s name '%s' holds '%c'", what, name,
		               name[strcspn(name, forbidden)]);
	if (strstr(name, ".."))
		return vx_fail(err, -EINVAL, "the %s name '%s' holds '..'", what, name);
	return 0;
}

int vx_app_check(const char *app, struct vx_error *err)
{
	return name_check("application", app, "/,#", err);
}

int vx_label_check(const char *label, struct vx_error *err)
{
	size_t n = strlen(label);
	int rc = name_check("label", label, "#", err);

	if (rc < 0)
		return rc;
	if (label[0] == '/' || label[n - 1] == '/' || strstr(label, "//"))
		return vx_fail(err, -EINVAL, "the label '%s' has an empty part between slashes",
		               label);
	return 0;
}

int vx_profile_check(const char *profile, size_t n, struct vx_error *err)
{
	if (n > VX_NAME_BYTES)
		return vx_fail(err, -ENAMETOOLONG, "a profile name is longer than %d bytes",
		               VX_NAME_BYTES);
	if (n == 0)
		return vx_fail(err, -EINVAL, "a profile name is empty");
	for (size_t i = 0; i < n; i++)
		if (!alnum(profile[i]) && (!profile[i] || !strchr("-_.+@", profile[i])))
			return vx_fail(err, -EINVAL,
			               "a profile name has letters, digits and -_.+@ only");
	if (!alnum(profile[0]) || !alnum(profile[n - 1]))
		return vx_fail(err, -EINVAL,
		               "the profile '%.*s' does not begin and end with a letter or digit",
		               (int)n, profile);
	return 0;
}

char *vx_label_decode(const char *spelled)
{
	struct vx_buf b = VX_BUF_INIT;

	while (*spelled) {
		bool slash = strncmp(spelled, "(_)", 3) == 0;

		vx_buf_putc(&b, slash ? '/' : *spelled);
		spelled += slash ? 3 : 1;
	}
	return vx_buf_steal(&b);
}

char *vx_label_encode(const char *label)
{
	struct vx_buf b = VX_BUF_INIT;

	for (; *label; label++)
		vx_buf_put(&b, *label == '/' ? "(_)" : label, *label == '/' ? 3 : 1);
	return vx_buf_steal(&b);
}

/* Check each member of the comma list @profiles; the number of members or an error. */
static int profiles_check(const char *profiles, struct vx_error *err)
{
	const char *seen[VX_PROFILES_MAX];
	size_t lens[VX_PROFILES_MAX];
	size_t count = 0;

	for (const char *p = profiles;; p++) {
		size_t n = strcspn(p, ",");
		int rc = vx_profile_check(p, n, err);

		if (rc < 0)
			return rc;
		if (count == VX_PROFILES_MAX)
			return vx_fail(err, -EINVAL, "more than %d profiles", VX_PROFILES_MAX);
		for (size_t i = 0; i < count; i++)
			if (lens[i] == n && memcmp(seen[i], p, n) == 0)
				return vx_fail(err, -EINVAL, "the profile '%.*s' stands twice",
				               (int)n, p);
		seen[count] = p;
		lens[count++] = n;
		p += n;
		if (!*p)
			return (int)count;
	}
}

/* One allocation: the structure, then "app\0p1\0p2\0label\0text\0". The names were checked. */
static struct vx_coords *build(const char *app, const char *profiles, const char *label,
                               const char *spelled)
{
	size_t a = strlen(app) + 1, p = strlen(profiles) + 1;
	size_t l = label ? strlen(label) + 1 : 0;
	size_t t = a + p + (spelled ? strlen(spelled) + 1 : 0);
	struct vx_coords *at = malloc(sizeof(*at) + a + p + l + t);
	char *s;

	if (!at)
		return NULL;
	*at = (struct vx_coords){0};
	s = (char *)(at + 1);
	at->app = memcpy(s, app, a);
	s = memcpy(s + a, profiles, p);
	for (char *next = s; next;) {
		at->profiles[at->n_profiles++] = next;
		next = strchr(next, ',');
		if (next)
			*next++ = '\0';
	}
	s += p;
	if (label) {
		at->label = memcpy(s, label, l);
		s += l;
	}
	at->text = s;
	(void)snprintf(s, t, "%s/%s%s%s", app, profiles, spelled ? "/" : "",
	               spelled ? spelled : "");
	return at;
}

int vx_coords_new(const char *app, const char *profiles, const char *label, struct vx_coords **ret,
                  struct vx_error *err)
{
	VX_AUTO(vx_freep) char *decoded = NULL;
	VX_AUTO(vx_freep) char *spelled = NULL;
	int rc = vx_app_check(app, err);

	if (rc == 0)
		rc = profiles_check(profiles, err);
	if (rc >= 0 && label) {
		decoded = vx_label_decode(label);
		if (!decoded)
			return -ENOMEM;
		rc = vx_label_check(decoded, err);
		if (rc == 0)
			spelled = vx_label_encode(decoded);
		if (rc == 0 && !spelled)
			return -ENOMEM;
	}
	if (rc < 0)
		return rc;
	*ret = build(app, profiles, decoded, spelled);
	return *ret ? 0 : -ENOMEM;
}

int vx_coords_dup(const struct vx_coords *at, struct vx_coords **ret)
{
	const char *profiles = strchr(at->text, '/') + 1;
	size_t n = strcspn(profiles, "/");
	VX_AUTO(vx_freep) char *list = strndup(profiles, n);
	const char *spelled = profiles[n] ? profiles + n + 1 : NULL;
	struct vx_coords *copy = list ? build(at->app, list, at->label, spelled) : NULL;

	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

void vx_coords_free(struct vx_coords *at)
{
	free(at);
}

/* `*` in @pattern matches any run of bytes of @name; the rest literally. Linear: only the last
 * star can need trying again. */
static bool segment_match(const char *pattern, size_t n, const char *name)
{
	const char *end = pattern + n, *star = NULL, *from = name;

	while (*name) {
		if (pattern < end && *pattern == '*') {
			star = pattern++;
			from = name;
		} else if (pattern < end && *pattern == *name) {
			pattern++;
			name++;
		} else if (star) {
			pattern = star + 1;
			name = ++from;
		} else {
			return false;
		}
	}
	while (pattern < end && *pattern == '*')
		pattern++;
	return pattern == end;
}

bool vx_pattern_match(const char *pattern, const char *app, const char *profile, const char *label)
{
	const char *const names[] = {app, profile, label};

	for (size_t i = 0; i < 3; i++) {
		/* A label may hold slashes of its own. */
		size_t n = i == 2 ? strlen(pattern) : strcspn(pattern, "/");

		if (!names[i])
			return true;
		if (!segment_match(pattern, n, names[i]))
			return false;
		pattern += n;
		if (!*pattern)
			return true;
		pattern++;
	}
	return true;
}

bool vx_pattern_any_label(const char *pattern)
{
	for (int i = 0; i < 2; i++) {
		pattern += strcspn(pattern, "/");
		if (!*pattern)
			return true;
		pattern++;
	}
	return *pattern && !pattern[strspn(pattern, "*")];
}

bool vx_label_may_be_commit(const char *label)
{
	size_t n = strlen(label);

	return n >= 7 && n <= 40 && strspn(label, "0123456789abcdef") == n;
}
