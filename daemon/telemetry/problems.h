/* problems.h - what is wrong now: the lines of `vortexctl problems`.
 *
 * A problem has a key (who has it: "backend repo", "track payment/prod"), a sentence and since when.
 * Whoever finds it raises it and, when it is over, clears it; raising what stands already with the
 * same sentence changes nothing, so it may be raised at each attempt. Raising and clearing are
 * events too. Threads: all functions any thread, under any lock but that of the events. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"
#include "daemon/telemetry/events.h"

struct vx_problems;

enum vx_severity {
	VX_PROBLEM_NOTE,    /* odd, nothing is lost: a hidden name, a clash in .env */
	VX_PROBLEM_WARNING, /* served, but not the newest: the last good version stands in */
	VX_PROBLEM_ERROR    /* something cannot be served */
};

struct vx_problem {
	const char *key;      /* "backend repo" */
	const char *sentence; /* one line, says what to do where that is known */
	enum vx_severity severity;
	int64_t since_s; /* wall time, since 1970 */
};

/* @clock and @events (nullable) are borrowed. At most @max problems are kept; what comes beyond is
 * counted only. NULL when out of memory. */
struct vx_problems *vx_problems_new(const struct vx_clock *clock, struct vx_events *events,
                                    size_t max);
void vx_problems_free(struct vx_problems *p); /* NULL is a no-op */

/* True if it is new or its sentence is (worth a line in the log). @p NULL: true. */
bool vx_problems_raise(struct vx_problems *p, enum vx_severity severity, const char *key,
                       const char *sentence);
/* True if it stood. @p NULL: false. */
bool vx_problems_clear(struct vx_problems *p, const char *key);

/* Call @each for every problem in the order of their keys, under the lock: copy what you need.
 * Returns how many there are beyond those kept. */
size_t vx_problems_each(struct vx_problems *p, void (*each)(void *arg, const struct vx_problem *),
                        void *arg);
const char *vx_severity_name(enum vx_severity s); /* "note", "warning", "error" */
