/* git_wire.h - what vortexd and vortex-git-fetch say to each other.
 *
 * The request goes to the program's standard input: fields as "NAME LENGTH\nBYTES\n", ended by
 * "end 0\n\n". Back comes one report a line, at most VX_GIT_LINE_MAX bytes. The program works on what
 * a foreign server sends, so whoever reads its reports believes nothing: what is no report is kept
 * as a complaint, and everything has a bound. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"

#define VX_GIT_LINE_MAX 1024
#define VX_GIT_TEXT_MAX 384

/* Files of authorities have some 200 KiB, known_hosts of a large site 1 MiB. */
#define VX_GIT_REQUEST_MAX ((size_t)8 << 20)

/* The fields of a request: the name in the code and on the wire. */
#define VX_GIT_FIELDS(F)                                                                           \
	F(RELEASE, "release")         /* of the daemon: both are to be of one build */             \
	F(MIRROR, "mirror")           /* the bare repository to bring up to date */                \
	F(URL, "url")                 /* without password; with the user where it is ssh's */      \
	F(SHOWN, "shown")             /* the same for people */                                    \
	F(HOST, "host")               /* of the URL */                                             \
	F(PORT, "port")               /* of it, in decimal; "0": the scheme's */                   \
	F(USER, "user")               /* to log in as; empty: none */                              \
	F(PASSWORD, "password")       /* or token */                                               \
	F(KEY, "key")                 /* the private ssh key; empty: the agent */                  \
	F(PASSPHRASE, "passphrase")   /* of the key */                                             \
	F(HOSTS, "hosts")             /* the bytes of known_hosts */                               \
	F(HOSTS_NAME, "hosts-name")   /* where they are from, for people */                        \
	F(AUTHORITIES, "authorities") /* certificates (PEM); empty: the system's */                \
	F(TLS_OFF, "tls-off")         /* not empty: certificates are not verified */               \
	F(RUN_AS, "run-as")           /* "UID GID" to become; empty: stay */                       \
	F(PACKS, "packs")             /* compact when there are more than so many */

enum vx_git_field {
#define F(id, name) VX_GIT_##id,
	VX_GIT_FIELDS(F)
#undef F
		VX_GIT_N_FIELDS
};

struct vx_git_request {
	struct {
		const char *data; /* ends with a NUL that is not counted; "" if it is not given */
		size_t len;
	} field[VX_GIT_N_FIELDS];
};

/* Append @bytes as the field @id, and the end. */
void vx_git_put_field(struct vx_buf *b, enum vx_git_field id, const char *bytes, size_t len);
void vx_git_put_end(struct vx_buf *b);

/* Take the request in @n bytes at @text apart, in place: the fields point into it. 0, or -EBADMSG. */
int vx_git_request_parse(char *text, size_t n, struct vx_git_request *ret);

/* Why it failed: the word on the wire, and what the daemon makes of it. */
#define VX_GIT_KINDS(K)                                                                            \
	K(AUTH, "auth", EACCES)       /* user, password or key refused, or none to offer */        \
	K(TRUST, "trust", EACCES)     /* a certificate or host key is not to be trusted */         \
	K(SETUP, "setup", EACCES)     /* our side is not set up for this */                        \
	K(UNKNOWN, "unknown", EAGAIN) /* the server has no such repository */                      \
	K(UNREACHABLE, "unreachable", EAGAIN) /* no such host, refused, reset */                   \
	K(SERVER, "server", EAGAIN)           /* it answers, but not as it should */               \
	K(SPACE, "space", ENOSPC)             /* the disk is full */                               \
	K(MIRROR, "mirror", EBADMSG)          /* our copy is damaged */                            \
	K(MEMORY, "memory", ENOMEM)

enum vx_git_kind {
#define K(id, word, code) VX_GIT_KIND_##id,
	VX_GIT_KINDS(K)
#undef K
};
int vx_git_kind_errno(enum vx_git_kind kind); /* negative */

enum vx_git_what {
	VX_GIT_ALIVE,    /* "alive": bytes have come, or work is being done */
	VX_GIT_PROGRESS, /* "progress RECEIVED OBJECTS INDEXED BYTES" */
	VX_GIT_DONE, /* "done REFS COMPACTED": how many references moved; 1 if packs were merged */
	VX_GIT_FAILED,   /* "failed KIND SENTENCE" */
	VX_GIT_COMPLAINT /* anything else */
};

struct vx_git_report {
	enum vx_git_what what;
	uint64_t received, objects, indexed, bytes; /* VX_GIT_PROGRESS */
	uint64_t refs;                              /* VX_GIT_DONE */
	bool compacted;                             /* VX_GIT_DONE */
	enum vx_git_kind kind;                      /* VX_GIT_FAILED */
	char text[VX_GIT_TEXT_MAX];                 /* FAILED, COMPLAINT: printable UTF-8, cut */
};

/* Read one line of @n bytes (no newline). Cannot fail. */
void vx_git_report_parse(const char *line, size_t n, struct vx_git_report *ret);

/* The line for @r with its newline, appended to @b. */
void vx_git_report_put(struct vx_buf *b, const struct vx_git_report *r);

/* Lines out of bytes as they come. Zero-initialise. */
struct vx_git_lines {
	char line[VX_GIT_LINE_MAX];
	size_t n;
	bool complete; /* what is there was a whole line; one that is longer is cut */
};
/* Add the byte @c; true: a line is complete, in line and n, until the next call. */
bool vx_git_lines_add(struct vx_git_lines *l, char c);
