/* backends.c - `vortexctl backends`: where configuration comes from, and asking there for news. */
#include <errno.h>
#include <string.h>

#include "tools/vortexctl/answer.h"

static const char *colour_of(const char *state)
{
	if (strcmp(state, "ok") == 0)
		return vx_ctl_green();
	return strcmp(state, "starting") == 0 ? vx_ctl_yellow() : vx_ctl_red();
}

static void add_row(struct vx_ctl_table *t, const json_t *item)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;
	const char *state = vx_ctl_str(item, "state");

	vx_ctl_table_add(t, vx_ctl_bold(), vx_ctl_str(item, "name"));
	vx_ctl_table_add(t, "", vx_ctl_str(item, "type"));
	vx_buf_printf(&b, "%lld", (long long)vx_ctl_int(item, "priority"));
	vx_ctl_table_take(t, "", &b);
	vx_ctl_table_add(t, state ? colour_of(state) : "", state);
	vx_ctl_put_revision(&b, vx_ctl_str(item, "revision"));
	vx_ctl_table_take(t, "", &b);
	if (vx_ctl_seconds(item, "good_age_s") >= 0) {
		vx_ctl_put_duration(&b, vx_ctl_seconds(item, "good_age_s"));
		vx_buf_puts(&b, " ago");
	}
	vx_ctl_table_take(t, "", &b);
	vx_ctl_table_add(t, "", vx_ctl_str(item, "source"));
	vx_ctl_table_add(t, "", vx_ctl_str(item, "message"));
}

static const char *const heads[] = {"NAME",  "TYPE",   "PRIORITY", "STATE", "REVISION",
                                    "HEARD", "SOURCE", "MESSAGE",  NULL};

/* "backends/NAME/refresh", with the name escaped as in any URL. NULL when out of memory. */
static char *refresh_path(const char *name)
{
	VX_AUTO(vx_buf_fini) struct vx_buf path = VX_BUF_INIT;

	vx_buf_puts(&path, "backends/");
	for (const char *p = name; p && *p; p++) {
		bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		             (*p >= '0' && *p <= '9') || strchr("-_.~", *p);

		vx_buf_printf(&path, plain ? "%c" : "%%%02X", (unsigned char)*p);
	}
	vx_buf_puts(&path, name ? "/refresh" : "refresh");
	return vx_buf_steal(&path);
}

static int run(const struct vx_ctl_verb *verb, int argc, char **argv)
{
	struct vx_ctl_server server = VX_CTL_SERVER_INIT;
	const struct vx_ctl_option options[] = {VX_CTL_SERVER_OPTIONS(&server)};
	struct vx_ctl_question q = {.server = &server, .path = "backends"};
	VX_AUTO(vx_freep) char *path = NULL;
	VX_AUTO(vx_json_put) json_t *answer = NULL;
	struct vx_error err = {0};
	int first, rc;
	int code = vx_ctl_options(verb, options, argc, argv, &first);

	if (code >= 0)
		return code;
	if (argc - first > 2 || (argc > first && strcmp(argv[first], "refresh") != 0))
		return vx_ctl_usage(verb, "backends takes nothing, or: refresh [NAME]");
	if (argc > first) {
		path = refresh_path(argc - first == 2 ? argv[first + 1] : NULL);
		if (!path)
			return vx_ctl_fail(-ENOMEM, NULL);
		q.path = path;
		q.post = true;
	}
	rc = vx_ctl_list(&q, heads, add_row, &answer, &err);
	if (rc < 0)
		return vx_ctl_fail(rc, &err);
	vx_ctl_remark("%zu backend%s, lowest priority first", vx_ctl_count(answer),
	              vx_ctl_plural(vx_ctl_count(answer)));
	return VX_CTL_OK;
}

const struct vx_ctl_verb vx_ctl_backends = {
	.name = "backends",
	.group = VX_CTL_OPERATE,
	.usage = "[refresh [NAME]] [OPTION]...",
	.summary = "List where configuration comes from and how it is doing; ask for news now.",
	.help = "ok: it answers; starting: nothing has arrived yet; failing: MESSAGE says why;\n"
		"resting: it is left alone for a while after failures. 'refresh' asks each\n"
		"backend, or the one named, for news, waits for them, and lists what was asked.\n"
		"\n" VX_CTL_SERVER_HELP "\n"
		"Examples:\n"
		"  vortexctl backends\n"
		"  vortexctl backends refresh repo\n",
	.run = run,
};
