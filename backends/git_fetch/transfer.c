/* transfer.c - the fetch itself, by libgit2.
 *
 * All branches and tags come under their own names, and what the server has no more goes. Pruning
 * comes before the new references are written, for `a` that became `a/b`. */
#include <git2.h>
#include <git2/sys/credential.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backends/git_fetch/fetch_i.h"
#include "core/cleanup.h"

/* How often progress is worth a line. */
#define PROGRESS_NS ((int64_t)100000000)

struct transfer {
	const struct vx_git_request *r;
	struct failure *f;
	bool host_known; /* known_hosts has a key of the host */
	bool offered;    /* our user and password, or key */
	struct address address;
	uint64_t refs;
	struct timespec told;
};

static const char *field(const struct transfer *t, enum vx_git_field id)
{
	return t->r->field[id].data;
}

/* --- callbacks ------------------------------------------------------------------------------- */

static int refuse_host(const struct transfer *t)
{
	const char *host = field(t, VX_GIT_HOST), *port = field(t, VX_GIT_PORT);
	bool usual = strcmp(port, "0") == 0 || strcmp(port, "22") == 0;
	const char *p = usual ? "" : "-p ", *number = usual ? "" : port, *blank = usual ? "" : " ";

	if (t->host_known)
		return fail_as(
			t->f, VX_GIT_KIND_TRUST,
			"the host key of %s has CHANGED: it is not the one in %s; somebody may "
			"stand in between. If the server's owner confirms the new key, remove "
			"the old one (ssh-keygen -R) and add it (ssh-keyscan %s%s%s%s)",
			host, field(t, VX_GIT_HOSTS_NAME), p, number, blank, host);
	return fail_as(t->f, VX_GIT_KIND_TRUST,
	               "the host key of %s is not known: there is none in %s. Look at what "
	               "`ssh-keyscan %s%s%s%s` prints, compare it with what the server's owner "
	               "says, and add it there (backends[].ssh_known_hosts names another file)",
	               host, field(t, VX_GIT_HOSTS_NAME), p, number, blank, host);
}

static int on_certificate(git_cert *cert, int valid, const char *host, void *arg)
{
	const git_cert_x509 *x509 = (const void *)cert;
	struct transfer *t = arg;

	if (valid)
		return 0;
	if (cert->cert_type != GIT_CERT_X509)
		return refuse_host(t);
	if (*field(t, VX_GIT_TLS_OFF) || address_is(&t->address, x509->data, x509->len))
		return 0;
	address_note(&t->address, x509->data, x509->len, host);
	return GIT_PASSTHROUGH; /* libgit2's words say why */
}

static int say_refused(const struct transfer *t)
{
	const char *what =
		*field(t, VX_GIT_PASSWORD) ? "the password or token" : "the ssh agent's keys";

	if (*field(t, VX_GIT_KEY))
		return fail_as(
			t->f, VX_GIT_KIND_AUTH,
			"the server refused the ssh key (user '%s'); is its public half there? "
			"RSA keys are signed by SHA-1 here, which servers no longer take: use "
			"ed25519",
			field(t, VX_GIT_USER));
	return fail_as(t->f, VX_GIT_KIND_AUTH,
	               "the server refused %s (user '%s'); see backends[].username, .password and "
	               ".ssh_key",
	               what, field(t, VX_GIT_USER));
}

static int missing(const struct transfer *t, unsigned allowed)
{
	if (allowed & GIT_CREDENTIAL_SSH_KEY)
		return fail_as(t->f, VX_GIT_KIND_AUTH,
		               "the server wants an ssh key: set backends[].ssh_key%s",
		               *field(t, VX_GIT_RUN_AS)
		                       ? " (an ssh agent answers nobody but its own user)"
		                       : ", or start vortexd with an ssh agent (SSH_AUTH_SOCK)");
	return fail_as(
		t->f, VX_GIT_KIND_AUTH,
		"the server wants a user and a password or token: set backends[].username "
		"and backends[].password (some hosts ask so for a repository that they do not "
		"have)");
}

static int on_credentials(git_credential **ret, const char *url, const char *user, unsigned allowed,
                          void *arg)
{
	const char *password, *key, *login;
	struct transfer *t = arg;

	(void)url;
	password = field(t, VX_GIT_PASSWORD);
	key = field(t, VX_GIT_KEY);
	login = user ? user : field(t, VX_GIT_USER);
	if (allowed & GIT_CREDENTIAL_USERNAME)
		return git_credential_username_new(ret, login);
	if (t->offered)
		return say_refused(t) < 0 ? GIT_EUSER : 0;
	t->offered = true;
	if (*key && (allowed & GIT_CREDENTIAL_SSH_MEMORY))
		return git_credential_ssh_key_memory_new(ret, login, NULL, key,
		                                         field(t, VX_GIT_PASSPHRASE));
	if (*password && (allowed & GIT_CREDENTIAL_USERPASS_PLAINTEXT))
		/* Servers that take a token look at the user or do not: any will do then. */
		return git_credential_userpass_plaintext_new(ret, *login ? login : "git", password);
	if (!*key && (allowed & GIT_CREDENTIAL_SSH_KEY) && getenv("SSH_AUTH_SOCK"))
		return git_credential_ssh_key_from_agent(ret, login);
	return missing(t, allowed) < 0 ? GIT_EUSER : 0;
}

static int on_progress(const git_indexer_progress *p, void *arg)
{
	struct transfer *t = arg;
	bool whole = p->indexed_objects == p->total_objects;
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* there always is one */
	if (!whole &&
	    (now.tv_sec - t->told.tv_sec) * INT64_C(1000000000) + (now.tv_nsec - t->told.tv_nsec) <
	            PROGRESS_NS)
		return 0;
	t->told = now;
	report(&(struct vx_git_report){.what = VX_GIT_PROGRESS,
	                               .received = p->received_objects,
	                               .objects = p->total_objects,
	                               .indexed = p->indexed_objects + p->indexed_deltas,
	                               .bytes = p->received_bytes});
	return 0;
}

