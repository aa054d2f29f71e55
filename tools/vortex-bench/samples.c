/* samples.c - times, and their percentiles. */
#include <stdlib.h>
#include <time.h>

#include "core/clock.h"
#include "tools/vortex-bench/bench.h"

int64_t vx_bench_now(void)
{
	return vx_mono_ns(vx_clock_system());
}

void vx_samples_add(struct vx_samples *s, int64_t ns)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 1024;
		int64_t *grown = reallocarray(s->ns, cap, sizeof(*grown));

		if (!grown)
			return;
		s->ns = grown;
		s->cap = cap;
	}
	s->ns[s->n++] = ns;
}

static int by_time(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double vx_samples_us(struct vx_samples *s, double p)
{
	if (s->n == 0)
		return -1;
	qsort(s->ns, s->n, sizeof(*s->ns), by_time);
	return (double)s->ns[(size_t)((double)(s->n - 1) * p / 100)] / 1000;
}

void vx_samples_fini(struct vx_samples *s)
{
	free(s->ns);
	*s = (struct vx_samples){0};
}
