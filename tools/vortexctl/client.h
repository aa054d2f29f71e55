/* client.h - asking the daemon: HTTP on its UNIX socket, JSON back; see docs/api.md.
 *
 * One client is one connection, used for one question after the other. Every answer is bounded in
 * size and time. The errors are sentences for people, and say what to do. */
#pragma once

#include <jansson.h>

#include "core/cleanup.h"
#include "core/error.h"
#include "tools/vortexctl/options.h"

/* Of one answer: a page of a thousand items with values of some kilobytes is far below. */
#define VX_CTL_ANSWER_MAX ((size_t)64 << 20)

struct vx_ctl_client;

/* One part of a question; a NULL value leaves it out. Borrowed. */
struct vx_ctl_param {
	const char *name;
	const char *value;
};

/* Find the socket (the option, VORTEX_SOCKET, $XDG_RUNTIME_DIR/vortex/api.sock, or
 * ~/.cache/vortex/api.sock without that variable, of a user where it
 * exists, /run/vortex/api.sock). Nothing is asked yet. @server is borrowed.
 * 0 and *ret (close it); -EINVAL a path that no socket can have; -ENOMEM. */
int vx_ctl_client_open(const struct vx_ctl_server *server, struct vx_ctl_client **ret,
                       struct vx_error *err);
void vx_ctl_client_close(struct vx_ctl_client *c); /* NULL is a no-op */
VX_DEFINE_AUTO(struct vx_ctl_client *, vx_ctl_client_close);

const char *vx_ctl_client_socket(const struct vx_ctl_client *c); /* borrowed */

/* GET /api/<path>?<params>. 0 and *ret, an object (json_decref it); what the daemon answered, by its
 * code; -ENOTCONN nobody answers there; -EACCES the socket is not ours to use; -ETIMEDOUT; -E2BIG;
 * -EIO what came was no answer. */
int vx_ctl_ask(struct vx_ctl_client *c, const char *path, const struct vx_ctl_param *params,
               size_t n, json_t **ret, struct vx_error *err);

/* The same by POST: it is to do something. */
int vx_ctl_command(struct vx_ctl_client *c, const char *path, const struct vx_ctl_param *params,
                   size_t n, json_t **ret, struct vx_error *err);

/* Take @n bytes of a stream: 0, or a negative errno that ends it. */
typedef int vx_ctl_bytes_fn(void *arg, const char *bytes, size_t n);

/* GET an answer in pieces, as they come. If it is @endless, only a silence of VX_CTL_SILENCE_S ends
 * it, else it may take as long as any.
 * 0 the daemon closed it; what @take returned; else as vx_ctl_ask. */
#define VX_CTL_SILENCE_S 45 /* three of the daemon's signs of life */
int vx_ctl_follow(struct vx_ctl_client *c, const char *path, const struct vx_ctl_param *params,
                  size_t n, bool endless, vx_ctl_bytes_fn *take, void *arg, struct vx_error *err);

/* json_decref for VX_AUTO. */
static inline void vx_json_put(json_t **p)
{
	json_decref(*p);
}
