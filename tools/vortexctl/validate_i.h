/* validate_i.h - the two ways of `vortexctl validate`; for validate*.c only. */
#pragma once

#include "tools/vortexctl/options.h"

/* A directory, composed here. Borrowed. */
struct vx_validate_dir {
	const struct vx_ctl_texts *search_paths;
	bool label_folders;
	bool json;
	const char *graph; /* "json", "dot", "svg"; NULL: none is wanted */
	const char *dir;
	char *const *coordinates; /* only these; none: all */
	int n_coordinates;
};
int vx_validate_dir(const struct vx_validate_dir *r); /* an exit code */

/* A revision, composed by the daemon; of one application where @app is not NULL. */
int vx_validate_rev(const struct vx_ctl_server *server, const char *revision, const char *app);
