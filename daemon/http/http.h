/* http.h - the local interface: what vortexctl asks, on a UNIX socket.
 *
 * libmicrohttpd with a thread a connection (so that an answer may wait for a backend), bounded. Who
 * asks is known from the socket's peer credentials: root, the daemon's own user and the members of
 * control.group may command; the values at some coordinates are shown to whoever may read its
 * files. What each path answers is docs/api.md. */
#pragma once

#include "core/error.h"
#include "core/settings.h"
#include "daemon/catalog/catalog.h"
#include "daemon/telemetry/events.h"
#include "daemon/telemetry/problems.h"

struct vx_http;

/* What the server speaks for; all borrowed, and outlive it. */
struct vx_http_parts {
	struct vx_catalog *catalog;
	struct vx_events *events;
	struct vx_problems *problems;
	const struct vx_clock *clock;
	const char *mount; /* where the tree is; copied */
};

/* Listen on http.socket of @s (empty: *ret is NULL, nothing listens). The socket's folder is made;
 * a socket that a dead daemon left is replaced. Mode 0660, group control.group.
 * 0 and *ret; -EADDRINUSE another daemon answers there; -EINVAL no such group, or a path that is too
 * long; -EACCES, ... (err: the path). */
int vx_http_start(const struct vx_settings *s, const struct vx_http_parts *parts,
                  struct vx_http **ret, struct vx_error *err);

/* Whether control.group can be looked up: what vx_http_start would refuse without touching anything.
 * 0, -EINVAL. */
int vx_http_check(const struct vx_settings *s, struct vx_error *err);

/* Refuse new connections, end those under way (events end first), free. NULL is a no-op. */
void vx_http_stop(struct vx_http *h);
