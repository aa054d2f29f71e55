/* member.h - what verbs read out of the daemon's JSON: absent is a value too, never a crash. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* A member of an object; NULL, 0, -1 or false if it is absent or of another type. Borrowed. */
const char *vx_ctl_str(const json_t *object, const char *name);
json_int_t vx_ctl_int(const json_t *object, const char *name);
double vx_ctl_seconds(const json_t *object, const char *name);
bool vx_ctl_bool(const json_t *object, const char *name);

/* How many items there are. */
size_t vx_ctl_count(const json_t *answer);
