/* member.c - see member.h. */
#include "tools/vortexctl/member.h"

const char *vx_ctl_str(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

json_int_t vx_ctl_int(const json_t *object, const char *name)
{
	return json_integer_value(json_object_get(object, name));
}

double vx_ctl_seconds(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);

	return json_is_number(value) ? json_number_value(value) : -1;
}

bool vx_ctl_bool(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

size_t vx_ctl_count(const json_t *answer)
{
	return json_array_size(json_object_get(answer, "items"));
}
