/* git_uri.h - where a repository is, taken apart: this machine, or a remote by http, https or ssh.
 *
 * Pure. User and password are kept apart from the address at once, so that nothing that is shown,
 * sent or hashed later can contain them. */
#pragma once

#include <stdbool.h>

#include "core/error.h"

enum vx_git_how { VX_GIT_LOCAL, VX_GIT_HTTP, VX_GIT_HTTPS, VX_GIT_SSH };

struct vx_git_uri {
	enum vx_git_how how;
	char *address;  /* without user, password; of VX_GIT_LOCAL: the path */
	char *shown;    /* the address without query and fragment; for people */
	char *user;     /* decoded; NULL none */
	char *password; /* decoded; NULL none; wiped by fini */
	char *host;     /* without brackets; NULL of VX_GIT_LOCAL */
	int port;       /* 0: the scheme's */
};

/* Take @uri apart. 0 and *ret (fini it), -EINVAL with a sentence that never shows what may be a
 * password, -ENOMEM. */
int vx_git_uri_parse(const char *uri, struct vx_git_uri *ret, struct vx_error *err);
void vx_git_uri_fini(struct vx_git_uri *u);

/* Whether the host is this machine's own loopback interface, by its name alone. */
bool vx_git_uri_loopback(const struct vx_git_uri *u);

/* The address as libgit2 is to be given it: with the user where that is ssh's. NULL: out of memory;
 * the caller frees. */
char *vx_git_uri_url(const struct vx_git_uri *u, const char *user);
