/* hosts.c - which of the known host keys the server is asked for.
 *
 * A server has several keys, and known_hosts perhaps only one of them. libgit2 asks for the type of
 * the first line that it finds, which is not the best, and gives up at a line that it cannot read.
 * So it is given the lines of one type: the best that there is for the host. */
#include <errno.h>
#include <libssh2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "backends/git_fetch/fetch_i.h"
#include "core/cleanup.h"

/* The best first. libssh2 1.10 knows RSA with SHA-1 only, which servers now refuse. */
static const char *const types[] = {"ssh-ed25519",
                                    "ecdsa-sha2-nistp256",
                                    "ecdsa-sha2-nistp384",
                                    "ecdsa-sha2-nistp521",
                                    "ssh-rsa",
                                    "ssh-dss"};

/* Whether the line's key is of @type: "HOSTS TYPE KEY [COMMENT]". Markers (@revoked) and comments are
 * not. */
static bool is_of(const char *line, size_t n, const char *type)
{
	const char *end = line + n, *at = line;
	size_t len = strlen(type);

	if (n == 0 || *line == '@' || *line == '#')
		return false;
	while (at < end && *at != ' ' && *at != '\t')
		at++;
	while (at < end && (*at == ' ' || *at == '\t'))
		at++;
	return (size_t)(end - at) > len && memcmp(at, type, len) == 0 &&
	       (at[len] == ' ' || at[len] == '\t');
}

/* Append the lines of @type that libssh2 can read to @b and to @hosts. */
static void take_type(const struct vx_git_request *r, const char *type, LIBSSH2_KNOWNHOSTS *hosts,
                      struct vx_buf *b)
{
	const char *at = r->field[VX_GIT_HOSTS].data, *end = at + r->field[VX_GIT_HOSTS].len;

	while (at < end) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((newline ? newline : end) - at);

		if (is_of(at, n, type) &&
		    libssh2_knownhost_readline(hosts, at, n, LIBSSH2_KNOWNHOST_FILE_OPENSSH) == 0) {
			vx_buf_put(b, at, n);
			vx_buf_putc(b, '\n');
		}
		at += n + (newline != NULL);
	}
}

/* Whether @hosts has any key of the request's host: a key that is nobody's is then a mismatch. */
static bool has_host(const struct vx_git_request *r, LIBSSH2_KNOWNHOSTS *hosts)
{
	int port = (int)strtol(r->field[VX_GIT_PORT].data, NULL, 10); /* the daemon wrote it */
	struct libssh2_knownhost *found;

	return libssh2_knownhost_checkp(hosts, r->field[VX_GIT_HOST].data, port ? port : 22, "", 1,
	                                LIBSSH2_KNOWNHOST_TYPE_PLAIN | LIBSSH2_KNOWNHOST_KEYENC_RAW,
	                                &found) == LIBSSH2_KNOWNHOST_CHECK_MISMATCH;
}

/* The lines of the best type of the host, if there is one. */
static int choose(const struct vx_git_request *r, struct vx_buf *b, bool *ret_known)
{
	LIBSSH2_SESSION *session = libssh2_init(0) == 0 ? libssh2_session_init() : NULL;
	int rc = session ? 0 : -ENOMEM;

	*ret_known = false;
	for (size_t i = 0; rc == 0 && !*ret_known && i < sizeof(types) / sizeof(*types); i++) {
		LIBSSH2_KNOWNHOSTS *hosts = libssh2_knownhost_init(session);

		vx_buf_truncate(b, 0);
		rc = hosts ? 0 : -ENOMEM;
		if (rc == 0)
			take_type(r, types[i], hosts, b);
		*ret_known = rc == 0 && has_host(r, hosts);
		if (hosts)
			libssh2_knownhost_free(hosts);
	}
	if (session)
		(void)libssh2_session_free(session); /* never connected */
	if (!*ret_known)
		vx_buf_truncate(b, 0);
	return rc < 0 || vx_buf_failed(b) ? -ENOMEM : 0;
}

static int write_to(const char *home, const struct vx_buf *b, struct failure *f)
{
	VX_AUTO(vx_freep) char *path = NULL;
	FILE *out = NULL;
	bool good;

	if (asprintf(&path, "%s/.ssh/known_hosts", home) < 0) {
		path = NULL;
		return fail_as(f, VX_GIT_KIND_MEMORY, "out of memory");
	}
	path[strlen(path) - strlen("/known_hosts")] = '\0';
	good = mkdir(path, 0700) == 0 || errno == EEXIST;
	path[strlen(path)] = '/';
	out = good ? fopen(path, "we") : NULL;
	good = out && (!b->len || fwrite(b->data, 1, b->len, out) == b->len);
	if (out && fclose(out) != 0)
		good = false;
	return good ? 0
	            : fail_as(f, errno == ENOSPC ? VX_GIT_KIND_SPACE : VX_GIT_KIND_MIRROR,
	                      "writing %s: %s", path, strerror(errno));
}

int write_known_hosts(const struct vx_git_request *r, const char *home, bool *ret_known,
                      struct failure *f)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;

	*ret_known = false;
	if (!*r->field[VX_GIT_HOSTS_NAME].data)
		return 0; /* not ssh */
	if (choose(r, &b, ret_known) < 0)
		return fail_as(f, VX_GIT_KIND_MEMORY, "out of memory");
	return write_to(home, &b, f);
}
