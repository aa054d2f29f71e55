/* doctor_path.h - what doctor asks of paths that vortexd would make. */
#pragma once

#include <stdbool.h>

/* Whether @path, which does not exist, could be made: the nearest folder above it that exists may be
 * written to. May block as any stat. */
bool doctor_can_be_made(const char *path);
