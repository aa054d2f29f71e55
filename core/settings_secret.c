/* settings_secret.c - file:PATH and env:NAME.
 *
 * The one file of core that reads a file: a secret has to be there, or refused with the line that
 * names it, before anything starts. What is read is kept apart from what is written, which alone is
 * shown, and wiped when the settings go. A plain secret is accepted with a warning, but not from a
 * file that everybody on the machine can read. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/cleanup.h"
#include "core/settings_i.h"

/* A key or a connection string; a certificate chain is named by a path of its own. */
#define SECRET_MAX ((size_t)64 << 10)

void vx_setting_wipe(struct vx_setting *set)
{
	size_t n;

	if (!set->secrets)
		return; /* perhaps not even a row: the load broke off */
	n = set->row->type == VX_SET_SECRETS ? set->n_strings : 1;
	for (size_t i = 0; i < n; i++)
		if (set->secrets[i])
			explicit_bzero(set->secrets[i], strlen(set->secrets[i]));
}

/* Read at most SECRET_MAX bytes into @buf, which has room for one more. */
static int read_whole(int fd, char *buf, size_t *ret_len)
{
	size_t len = 0;

	for (;;) {
		ssize_t n = read(fd, buf + len, SECRET_MAX + 1 - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len += (size_t)n;
		if (len > SECRET_MAX)
			return -E2BIG;
		if (n == 0)
			break;
	}
	*ret_len = len;
	return 0;
}

static int from_file(struct vx_arena *a, const char *shown, const char *path, char **ret,
                     struct vx_error *err)
{
	VX_AUTO(vx_close) int fd = -1;
	char *bytes;
	size_t len = 0;
	int rc;

	if (*path != '/')
		return vx_fail(err, -EINVAL, "'%s' is 'file:%s'; the path must be absolute", shown,
		               path);
	/* Without O_NONBLOCK a FIFO would hold the start for ever. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (fd < 0)
		return vx_fail(err, -EACCES, "'%s' cannot be read from %s: %s", shown, path,
		               strerror(errno));
	bytes = malloc(SECRET_MAX + 2);
	if (!bytes)
		return -ENOMEM;
	rc = read_whole(fd, bytes, &len);
	if (rc == -E2BIG)
		rc = vx_fail(err, -EACCES, "'%s': %s is larger than 64KiB", shown, path);
	else if (rc < 0)
		rc = vx_fail(err, -EACCES, "'%s' cannot be read from %s: %s", shown, path,
		             strerror(-rc));
	while (rc == 0 && len && (bytes[len - 1] == '\n' || bytes[len - 1] == '\r'))
		len--;
	if (rc == 0 && !len)
		rc = vx_fail(err, -EACCES, "'%s': %s is empty", shown, path);
	if (rc == 0 && memchr(bytes, '\0', len))
		rc = vx_fail(err, -EACCES, "'%s': %s contains a NUL character", shown, path);
	if (rc == 0) {
		*ret = vx_arena_strndup(a, bytes, len);
		rc = *ret ? 0 : -ENOMEM;
	}
	explicit_bzero(bytes, SECRET_MAX + 2);
	free(bytes);
	return rc;
}

static int from_environment(struct vx_arena *a, const char *shown, const char *name,
                            const char *const *environment, char **ret, struct vx_error *err)
{
	size_t n = strlen(name);

	for (const char *const *e = environment; n && e && *e; e++) {
		if (strncmp(*e, name, n) != 0 || (*e)[n] != '=')
			continue;
		if ((*e)[n + 1] == '\0')
			return vx_fail(err, -EACCES, "'%s': the variable %s is empty", shown, name);
		*ret = vx_arena_strndup(a, *e + n + 1, strlen(*e + n + 1));
		return *ret ? 0 : -ENOMEM;
	}
	return vx_fail(err, -EACCES, "'%s': the variable '%s' is not set", shown, name);
}

/* A secret that stands where it was written: refused or warned of. @what: "" or "a password in ".
 */
static int judge_plain(struct vx_settings_loader *l, const struct vx_setting *set,
                       const char *shown, const char *what, struct vx_error *err)
{
	const char *path = l->from->path;

	if (l->from->others_read && path && strncmp(set->where, path, strlen(path)) == 0)
		return vx_fail(err, -EINVAL,
		               "%s'%s' is written in plain text in a file that every user can "
		               "read; write file:PATH or env:NAME, or chmod o-r %s",
		               what, shown, path);
	vx_settings_warn(
		l, "%s: %s'%s' is written in plain text; file:PATH or env:NAME keeps it apart",
		set->where, what, shown);
	return 0;
}

static int resolve_one(struct vx_settings_loader *l, const struct vx_setting *set,
                       const char *shown, const char *text, char **ret, struct vx_error *err)
{
	struct vx_arena *a = &l->s->arena;
	int rc;

	if (strncmp(text, "file:", 5) == 0)
		return from_file(a, shown, text + 5, ret, err);
	if (strncmp(text, "env:", 4) == 0)
		return from_environment(a, shown, text + 4, l->from->environ, ret, err);
	if (*text) {
		rc = judge_plain(l, set, shown, "", err);
		if (rc < 0)
			return rc;
	}
	*ret = vx_arena_strndup(a, text, strlen(text));
	return *ret ? 0 : -ENOMEM;
}

const char *vx_url_password(const char *text, size_t *ret_len)
{
	const char *host = strstr(text, "://");
	const char *at, *colon;

	if (!host)
		return NULL;
	host += 3;
	at = memrchr(host, '@', strcspn(host, "/?#"));
	colon = at ? memchr(host, ':', (size_t)(at - host)) : NULL;
	if (!colon || colon + 1 == at)
		return NULL;
	*ret_len = (size_t)(at - colon - 1);
	return colon + 1;
}

int vx_setting_resolve(struct vx_settings_loader *l, const struct vx_settings_map *m,
                       struct vx_setting *set, struct vx_error *err)
{
	bool list = set->row->type == VX_SET_SECRETS;
	size_t n = list ? set->n_strings : 1;
	char shown[VX_SETTING_KEY_MAX];
	size_t len;

	vx_setting_shown(m, set->key, shown);
	if (set->row->type == VX_SET_STRING && vx_url_password(set->text, &len))
		return judge_plain(l, set, shown, "a password in ", err);
	if (set->row->type != VX_SET_SECRET && !list)
		return 0;
	set->secrets = vx_arena_alloc(&l->s->arena, (n + 1) * sizeof(*set->secrets));
	if (!set->secrets)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		int rc = resolve_one(l, set, shown, list ? set->strings[i] : set->text,
		                     &set->secrets[i], err);

		if (rc < 0)
			return rc;
	}
	return 0;
}
