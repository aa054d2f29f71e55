/* events.c - the ring of what has happened.
 *
 * Event n stands in slot n modulo the ring's size until n + size overwrites it; readers hold a number
 * and no place, so a slow one costs nothing and is told by subtraction how much it missed. A line is
 * made once, by the one who adds, and shared by all who read it. */
#include "daemon/telemetry/events.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "core/buf.h"

struct vx_events {
	const struct vx_clock *clock;
	size_t keep;
	pthread_mutex_t lock; /* leaf; guards all below */
	pthread_cond_t more;
	bool ending;
	size_t waiting;
	uint64_t last;
	struct vx_bytes *ring[]; /* event n at n % keep; NULL: it never had the memory */
};

struct vx_events *vx_events_new(const struct vx_clock *clock, size_t keep)
{
	struct vx_events *e = calloc(1, sizeof(*e) + keep * sizeof(struct vx_bytes *));
	pthread_condattr_t attr;

	vx_assert(keep > 0);
	if (!e)
		return NULL;
	e->clock = clock;
	e->keep = keep;
	vx_assert(pthread_mutex_init(&e->lock, NULL) == 0);
	vx_assert(pthread_condattr_init(&attr) == 0);
	vx_assert(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0);
	vx_assert(pthread_cond_init(&e->more, &attr) == 0);
	(void)pthread_condattr_destroy(&attr);
	return e;
}

void vx_events_free(struct vx_events *e)
{
	if (!e)
		return;
	vx_assert(e->waiting == 0);
	for (size_t i = 0; i < e->keep; i++)
		vx_bytes_put(e->ring[i]);
	(void)pthread_cond_destroy(&e->more);
	(void)pthread_mutex_destroy(&e->lock);
	free(e);
}

static void put_text(struct vx_buf *b, const char *text)
{
	vx_buf_json(b, text, strlen(text));
}

/* `"type": ..., fields }`: all that does not depend on the number. */
static void put_rest(struct vx_buf *b, const char *type, const struct vx_event_field *fields)
{
	vx_buf_puts(b, "\"type\": ");
	put_text(b, type);
	for (; fields && fields->name; fields++) {
		if (!fields->text)
			continue;
		vx_buf_puts(b, ", ");
		put_text(b, fields->name);
		vx_buf_puts(b, ": ");
		put_text(b, fields->text);
	}
	vx_buf_putc(b, '}');
}

/* `{"seq": ..., "time": ..., ` */
static void put_head(struct vx_buf *b, uint64_t seq, int64_t wall_ns)
{
	time_t s = (time_t)(wall_ns / VX_SEC);
	char when[32] = "";
	struct tm tm;

	if (gmtime_r(&s, &tm))
		(void)strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	vx_buf_printf(b, "{\"seq\": %" PRIu64 ", \"time\": \"%s.%03dZ\", ", seq, when,
	              (int)(wall_ns % VX_SEC / VX_MSEC));
}

void vx_events_add(struct vx_events *e, const char *type, const struct vx_event_field *fields)
{
	struct vx_buf rest = VX_BUF_INIT, line = VX_BUF_INIT;
	struct vx_bytes **slot;

	if (!e)
		return;
	put_rest(&rest, type, fields);
	vx_lock(&e->lock);
	slot = &e->ring[++e->last % e->keep];
	vx_bytes_put(*slot);
	put_head(&line, e->last,
	         vx_wall_ns(e->clock)); /* under the lock: times rise with numbers */
	vx_buf_put(&line, rest.data, rest.len);
	*slot = rest.failed || line.failed ? NULL : vx_bytes_new(line.data, line.len);
	(void)pthread_cond_broadcast(&e->more);
	vx_unlock(&e->lock);
	vx_buf_fini(&rest);
	vx_buf_fini(&line);
}

uint64_t vx_events_last(struct vx_events *e)
{
	VX_LOCKED(&e->lock);
	return e->last;
}

/* The first event after @after that the ring still has; 0: none. The lock is held. */
static uint64_t find(const struct vx_events *e, uint64_t after)
{
	uint64_t seq = after + 1;

	if (e->last >= e->keep && seq <= e->last - e->keep)
		seq = e->last - e->keep + 1;
	while (seq <= e->last && !e->ring[seq % e->keep])
		seq++;
	return seq <= e->last ? seq : 0;
}

/* Wait until something may have come. 0, or -ETIMEDOUT. The lock is held. */
static int wait_for_more(struct vx_events *e, int timeout_ms, const struct timespec *until)
{
	int rc;

	e->waiting++;
	rc = timeout_ms < 0 ? pthread_cond_wait(&e->more, &e->lock)
	                    : pthread_cond_timedwait(&e->more, &e->lock, until);
	e->waiting--;
	return -rc;
}

int vx_events_next(struct vx_events *e, uint64_t after, int timeout_ms, uint64_t *ret_seq,
                   uint64_t *ret_lost, struct vx_bytes **ret_line)
{
	/* The machine's clock and not e->clock: a condition knows no other. */
	int64_t end_ns = vx_mono_ns(vx_clock_system()) + timeout_ms * VX_MSEC;
	const struct timespec until = {end_ns / VX_SEC, end_ns % VX_SEC};
	uint64_t seq = 0;
	int rc = 0;

	VX_LOCKED(&e->lock);
	if (after > e->last)
		after = 0; /* the number of an earlier daemon */
	while (!e->ending && (seq = find(e, after)) == 0 && rc == 0)
		rc = wait_for_more(e, timeout_ms, &until);
	if (e->ending)
		return -ECANCELED;
	if (seq == 0)
		return -ETIMEDOUT;
	*ret_seq = seq;
	*ret_lost = seq - after - 1;
	*ret_line = vx_bytes_ref(e->ring[seq % e->keep]);
	return 0;
}

void vx_events_end(struct vx_events *e)
{
	if (!e)
		return;
	VX_LOCKED(&e->lock);
	e->ending = true;
	(void)pthread_cond_broadcast(&e->more);
}
