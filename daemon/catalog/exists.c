/* exists.c - what exists, by what the backends know of the names: docs/composition.md section 2.
 * One rule for what is served and for what people ask. */
#include <errno.h>
#include <string.h>

#include "daemon/catalog/catalog_i.h"

int catalog_exists(const struct vx_catalog *c, const struct vx_coords *at,
                   const struct vx_layer_set *set, struct vx_error *err)
{
	bool label = !at->label, app = c->unknown_app_shared || strcmp(at->app, "application") == 0;
	uint32_t profiles = 0;

	for (size_t i = 0; i < set->n; i++) {
		label |= set->layers[i]->label_known;
		app |= set->layers[i]->app_known;
		profiles |= set->layers[i]->profiles_known;
	}
	if (!label)
		return vx_fail(err, -ENOENT, "no backend has the label '%s'", at->label);
	if (!app)
		return vx_fail(err, -ENOENT, "no document names the application '%s'", at->app);
	for (size_t i = 0; i < at->n_profiles; i++)
		if (!(profiles & 1u << i) && strcmp(at->profiles[i], "default") != 0 &&
		    !c->unknown_profile_base)
			return vx_fail(err, -ENOENT, "no document names the profile '%s'",
			               at->profiles[i]);
	return 0;
}

int catalog_resolve(const struct vx_catalog *c, const struct vx_coords *at, vx_layers_fn *get,
                    void *arg, struct vx_layer_set *ret_own, struct vx_resolved **ret,
                    struct vx_error *err)
{
	int rc = get(arg, at, ret_own, err);

	if (rc == 0)
		rc = catalog_exists(c, at, ret_own, err);
	if (rc < 0)
		return rc;
	rc = vx_resolve(at, get, arg, ret, err);
	return rc == -ENOENT ? -EBADMSG : rc; /* it exists, but what it imports does not */
}
