/* builtin.h - what each backend hands to the registry; for registry.c and the backends only. */
#pragma once

#include "backends/backend.h"

extern const struct vx_backend_ops vx_directory_ops;
extern const struct vx_backend_ops vx_git_ops;
extern const struct vx_backend_ops vx_never_ops; /* tests only: answers nothing */
