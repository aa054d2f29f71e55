/* preview.c - `vortexctl preview`: what a revision would change if it were served. */
#include <errno.h>
#include <string.h>

#include "tools/vortexctl/answer.h"

struct request {
	struct vx_ctl_server server;
	bool all;
};

static const char *colour_of(const char *outcome)
{
	if (strcmp(outcome, "fails") == 0 || strcmp(outcome, "removed") == 0)
		return vx_ctl_red();
	if (strcmp(outcome, "added") == 0)
		return vx_ctl_green();
	return strcmp(outcome, "changed") == 0 ? vx_ctl_yellow() : "";
}

static void add_row(struct vx_ctl_table *t, const json_t *item)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;
	const char *outcome = vx_ctl_str(item, "outcome");
	long long added = vx_ctl_int(item, "added");
	long long removed = vx_ctl_int(item, "removed");
	long long changed = vx_ctl_int(item, "changed");

	vx_ctl_table_add(t, "", vx_ctl_str(item, "at"));
	vx_ctl_table_add(t, outcome ? colour_of(outcome) : "", outcome);
	if (added + removed + changed > 0)
		vx_buf_printf(&b, "+%lld -%lld ~%lld", added, removed, changed);
	vx_ctl_table_take(t, "", &b);
	vx_ctl_table_add(t, "", vx_ctl_str(item, "message"));
}

static const char *const heads[] = {"CONFIGURATION", "OUTCOME", "KEYS", "MESSAGE", NULL};

static size_t count_failures(const json_t *answer)
{
	const json_t *item;
	size_t i, n = 0;

	json_array_foreach (json_object_get(answer, "items"), i, item) {
		const char *outcome = vx_ctl_str(item, "outcome");

		n += outcome && strcmp(outcome, "fails") == 0;
	}
	return n;
}

static int preview(const struct request *r, const char *revision, const char *app)
{
	const struct vx_ctl_param params[] = {
		{"rev", revision}, {"app", app}, {"all", r->all ? "true" : NULL}};
	const struct vx_ctl_question q = {
		.server = &r->server, .path = "preview", .params = params, .n_params = 3};
	VX_AUTO(vx_json_put) json_t *answer = NULL;
	struct vx_error err = {0};
	size_t failing;
	int rc = vx_ctl_list(&q, heads, add_row, &answer, &err);

	if (rc < 0)
		return vx_ctl_fail(rc, &err);
	failing = count_failures(answer);
	vx_ctl_remark("%lld configurations compose at %s, %zu fail%s",
	              (long long)vx_ctl_int(answer, "composed"), revision, failing,
	              vx_ctl_count(answer) ? "" : "; it would change nothing");
	return failing ? VX_CTL_UNHEALTHY : VX_CTL_OK;
}

static int run(const struct vx_ctl_verb *verb, int argc, char **argv)
{
	struct request r = {.server = VX_CTL_SERVER_INIT};
	const struct vx_ctl_option options[] = {{.name = "all", .letter = 'a', .flag = &r.all},
	                                        VX_CTL_SERVER_OPTIONS(&r.server)};
	int first;
	int code = vx_ctl_options(verb, options, argc, argv, &first);

	if (code >= 0)
		return code;
	if (argc - first < 1 || argc - first > 2)
		return vx_ctl_usage(verb, "preview takes a revision, and at most one application");
	return preview(&r, argv[first], argc - first == 2 ? argv[first + 1] : NULL);
}

const struct vx_ctl_verb vx_ctl_preview = {
	.name = "preview",
	.group = VX_CTL_CHECK,
	.usage = "[BACKEND:]REVISION [APP] [OPTION]...",
	.summary = "Say what a branch, tag or commit would change if it were served.",
	.help = "Every application and profile is composed with the revision and without, by the\n"
		"code that serves; nothing is changed. KEYS counts added (+), removed (-) and\n"
		"changed (~) ones; 'vortexctl diff APP/PROFILE @rev:BACKEND:REVISION' shows them.\n"
		"The backend may be left out where only one has revisions. Exit status 1 when\n"
		"something fails.\n"
		"\n"
		"  -a, --all            also what stays the same\n" VX_CTL_SERVER_HELP "\n"
		"Examples:\n"
		"  vortexctl preview feature/timeouts\n"
		"  vortexctl preview repo:4f1c2e7 payment\n",
	.run = run,
};
