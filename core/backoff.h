/* backoff.h - how long to leave alone what has failed. */
#pragma once

#include <stdint.h>

/* Nanoseconds to wait before the @attempt-th retry (1, 2, ...): uniform between a tenth and the whole
 * of min(@most_ns, @first_ns * 2^(@attempt - 1)), so that a fleet does not retry in step. @random is
 * 64 fresh random bits. Pure. */
int64_t vx_backoff_within(int64_t first_ns, int64_t most_ns, unsigned attempt, uint64_t random);
