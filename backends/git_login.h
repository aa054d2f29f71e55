/* git_login.h - what it takes to be let in by a remote, from the settings to the request.
 *
 * Files (key, known hosts, authorities) are read anew for each fetch, so that they can be replaced.
 * Immutable after new; secrets are wiped by free. */
#pragma once

#include "backends/git_mirror.h"
#include "backends/git_uri.h"
#include "core/buf.h"
#include "core/settings.h"

struct vx_git_login;

/* From the entry @cfg; *@uri is taken over (and emptied). -EINVAL what must not be done: plain http to
 * another host without tls: off. */
int vx_git_login_new(const struct vx_settings_map *cfg, struct vx_git_uri *uri,
                     struct vx_git_login **ret, struct vx_error *err);
void vx_git_login_free(struct vx_git_login *l); /* NULL is a no-op */
const struct vx_git_uri *vx_git_login_uri(const struct vx_git_login *l);

/* The request for a fetch into @mirror, appended to @b; explicit_bzero it when it was sent.
 * -EACCES a file cannot be read, -EINVAL it cannot be what it should be, -ENOMEM. */
int vx_git_login_request(const struct vx_git_login *l, const char *mirror,
                         const struct vx_git_owner *owner, struct vx_buf *b, struct vx_error *err);
