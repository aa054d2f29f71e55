/* dir.h - the state directory: private, and one daemon's at a time. */
#pragma once

#include "core/error.h"

/* Make @path and its parents where they are missing (0700), check that it is a directory of ours
 * that nobody else may read, and lock it; `lock` inside holds our pid. The lock is the returned
 * descriptor and ends with the process.
 * 0 and *ret_fd; -EBUSY another daemon holds it (err names its pid); -EACCES it is not ours or
 * others may read it; errno of mkdir and open. */
int vx_state_dir_open(const char *path, int *ret_fd, struct vx_error *err);
