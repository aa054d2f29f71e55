/* registry.c - the backends that were built in, by the name of their type. */
#include <string.h>

#include "backends/backend.h"
#include "backends/builtin.h"

static const struct vx_backend_ops *const builtin[] = {
	&vx_directory_ops,
#ifdef VX_HAVE_GIT
	&vx_git_ops,
#endif
#ifdef VX_TEST_BACKENDS
	&vx_never_ops,
#endif
};

const struct vx_backend_ops *vx_backend_at(size_t i)
{
	return i < sizeof(builtin) / sizeof(*builtin) ? builtin[i] : NULL;
}

const struct vx_backend_ops *vx_backend_find(const char *type)
{
	for (size_t i = 0; i < sizeof(builtin) / sizeof(*builtin); i++)
		if (strcmp(builtin[i]->type, type) == 0)
			return builtin[i];
	return NULL;
}
