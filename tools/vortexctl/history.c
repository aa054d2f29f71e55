/* history.c - `vortexctl history`: who changed a configuration's documents, when and why. */
#include "tools/vortexctl/answer.h"
#include "tools/vortexctl/place.h"

struct request {
	struct vx_ctl_server server;
	const char *backend;
	long limit;
};

static void add_row(struct vx_ctl_table *t, const json_t *item)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;

	vx_ctl_put_revision(&b, vx_ctl_str(item, "revision"));
	vx_ctl_table_take(t, vx_ctl_yellow(), &b);
	vx_ctl_table_add(t, "", vx_ctl_str(item, "backend"));
	vx_ctl_put_ago(&b, vx_ctl_str(item, "time"));
	vx_ctl_table_take(t, "", &b);
	vx_ctl_table_add(t, "", vx_ctl_str(item, "author"));
	vx_ctl_table_add(t, "", vx_ctl_str(item, "message"));
}

static const char *const heads[] = {"REVISION", "BACKEND", "WHEN", "AUTHOR", "MESSAGE", NULL};

static int history(const struct request *r, const char *text)
{
	VX_AUTO(vx_freep) char *at = NULL;
	VX_AUTO(vx_json_put) json_t *answer = NULL;
	struct vx_error err = {0};
	int rc = vx_ctl_side_parse(text, &at, &err);
	const struct vx_ctl_param params[] = {{"at", at}, {"backend", r->backend}};
	const struct vx_ctl_question q = {.server = &r->server,
	                                  .path = "history",
	                                  .params = params,
	                                  .n_params = 2,
	                                  .limit = r->limit};

	if (rc == 0)
		rc = vx_ctl_list(&q, heads, add_row, &answer, &err);
	if (rc < 0)
		return vx_ctl_fail(rc, &err);
	vx_ctl_remark("%zu revision%s%s", vx_ctl_count(answer), vx_ctl_plural(vx_ctl_count(answer)),
	              vx_ctl_str(answer, "next") ? "; there are more (--limit)" : "");
	return VX_CTL_OK;
}

static int run(const struct vx_ctl_verb *verb, int argc, char **argv)
{
	struct request r = {.server = VX_CTL_SERVER_INIT, .limit = 100};
	const struct vx_ctl_option options[] = {
		{.name = "backend", .letter = 'b', .text = &r.backend},
		{.name = "limit", .letter = 'n', .number = &r.limit, .min = 1, .max = INT32_MAX},
		VX_CTL_SERVER_OPTIONS(&r.server)};
	int first;
	int code = vx_ctl_options(verb, options, argc, argv, &first);

	if (code >= 0)
		return code;
	if (argc - first != 1)
		return vx_ctl_usage(verb, "history takes one configuration, APP/PROFILE[/LABEL]");
	return history(&r, argv[first]);
}

const struct vx_ctl_verb vx_ctl_history = {
	.name = "history",
	.group = VX_CTL_UNDERSTAND,
	.usage = "APP/PROFILE[/LABEL] [OPTION]...",
	.summary = "List the revisions that changed a configuration, newest first.",
	.help = "Of every backend that keeps a history, or of one.\n"
		"\n"
		"  -b, --backend NAME   of this backend only\n"
		"  -n, --limit N        at most N revisions (100)\n" VX_CTL_SERVER_HELP "\n"
		"Examples:\n"
		"  vortexctl history payment/prod\n"
		"  vortexctl history payment/prod -n 1 -o json | jq -r '.items[0].revision'\n",
	.run = run,
};
