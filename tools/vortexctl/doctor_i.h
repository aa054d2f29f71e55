/* doctor_i.h - how the checks of `vortexctl doctor` report; for doctor*.c only. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/buf.h"
#include "core/settings.h"

enum doctor_verdict {
	DOCTOR_FINE,
	DOCTOR_WARNING, /* works, with a restriction that somebody may mind */
	DOCTOR_BAD      /* vortexd cannot start, or does not serve */
};

struct doctor {
	bool json;
	bool root;                    /* the effective user */
	const char *config;           /* -c, or NULL */
	struct vx_settings *settings; /* NULL when they could not be read */
	struct vx_buf out;
	size_t n[DOCTOR_BAD + 1];
};

/* One finding about @what. @fix is what to do about it: NULL exactly when it is fine. */
void doctor_say(struct doctor *d, enum doctor_verdict verdict, const char *what, const char *fix,
                const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* doctor_machine.c */
void doctor_check_device(struct doctor *d);
void doctor_check_kernel(struct doctor *d);
void doctor_check_privileges(struct doctor *d);
void doctor_check_fusermount(struct doctor *d);

/* doctor_service.c; the settings come first, the others look at them. */
void doctor_check_settings(struct doctor *d);
void doctor_check_backends(struct doctor *d);
void doctor_check_state(struct doctor *d);
void doctor_check_mount_point(struct doctor *d);
void doctor_check_mounts(struct doctor *d);
