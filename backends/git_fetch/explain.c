/* explain.c - from what libgit2 says to what a person can do.
 *
 * libgit2 has one code for nearly everything, so its sentences are looked at: the table has a line for
 * each that was seen with 1.5. What matches none is passed on as it is. */
#include <errno.h>
#include <git2.h>
#include <stdlib.h>
#include <string.h>

#include "backends/git_fetch/fetch_i.h"

struct known {
	const char *said; /* somewhere in it */
	enum vx_git_kind kind;
	const char *means;
	bool as_well; /* what was said is worth repeating */
};

/* clang-format off */
static const struct known table[] = {
	{"failed to resolve address", VX_GIT_KIND_UNREACHABLE, "the host's name is not known", true},
	{"Connection refused", VX_GIT_KIND_UNREACHABLE, "the connection was refused: nothing listens at that address and port", false},
	{"failed to connect", VX_GIT_KIND_UNREACHABLE, "there is no connection", true},
	{"Connection reset", VX_GIT_KIND_UNREACHABLE, "the connection broke off", false},
	{"Connection timed out", VX_GIT_KIND_UNREACHABLE, "the server does not answer", false},
	{"Broken pipe", VX_GIT_KIND_UNREACHABLE, "the connection broke off", false},
	{"early EOF", VX_GIT_KIND_UNREACHABLE, "the connection broke off", false},
	{"unexpected EOF", VX_GIT_KIND_UNREACHABLE, "the connection broke off", false},
	{"premature EOF", VX_GIT_KIND_UNREACHABLE, "the connection broke off", false},
	{"incomplete pack", VX_GIT_KIND_UNREACHABLE, "the connection broke off", false},
	{"transport read", VX_GIT_KIND_UNREACHABLE, "the connection broke off", false},
	{"SSH could not read", VX_GIT_KIND_UNREACHABLE, "the connection broke off", true},
	{"socket disconnect", VX_GIT_KIND_UNREACHABLE, "the connection broke off", false},
	{"SSL error", VX_GIT_KIND_UNREACHABLE, "the connection broke off, or TLS cannot be agreed on", true},
	{"status code: 401", VX_GIT_KIND_AUTH, "the server refused the user or password", false},
	{"status code: 403", VX_GIT_KIND_AUTH, "the server forbids it (403): the user or token may not read this repository", false},
	{"status code: 404", VX_GIT_KIND_UNKNOWN, "the server has no such repository (404), or hides it from this user", false},
	{"status code: 407", VX_GIT_KIND_AUTH, "the proxy wants a password", false},
	{"status code: 410", VX_GIT_KIND_UNKNOWN, "the server has no such repository any more (410)", false},
	{"status code: 429", VX_GIT_KIND_SERVER, "the server is asked too often (429)", false},
	{"status code: 5", VX_GIT_KIND_SERVER, "the server has failed", true},
	{"authentication", VX_GIT_KIND_AUTH, "the server refused the user, password or key", true},
	{"Username/PublicKey", VX_GIT_KIND_AUTH, "the server refused the ssh key; libssh2 1.10 signs with RSA only as servers no longer accept: use an ed25519 key", false},
	{"Unable to extract public key", VX_GIT_KIND_SETUP, "backends[].ssh_key is no private key that can be read, or backends[].ssh_key_passphrase is wrong", false},
	{"Unable to initialize private key", VX_GIT_KIND_SETUP, "backends[].ssh_key is no private key that can be read, or backends[].ssh_key_passphrase is wrong", false},
	{"Private key unpack failed", VX_GIT_KIND_SETUP, "backends[].ssh_key cannot be read: backends[].ssh_key_passphrase is wrong or missing, or it is no private key", false},
	{"Wrong passphrase", VX_GIT_KIND_SETUP, "backends[].ssh_key_passphrase is wrong", false},
	{"agent", VX_GIT_KIND_AUTH, "the ssh agent does not help", true},
	{"Unable to exchange encryption keys", VX_GIT_KIND_TRUST, "the server has no host key of a type that the known hosts file has of it, or no common cipher; see ssh-keyscan", false},
	{"Failed getting banner", VX_GIT_KIND_SERVER, "what answers there is no ssh server", false},
	{"does not exist", VX_GIT_KIND_UNKNOWN, "the server has no such repository", true},
	{"does not appear to be a git", VX_GIT_KIND_UNKNOWN, "the server has no such repository", true},
	{"not found", VX_GIT_KIND_UNKNOWN, "the server has no such repository", true},
	{"No such file", VX_GIT_KIND_UNKNOWN, "the server has no such repository", true},
	{"Permission denied", VX_GIT_KIND_AUTH, "the server refused it", true},
	{"access denied", VX_GIT_KIND_AUTH, "the server refused it", true},
	{"content-type", VX_GIT_KIND_SERVER, "what answers there is no Git server (only the smart HTTP protocol is spoken)", false},
	{"cannot redirect", VX_GIT_KIND_SERVER, "the server sends us elsewhere; if that is right, write the new address in backends[].uri", true},
	{"too many redirects", VX_GIT_KIND_AUTH, "the server refused the user or password", false},
	{"remote error", VX_GIT_KIND_SERVER, "the server refused it", true},
	{"No space left", VX_GIT_KIND_SPACE, "the disk of state.path is full", false},
	{"Disk quota", VX_GIT_KIND_SPACE, "the disk quota of state.path is used up", false},
};
/* clang-format on */

