/* server.c - the life of the server, and the only place that knows libmicrohttpd.
 *
 * It gives each connection a thread, so a handler may block. For each request it calls, in this
 * order: begin (the raw line, before anything is decoded), answer (twice: with the headers known, and
 * when the body has come, which may only be empty), and done. What lives from begin to done is a
 * struct request; the server keeps those under way in a list, to cancel their waiting when it ends. */
#include <ctype.h>
#include <errno.h>
#include <microhttpd.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>

#include "core/log.h"
#include "core/utf8.h"
#include "daemon/http/http_i.h"

#define VX_HTTP_MAGIC 0x76786874u

/* One thread and 32 KiB each, idle or not; who comes beyond waits for a place. Half of them at most follow events, so that somebody who
 * watches everywhere keeps nobody from asking. */
#define CONNECTIONS 32
#define STREAMS 16
#define CONNECTION_BYTES ((size_t)32 << 10) /* request line and headers, and those of the answer */
#define DEADLINE_MS 30000
#define WORK_NS (5 * VX_SEC) /* of a page that composes */
/* Of silence, in seconds. libmicrohttpd counts the time of a handler as silence, too, and would drop
 * an answer that came later: so it is longer than the deadline. */
#define IDLE_S 60u
#define STREAM_BLOCK 4096

struct vx_http {
	unsigned magic;
	struct vx_http_parts parts;
	char *mount;
	gid_t control;
	int64_t started_ns, started_wall_ns;
	struct vx_socket socket;
	struct vx_acceptor *acceptor;
	struct MHD_Daemon *mhd;
	atomic_bool ending;
	atomic_size_t streams;
	pthread_mutex_t lock;     /* rank 40: a ctx is cancelled under it */
	struct request *requests; /* guarded by lock */
};

struct request {
	struct vx_http *http;
	struct request *next, **prev; /* guarded by http->lock */
	struct vx_ctx ctx;
	struct vx_http_request rq;
	char *name;               /* rq.name */
	struct vx_stream *stream; /* what the answer follows; it borrows rq */
	bool begun;
	bool bad_line; /* something in it cannot be decoded */
};

/* --- a request's life ------------------------------------------------------------------------ */

/* Whether each % of a request line is one, and neither it nor anything else stands for a NUL. */
static bool is_decodable(const char *uri)
{
	for (const char *c = strchr(uri, '%'); c; c = strchr(c + 1, '%'))
		if (!isxdigit((unsigned char)c[1]) || !isxdigit((unsigned char)c[2]) ||
		    (c[1] == '0' && c[2] == '0'))
			return false;
	return true;
}

static void *begin(void *cls, const char *uri, struct MHD_Connection *connection)
{
	struct vx_http *h = VX_CHECK(cls, struct vx_http, VX_HTTP_MAGIC);
	struct request *r = calloc(1, sizeof(*r));

	(void)connection;
	if (!r)
		return NULL;
	r->http = h;
	r->bad_line = !is_decodable(uri);
	vx_ctx_init(&r->ctx, h->parts.clock, DEADLINE_MS);
	VX_LOCKED(&h->lock);
	r->next = h->requests;
	r->prev = &h->requests;
	if (r->next)
		r->next->prev = &r->next;
	h->requests = r;
	if (atomic_load(&h->ending))
		vx_ctx_cancel(&r->ctx);
	return r;
}

static void done(void *cls, struct MHD_Connection *connection, void **con_cls,
                 enum MHD_RequestTerminationCode why)
{
	struct vx_http *h = VX_CHECK(cls, struct vx_http, VX_HTTP_MAGIC);
	struct request *r = *con_cls;

	(void)connection;
	(void)why;
	*con_cls = NULL;
	if (!r)
		return;
	vx_lock(&h->lock);
	*r->prev = r->next;
	if (r->next)
		r->next->prev = r->prev;
	vx_unlock(&h->lock);
	if (r->stream)
		atomic_fetch_sub(&h->streams, 1);
	vx_stream_free(r->stream);
	vx_caller_fini(&r->rq.caller);
	vx_ctx_fini(&r->ctx);
	free(r->name);
	free(r);
}

/* --- answers --------------------------------------------------------------------------------- */

static enum MHD_Result send_json(struct MHD_Connection *connection, unsigned status,
                                 const char *allow, json_t *body)
{
	char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	struct MHD_Response *response;
	enum MHD_Result rc = MHD_NO;

	if (!text)
		return MHD_NO; /* out of memory: the connection is closed */
	response = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	if (!response) {
		free(text);
		return MHD_NO;
	}
	if (MHD_add_response_header(response, "Content-Type", "application/json") == MHD_YES &&
	    MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES &&
	    (!allow || MHD_add_response_header(response, "Allow", allow) == MHD_YES))
		rc = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return rc;
}

static enum MHD_Result send_error(struct MHD_Connection *connection, const char *allow,
                                  const struct vx_error *err, int code)
{
	json_t *body = vx_json_error(err, code);
	enum MHD_Result rc =
		send_json(connection, (unsigned)vx_error_info(code)->http, allow, body);

	json_decref(body);
	return rc;
}

