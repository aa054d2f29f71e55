/* assert.c - the end of a broken invariant: say where, then abort so that a core shows why. */
#include "core/assert.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void vx_assert_failed(const char *file, int line, const char *expr)
{
	(void)fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, expr);
	abort();
}