/* The same of a certificate that was not believed. */
static int explain_certificate(const struct vx_git_request *r, const char *said, struct failure *f)
{
	const char *host = r->field[VX_GIT_HOST].data;

	if (strcasestr(said, "expired"))
		return fail_as(f, VX_GIT_KIND_TRUST,
		               "the certificate of %s has expired; its owner has to renew it",
		               host);
	if (strcasestr(said, "future"))
		return fail_as(
			f, VX_GIT_KIND_TRUST,
			"the certificate of %s is not valid yet; is this machine's clock right?",
			host);
	if (strcasestr(said, "not correctly signed"))
		return fail_as(
			f, VX_GIT_KIND_TRUST,
			"the certificate of %s is not signed by an authority that is trusted; "
			"backends[].ca_file names the file of those that are",
			host);
	if (strcasestr(said, "Common Name") || strcasestr(said, "CN mismatch"))
		return fail_as(f, VX_GIT_KIND_TRUST,
		               "the certificate is not one of %s but of another host", host);
	return fail_as(f, VX_GIT_KIND_TRUST, "the certificate of %s is not to be trusted: %.200s",
	               host, said);
}

/* Whether it is about our own copy, not about what the server sent: bases of deltas are ours. */
static bool is_ours(const git_error *e, const char *said)
{
	return e->klass == GIT_ERROR_ODB || e->klass == GIT_ERROR_REFERENCE ||
	       e->klass == GIT_ERROR_REPOSITORY || e->klass == GIT_ERROR_OBJECT ||
	       e->klass == GIT_ERROR_CONFIG || e->klass == GIT_ERROR_TREE ||
	       e->klass == GIT_ERROR_TAG ||
	       (e->klass == GIT_ERROR_INDEXER && strcasestr(said, "delta"));
}

int explain(const struct vx_git_request *r, int grc, struct failure *f)
{
	const git_error *e = git_error_last();
	const char *said = e && e->message ? e->message : "no reason was given";

	if (f->said)
		return -1;
	if (r && strstr(said, "certificate is invalid"))
		return explain_certificate(r, said, f);
	if (r && *r->field[VX_GIT_KEY].data && strstr(said, "Failed to authenticate SSH session"))
		return fail_as(f, VX_GIT_KIND_SETUP,
		               "backends[].ssh_key cannot be used: ssh_key_passphrase is wrong or "
		               "missing, or it is no private key (%s)",
		               said);
	if (e && e->klass == GIT_ERROR_NOMEMORY)
		return fail_as(f, VX_GIT_KIND_MEMORY, "out of memory");
	if (errno == ENOSPC && e && e->klass == GIT_ERROR_OS)
		return fail_as(f, VX_GIT_KIND_SPACE, "the disk of state.path is full");
	if (e && is_ours(e, said))
		return fail_as(f, VX_GIT_KIND_MIRROR, "the mirror is damaged (%s)", said);
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const struct known *k = &table[i];

		if (strcasestr(said, k->said))
			return fail_as(f, k->kind, k->as_well ? "%s (%s)" : "%s", k->means, said);
	}
	if (grc == GIT_EAUTH)
		return fail_as(f, VX_GIT_KIND_AUTH, "the server refused the user or password (%s)",
		               said);
	return fail_as(f, VX_GIT_KIND_SERVER, "%s", said);
}
