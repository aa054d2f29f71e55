/* client_error.c - why the daemon did not answer, and what to do about it; see client_i.h. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/vortexctl/client_i.h"

int vx_client_refuse(const struct vx_ctl_client *c, int rc, struct vx_error *err)
{
	if (rc == -E2BIG)
		return vx_fail(err, rc, "the answer of %s has more than %zu MiB; ask for less",
		               c->socket, VX_CTL_ANSWER_MAX >> 20);
	if (rc == -EBADMSG)
		return vx_fail(err, rc, "what %s sends is no event", c->socket);
	return vx_fail(err, rc, "%s", vx_error_text(NULL, rc));
}

/* The socket is there, and its mode says no. */
static int denied(const char *socket, struct vx_error *err)
{
	const struct passwd *user = getpwuid(geteuid());
	const struct group *group;
	struct stat st;

	if (stat(socket, &st) < 0)
		return vx_fail(err, -EACCES,
		               "%s cannot be reached: a folder above it is closed to you; use sudo",
		               socket);
	group = getgrgid(st.st_gid);
	if (st.st_gid == 0 || !group)
		return vx_fail(
			err, -EACCES,
			"%s is for root alone; use sudo, or name a group in vortexd's setting "
			"control.group and join it",
			socket);
	return vx_fail(err, -EACCES,
	               "%s is for root and the group %s (vortexd's setting control.group); use "
	               "sudo, or 'sudo usermod -aG %s %s' and log in again",
	               socket, group->gr_name, group->gr_name, user ? user->pw_name : "USER");
}

/* What connect(2) says, which curl does not always hand on. */
static int not_connected(const struct vx_ctl_client *c, struct vx_error *err)
{
	long code = 0;

	(void)curl_easy_getinfo(c->curl, CURLINFO_OS_ERRNO, &code); /* 0 if it does not know */
	if (code == 0 && access(c->socket, R_OK | W_OK) < 0)
		code = errno;
	if (code == EACCES || code == EPERM)
		return denied(c->socket, err);
	return vx_fail(
		err, -ENOTCONN,
		"no vortexd answers at %s (%s): is it running? Start it, or name its socket by "
		"--socket; 'vortexctl doctor' looks at this machine",
		c->socket, code ? strerror((int)code) : "no connection");
}

int vx_client_unreached(const struct vx_ctl_client *c, CURLcode code, struct vx_error *err)
{
	switch ((int)code) { /* of libcurl's hundred, these mean something to us */
	case CURLE_COULDNT_CONNECT:
		return not_connected(c, err);
	case CURLE_OPERATION_TIMEDOUT:
		return vx_fail(err, -ETIMEDOUT,
		               "vortexd at %s did not answer in time; it may wait for a source "
		               "('vortexctl backends'), --timeout waits longer",
		               c->socket);
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
		return vx_fail(err, -ENOTCONN,
		               "vortexd at %s went away in the middle of its answer: %s", c->socket,
		               curl_easy_strerror(code));
	case CURLE_OUT_OF_MEMORY:
		return vx_fail(err, -ENOMEM, "out of memory");
	default:
		return vx_fail(err, -EIO, "what answers at %s is no vortexd: %s", c->socket,
		               curl_easy_strerror(code));
	}
}

int vx_client_failure(const struct vx_ctl_client *c, const char *path, long status,
                      const char *body, size_t len, struct vx_error *err)
{
	VX_AUTO(vx_json_put) json_t *answer = json_loadb(body ? body : "", len, 0, NULL);
	const json_t *error = json_object_get(answer, "error");
	const char *code = json_string_value(json_object_get(error, "code"));
	const char *message = json_string_value(json_object_get(error, "message"));

	if (code && message)
		return vx_fail(err, vx_ctl_errno_of(code), "%s", message);
	return vx_fail(
		err, -EIO,
		"%s answered /api/%.40s with HTTP %ld and no reason; is it a vortexd as old as "
		"this vortexctl?",
		c->socket, path, status);
}
