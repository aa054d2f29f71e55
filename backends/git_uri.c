/* git_uri.c - see git_uri.h. What Git itself takes: a path, file:///PATH, SCHEME://[USER[:PASSWORD]@]
 * HOST[:PORT]/PATH, and [USER@]HOST:PATH for ssh. */
#include "backends/git_uri.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"

#define PORT_MAX 65535

struct scheme {
	const char *name;
	enum vx_git_how how;
};

static const struct scheme schemes[] = {
	{"http", VX_GIT_HTTP},   {"https", VX_GIT_HTTPS}, {"ssh", VX_GIT_SSH},
	{"git+ssh", VX_GIT_SSH}, {"ssh+git", VX_GIT_SSH},
};

static int no_memory(struct vx_error *err)
{
	return vx_fail(err, -ENOMEM, "out of memory");
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The @n bytes at @s with their %XX decoded; NULL when out of memory. */
static char *decode(const char *s, size_t n)
{
	char *out = malloc(n + 1), *at = out;

	for (size_t i = 0; out && i < n; i++) {
		bool coded = s[i] == '%' && i + 2 < n && hex(s[i + 1]) >= 0 && hex(s[i + 2]) >= 0 &&
		             (s[i + 1] != '0' || s[i + 2] != '0');

		*at++ = coded ? (char)(hex(s[i + 1]) * 16 + hex(s[i + 2])) : s[i];
		i += coded ? 2 : 0;
	}
	if (out)
		*at = '\0';
	return out;
}

/* USER[:PASSWORD] before the @ at @at. */
static int take_user(const char *from, const char *at, struct vx_git_uri *u, struct vx_error *err)
{
	const char *colon = memchr(from, ':', (size_t)(at - from));
	const char *end = colon ? colon : at;

	if (end > from && !(u->user = decode(from, (size_t)(end - from))))
		return no_memory(err);
	if (colon && colon + 1 < at && !(u->password = decode(colon + 1, (size_t)(at - colon - 1))))
		return no_memory(err);
	return 0;
}

/* HOST[:PORT] of @n bytes. */
static int take_host(const char *from, size_t n, struct vx_git_uri *u, struct vx_error *err)
{
	const char *end = from + n, *host = from, *host_end, *port = NULL;
	char *after;

	if (n && *from == '[') {
		host_end = memchr(from, ']', n);
		if (!host_end || (host_end + 1 < end && host_end[1] != ':'))
			return vx_fail(err, -EINVAL, "the address [...] of the host is not closed");
		host++;
		port = host_end + 1 < end ? host_end + 2 : NULL;
	} else {
		host_end = memchr(from, ':', n);
		port = host_end ? host_end + 1 : NULL;
		host_end = host_end ? host_end : end;
	}
	if (host == host_end || *host == '-')
		return vx_fail(err, -EINVAL, "there is no host in it");
	u->host = strndup(host, (size_t)(host_end - host));
	if (!u->host)
		return no_memory(err);
	if (port && port < end) {
		long number = *port >= '0' && *port <= '9' ? strtol(port, &after, 10) : 0;

		if (number < 1 || number > PORT_MAX || after != end)
			return vx_fail(err, -EINVAL, "the port is no number from 1 to 65535");
		u->port = (int)number;
	}
	return 0;
}

/* What can be nobody's address: a typing mistake, or an attempt at the shell of the other side. */
static bool printable(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s <= ' ' || *s == 0x7f || strchr("\"'`\\<>", *s))
			return false;
	return true;
}

static int take_url(const char *uri, const struct scheme *scheme, struct vx_git_uri *u,
                    struct vx_error *err)
{
	const char *from = strstr(uri, "://") + 3;
	size_t n = strcspn(from, "/?#");
	const char *rest = from + n, *at = memrchr(from, '@', n);
	const char *host = at ? at + 1 : from;
	int rc = at ? take_user(from, at, u, err) : 0;

	u->how = scheme->how;
	if (rc == 0)
		rc = take_host(host, (size_t)(rest - host), u, err);
	if (rc < 0)
		return rc;
	if (!printable(host))
		return vx_fail(err, -EINVAL, "blanks and quotes are written %%XX in it");
	if (*rest != '/' || rest[1] == '\0')
		return vx_fail(err, -EINVAL, "there is no path of a repository in it");
	if (asprintf(&u->address, "%s://%s", scheme->how == VX_GIT_SSH ? "ssh" : scheme->name,
	             host) < 0) {
		u->address = NULL;
		return no_memory(err);
	}
	u->shown = strdup(u->address);
	if (!u->shown)
		return no_memory(err);
	u->shown[strcspn(u->shown, "?#")] = '\0';
	return 0;
}

