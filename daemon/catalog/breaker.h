/* breaker.h - when a source may be asked again: back-off with full jitter and a circuit breaker.
 *
 * Pure decisions over a caller's clock; the caller locks. After BREAKER_TRIES failures in a row
 * (timeouts and refused connections, not bad content) the source is left alone for a while, then
 * one probe decides. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define VX_BREAKER_TRIES 3

struct vx_breaker {
	unsigned failures;     /* in a row */
	unsigned level;        /* how often it opened since the last success */
	int64_t open_until_ns; /* 0: closed */
	bool probing;
};

/* Whether a request may go out now. true while closed, and once for each probe. */
bool vx_breaker_allow(struct vx_breaker *b, int64_t now_ns);

/* What came of a request: @rc -ETIMEDOUT and -EAGAIN count as failures, -ECANCELED as nothing, all
 * else as life. @random is 64 fresh random bits. */
void vx_breaker_note(struct vx_breaker *b, int rc, int64_t now_ns, uint64_t random);

/* Nanoseconds to wait before the @attempt-th retry (1, 2, ...): uniform between a tenth and the
 * whole of min(30 s, 250 ms * 2^attempt), so that a fleet does not retry in step. */
int64_t vx_backoff_ns(unsigned attempt, uint64_t random);
