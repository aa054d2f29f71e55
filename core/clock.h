/* clock.h - time as an argument, so that tests own it.
 *
 * Deadlines and ages are absolute nanoseconds of CLOCK_MONOTONIC; wall time is for people and for
 * the modification times of files. */
#pragma once

#include <stdint.h>

#define VX_MSEC INT64_C(1000000)
#define VX_SEC INT64_C(1000000000)

struct vx_clock {
	int64_t (*mono_ns)(const struct vx_clock *clock); /* CLOCK_MONOTONIC */
	int64_t (*wall_ns)(const struct vx_clock *clock); /* CLOCK_REALTIME, since 1970 */
};

/* The clock of the machine. Static, any thread. */
const struct vx_clock *vx_clock_system(void);

static inline int64_t vx_mono_ns(const struct vx_clock *clock)
{
	return clock->mono_ns(clock);
}

static inline int64_t vx_wall_ns(const struct vx_clock *clock)
{
	return clock->wall_ns(clock);
}