static ssize_t read_stream(void *cls, uint64_t at, char *to, size_t max)
{
	ssize_t n = vx_stream_read(cls, to, max);

	(void)at;
	return n < 0 ? MHD_CONTENT_READER_END_OF_STREAM : n;
}

static enum MHD_Result send_stream(struct MHD_Connection *connection, struct request *r)
{
	struct MHD_Response *response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, r->stream, NULL);
	enum MHD_Result rc = MHD_NO;

	if (!response)
		return MHD_NO;
	if (MHD_add_response_header(response, "Content-Type", "text/event-stream") == MHD_YES &&
	    MHD_add_response_header(response, "Cache-Control", "no-store") == MHD_YES)
		rc = MHD_queue_response(connection, MHD_HTTP_OK, response);
	MHD_destroy_response(response);
	return rc;
}

/* --- from a call to a question --------------------------------------------------------------- */

/* What taking the parameters needs. */
struct taking {
	const struct vx_route *route;
	struct request *request;
	struct vx_error *err;
	int rc;
};

static enum MHD_Result take_param(void *cls, enum MHD_ValueKind kind, const char *name,
                                  size_t name_len, const char *text, size_t len)
{
	struct taking *t = cls;

	(void)kind;
	if (!vx_utf8_valid(name, name_len))
		t->rc = vx_fail(t->err, -EINVAL, "a parameter's name is not UTF-8");
	else
		t->rc = vx_route_param(t->route, &t->request->rq, name, text ? text : "", len,
		                       t->err);
	return t->rc == 0 ? MHD_YES : MHD_NO;
}

static int take_caller(struct MHD_Connection *connection, struct request *r, struct vx_error *err)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	if (!info)
		return -EIO;
	return vx_caller_of(info->connect_fd, r->http->control, &r->rq.caller, err);
}

static int take_question(struct MHD_Connection *connection, struct request *r, const char *method,
                         const char *path, const struct vx_route **ret, const char **ret_allow,
                         struct vx_error *err)
{
	struct vx_http *h = r->http;
	struct taking taking = {.request = r, .err = err};
	int rc;

	r->rq.parts = &h->parts;
	r->rq.ctx = &r->ctx;
	r->rq.limit = VX_PAGE_DEFAULT;
	r->rq.work_until_ns = vx_mono_ns(h->parts.clock) + WORK_NS;
	r->rq.started_ns = h->started_ns;
	r->rq.started_wall_ns = h->started_wall_ns;
	if (r->bad_line || !vx_utf8_valid(path, strlen(path)))
		return vx_fail(err, -EINVAL,
		               "the request line is not UTF-8 text, or a %% in it "
		               "begins no character of it");
	rc = vx_route_find(method, path, ret, &r->name, ret_allow, err);
	if (rc == 0)
		rc = take_caller(connection, r, err);
	if (rc < 0)
		return rc;
	r->rq.name = r->name;
	taking.route = *ret;
	(void)MHD_get_connection_values_n(connection, MHD_GET_ARGUMENT_KIND, take_param, &taking);
	if (taking.rc == 0 && (*ret)->command && !r->rq.caller.commands)
		return vx_fail(err, -EACCES,
		               "uid %u may not command: root, vortexd's own user and the members "
		               "of control.group may",
		               (unsigned)r->rq.caller.uid);
	return taking.rc;
}

static int open_stream(struct MHD_Connection *connection, struct request *r, struct vx_error *err)
{
	struct vx_http *h = r->http;
	int rc;

	if (atomic_fetch_add(&h->streams, 1) >= STREAMS) {
		atomic_fetch_sub(&h->streams, 1);
		return vx_fail(err, -EBUSY,
		               "%d readers follow the events already, the most there "
		               "may be; end one of them",
		               STREAMS);
	}
	rc = vx_stream_new(
		&r->rq, MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Last-Event-ID"),
		&h->ending, &r->stream, err);
	if (rc < 0)
		atomic_fetch_sub(&h->streams, 1);
	return rc;
}

static enum MHD_Result respond(struct MHD_Connection *connection, struct request *r,
                               const char *method, const char *path)
{
	const struct vx_route *route = NULL;
	const char *allow = NULL;
	struct vx_error err = {0};
	json_t *body = NULL;
	enum MHD_Result sent;
	int rc = take_question(connection, r, method, path, &route, &allow, &err);

	if (rc < 0 || !route)
		return send_error(connection, allow, &err, rc);
	rc = route->handler ? route->handler(&r->rq, &body, &err)
	                    : open_stream(connection, r, &err);
	if (rc < 0)
		return send_error(connection, NULL, &err, rc);
	if (r->stream)
		return send_stream(connection, r);
	sent = send_json(connection, MHD_HTTP_OK, NULL, body);
	json_decref(body);
	return sent;
}

