/* answer.h - a whole answer from its pages. */
#pragma once

#include "core/buf.h"
#include "tools/vortexctl/client.h"
#include "tools/vortexctl/member.h"
#include "tools/vortexctl/text.h"

/* What is asked. Borrowed. */
struct vx_ctl_question {
	const struct vx_ctl_server *server;
	const char *path; /* below /api/ */
	const struct vx_ctl_param *params;
	size_t n_params;
	bool once;  /* one object, no list of pages */
	bool post;  /* it is to do something; once, too */
	long limit; /* stop when that many items have come; 0: all */
	/* Called with each page of a list as it comes; NULL: none. */
	void (*each)(void *arg, const json_t *page);
	void *arg;
};

/* Ask, page by page, over one connection. The pages are merged into one object: `items` of all,
 * `composed` and `failed` added up, the rest from the first page; `next` is null unless the limit
 * ended it. With @each, items are handed to it instead of being kept.
 * 0 and *ret (json_decref it), or what vx_ctl_ask gave. */
int vx_ctl_answer(const struct vx_ctl_question *q, json_t **ret, struct vx_error *err);

/* Print as JSON, indented. main.c looks for failures of writing. 0 or -ENOMEM. */
int vx_ctl_print_json(const json_t *value);

/* Ask for a list and print it: as JSON where the options say so, else as a table under @heads (the
 * last NULL) with a row of each item, which @add_row fills. *ret as in vx_ctl_answer. */
int vx_ctl_list(const struct vx_ctl_question *q, const char *const *heads,
                void (*add_row)(struct vx_ctl_table *t, const json_t *item), json_t **ret,
                struct vx_error *err);
