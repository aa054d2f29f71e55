/* fetch_i.h - what the rooms of vortex-git-fetch share.
 *
 * The program brings one mirror up to date and ends. It reads a request (backends/git_wire.h) on
 * standard input, gives up every right that it does not need, and only then speaks to the network;
 * on standard output it reports. Whoever started it kills it when it takes too long: libgit2 and
 * libssh2 may wait for ever. */
#pragma once

#include <stdatomic.h>

#include "backends/git_wire.h"
#include "core/error.h"

/* What went wrong: the first to say it wins, for what libgit2 says later of a callback that has
 * refused is less precise. */
struct failure {
	bool said;
	enum vx_git_kind kind;
	char text[VX_GIT_TEXT_MAX];
};

/* Say it, unless something was said already. Returns -1. failure.c */
int fail_as(struct failure *f, enum vx_git_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* --- report.c ------------------------------------------------------------------------- */

/* Write a report; any thread. A daemon that is gone ends the program. */
void report(const struct vx_git_report *r);

/* --- sandbox.c ------------------------------------------------------------------------------- */

/* Give up what is not needed. @run_as "UID GID": become that user, in a mount namespace where only
 * the mirror's packs, references and own folder can be written; *ret_mirror is where the mirror is
 * from now on (static or @mirror itself). */
int confine(const char *run_as, const char *mirror, const char **ret_mirror, struct failure *f);

/* --- syscalls.c ------------------------------------------------------------------------------ */

/* Refuse ourselves the system calls that a fetch does not need: links, FIFOs, processes and more.
 * Threads that are there already keep them. */
int refuse_syscalls(struct failure *f);

/* --- transfer.c ------------------------------------------------------------------------------ */

/* Fetch into @mirror; *ret_refs counts the references that moved. */
int transfer(const struct vx_git_request *r, const char *mirror, uint64_t *ret_refs,
             struct failure *f);

/* --- hosts.c --------------------------------------------------------------------------------- */

/* Write the lines of known_hosts that hold the best key of the request's host to
 * @home/.ssh/known_hosts, where libgit2 looks. It asks the server for one type of key, so lines of
 * others would only hide it. *ret_known: whether there is one. */
int write_known_hosts(const struct vx_git_request *r, const char *home, bool *ret_known,
                      struct failure *f);

/* --- explain.c ------------------------------------------------------------------------------- */

/* Say what libgit2's last error means, @grc its code. Returns -1. */
int explain(const struct vx_git_request *r, int grc, struct failure *f);

/* --- address.c ------------------------------------------------------------------------------- */

struct address {
	unsigned char leaf[16384]; /* a certificate that names the IP address */
	size_t leaf_len;           /* 0 none */
	bool believed;
};
/* Keep the certificate @der if it is one of the IP address @host. */
void address_note(struct address *a, const void *der, size_t n, const char *host);
/* Whether it is to be believed, given what libgit2 has @said against it; true once at most. */
bool address_believe(struct address *a, const char *said);
/* Whether @der is the one that is believed. */
bool address_is(const struct address *a, const void *der, size_t n);

/* --- pulse.c --------------------------------------------------------------------------------- */

/* Start the thread that reports, once a second, whether a byte came or went on a connection. */
int pulse_start(struct failure *f);

/* --- compact.c ------------------------------------------------------------------------------- */

/* Where there are more than @most packs in @mirror, write the small ones as one. *ret: something was
 * done. Removed packs may be in use: whoever has them open keeps them. */
int compact(const char *mirror, size_t most, bool *ret, struct failure *f);
