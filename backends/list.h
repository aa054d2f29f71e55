/* list.h - making the pages that vx_backend_ops.list answers with. */
#pragma once

#include "backends/backend.h"

/* Sort @names, drop repeats, and copy the at most @max after @cursor. 0 or -ENOMEM. */
int vx_list_page(const char **names, size_t n, const char *cursor, size_t max, struct vx_list *ret);
