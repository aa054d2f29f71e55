/* tracks.c - `vortexctl tracks`: the configurations in memory, those that somebody reads. */
#include <string.h>

#include "tools/vortexctl/answer.h"

#define VERSION_SHOWN 12 /* digits: enough to tell versions apart by eye */

static const char *colour_of(const char *state)
{
	if (strcmp(state, "failed") == 0)
		return vx_ctl_red();
	if (strcmp(state, "stale") == 0 || strcmp(state, "orphaned") == 0)
		return vx_ctl_yellow();
	return strcmp(state, "live") == 0 ? vx_ctl_green() : "";
}

static void add_row(struct vx_ctl_table *t, const json_t *item)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;
	const char *state = vx_ctl_str(item, "state");
	const char *version = vx_ctl_str(item, "version");

	vx_ctl_table_add(t, "", vx_ctl_str(item, "at"));
	vx_ctl_table_add(t, state ? colour_of(state) : "", state);
	if (vx_ctl_int(item, "number") > 0)
		vx_buf_printf(&b, "%lld", (long long)vx_ctl_int(item, "number"));
	vx_ctl_table_take(t, "", &b);
	vx_buf_put(&b, version, version ? strnlen(version, VERSION_SHOWN) : 0);
	vx_ctl_table_take(t, "", &b);
	vx_ctl_put_ago(&b, vx_ctl_str(item, "published"));
	vx_ctl_table_take(t, "", &b);
	if (vx_ctl_seconds(item, "idle_s") >= 0)
		vx_ctl_put_duration(&b, vx_ctl_seconds(item, "idle_s"));
	vx_ctl_table_take(t, "", &b);
	vx_ctl_table_add(t, "", vx_ctl_str(item, "error"));
}

static const char *const heads[] = {"CONFIGURATION", "STATE", "NUMBER", "VERSION",
                                    "PUBLISHED",     "IDLE",  "ERROR",  NULL};

static int run(const struct vx_ctl_verb *verb, int argc, char **argv)
{
	struct vx_ctl_server server = VX_CTL_SERVER_INIT;
	const struct vx_ctl_option options[] = {VX_CTL_SERVER_OPTIONS(&server)};
	const struct vx_ctl_question q = {.server = &server, .path = "tracks"};
	VX_AUTO(vx_json_put) json_t *answer = NULL;
	struct vx_error err = {0};
	int first, rc;
	int code = vx_ctl_options(verb, options, argc, argv, &first);

	if (code >= 0)
		return code;
	if (argc != first)
		return vx_ctl_usage(verb, "tracks takes options only");
	rc = vx_ctl_list(&q, heads, add_row, &answer, &err);
	if (rc < 0)
		return vx_ctl_fail(rc, &err);
	vx_ctl_remark("%zu configuration%s in memory", vx_ctl_count(answer),
	              vx_ctl_plural(vx_ctl_count(answer)));
	return VX_CTL_OK;
}

const struct vx_ctl_verb vx_ctl_tracks = {
	.name = "tracks",
	.group = VX_CTL_OPERATE,
	.usage = "[OPTION]...",
	.summary = "List the configurations that are in use, their state and version.",
	.help = "live: a program may hold it; idle: in memory only; stale: the last good version\n"
		"is served, since the newest fails (ERROR says why); failed: it cannot be served;\n"
		"orphaned: no source has it any more. 'vortexctl ls' lists all that there are.\n"
		"\n" VX_CTL_SERVER_HELP "\n"
		"Examples:\n"
		"  vortexctl tracks\n"
		"  vortexctl tracks -o json | jq -r '.items[] | select(.state == \"stale\") | "
		".at'\n",
	.run = run,
};
