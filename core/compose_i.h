/* compose_i.h - what resolving hands to composing; for core/resolve.c, compose.c and snapshot.c.
 *
 * A resolved set is built by one thread, then immutable and counted: the snapshot made of it keeps
 * it, because the tree borrows the documents' texts. */
#pragma once

#include <stdatomic.h>

#include "core/compose.h"

/* An application that takes part, with its layers in all backends, lowest priority first. */
struct vx_member {
	struct vx_coords *at;
	struct vx_layers **layers; /* one reference each */
	size_t n_layers;
};

struct vx_resolved {
	atomic_size_t refs;
	struct vx_member *members; /* lowest first; the last is the one that was asked for */
	size_t n_members;
	struct vx_import *imports; /* texts of the members' coordinates */
	size_t n_imports;
};

struct vx_resolved *vx_resolved_ref(struct vx_resolved *r);
