/* access.h - who may read what: the `access` rules as owner, group and mode of a node.
 *
 * The kernel enforces them (default_permissions), so that a warm read costs nothing more. */
#pragma once

#include "core/coords.h"
#include "core/error.h"
#include "core/settings.h"
#include "fs/provider.h"

struct vx_access; /* immutable */

/* Read the rules and look their owners and groups up. 0 and *ret (free it); -EINVAL an unknown
 * owner or group, or a mode with other bits than read (err: which rule, where). */
int vx_access_new(const struct vx_settings *s, struct vx_access **ret, struct vx_error *err);
void vx_access_free(struct vx_access *a); /* NULL is a no-op */

/* The mode of a file at @at: the first rule that matches each member of the profile list, their
 * modes ANDed; differing owners or groups give root 0400. @default_label stands for no label. A label
 * that may be a commit's id may be in any branch: it gets so what the rules of all labels allow. */
struct vx_mode vx_access_file(const struct vx_access *a, const struct vx_coords *at,
                              const char *default_label);

/* The same for a directory: execute where there is read. */
struct vx_mode vx_access_dir(struct vx_mode file);
