/* client.c - libcurl on a UNIX socket; see client.h. What failed is put into words by client_error.c. */
#include "tools/vortexctl/client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/buf.h"
#include "tools/vortexctl/client_i.h"

#define SOCKET_DEFAULT "/run/vortex/api.sock"
#define ERROR_BODY_MAX ((size_t)64 << 10) /* of a stream that is refused: an error, no stream */

/* One request under way. */
struct transfer {
	struct vx_ctl_client *c;
	vx_ctl_bytes_fn *take; /* NULL: into body */
	void *arg;
	struct vx_buf body;
	size_t max;
	bool endless;
	int rc; /* why the transfer was ended by us */
};

/* The socket that a user's daemon would have, if it is there, or NULL; to be freed. */
static char *users_socket(void)
{
	const char *dir = getenv("XDG_RUNTIME_DIR"), *below = "";
	VX_AUTO(vx_freep) char *path = NULL;

	if (!dir || *dir != '/') { /* as vortexd's http.socket does without it */
		dir = getenv("HOME");
		below = "/.cache";
	}
	if (geteuid() == 0 || !dir || *dir != '/')
		return NULL;
	if (asprintf(&path, "%s%s/vortex/api.sock", dir, below) < 0) {
		path = NULL; /* asprintf leaves it undefined */
		return NULL;
	}
	return access(path, F_OK) == 0 ? vx_steal(path) : NULL;
}

static char *find_socket(const char *given)
{
	const char *path = given ? given : getenv("VORTEX_SOCKET");
	char *users;

	if (path && (*path || given))
		return strdup(path);
	users = users_socket();
	return users ? users : strdup(SOCKET_DEFAULT);
}

/* What does not change from request to request. */
static int set_up(struct vx_ctl_client *c, const char *socket, struct vx_error *err)
{
	if (strlen(socket) >= sizeof(((struct sockaddr_un *)NULL)->sun_path) || !*socket)
		return vx_fail(err, -EINVAL,
		               "'%s' cannot be the path of a socket: it has 1 to %zu "
		               "bytes",
		               socket, sizeof(((struct sockaddr_un *)NULL)->sun_path) - 1);
	if (curl_easy_setopt(c->curl, CURLOPT_UNIX_SOCKET_PATH, socket) != CURLE_OK ||
	    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L) != CURLE_OK ||
	    curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http") != CURLE_OK ||
	    curl_easy_setopt(c->curl, CURLOPT_NOPROXY, "*") != CURLE_OK || /* http_proxy= */
	    curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "vortexctl/" VX_RELEASE) != CURLE_OK)
		return vx_fail(err, -ENOMEM, "out of memory");
	return 0;
}

int vx_ctl_client_open(const struct vx_ctl_server *server, struct vx_ctl_client **ret,
                       struct vx_error *err)
{
	VX_AUTO(vx_ctl_client_close_p) struct vx_ctl_client *c = calloc(1, sizeof(*c));
	int rc;

	if (c) {
		c->timeout_s = server->timeout_s;
		c->socket = find_socket(server->socket);
		c->curl = curl_easy_init();
	}
	if (!c || !c->socket || !c->curl)
		return vx_fail(err, -ENOMEM, "out of memory");
	rc = set_up(c, c->socket, err);
	if (rc == 0)
		*ret = vx_steal(c);
	return rc;
}

void vx_ctl_client_close(struct vx_ctl_client *c)
{
	if (!c)
		return;
	curl_easy_cleanup(c->curl);
	free(c->socket);
	free(c);
}

const char *vx_ctl_client_socket(const struct vx_ctl_client *c)
{
	return c->socket;
}

/* --- one request ---------------------------------------------------------------------------- */

static size_t receive(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	long status = 0;

	(void)size;                                                           /* it is always 1 */
	(void)curl_easy_getinfo(t->c->curl, CURLINFO_RESPONSE_CODE, &status); /* 0 if it fails */
	if (t->take && status == 200) {
		t->rc = t->take(t->arg, bytes, n);
		return t->rc == 0 ? n : 0;
	}
	if (n > t->max - t->body.len)
		t->rc = -E2BIG;
	else
		vx_buf_put(&t->body, bytes, n);
	if (vx_buf_failed(&t->body))
		t->rc = -ENOMEM;
	return t->rc == 0 ? n : 0;
}

