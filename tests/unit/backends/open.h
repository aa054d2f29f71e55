/* open.h - a backend opened from one line of settings, for the unit tests of backends. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "backends/backend.h"

struct opened {
	const struct vx_backend_ops *ops;
	struct vx_backend *b;
	struct vx_settings *settings;
	struct vx_ctx ctx;
	struct vx_error err;
};

/* Run a command, which must succeed. */
__attribute__((format(printf, 1, 2))) static inline void run(const char *fmt, ...)
{
	char command[4096];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

/* A new folder below $TMPDIR. */
static inline void new_folder(char ret[64])
{
	const char *tmp = getenv("TMPDIR");

	(void)snprintf(ret, 64, "%s/vx-unit-XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	assert_non_null(mkdtemp(ret));
}

/* Open the backend that the flow map "{type: git, uri: ...}" describes: what its open said. */
static inline int try_open(struct opened *o, const char *entry)
{
	static const struct vx_setting_row rows[] = {
		{.key = "backends[].name", .type = VX_SET_STRING, .help = ""},
		{.key = "backends[].type", .type = VX_SET_STRING, .help = ""},
		{.key = "backends[].path", .type = VX_SET_STRING, .help = ""},
		{.key = "backends[].uri", .type = VX_SET_STRING, .help = ""},
		{.key = "backends[].labels", .type = VX_SET_STRING, .def = "none", .help = ""},
		{.key = "backends[].default_label", .type = VX_SET_STRING, .help = ""},
		{.key = "backends[].search_paths", .type = VX_SET_STRINGS, .help = ""},
	};
	struct vx_backend_env env = {.clock = vx_clock_system(),
	                             .limits = VX_DOC_LIMITS_DEFAULT,
	                             .default_label = "main"};
	char text[1024];
	const struct vx_settings_map *map;

	memset(o, 0, sizeof(*o));
	(void)snprintf(text, sizeof(text), "backends:\n- %s\n", entry);
	if (vx_settings_load(rows, sizeof(rows) / sizeof(*rows),
	                     &(struct vx_settings_source){
				     .path = "test.yaml", .text = text, .len = strlen(text)},
	                     NULL, NULL, &o->settings, &o->err) < 0)
		fail_msg("%s", o->err.msg);
	vx_ctx_init(&o->ctx, vx_clock_system(), 60000);
	map = vx_settings_at(o->settings, "backends", 0);
	o->ops = vx_backend_find(vx_map_str(map, "type"));
	assert_non_null(o->ops);
	return o->ops->open(map, &env, &o->b, &o->err);
}

static inline void shut(struct opened *o)
{
	o->ops->close(o->b);
	vx_ctx_fini(&o->ctx);
	vx_settings_put(o->settings);
}
