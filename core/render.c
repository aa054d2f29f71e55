/* render.c - a snapshot as the bytes of a file: one table of outputs. */
#include "core/render.h"

#include <errno.h>
#include <string.h>

#include "core/assert.h"
#include "core/cleanup.h"
#include "core/render_i.h"

static const char *const suffixes[VX_OUTPUTS] = {
	[VX_OUT_YML] = "yml", [VX_OUT_JSON] = "json", [VX_OUT_PROPERTIES] = "properties",
	[VX_OUT_ENV] = "env", [VX_OUT_TOML] = "toml",
};

const char *vx_output_suffix(enum vx_output out)
{
	vx_assert((unsigned)out < VX_OUTPUTS);
	return suffixes[out];
}

bool vx_output_find(const char *suffix, enum vx_output *ret)
{
	if (strcmp(suffix, "yaml") == 0)
		suffix = suffixes[VX_OUT_YML];
	for (unsigned i = 0; i < VX_OUTPUTS; i++) {
		if (strcmp(suffix, suffixes[i]) == 0) {
			*ret = (enum vx_output)i;
			return true;
		}
	}
	return false;
}

int vx_render(const struct vx_snapshot *s, enum vx_output out, struct vx_bytes **ret,
              struct vx_buf *notes, struct vx_error *err)
{
	struct vx_buf b = VX_BUF_INIT;
	struct vx_bytes *bytes;

	switch (out) {
	case VX_OUT_YML:
		vx_render_yml(&b, s->root);
		break;
	case VX_OUT_JSON:
		vx_render_json(&b, s->root);
		break;
	case VX_OUT_PROPERTIES:
		vx_render_properties(&b, s->root);
		break;
	case VX_OUT_ENV:
		vx_render_env(&b, s->root, notes);
		break;
	case VX_OUT_TOML:
		vx_render_toml(&b, s->root);
		break;
	}
	bytes = vx_render_finish(&b);
	if (!bytes)
		return vx_fail(err, -ENOMEM, "no memory to render %s as %s", s->at->text,
		               vx_output_suffix(out));
	*ret = bytes;
	return 0;
}
