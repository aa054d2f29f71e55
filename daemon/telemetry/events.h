/* events.h - what has happened, in order: a bounded ring that any number of readers follow.
 *
 * An event is one JSON object on one line, numbered from 1 without gaps. A reader keeps the number
 * it has read; one that is slower than the ring is told how many it lost. Threads: all functions any
 * thread; the lock is a leaf. Never a configuration value in an event. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/bytes.h"
#include "core/cleanup.h"
#include "core/clock.h"

struct vx_events;

/* One name and text of an event; a NULL text leaves the name out. The last has a NULL name. */
struct vx_event_field {
	const char *name;
	const char *text;
};

/* A ring of the last @keep events. @clock is borrowed. NULL when out of memory. */
struct vx_events *vx_events_new(const struct vx_clock *clock, size_t keep);
void vx_events_free(struct vx_events *e); /* NULL is a no-op; nobody waits any more */

/* Add {"seq", "time", "type": @type, ...@fields}. @e NULL is a no-op; without memory the event is
 * counted as lost. */
void vx_events_add(struct vx_events *e, const char *type, const struct vx_event_field *fields);

/* The number of the newest event; 0: none yet. */
uint64_t vx_events_last(struct vx_events *e);

/* Wait at most @timeout_ms (negative: without end) for the first event after @after; an @after that
 * has not been yet is an earlier daemon's and means 0.
 *   0  *ret_line (put it; no final newline) is event *ret_seq; *ret_lost before it are gone
 *   -ETIMEDOUT nothing came   -ECANCELED the daemon ends */
int vx_events_next(struct vx_events *e, uint64_t after, int timeout_ms, uint64_t *ret_seq,
                   uint64_t *ret_lost, struct vx_bytes **ret_line);

/* Wake all who wait: from now on vx_events_next answers -ECANCELED. */
void vx_events_end(struct vx_events *e);
