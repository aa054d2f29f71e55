/* key.h - the steps of a key such as `server.ports[0].name`: split here and nowhere else (rules 4.1
 * and 4.2 of docs/composition.md). No state, no allocation, any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"

/* One step of a path: a name, or the position in a list. */
struct vx_step {
	const char *name; /* inside the key; NULL: the element @index */
	size_t len;
	uint32_t index;
};

/* What is left of a key that is being split. */
struct vx_key {
	const char *at, *end;
	bool started;
};

/* Take the next step of @k, which begins as {key, key + length, false}. @max is the largest index.
 * 1 and *ret; 0 at the end; -EBADMSG an empty segment or a NUL; -E2BIG an index above @max. */
int vx_key_next(struct vx_key *k, uint32_t max, struct vx_step *ret, struct vx_error *err);
