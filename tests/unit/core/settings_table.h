/* settings_table.h - a small table of settings for the tests of the engine, and a short way to
 * load. */
#pragma once

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/settings.h"

/* clang-format off */
static const struct vx_setting_row table[] = {
	{.key = "node.name", .type = VX_SET_STRING, .help = "This node."},
	{.key = "cache.enabled", .type = VX_SET_BOOL, .def = "true", .help = "Whether."},
	{.key = "cache.ttl", .type = VX_SET_DURATION, .def = "300s", .min = 1000, .max = 3600000,
	 .flags = VX_SET_HOT, .help = "How long."},
	{.key = "cache.max_bytes", .type = VX_SET_SIZE, .def = "64MiB", .max = (int64_t)1 << 30,
	 .help = "How much."},
	{.key = "cache.size", .type = VX_SET_SIZE, .replaced_by = "cache.max_bytes",
	 .help = "Renamed."},
	{.key = "cache.redis", .type = VX_SET_SECRET, .flags = VX_SET_UNBUILT, .help = "Shared."},
	{.key = "tree.overrides", .type = VX_SET_MAP, .help = "Keys that win."},
	{.key = "tree.warm", .type = VX_SET_STRINGS, .help = "Composed at start."},
	{.key = "limits.warn", .type = VX_SET_PERCENT, .def = "80%", .help = "Warn at."},
	{.key = "limits.tracks", .type = VX_SET_INT, .def = "100", .min = 1, .max = INT64_MAX,
	 .help = "How many."},
	{.key = "limits.growth", .type = VX_SET_FACTOR, .help = "Growth."},
	{.key = "backends[].name", .type = VX_SET_STRING, .flags = VX_SET_REQUIRED,
	 .help = "What it is called."},
	{.key = "backends[].type", .type = VX_SET_CHOICE, .choices = "directory | git | postgres",
	 .flags = VX_SET_REQUIRED, .help = "Its type."},
	{.key = "backends[].uri", .type = VX_SET_STRING, .only = "git", .flags = VX_SET_REQUIRED,
	 .help = "The repository."},
	{.key = "backends[].path", .type = VX_SET_STRING, .only = "directory",
	 .help = "The folder."},
	{.key = "backends[].refresh", .type = VX_SET_DURATION, .def = "30s", .flags = VX_SET_HOT,
	 .help = "How often."},
	{.key = "backends[].pool.max", .type = VX_SET_INT, .def = "8", .help = "At most."},
	{.key = "backends[].dsn", .type = VX_SET_SECRET, .only = "postgres",
	 .help = "Connection."},
	{.key = "backends[].replicas", .type = VX_SET_SECRETS, .only = "postgres",
	 .help = "Replicas."},
	{.key = "access[].match", .type = VX_SET_STRING, .flags = VX_SET_REQUIRED,
	 .help = "What it is about."},
	{.key = "access[].mode", .type = VX_SET_STRING, .def = "0444", .help = "Permissions."},
	{.key = "http.listen", .type = VX_SET_STRING, .def = "127.0.0.1:8888",
	 .flags = VX_SET_UNBUILT, .help = "Address."},
	{.key = "http.tls_key", .type = VX_SET_STRING, .flags = VX_SET_UNBUILT, .help = "Key."},
	{.key = "log.format", .type = VX_SET_CHOICE, .def = "text", .choices = "text | json",
	 .flags = VX_SET_HOT, .help = "Lines or objects."},
};
/* clang-format on */

/* What a load is given and what came of it. */
struct run {
	const char *file;            /* NULL: none */
	const char *const *environ;  /* NULL: empty */
	const char *const *sets;     /* ends with NULL */
	const char *const *defaults; /* ends with NULL */
	bool others_read;

	int rc;
	struct vx_settings *s; /* NULL after a failure */
	struct vx_error err;
	char warnings[2048]; /* a line each */
};

static void keep_warning(void *arg, const char *sentence)
{
	struct run *r = arg;

	(void)strncat(r->warnings, sentence, sizeof(r->warnings) - strlen(r->warnings) - 2);
	(void)strcat(r->warnings, "\n");
}

static size_t count_of(const char *const *list)
{
	size_t n = 0;

	while (list && list[n])
		n++;
	return n;
}

static inline void run(struct run *r)
{
	struct vx_settings_source from = {
		.path = r->file ? "vortexd.yaml" : NULL,
		.text = r->file,
		.len = r->file ? strlen(r->file) : 0,
		.others_read = r->others_read,
		.environ = r->environ,
		.sets = r->sets,
		.n_sets = count_of(r->sets),
		.defaults = r->defaults,
		.n_defaults = count_of(r->defaults),
	};

	r->warnings[0] = '\0';
	r->err.msg[0] = '\0';
	r->s = NULL;
	r->rc = vx_settings_load(table, sizeof(table) / sizeof(table[0]), &from, keep_warning, r,
	                         &r->s, &r->err);
}

/* A load that has to succeed. */
static inline struct vx_settings *loaded(struct run *r)
{
	run(r);
	if (r->rc != 0)
		fail_msg("refused: %s", r->err.msg);
	return r->s;
}
