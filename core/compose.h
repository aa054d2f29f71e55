/* compose.h - from layers to a snapshot: activation, merging, placeholders, imports.
 *
 * Pure functions without I/O; the rules are in docs/composition.md. Resolving asks the caller for
 * the layers of each application that takes part (the one asked for and what `vortex.imports`
 * adds); composing merges what was found. Any thread; objects may not be shared while built. */
#pragma once

#include "core/coords.h"
#include "core/error.h"
#include "core/layer.h"
#include "core/snapshot.h"
#include "core/value.h"

/* The layers of one application in all backends, lowest priority first. */
struct vx_layer_set {
	struct vx_layers *const *layers; /* until vx_resolve returns, which takes references */
	size_t n;
};

/* Answer with the layers at @at: 0 and *ret; -EINPROGRESS not known yet, resolve again later; or
 * an error, which ends resolving. */
typedef int vx_layers_fn(void *arg, const struct vx_coords *at, struct vx_layer_set *ret,
                         struct vx_error *err);

/* Everything that takes part at some coordinates, lowest first, imports below their importers. */
struct vx_resolved;

/* Follow `vortex.imports` from @at. @get is called once for each application that takes part, in
 * one pass even if some answer -EINPROGRESS, so that all fetches start together.
 * 0 and *ret (put it); -EINPROGRESS; -ELOOP imports form a cycle (err names its members);
 * -EBADMSG `vortex.imports` is not a list of names or maps; -E2BIG more than 64 imports; -ENOENT an
 * imported application does not exist (err names it and the importer); what @get answered. */
int vx_resolve(const struct vx_coords *at, vx_layers_fn *get, void *arg, struct vx_resolved **ret,
               struct vx_error *err);
void vx_resolved_put(struct vx_resolved *r); /* NULL is a no-op */

/* Whether both hold the very same layers (by identity, not by content), so that composing @b would
 * only give again what @a gave. Either may be NULL: false. */
bool vx_resolved_same(const struct vx_resolved *a, const struct vx_resolved *b);

struct vx_compose_options {
	const struct vx_value *overrides; /* tree.overrides, a map that wins over all; nullable */
};

/* Merge @r (kept by reference as long as the snapshot lives).
 * 0 and *ret (put it); -ELOOP a placeholder cycle (err names its members); -E2BIG; -ENOMEM. */
int vx_compose(struct vx_resolved *r, const struct vx_compose_options *options,
               struct vx_snapshot **ret, struct vx_error *err);
