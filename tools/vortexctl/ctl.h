/* ctl.h - what the verbs of vortexctl share: the table's row, exit codes, messages, colours.
 *
 * A verb is one file with one `const struct vx_ctl_verb`; main.c holds the table. Messages for
 * people go to standard error, answers to standard output. Single-threaded. */
#pragma once

#include <stdbool.h>

#include "core/coords.h"
#include "core/error.h"

/* The exit codes, the same for every verb. */
enum vx_ctl_exit {
	VX_CTL_OK = 0,
	VX_CTL_UNHEALTHY = 1, /* or: differs */
	VX_CTL_USAGE = 2,
	VX_CTL_NOT_FOUND = 3,
	VX_CTL_DENIED = 4,
	VX_CTL_CONFLICT = 5,
	VX_CTL_UNREACHABLE = 6,  /* no daemon, no mount */
	VX_CTL_NOT_COMPOSED = 7, /* the configuration cannot be composed or served */
	VX_CTL_TIMEOUT = 124
};

/* Where `vortexctl --help` lists a verb. */
enum vx_ctl_group { VX_CTL_READ, VX_CTL_UNDERSTAND, VX_CTL_OPERATE, VX_CTL_CHECK, VX_CTL_GROUPS };

struct vx_ctl_verb {
	const char *name;
	enum vx_ctl_group group;
	const char *usage;   /* after "vortexctl get" */
	const char *summary; /* one line of the list of verbs */
	const char *help;    /* options and examples, whole lines */
	/* @argv[0] is the verb. Returns an exit code. */
	int (*run)(const struct vx_ctl_verb *verb, int argc, char **argv);
};

extern const struct vx_ctl_verb vx_ctl_get, vx_ctl_ls, vx_ctl_find;
extern const struct vx_ctl_verb vx_ctl_explain, vx_ctl_diff, vx_ctl_history;
extern const struct vx_ctl_verb vx_ctl_tracks, vx_ctl_backends, vx_ctl_problems, vx_ctl_events;
extern const struct vx_ctl_verb vx_ctl_preview, vx_ctl_validate, vx_ctl_doctor, vx_ctl_version;

/* The exit code that stands for a negative errno. */
int vx_ctl_exit_of(int rc);

/* The negative errno that a code of core/errors.def names ("ENOENT"); -EIO: none that is known. */
int vx_ctl_errno_of(const char *name);

/* Print "vortexctl: why" and how to get help; VX_CTL_USAGE. */
int vx_ctl_usage(const struct vx_ctl_verb *verb, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Print "vortexctl: " and the sentence in @err; the exit code of @rc. */
int vx_ctl_fail(int rc, const struct vx_error *err);

/* Print a closing remark ("3 problems") to standard error, where standard output is a terminal:
 * whoever reads it there is helped, and no script has to take it away. */
void vx_ctl_remark(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The ending of a noun that is counted: "s" unless @n is 1. */
const char *vx_ctl_plural(size_t n);

/* Print the verb's whole help to standard output. */
void vx_ctl_help(const struct vx_ctl_verb *verb);

/* An escape sequence where standard output is a terminal (and NO_COLOR is not set), else "". */
const char *vx_ctl_bold(void);
const char *vx_ctl_dim(void);
const char *vx_ctl_red(void);
const char *vx_ctl_green(void);
const char *vx_ctl_yellow(void);
const char *vx_ctl_plain(void);

/* Check "APP/PROFILE[,PROFILE][/LABEL]"; a label may have real slashes or `(_)`.
 * 0 and *ret (free it), -EINVAL, -ENAMETOOLONG, -ENOMEM. */
int vx_ctl_coords(const char *text, struct vx_coords **ret, struct vx_error *err);
