/* git_login.c - see git_login.h. */
#include "backends/git_login.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/git_wire.h"
#include "core/cleanup.h"

#define KEY_MAX ((size_t)64 << 10)
#define FILE_MAX ((size_t)3 << 20) /* three of them fit in a request */

/* More packs than this slow every lookup down; fewer mean more writing. */
#define PACKS "50"

#define SYSTEM_HOSTS "/etc/ssh/ssh_known_hosts"

struct vx_git_login {
	struct vx_git_uri uri;
	char *user;
	char *password, *passphrase;           /* wiped */
	char *key_file, *hosts_file, *ca_file; /* "" none */
	bool tls_off;
};

static int no_memory(struct vx_error *err)
{
	return vx_fail(err, -ENOMEM, "out of memory");
}

/* Bytes that may be a secret do not stay in freed memory. */
static void wipe(struct vx_buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->cap);
	vx_buf_fini(b);
}

/* Have room for @n more bytes: a buffer that grows leaves copies of its bytes behind. */
static void make_room(struct vx_buf *b, size_t n)
{
	size_t was = b->len;

	vx_buf_repeat(b, '\0', n);
	if (!vx_buf_failed(b))
		vx_buf_truncate(b, was);
}

static void wipe_string(char *s)
{
	if (s)
		explicit_bzero(s, strlen(s));
	free(s);
}

/* --- settings -------------------------------------------------------------------------------- */

static int check(const struct vx_settings_map *cfg, const struct vx_git_login *l,
                 struct vx_error *err)
{
	const struct vx_git_uri *u = &l->uri;
	bool web = u->how != VX_GIT_SSH;

	if (u->how == VX_GIT_HTTP && !l->tls_off && !vx_git_uri_loopback(u))
		return vx_fail(err, -EINVAL,
		               "%s: '%s': without TLS anybody on the way can read and change the "
		               "configuration; use https://, or write tls: off to accept that",
		               vx_map_where(cfg), u->shown);
	if (web && (*l->key_file || *l->hosts_file))
		return vx_fail(err, -EINVAL, "%s: ssh_key and ssh_known_hosts are for ssh:// only",
		               vx_map_where(cfg));
	if (!web && *l->ca_file)
		return vx_fail(err, -EINVAL, "%s: ca_file is for https:// only", vx_map_where(cfg));
	if (*vx_map_str(cfg, "password") && u->password)
		return vx_fail(err, -EINVAL,
		               "%s: there is a password in the uri and another beside it",
		               vx_map_where(cfg));
	return 0;
}

int vx_git_login_new(const struct vx_settings_map *cfg, struct vx_git_uri *uri,
                     struct vx_git_login **ret, struct vx_error *err)
{
	struct vx_git_login *l = calloc(1, sizeof(*l));
	const char *user = vx_map_str(cfg, "username"), *password = vx_map_str(cfg, "password");
	int rc;

	if (!l)
		return no_memory(err);
	l->uri = *uri;
	memset(uri, 0, sizeof(*uri));
	if (!*user)
		user = l->uri.user ? l->uri.user : l->uri.how == VX_GIT_SSH ? "git" : "";
	if (!*password && l->uri.password)
		password = l->uri.password;
	l->user = strdup(user);
	l->password = strdup(password);
	l->passphrase = strdup(vx_map_str(cfg, "ssh_key_passphrase"));
	l->key_file = strdup(vx_map_str(cfg, "ssh_key"));
	l->hosts_file = strdup(vx_map_str(cfg, "ssh_known_hosts"));
	l->ca_file = strdup(vx_map_str(cfg, "ca_file"));
	l->tls_off = strcmp(vx_map_str(cfg, "tls"), "off") == 0;
	rc = l->user && l->password && l->passphrase && l->key_file && l->hosts_file && l->ca_file
	             ? check(cfg, l, err)
	             : no_memory(err);
	if (rc < 0)
		vx_git_login_free(l);
	else
		*ret = l;
	return rc;
}

void vx_git_login_free(struct vx_git_login *l)
{
	if (!l)
		return;
	vx_git_uri_fini(&l->uri);
	wipe_string(l->password);
	wipe_string(l->passphrase);
	free(l->user);
	free(l->key_file);
	free(l->hosts_file);
	free(l->ca_file);
	free(l);
}

const struct vx_git_uri *vx_git_login_uri(const struct vx_git_login *l)
{
	return &l->uri;
}

/* --- files ----------------------------------------------------------------------------------- */

