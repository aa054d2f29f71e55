/* problems.c - `vortexctl problems`: what is wrong now. */
#include <string.h>

#include "tools/vortexctl/answer.h"

static const char *colour_of(const char *severity)
{
	if (strcmp(severity, "error") == 0)
		return vx_ctl_red();
	return strcmp(severity, "warning") == 0 ? vx_ctl_yellow() : "";
}

static void add_row(struct vx_ctl_table *t, const json_t *item)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;
	const char *severity = vx_ctl_str(item, "severity");

	vx_ctl_table_add(t, severity ? colour_of(severity) : "", severity);
	vx_ctl_put_ago(&b, vx_ctl_str(item, "since"));
	vx_ctl_table_take(t, "", &b);
	vx_ctl_table_add(t, "", vx_ctl_str(item, "key"));
	vx_ctl_table_add(t, "", vx_ctl_str(item, "message"));
}

static const char *const heads[] = {"SEVERITY", "SINCE", "WHAT", "MESSAGE", NULL};

/* Whether something cannot be served: a warning alone is no failure. */
static bool has_error(const json_t *answer)
{
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(answer, "items"), i, item) {
		const char *severity = vx_ctl_str(item, "severity");

		if (severity && strcmp(severity, "error") == 0)
			return true;
	}
	return false;
}

static int run(const struct vx_ctl_verb *verb, int argc, char **argv)
{
	struct vx_ctl_server server = VX_CTL_SERVER_INIT;
	const struct vx_ctl_option options[] = {VX_CTL_SERVER_OPTIONS(&server)};
	const struct vx_ctl_question q = {.server = &server, .path = "problems"};
	VX_AUTO(vx_json_put) json_t *answer = NULL;
	struct vx_error err = {0};
	int first, rc;
	int code = vx_ctl_options(verb, options, argc, argv, &first);

	if (code >= 0)
		return code;
	if (argc != first)
		return vx_ctl_usage(verb, "problems takes options only");
	rc = vx_ctl_list(&q, heads, add_row, &answer, &err);
	if (rc < 0)
		return vx_ctl_fail(rc, &err);
	if (vx_ctl_count(answer) == 0)
		vx_ctl_remark("no problems");
	else
		vx_ctl_remark("%zu problem%s", vx_ctl_count(answer),
		              vx_ctl_plural(vx_ctl_count(answer)));
	if (vx_ctl_int(answer, "dropped") > 0)
		vx_ctl_remark("and %lld more that vortexd does not keep",
		              (long long)vx_ctl_int(answer, "dropped"));
	return has_error(answer) ? VX_CTL_UNHEALTHY : VX_CTL_OK;
}

const struct vx_ctl_verb vx_ctl_problems = {
	.name = "problems",
	.group = VX_CTL_OPERATE,
	.usage = "[OPTION]...",
	.summary = "List what is wrong now.",
	.help = "A note is odd, and nothing is lost; with a warning the last good version is\n"
		"served; an error means that something cannot be served. Exit status 1 when there\n"
		"is an error, so that it can be a check of a monitoring system.\n"
		"\n" VX_CTL_SERVER_HELP "\n"
		"Examples:\n"
		"  vortexctl problems\n"
		"  vortexctl problems -o json | jq -r '.items[] | \"\\(.severity) "
		"\\(.message)\"'\n",
	.run = run,
};