static bool announces_body(struct MHD_Connection *connection)
{
	const char *length = MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
	                                                 MHD_HTTP_HEADER_CONTENT_LENGTH);

	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
	                                   MHD_HTTP_HEADER_TRANSFER_ENCODING) ||
	       (length && length[strspn(length, "0")]);
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *path,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_n, void **con_cls)
{
	struct request *r = *con_cls;
	struct vx_error err = {0};

	(void)cls;
	(void)version;
	(void)upload;
	if (!r)
		return MHD_NO; /* out of memory */
	if (!r->begun && announces_body(connection))
		return send_error(connection, NULL, &err,
		                  vx_fail(&err, -EINVAL,
		                          "a request has no body here; its "
		                          "parameters stand in the query"));
	if (!r->begun) {
		r->begun = true;
		return MHD_YES;
	}
	if (*upload_n > 0)
		return MHD_NO;
	return respond(connection, r, method, path);
}

/* --- life ------------------------------------------------------------------------------------ */

__attribute__((format(printf, 2, 0))) static void say(void *arg, const char *fmt, va_list ap)
{
	char text[256];

	(void)arg;
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	text[strcspn(text, "\n")] = '\0';
	vx_log(VX_LOG_DEBUG, VX_NO_FIELDS, "http: %s", text);
}

/* A caller that had come has gone. */
static void note(void *cls, struct MHD_Connection *connection, void **context,
                 enum MHD_ConnectionNotificationCode code)
{
	struct vx_http *h = VX_CHECK(cls, struct vx_http, VX_HTTP_MAGIC);

	(void)connection;
	(void)context;
	if (code == MHD_CONNECTION_NOTIFY_CLOSED)
		vx_acceptor_leave(h->acceptor);
}

/* libmicrohttpd's own thread makes the connection, a little later. Where it has not the memory for
 * one, it closes the descriptor and notes nothing: that place stays taken until the next start. */
static bool take_caller_in(void *arg, int fd)
{
	struct vx_http *h = VX_CHECK(arg, struct vx_http, VX_HTTP_MAGIC);
	const struct sockaddr address = {.sa_family = AF_UNIX};

	return MHD_add_connection(h->mhd, fd, &address, sizeof(address)) == MHD_YES;
}

static int listen_for_calls(struct vx_http *h, struct vx_error *err)
{
	sigset_t all, was;
	int rc = 0;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &was); /* the threads inherit the mask */
	h->mhd = MHD_start_daemon(
		MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_ITC |
			MHD_USE_NO_LISTEN_SOCKET | MHD_USE_ERROR_LOG,
		0, NULL, NULL, answer, h, MHD_OPTION_EXTERNAL_LOGGER, say, NULL,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS + 1,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
		IDLE_S, MHD_OPTION_URI_LOG_CALLBACK, begin, h, MHD_OPTION_NOTIFY_COMPLETED, done, h,
		MHD_OPTION_NOTIFY_CONNECTION, note, h, MHD_OPTION_END);
	if (!h->mhd)
		rc = vx_fail(err, -EIO, "http.socket %s: libmicrohttpd %s does not start",
		             h->socket.path, MHD_get_version());
	if (rc == 0)
		rc = vx_acceptor_new(h->socket.fd, CONNECTIONS, take_caller_in, h, &h->acceptor,
		                     err);
	(void)pthread_sigmask(SIG_SETMASK, &was, NULL);
	return rc;
}

int vx_http_check(const struct vx_settings *s, struct vx_error *err)
{
	gid_t control;

	return vx_control_group(s, &control, err);
}

int vx_http_start(const struct vx_settings *s, const struct vx_http_parts *parts,
                  struct vx_http **ret, struct vx_error *err)
{
	const char *path = vx_settings_str(s, "http.socket");
	struct vx_http *h;
	gid_t control;
	int rc = vx_control_group(s, &control, err);

	if (rc < 0)
		return rc;
	if (!*path) {
		*ret = NULL;
		return 0;
	}
	h = calloc(1, sizeof(*h));
	if (!h)
		return -ENOMEM;
	h->magic = VX_HTTP_MAGIC;
	h->parts = *parts;
	h->mount = strdup(parts->mount);
	h->parts.mount = h->mount;
	h->control = control;
	h->started_ns = vx_mono_ns(parts->clock);
	h->started_wall_ns = vx_wall_ns(parts->clock);
	h->socket = (struct vx_socket){.fd = -1, .lock = -1};
	vx_assert(pthread_mutex_init(&h->lock, NULL) == 0);
	rc = h->mount ? 0 : -ENOMEM;
	if (rc == 0)
		rc = vx_socket_open(path, control, &h->socket, err);
	if (rc == 0)
		rc = listen_for_calls(h, err);
	if (rc < 0) {
		vx_http_stop(h);
		return rc;
	}
	*ret = h;
	return 0;
}

void vx_http_stop(struct vx_http *h)
{
	if (!h)
		return;
	vx_acceptor_end(h->acceptor);
	atomic_store(&h->ending, true);
	vx_lock(&h->lock);
	for (struct request *r = h->requests; r; r = r->next)
		vx_ctx_cancel(&r->ctx);
	vx_unlock(&h->lock);
	if (h->mhd)
		MHD_stop_daemon(h->mhd); /* joins every thread */
	vx_assert(!h->requests);
	vx_acceptor_free(h->acceptor);
	vx_socket_fini(&h->socket);
	(void)pthread_mutex_destroy(&h->lock);
	free(h->mount);
	free(h);
}
