/* options.h - vortexd's command line. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct vx_options {
	const char *config; /* -c; NULL: the usual places */
	const char **sets;  /* --set and --mount, in order; free the array */
	size_t n_sets;
	bool background, check, print_settings, version, help;
};

/* Parse; strings are borrowed from @argv, "mount.path=DIR" is freed with vx_options_fini.
 * 0, or -1 after a sentence on standard error (exit status 2). */
int vx_options_parse(int argc, char **argv, struct vx_options *ret);
void vx_options_fini(struct vx_options *o);

/* What --help prints. */
extern const char vx_options_help[];
