/* breaker.c - the circuit breaker's three states, kept as two numbers: closed (open_until_ns 0),
 * open (until then), half open (past it, one probe at a time). */
#include "daemon/catalog/breaker.h"

#include <errno.h>

#include "core/backoff.h"
#include "core/clock.h"

bool vx_breaker_allow(struct vx_breaker *b, int64_t now_ns)
{
	if (b->open_until_ns == 0)
		return true;
	if (now_ns < b->open_until_ns || b->probing)
		return false;
	b->probing = true;
	return true;
}

void vx_breaker_note(struct vx_breaker *b, int rc, int64_t now_ns, uint64_t random)
{
	bool was_probe = b->probing;

	if (rc == -ECANCELED) {
		b->probing = false;
		return;
	}
	if (rc != -ETIMEDOUT && rc != -EAGAIN) {
		*b = (struct vx_breaker){0};
		return;
	}
	if (b->open_until_ns && !was_probe)
		return; /* it was under way when the breaker opened: no news */
	b->failures++;
	if (!was_probe && b->failures < VX_BREAKER_TRIES)
		return;
	b->probing = false;
	b->level++;
	b->open_until_ns = now_ns + vx_backoff_ns(b->level, random);
}

int64_t vx_backoff_ns(unsigned attempt, uint64_t random)
{
	return vx_backoff_within(500 * VX_MSEC, 30 * VX_SEC, attempt, random);
}
