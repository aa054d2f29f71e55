/* client_i.h - what client.c and client_error.c share; for them only. */
#pragma once

#include <curl/curl.h>

#include "tools/vortexctl/client.h"

struct vx_ctl_client {
	char *socket;
	long timeout_s;
	CURL *curl;
};

/* Why we ended the transfer ourselves. Returns @rc. */
int vx_client_refuse(const struct vx_ctl_client *c, int rc, struct vx_error *err);

/* Why there is no answer. */
int vx_client_unreached(const struct vx_ctl_client *c, CURLcode code, struct vx_error *err);

/* Why the answer is none: @status is not 200. */
int vx_client_failure(const struct vx_ctl_client *c, const char *path, long status,
                      const char *body, size_t len, struct vx_error *err);
