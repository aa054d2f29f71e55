/* side.c - parsing of coordinates, sides, revisions and cursors. */
#include "daemon/http/side.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REV "rev:"

/* What of a word stands in a sentence: a whole request line would fill it. */
#define SHOWN 200

/* @n bytes of @text as coordinates. */
static int parse_at(const char *text, size_t n, struct vx_coords **ret, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *copy = strndup(text, n);
	char *profiles, *label;
	int rc;

	if (!copy)
		return -ENOMEM;
	profiles = strchr(copy, '/');
	if (!profiles)
		return vx_fail(err, -EINVAL,
		               "'%.*s' is not of the form application/profile[,profile][/label]",
		               SHOWN, copy);
	*profiles++ = '\0';
	label = strchr(profiles, '/');
	if (label)
		*label++ = '\0';
	rc = vx_coords_new(copy, profiles, label, ret, err);
	return rc < 0 ? vx_wrap(err, rc, "'%.*s'", SHOWN, text) : 0;
}

int vx_at_parse(const char *text, struct vx_coords **ret, struct vx_error *err)
{
	return parse_at(text, strlen(text), ret, err);
}

int vx_revision_parse(const char *text, char **ret_backend, char **ret_revision,
                      struct vx_error *err)
{
	const char *colon = strchr(text, ':'); /* no ref of Git has one in its name */
	const char *revision = colon ? colon + 1 : text;
	VX_AUTO(vx_freep) char *backend = colon ? strndup(text, (size_t)(colon - text)) : NULL;
	VX_AUTO(vx_freep) char *copy = vx_label_decode(revision);
	int rc;

	if (!*revision || colon == text)
		return vx_fail(err, -EINVAL, "'%.*s' is not of the form [BACKEND:]REVISION", SHOWN,
		               text);
	if (!copy || (colon && !backend))
		return -ENOMEM;
	rc = vx_label_check(copy, err);
	if (rc < 0)
		return vx_wrap(err, rc, "the revision '%.*s'", SHOWN, revision);
	*ret_backend = vx_steal(backend);
	*ret_revision = vx_steal(copy);
	return 0;
}

int vx_count_parse(const char *name, const char *text, uint64_t min, uint64_t max, uint64_t *ret,
                   struct vx_error *err)
{
	const bool digits = *text && !text[strspn(text, "0123456789")];
	unsigned long long n;

	errno = 0;
	n = digits ? strtoull(text, NULL, 10) : 0;
	if (!digits || errno || n < min || n > max)
		return vx_fail(err, -EINVAL, "%s '%.*s' is not a number from %llu to %llu", name,
		               SHOWN, text, (unsigned long long)min, (unsigned long long)max);
	*ret = n;
	return 0;
}

/* The moment behind the '@'. */
static int parse_moment(const char *text, struct vx_side *s, struct vx_error *err)
{
	size_t digits = strspn(text, "0123456789"), hex = strspn(text, "0123456789abcdefABCDEF");

	if (strcmp(text, "head") == 0) {
		s->kind = VX_SIDE_HEAD;
		return 0;
	}
	if (strncmp(text, REV, strlen(REV)) == 0) {
		s->kind = VX_SIDE_REVISION;
		return vx_revision_parse(text + strlen(REV), &s->backend, &s->revision, err);
	}
	if (!text[hex] && hex == VX_VERSION_DIGITS) {
		s->kind = VX_SIDE_VERSION;
		for (size_t i = 0; i < hex; i++)
			s->version[i] = (char)tolower((unsigned char)text[i]);
		return 0;
	}
	if (!text[digits] && digits > 0) {
		s->kind = VX_SIDE_NUMBER;
		return vx_count_parse("version", text, 1, INT64_MAX, &s->number, err);
	}
	return vx_fail(err, -EINVAL,
	               "'@%.*s' is no moment; there are @head, @<number>, @<32 digits> and "
	               "@rev:[BACKEND:]REVISION",
	               SHOWN, text);
}

/* Where the moment of @text begins, at its '@'; NULL: it has none. */
static const char *find_moment(const char *text)
{
	const char *found = *text == '@' ? text : NULL;

	for (const char *c = text; !found && (c = strchr(c, '/')); c++)
		if (c[1] == '@')
			found = c + 1;
	return found;
}

int vx_side_parse(const char *text, const struct vx_coords *base, struct vx_side *ret,
                  struct vx_error *err)
{
	const char *moment = find_moment(text);
	struct vx_side s = {0};
	int rc;

	if (moment == text && !base)
		return vx_fail(err, -EINVAL, "'%.*s' has no coordinates before the '@'", SHOWN,
		               text);
	if (moment == text)
		rc = vx_coords_dup(base, &s.at);
	else
		rc = parse_at(text, moment ? (size_t)(moment - text) - 1 : strlen(text), &s.at,
		              err);
	if (rc == 0 && moment)
		rc = parse_moment(moment + 1, &s, err);
	if (s.at &&
	    asprintf(&s.text, "%s%s%s", s.at->text, moment ? "/" : "", moment ? moment : "") < 0) {
		s.text = NULL;
		rc = -ENOMEM;
	}
	if (rc < 0) {
		vx_side_fini(&s);
		return rc;
	}
	*ret = s;
	return 0;
}

void vx_side_fini(struct vx_side *s)
{
	vx_coords_free(s->at);
	free(s->backend);
	free(s->revision);
	free(s->text);
	*s = (struct vx_side){0};
}

int vx_place_parse(const char *text, struct vx_coords **ret_at, const char **ret_key,
                   struct vx_error *err)
{
	const char *key = strchr(text, '#'); /* no coordinates hold one */
	int rc = parse_at(text, key ? (size_t)(key - text) : strlen(text), ret_at, NULL);

	if (rc == -ENOMEM)
		return rc;
	if (rc < 0)
		return vx_fail(err, -EINVAL,
		               "the cursor '%.*s' is not one that this path has given", SHOWN,
		               text);
	*ret_key = key ? key + 1 : NULL;
	return 0;
}

bool vx_key_below(const char *key, const char *at)
{
	size_t n = strlen(at);

	return strncmp(key, at, n) == 0 && (n == 0 || !key[n] || key[n] == '.' || key[n] == '[');
}

/* Quadratic at worst: only the last star can need trying again. */
bool vx_star_match(const char *pattern, const char *text)
{
	const char *star = NULL, *from = text;

	while (*text) {
		if (*pattern == '*') {
			star = pattern++;
			from = text;
		} else if (*pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star + 1;
			text = ++from;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}