/* The URL: the host's name is of no account on a socket. NULL when out of memory. */
static char *url_of(struct vx_ctl_client *c, const char *path, const struct vx_ctl_param *params,
                    size_t n)
{
	VX_AUTO(vx_buf_fini) struct vx_buf url = VX_BUF_INIT;
	char sign = '?';

	vx_buf_printf(&url, "http://vortex/api/%s", path);
	for (size_t i = 0; i < n; i++) {
		char *value;

		if (!params[i].value)
			continue;
		value = curl_easy_escape(c->curl, params[i].value, 0);
		if (!value)
			return NULL;
		vx_buf_printf(&url, "%c%s=%s", sign, params[i].name, value);
		curl_free(value);
		sign = '&';
	}
	return vx_buf_steal(&url);
}

/* Send it, and let @t receive. 0: there is an answer, of *ret_status. */
static int perform(struct transfer *t, const char *url, bool post, long *ret_status,
                   struct vx_error *err)
{
	CURL *curl = t->c->curl;
	bool endless = t->endless;
	CURLcode code;

	if (curl_easy_setopt(curl, CURLOPT_URL, url) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_HTTPGET, 1L) != CURLE_OK || /* resets a POST */
	    (post && (curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "") != CURLE_OK ||
	              curl_easy_setopt(curl, CURLOPT_POST, 1L) != CURLE_OK)) ||
	    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, t->c->timeout_s) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_TIMEOUT, endless ? 0L : t->c->timeout_s) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, endless ? 1L : 0L) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, endless ? VX_CTL_SILENCE_S : 0L) !=
	            CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive) != CURLE_OK ||
	    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t) != CURLE_OK)
		return vx_fail(err, -ENOMEM, "out of memory");
	code = curl_easy_perform(curl);
	if (t->rc < 0)
		return vx_client_refuse(t->c, t->rc, err);
	if (code != CURLE_OK)
		return vx_client_unreached(t->c, code, err);
	if (curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status) != CURLE_OK)
		return vx_fail(err, -EIO, "libcurl keeps no status");
	return 0;
}

static int request(struct transfer *t, bool post, const char *path,
                   const struct vx_ctl_param *params, size_t n, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *url = url_of(t->c, path, params, n);
	long status = 0;
	int rc;

	if (!url)
		return vx_fail(err, -ENOMEM, "out of memory");
	rc = perform(t, url, post, &status, err);
	if (rc == 0 && status != 200)
		rc = vx_client_failure(t->c, path, status, t->body.data, t->body.len, err);
	return rc;
}

static int ask(struct vx_ctl_client *c, bool post, const char *path,
               const struct vx_ctl_param *params, size_t n, json_t **ret, struct vx_error *err)
{
	struct transfer t = {.c = c, .body = VX_BUF_INIT, .max = VX_CTL_ANSWER_MAX};
	json_error_t why;
	json_t *answer = NULL;
	int rc = request(&t, post, path, params, n, err);

	if (rc == 0) {
		answer = json_loadb(t.body.data ? t.body.data : "", t.body.len, 0, &why);
		if (!answer)
			rc = vx_fail(err, -EIO, "what %s answered is no JSON: %s", c->socket,
			             why.text);
		else if (!json_is_object(answer))
			rc = vx_fail(err, -EIO, "what %s answered is no JSON object", c->socket);
	}
	vx_buf_fini(&t.body);
	if (rc < 0)
		json_decref(answer);
	else
		*ret = answer;
	return rc;
}

int vx_ctl_ask(struct vx_ctl_client *c, const char *path, const struct vx_ctl_param *params,
               size_t n, json_t **ret, struct vx_error *err)
{
	return ask(c, false, path, params, n, ret, err);
}

int vx_ctl_command(struct vx_ctl_client *c, const char *path, const struct vx_ctl_param *params,
                   size_t n, json_t **ret, struct vx_error *err)
{
	return ask(c, true, path, params, n, ret, err);
}

int vx_ctl_follow(struct vx_ctl_client *c, const char *path, const struct vx_ctl_param *params,
                  size_t n, bool endless, vx_ctl_bytes_fn *take, void *arg, struct vx_error *err)
{
	struct transfer t = {.c = c,
	                     .take = take,
	                     .arg = arg,
	                     .body = VX_BUF_INIT,
	                     .max = ERROR_BODY_MAX,
	                     .endless = endless};
	int rc = request(&t, false, path, params, n, err);

	vx_buf_fini(&t.body);
	return rc;
}