/* [USER@]HOST:PATH */
static int take_scp(const char *uri, struct vx_git_uri *u, struct vx_error *err)
{
	const char *at = memchr(uri, '@', strcspn(uri, ":[")), *host = at ? at + 1 : uri;
	const char *colon = *host == '[' ? strstr(host, "]:") : strchr(host, ':');
	int rc = 0;

	u->how = VX_GIT_SSH;
	if (*host == '[' && colon)
		colon++;
	if (!colon || colon[1] == '\0')
		return vx_fail(err, -EINVAL, "there is no path of a repository in it");
	if (!printable(host))
		return vx_fail(err, -EINVAL, "there are blanks or quotes in it");
	if (at && at > uri && !(u->user = strndup(uri, (size_t)(at - uri))))
		return no_memory(err);
	rc = take_host(host, (size_t)(colon - host), u, err);
	if (rc < 0)
		return rc;
	u->address = strdup(host);
	u->shown = strdup(host);
	return u->address && u->shown ? 0 : no_memory(err);
}

static int take_local(const char *path, struct vx_git_uri *u, struct vx_error *err)
{
	u->how = VX_GIT_LOCAL;
	u->address = strdup(path);
	u->shown = strdup(path);
	return u->address && u->shown ? 0 : no_memory(err);
}

/* The scheme that is the @n bytes at @name, or NULL. */
static const struct scheme *find_scheme(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (strlen(schemes[i].name) == n && strncasecmp(name, schemes[i].name, n) == 0)
			return &schemes[i];
	return NULL;
}

static int parse(const char *uri, struct vx_git_uri *u, struct vx_error *err)
{
	const struct scheme *scheme;
	const char *colon = strchr(uri, ':'), *slash = strchr(uri, '/');

	if (!*uri)
		return vx_fail(err, -EINVAL, "a git backend needs a uri");
	if (strncmp(uri, "file://", 7) == 0)
		return uri[7] == '/' ? take_local(uri + 7, u, err)
		                     : vx_fail(err, -EINVAL, "a file:// address is file:///PATH");
	if (!colon || (slash && slash < colon))
		return take_local(uri, u, err);
	scheme = find_scheme(uri, (size_t)(colon - uri));
	if (strncmp(colon, "://", 3) != 0) /* https:/USER:PASSWORD@HOST is no host called https */
		return scheme && colon[1] == '/'
		               ? vx_fail(err, -EINVAL, "a slash is missing: write %s://",
		                         scheme->name)
		               : take_scp(uri, u, err);
	if (scheme)
		return take_url(uri, scheme, u, err);
	if (strncasecmp(uri, "git://", 6) == 0)
		return vx_fail(
			err, -EINVAL,
			"git:// knows neither a password nor encryption, so anybody on the way "
			"could change the configuration; use https:// or ssh://");
	return vx_fail(err, -EINVAL,
	               "'%.*s://' is no way to a repository; there are https://, ssh://, http://, "
	               "file:// and paths",
	               (int)(colon - uri), uri);
}

int vx_git_uri_parse(const char *uri, struct vx_git_uri *ret, struct vx_error *err)
{
	struct vx_git_uri u = {0};
	int rc = parse(uri, &u, err);

	if (rc < 0)
		vx_git_uri_fini(&u);
	else
		*ret = u;
	return rc;
}

void vx_git_uri_fini(struct vx_git_uri *u)
{
	if (u->password)
		explicit_bzero(u->password, strlen(u->password));
	free(u->address);
	free(u->shown);
	free(u->user);
	free(u->password);
	free(u->host);
	memset(u, 0, sizeof(*u));
}

bool vx_git_uri_loopback(const struct vx_git_uri *u)
{
	return u->host && (strcasecmp(u->host, "localhost") == 0 || strcmp(u->host, "::1") == 0 ||
	                   (strncmp(u->host, "127.", 4) == 0 &&
	                    strspn(u->host, "0123456789.") == strlen(u->host)));
}

char *vx_git_uri_url(const struct vx_git_uri *u, const char *user)
{
	bool url = strncmp(u->address, "ssh://", 6) == 0;
	char *out = NULL;

	if (u->how != VX_GIT_SSH)
		return strdup(u->address);
	if (asprintf(&out, "%s%s@%s", url ? "ssh://" : "", user, u->address + (url ? 6 : 0)) < 0)
		return NULL;
	return out;
}
