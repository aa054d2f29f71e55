/* background.h - leaving the terminal: the parent returns when the child is mounted, or has failed. */
#pragma once

/* Fork; call before any thread is started. In the child: 0 and *ret_ready, which
 * vx_background_ready takes. The parent never returns: it exits 0 once the child is ready, else
 * with the child's status. -errno: no fork. */
int vx_background(int *ret_ready);

/* Tell the parent that all is well, and send standard error to @log_path from now on. @ready -1: no
 * parent waits, nothing happens. 0, or -errno of opening the log. */
int vx_background_ready(int ready, const char *log_path);
