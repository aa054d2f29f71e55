/* backoff.c - see backoff.h. */
#include "core/backoff.h"

int64_t vx_backoff_within(int64_t first_ns, int64_t most_ns, unsigned attempt, uint64_t random)
{
	int64_t most = first_ns;

	for (unsigned i = 1; i < attempt && most < most_ns; i++)
		most *= 2;
	if (most > most_ns)
		most = most_ns;
	return most / 10 + (int64_t)(random % (uint64_t)(most - most / 10));
}
