/* rows.h - the results as a table, line by line as they come, or as one JSON object at the end. */
#pragma once

#include "tools/vortex-bench/bench.h"

struct vx_rows;

struct vx_rows *vx_rows_new(bool json, bool quick); /* NULL: no memory */
void vx_rows_case(struct vx_rows *r, const char *name, const char *about);
void vx_rows_failed(struct vx_rows *r, const char *why);
/* Print what is left to print, and free. */
void vx_rows_end(struct vx_rows *r);
