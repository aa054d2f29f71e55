/* settings.h - from the command line, the environment and a file to vortexd's settings.
 *
 * The engine is core/settings.h, the table daemon/settings_rows.h. Here is what concerns this
 * program: where its file is, what it does without one, which defaults depend on the user, and the
 * rules that look at several settings at once. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/settings.h"

/* What the process knows; everything is borrowed for the call. */
struct vx_daemon_settings_from {
	const char *config;      /* -c FILE; NULL: the first of the usual places that exists */
	const char *const *sets; /* --set, and --mount DIR as "mount.path=DIR"; the last one wins */
	size_t n_sets;
	char *const *environ;
	bool root;                /* the effective user is root */
	const char *const *types; /* the backend types that are built in */
	size_t n_types;
	const char *etc; /* NULL: "/etc/vortex" */
};

/* Read, check and merge. @warn (nullable) hears of what is odd but no reason to stop. Blocks on
 * local files only.
 * 0 and *ret (put it); -EINVAL a bad setting; -ENOENT, -EACCES a file or secret that cannot be
 * read; -E2BIG a settings file above 1 MiB; -ENOMEM. @err says what would be right. */
int vx_daemon_settings_load(const struct vx_daemon_settings_from *from, vx_settings_warn_fn *warn,
                            void *arg, struct vx_settings **ret, struct vx_error *err);

/* The table for people; settings_reference.c. The caller frees; NULL: out of memory. */
enum vx_reference { VX_REFERENCE_MARKDOWN, VX_REFERENCE_EXAMPLE, VX_REFERENCE_MAN };
char *vx_settings_reference(enum vx_reference form);
