/* contracts.h - what the headers promise in words, told to clang's analyzer, which sees one file at
 * a time. Included before every file by tools/lint, and by nothing else. */
#pragma once

#include "core/error.h"

/* The result is negative: without this the analyzer follows paths on which a failure returned 0. */
#define vx_fail(...)                                                                               \
	({                                                                                         \
		int vx_failed_ = vx_fail(__VA_ARGS__);                                             \
		if (vx_failed_ >= 0)                                                               \
			__builtin_unreachable();                                                   \
		vx_failed_;                                                                        \
	})
#define vx_wrap(...)                                                                               \
	({                                                                                         \
		int vx_wrapped_ = vx_wrap(__VA_ARGS__);                                            \
		if (vx_wrapped_ >= 0)                                                              \
			__builtin_unreachable();                                                   \
		vx_wrapped_;                                                                       \
	})
