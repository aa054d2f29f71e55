/* settings_rows.h - the one table of settings: what there is to set, and what each section is for.
 *
 * Reading, range checks, --print-settings, the reference page, the example file and the manual page
 * all come from it. A setting that is renamed keeps its old row, which names the new one. */
#pragma once

#include <stddef.h>

#include "core/settings.h"

extern const struct vx_setting_row vx_daemon_rows[];
extern const size_t vx_daemon_n_rows;

struct vx_settings_section {
	const char *name; /* the first part of its keys */
	const char *help;
	const char *example; /* an example of it as YAML lines, for lists of maps; nullable */
};
extern const struct vx_settings_section vx_daemon_sections[]; /* in the order of the rows */
extern const size_t vx_daemon_n_sections;
