/* assert.h - invariants that stay on in release builds.
 *
 * vx_assert() states what the code guarantees; input, disk and network never reach it. An object
 * that crosses a `void *` carries a magic, which VX_CHECK verifies on arrival. */
#pragma once

#include <stdint.h>

/* Print "file:line: broken invariant: EXPR" to standard error and abort. */
_Noreturn void vx_assert_failed(const char *file, int line, const char *expr);

#define vx_assert(expr) ((expr) ? (void)0 : vx_assert_failed(__FILE__, __LINE__, #expr))

/* The pointer @p as `type *`, after its `magic` member was seen to be @want. */
#define VX_CHECK(p, type, want)                                                                    \
	({                                                                                         \
		type *vx_checked_ = (p);                                                           \
		vx_assert(vx_checked_ && vx_checked_->magic == (want));                            \
		vx_checked_;                                                                       \
	})
