/* doctor_i.h - how the checks of `vortexctl doctor` report; for doctor*.c only.
 *
 * A check runs in a process of its own with a deadline: what it looks at may hang for ever, a mount
 * whose daemon is stopped or a server that was switched off, and an open that waits for such a mount
 * cannot be interrupted. What it said until then is kept. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/settings.h"
#include "tools/vortexctl/doctor_judge.h"

struct doctor_finding {
	enum doctor_verdict verdict;
	char *check, *message, *fix; /* fix: NULL where there is nothing to do */
};

struct doctor {
	bool json;
	bool root;                    /* the effective user */
	const char *config;           /* -c, or NULL */
	struct vx_settings *settings; /* NULL when they could not be read */
	bool assumed;                 /* there is no settings file: the defaults are looked at */
	int64_t real_ns, mono_ns;     /* the clocks when doctor began */
	int pipe;                     /* in a check's process: where findings go; else -1 */
	struct doctor_finding *findings;
	size_t n;
};

/* doctor_run.c */
typedef void doctor_check_fn(struct doctor *d, const void *arg);

/* One finding of the check @what. @fix (nullable) is what to do about it: a command where there is
 * one. */
void doctor_say(struct doctor *d, enum doctor_verdict verdict, const char *what, const char *fix,
                const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* Run @fn in a process of its own. After @ms it is given up with the finding that @what did not
 * come back. */
void doctor_run(struct doctor *d, const char *what, doctor_check_fn *fn, const void *arg, int ms);

/* doctor_kernel.c */
doctor_check_fn doctor_check_kernel, doctor_check_fuse;

/* doctor_machine.c */
doctor_check_fn doctor_check_device, doctor_check_privileges, doctor_check_fusermount,
	doctor_check_clock, doctor_check_limits, doctor_check_confinement;

/* doctor_service.c; the settings come first and in doctor's own process, the others look at them. */
void doctor_check_settings(struct doctor *d);
doctor_check_fn doctor_check_state;

/* doctor_mount.c */
doctor_check_fn doctor_check_mount_point;
void doctor_check_mounts(struct doctor *d); /* each in a process of its own */

/* doctor_backend.c: each in a process of its own. */
void doctor_check_backends(struct doctor *d);
