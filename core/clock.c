/* clock.c - the machine's clock behind struct vx_clock. */
#include "core/clock.h"

#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec ts;

	(void)clock_gettime(id, &ts); /* cannot fail for these two clocks */
	return (int64_t)ts.tv_sec * VX_SEC + ts.tv_nsec;
}

static int64_t system_mono(const struct vx_clock *clock)
{
	(void)clock;
	return read_clock(CLOCK_MONOTONIC);
}

static int64_t system_wall(const struct vx_clock *clock)
{
	(void)clock;
	return read_clock(CLOCK_REALTIME);
}

const struct vx_clock *vx_clock_system(void)
{
	static const struct vx_clock clock = {system_mono, system_wall};

	return &clock;
}
