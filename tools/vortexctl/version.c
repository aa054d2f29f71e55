/* version.c - `vortexctl version`: its own, and that of the daemon where one answers. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/vortexctl/answer.h"
#include "tools/vortexctl/text.h"

static int print_json(const json_t *daemon)
{
	VX_AUTO(vx_json_put)
	json_t *both =
		json_pack("{s:{s:s},s:O?}", "client", "version", VX_RELEASE, "daemon", daemon);

	if (both && !daemon && json_object_set_new(both, "daemon", json_null()) < 0)
		return -ENOMEM;
	return both ? vx_ctl_print_json(both) : -ENOMEM;
}

static int print_text(const json_t *daemon)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;

	vx_buf_printf(&b, "vortexctl %s\n", VX_RELEASE);
	if (daemon) {
		vx_buf_puts(&b, "vortexd ");
		vx_ctl_put(&b, vx_ctl_str(daemon, "version"));
		vx_buf_printf(&b, " (pid %lld, up ", (long long)vx_ctl_int(daemon, "pid"));
		vx_ctl_put_duration(&b, vx_ctl_seconds(daemon, "uptime_s"));
		vx_buf_puts(&b, ", mounted at ");
		vx_ctl_put(&b, vx_ctl_str(daemon, "mount"));
		vx_buf_puts(&b, ")\n");
	}
	return vx_ctl_print(&b);
}

static int run(const struct vx_ctl_verb *verb, int argc, char **argv)
{
	struct vx_ctl_server server = VX_CTL_SERVER_INIT;
	const struct vx_ctl_option options[] = {VX_CTL_SERVER_OPTIONS(&server)};
	const struct vx_ctl_question q = {.server = &server, .path = "version", .once = true};
	VX_AUTO(vx_json_put) json_t *daemon = NULL;
	const char *named = getenv("VORTEX_SOCKET");
	struct vx_error err = {0};
	int first, asked, rc;
	int code = vx_ctl_options(verb, options, argc, argv, &first);

	if (code >= 0)
		return code;
	if (argc != first)
		return vx_ctl_usage(verb, "version takes options only");
	asked = vx_ctl_answer(&q, &daemon, &err);
	rc = vx_ctl_is_json(&server) ? print_json(daemon) : print_text(daemon);
	if (rc < 0)
		return vx_ctl_fail(rc, NULL);
	/* Who names a socket wants to know of that daemon; else its absence is no failure. */
	return asked < 0 && (server.socket || (named && *named)) ? vx_ctl_fail(asked, &err)
	                                                         : VX_CTL_OK;
}

const struct vx_ctl_verb vx_ctl_version = {
	.name = "version",
	.group = VX_CTL_CHECK,
	.usage = "[OPTION]...",
	.summary = "Print the version of vortexctl, and of the vortexd that answers.",
	.help = "Without a daemon only vortexctl's; that is a failure only if its socket was\n"
		"named.\n"
		"\n" VX_CTL_SERVER_HELP "\n"
		"Examples:\n"
		"  vortexctl version\n"
		"  vortexctl version -o json | jq -r .daemon.mount\n",
	.run = run,
};