/* Append the file at @path, of at most @max bytes. -errno, -E2BIG. */
static int append_file(const char *path, size_t max, struct vx_buf *b)
{
	/* Without O_NONBLOCK a FIFO would hold the fetcher for ever. */
	VX_AUTO(vx_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char block[4096];
	size_t sum = 0;
	ssize_t n = 0;

	if (fd < 0)
		return -errno;
	while (sum <= max && (n = read(fd, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		vx_buf_put(b, block, (size_t)n);
		explicit_bzero(block, sizeof(block));
		sum += (size_t)n;
	}
	if (sum > max)
		return -E2BIG;
	return vx_buf_failed(b) ? -ENOMEM : 0;
}

static int put_file(struct vx_buf *request, enum vx_git_field id, const char *path, size_t max,
                    const char *setting, struct vx_error *err)
{
	struct vx_buf b = VX_BUF_INIT;
	int rc;

	if (id == VX_GIT_KEY)
		make_room(&b, max + 8192); /* one block beyond shows that it is too large */
	rc = append_file(path, max, &b);
	if (rc == 0)
		vx_git_put_field(request, id, b.data ? b.data : "", b.len);
	wipe(&b);
	return rc < 0 ? vx_fail(err, -EACCES, "%s: %s: %s", setting, path, strerror(-rc)) : 0;
}

/* ~/.ssh/known_hosts; NULL where there is no home. The caller frees. */
static char *user_hosts(void)
{
	const char *home = getenv("HOME"); /* nobody sets it while we run */
	struct passwd p, *found = NULL;
	char room[4096], *path;

	if ((!home || *home != '/') && getpwuid_r(geteuid(), &p, room, sizeof(room), &found) == 0 &&
	    found)
		home = p.pw_dir;
	if (!home || *home != '/' || asprintf(&path, "%s/.ssh/known_hosts", home) < 0)
		return NULL;
	return path;
}

/* What is known of hosts, and where it is from. */
static int put_hosts(const struct vx_git_login *l, struct vx_buf *request, struct vx_error *err)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;
	VX_AUTO(vx_freep) char *user = NULL;
	VX_AUTO(vx_buf_fini) struct vx_buf name = VX_BUF_INIT;

	if (*l->hosts_file) {
		vx_git_put_field(request, VX_GIT_HOSTS_NAME, l->hosts_file, strlen(l->hosts_file));
		return put_file(request, VX_GIT_HOSTS, l->hosts_file, FILE_MAX, "ssh_known_hosts",
		                err);
	}
	user = user_hosts();
	if (user && append_file(user, FILE_MAX / 2, &b) == 0)
		vx_buf_putc(&b, '\n');
	(void)append_file(SYSTEM_HOSTS, FILE_MAX / 2, &b); /* either may be missing */
	vx_buf_printf(&name, "%s%s" SYSTEM_HOSTS, user ? user : "", user ? " or " : "");
	if (vx_buf_failed(&b) || vx_buf_failed(&name))
		return no_memory(err);
	vx_git_put_field(request, VX_GIT_HOSTS_NAME, name.data, name.len);
	vx_git_put_field(request, VX_GIT_HOSTS, b.data ? b.data : "", b.len);
	return 0;
}

/* --- the request ----------------------------------------------------------------------------- */

static void put_text(struct vx_buf *b, enum vx_git_field id, const char *text)
{
	vx_git_put_field(b, id, text, strlen(text));
}

/* Last, with room for all. */
static int put_secrets(const struct vx_git_login *l, struct vx_buf *b, struct vx_error *err)
{
	make_room(b, KEY_MAX + strlen(l->password) + strlen(l->passphrase) + 256);
	put_text(b, VX_GIT_PASSWORD, l->password);
	if (!*l->key_file)
		return 0;
	put_text(b, VX_GIT_PASSPHRASE, l->passphrase);
	return put_file(b, VX_GIT_KEY, l->key_file, KEY_MAX, "ssh_key", err);
}

int vx_git_login_request(const struct vx_git_login *l, const char *mirror,
                         const struct vx_git_owner *owner, struct vx_buf *b, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *url = vx_git_uri_url(&l->uri, l->user);
	bool ssh = l->uri.how == VX_GIT_SSH;
	char number[64];
	int rc = 0;

	if (!url)
		return no_memory(err);
	put_text(b, VX_GIT_RELEASE, VX_RELEASE);
	put_text(b, VX_GIT_MIRROR, mirror);
	put_text(b, VX_GIT_URL, url);
	put_text(b, VX_GIT_SHOWN, l->uri.shown);
	put_text(b, VX_GIT_HOST, l->uri.host);
	(void)snprintf(number, sizeof(number), "%d", l->uri.port);
	put_text(b, VX_GIT_PORT, number);
	put_text(b, VX_GIT_USER, l->user);
	put_text(b, VX_GIT_PACKS, PACKS);
	put_text(b, VX_GIT_TLS_OFF, l->tls_off ? "1" : "");
	(void)snprintf(number, sizeof(number), "%u %u", (unsigned)owner->uid, (unsigned)owner->gid);
	put_text(b, VX_GIT_RUN_AS, owner->other ? number : "");
	if (ssh)
		rc = put_hosts(l, b, err);
	if (rc == 0 && *l->ca_file)
		rc = put_file(b, VX_GIT_AUTHORITIES, l->ca_file, FILE_MAX, "ca_file", err);
	if (rc == 0)
		rc = put_secrets(l, b, err);
	vx_git_put_end(b);
	return rc == 0 && vx_buf_failed(b) ? no_memory(err) : rc;
}