static int on_update(const char *name, const git_oid *was, const git_oid *now, void *arg)
{
	struct transfer *t = arg;

	(void)name;
	(void)was;
	(void)now;
	t->refs++;
	return 0;
}

/* --- the fetch ------------------------------------------------------------------------------- */

static int write_file(const char *path, const char *bytes, size_t n)
{
	FILE *out = fopen(path, "we");
	bool good = out && fwrite(bytes, 1, n, out) == n;

	if (out && fclose(out) != 0)
		good = false;
	return good ? 0 : -1;
}

/* Whose certificates are believed. */
static int set_authorities(const struct transfer *t, const char *home)
{
	const char *file = getenv("SSL_CERT_FILE"), *dir = getenv("SSL_CERT_DIR");
	VX_AUTO(vx_freep) char *own = NULL;

	if (*field(t, VX_GIT_AUTHORITIES)) {
		if (asprintf(&own, "%s/authorities.pem", home) < 0) {
			own = NULL;
			return fail_as(t->f, VX_GIT_KIND_MEMORY, "out of memory");
		}
		if (write_file(own, field(t, VX_GIT_AUTHORITIES),
		               t->r->field[VX_GIT_AUTHORITIES].len) < 0)
			return fail_as(t->f, VX_GIT_KIND_SPACE, "writing %s: %m", own);
		file = own;
		dir = NULL;
	}
	if (!file && !dir)
		return 0; /* libgit2 has loaded the system's */
	if (git_libgit2_opts(GIT_OPT_SET_SSL_CERT_LOCATIONS, file, dir) < 0)
		return fail_as(t->f, VX_GIT_KIND_SETUP,
		               "no certificate can be read from %s; it is to be PEM",
		               own ? "backends[].ca_file" : "SSL_CERT_FILE or SSL_CERT_DIR");
	return 0;
}

static void configure_library(void)
{
	static const int levels[] = {GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
	                             GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL};

	(void)git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
	(void)git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1);
	(void)git_libgit2_opts(GIT_OPT_SET_USER_AGENT, "vortex " VX_RELEASE);
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
		(void)git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "");
}

/* Download, prune, move the references. libgit2's code. */
static int run(struct transfer *t, git_remote *remote)
{
	static const char *const specs[] = {"+refs/heads/*:refs/heads/*",
	                                    "+refs/tags/*:refs/tags/*"};
	char *strings[] = {(char *)(uintptr_t)specs[0], (char *)(uintptr_t)specs[1]};
	const git_strarray refspecs = {strings, 2};
	git_fetch_options options;
	int grc = git_fetch_options_init(&options, GIT_FETCH_OPTIONS_VERSION);

	if (grc < 0)
		return grc;
	options.callbacks.certificate_check = on_certificate;
	options.callbacks.credentials = on_credentials;
	options.callbacks.transfer_progress = on_progress;
	options.callbacks.update_tips = on_update;
	options.callbacks.payload = t;
	options.download_tags = GIT_REMOTE_DOWNLOAD_TAGS_NONE; /* the second refspec has them all */
	options.proxy_opts.type = GIT_PROXY_AUTO;
	/* Only within a host: another one must not be sent our password. */
	options.follow_redirects = GIT_REMOTE_REDIRECT_NONE;
	grc = git_remote_download(remote, &refspecs, &options);
	(void)git_remote_disconnect(remote); /* all there is has come */
	if (grc == 0)
		grc = git_remote_prune(remote, &options.callbacks);
	if (grc == 0)
		grc = git_remote_update_tips(remote, &options.callbacks, 0,
		                             GIT_REMOTE_DOWNLOAD_TAGS_NONE, NULL);
	return grc;
}

static const char *last_said(void)
{
	const git_error *e = git_error_last();

	return e && e->message ? e->message : "";
}

static int open_and_run(struct transfer *t, const char *mirror)
{
	git_repository *repo = NULL;
	git_remote *remote = NULL;
	int grc = git_repository_open_ext(&repo, mirror, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);

	if (grc < 0)
		return fail_as(t->f, VX_GIT_KIND_MIRROR, "the mirror cannot be opened");
	do {
		git_remote_free(remote);
		grc = git_remote_create_anonymous(&remote, repo, field(t, VX_GIT_URL));
		if (grc == 0)
			grc = run(t, remote);
	} while (grc < 0 && address_believe(&t->address, last_said()));
	if (grc < 0)
		(void)explain(t->r, grc, t->f);
	git_remote_free(remote);
	git_repository_free(repo);
	return grc < 0 ? -1 : 0;
}

int transfer(const struct vx_git_request *r, const char *mirror, uint64_t *ret_refs,
             struct failure *f)
{
	struct transfer t = {.r = r, .f = f};
	VX_AUTO(vx_freep) char *home = NULL;
	int rc;

	if (asprintf(&home, "%s/vortex", mirror) < 0) {
		home = NULL;
		return fail_as(f, VX_GIT_KIND_MEMORY, "out of memory");
	}
	rc = write_known_hosts(r, home, &t.host_known, f);
	if (rc == 0 && (setenv("HOME", home, 1) < 0 || git_libgit2_init() < 0))
		rc = fail_as(f, VX_GIT_KIND_MEMORY, "libgit2 cannot be started");
	if (rc < 0)
		return rc;
	configure_library();
	rc = set_authorities(&t, home);
	if (rc == 0)
		rc = open_and_run(&t, mirror);
	*ret_refs = t.refs;
	return rc;
}
