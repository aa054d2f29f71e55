/* stream.c - the events as Server-Sent Events, for one reader.
 *
 * Each piece is made whole in a buffer and handed out as the connection takes it. Waiting is done in
 * short turns, so that an end of the server, or of the connection, is seen within one. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/buf.h"
#include "daemon/http/http_i.h"

#define TURN_MS 250
#define ALIVE_NS (15 * VX_SEC)

struct vx_stream {
	const struct vx_http_request *rq;
	const atomic_bool *ending;
	uint64_t after; /* the newest event that was written, or passed over */
	uint64_t until; /* the last to be written; UINT64_MAX: there is none */
	int64_t written_ns;
	struct vx_buf out;
	size_t sent; /* of out */
};

int vx_stream_new(const struct vx_http_request *rq, const char *last_id, const atomic_bool *ending,
                  struct vx_stream **ret, struct vx_error *err)
{
	const uint64_t last = vx_events_last(rq->parts->events);
	const char *from = rq->param[VX_P_AFTER] ? rq->param[VX_P_AFTER] : last_id;
	bool follow = true;
	uint64_t after;
	struct vx_stream *s;
	int rc = rq->param[VX_P_FOLLOW] ? vx_param_bool(rq, VX_P_FOLLOW, &follow, err) : 0;

	after = follow ? last : 0;
	if (rc == 0 && from)
		rc = vx_count_parse("after", from, 0, INT64_MAX, &after, err);
	if (rc < 0)
		return rc;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	/* A number from before a restart: all that have happened since are news. */
	s->after = after > last ? 0 : after;
	s->until = follow ? UINT64_MAX : last;
	s->rq = rq;
	s->ending = ending;
	s->written_ns = vx_mono_ns(rq->parts->clock);
	vx_buf_puts(&s->out, ": vortexd\n\n"); /* the reader sees that it is connected */
	*ret = s;
	return 0;
}

void vx_stream_free(struct vx_stream *s)
{
	if (!s)
		return;
	vx_buf_fini(&s->out);
	free(s);
}

/* Whether the caller may hear of the event, and what type it has ("" unknown). */
static bool look(const struct vx_stream *s, const struct vx_bytes *line, struct vx_buf *type)
{
	json_t *event = json_loadb(line->data, line->len, 0, NULL);
	const char *name = json_string_value(json_object_get(event, "type"));
	const char *at = json_string_value(json_object_get(event, "at"));
	const char *key = json_string_value(json_object_get(event, "key"));
	bool may = event || s->rq->caller.uid == 0; /* who it concerns is unknown without memory */

	vx_buf_puts(type, name ? name : "");
	if (at && s->rq->caller.uid != 0) {
		VX_AUTO(vx_coords_free_p) struct vx_coords *coords = NULL;

		may = may && vx_at_parse(at, &coords, NULL) == 0 && vx_may_see(s->rq, coords, NULL);
	}
	if (key)
		may = may && vx_may_hear(s->rq, key);
	json_decref(event);
	return may;
}

static void put_event(struct vx_stream *s, uint64_t seq, const struct vx_bytes *line)
{
	VX_AUTO(vx_buf_fini) struct vx_buf type = VX_BUF_INIT;

	if (!look(s, line, &type))
		return;
	vx_buf_printf(&s->out, "id: %" PRIu64 "\nevent: %s\ndata: ", seq,
	              type.data ? type.data : "");
	vx_buf_put(&s->out, line->data, line->len);
	vx_buf_puts(&s->out, "\n\n");
	if (vx_buf_failed(&type))
		s->out.failed = true;
}

/* Wait one turn for something to write; false: it is over. */
static bool turn(struct vx_stream *s)
{
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *line = NULL;
	uint64_t seq = 0, lost = 0;
	int rc = atomic_load(s->ending) || s->after >= s->until
	                 ? -ECANCELED
	                 : vx_events_next(s->rq->parts->events, s->after, TURN_MS, &seq, &lost,
	                                  &line);

	if (rc == -ECANCELED || rc == -ENOMEM)
		return false;
	if (rc == 0) {
		if (lost)
			vx_buf_printf(&s->out, "event: lost\ndata: {\"lost\": %" PRIu64 "}\n\n",
			              lost);
		put_event(s, seq, line);
		s->after = seq;
	} else if (vx_mono_ns(s->rq->parts->clock) - s->written_ns >= ALIVE_NS) {
		vx_buf_puts(&s->out, ":\n\n");
	}
	return !vx_buf_failed(&s->out);
}

ssize_t vx_stream_read(struct vx_stream *s, char *to, size_t max)
{
	size_t n;

	if (s->sent == s->out.len) {
		vx_buf_truncate(&s->out, 0);
		s->sent = 0;
		if (!turn(s))
			return -1;
	}
	n = s->out.len - s->sent;
	if (n == 0)
		return 0;
	n = n < max ? n : max;
	memcpy(to, s->out.data + s->sent, n);
	s->sent += n;
	s->written_ns = vx_mono_ns(s->rq->parts->clock);
	return (ssize_t)n;
}
