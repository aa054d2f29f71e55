/* text.h - the words of answers: clean text, ages, origins, tables. */
#pragma once

#include <jansson.h>

#include "core/buf.h"

/* Append @s with control characters written as escapes (\n, \x1b): a value must neither break a line
 * nor command the terminal. NULL: nothing. */
void vx_ctl_put(struct vx_buf *b, const char *s);

/* Append a duration of @seconds as "3 s", "5 min", "2 h", "4 d". */
void vx_ctl_put_duration(struct vx_buf *b, double seconds);

/* Append how long ago @time (RFC 3339, UTC) was, "3 s ago"; what is no time stays as it is; NULL or
 * "": "-". */
void vx_ctl_put_ago(struct vx_buf *b, const char *time);

/* Append @revision, a long hexadecimal one shortened to 7 digits as Git does; NULL: nothing. */
void vx_ctl_put_revision(struct vx_buf *b, const char *revision);

/* Append the value of the object @side: its text, "" if that is empty, or what it is instead of one
 * ("null", "a map"). */
void vx_ctl_put_value(struct vx_buf *b, const json_t *side);

/* Append where the object @from comes from: "payment.yml:3 of repo at 4f1c2e7". */
void vx_ctl_put_origin(struct vx_buf *b, const json_t *from);

/* Print what was collected. 0 or -ENOMEM. */
int vx_ctl_print(const struct vx_buf *b);

/* A table, aligned; on a terminal its lines are cut to the width, elsewhere they are whole. */
struct vx_ctl_table {
	const char *const *heads; /* the last NULL; borrowed */
	size_t n_columns;
	char **cells; /* owned; row after row */
	const char **colours;
	size_t n, cap;
	bool failed; /* out of memory */
};

void vx_ctl_table_init(struct vx_ctl_table *t, const char *const *heads);
void vx_ctl_table_fini(struct vx_ctl_table *t);

/* Add the next cell; @text NULL or "" is shown as "-". @colour is "" or one of ctl.h's. */
void vx_ctl_table_add(struct vx_ctl_table *t, const char *colour, const char *text);
/* The same of what @b holds, which is empty afterwards. */
void vx_ctl_table_take(struct vx_ctl_table *t, const char *colour, struct vx_buf *b);

/* Print what there is, with heads unless there are no rows. 0 or -ENOMEM. */
int vx_ctl_table_print(const struct vx_ctl_table *t);
