/* main.c - vortexctl: the table of verbs, and help.
 *
 * vortexctl looks at Vortex as a stranger would: it reads the mount, composes directories by the
 * same code as the daemon, and inspects the machine. It holds no state. */
#include <stdio.h>
#include <string.h>

#include "tools/vortexctl/ctl.h"

static int run_version(const struct vx_ctl_verb *verb, int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "--help") == 0)
		vx_ctl_help(verb);
	else if (argc > 1)
		return vx_ctl_usage(verb, "version takes nothing");
	else
		printf("vortexctl %s\n", VX_RELEASE);
	return VX_CTL_OK;
}

static const struct vx_ctl_verb version = {
	.name = "version",
	.usage = "",
	.summary = "Print the version of vortexctl.",
	.help = "Example:\n  vortexctl version\n",
	.run = run_version,
};

static const struct vx_ctl_verb *const verbs[] = {&vx_ctl_get, &vx_ctl_ls, &vx_ctl_validate,
                                                  &vx_ctl_doctor, &version};

static void help(void)
{
	printf("Usage: vortexctl VERB [OPTION]...\n\n"
	       "Look at Vortex: read configurations, check documents, find what is wrong.\n\n");
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
		printf("  %s%-9s%s %s\n", vx_ctl_bold(), verbs[i]->name, vx_ctl_plain(),
		       verbs[i]->summary);
	printf("\n'vortexctl VERB --help' says more of each.\n\n"
	       "Examples:\n"
	       "  vortexctl get payment/prod -o json\n"
	       "  vortexctl validate ./config && git push\n"
	       "  vortexctl doctor\n\n"
	       "Exit status: 0 all well, 1 unhealthy, 2 usage, 3 not found, 4 denied, 5 conflict,\n"
	       "6 daemon unreachable, 7 cannot be composed or served, 124 timed out.\n");
}

static int dispatch(int argc, char **argv)
{
	if (argc < 2)
		return vx_ctl_usage(NULL, "a verb is missing");
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0) {
		help();
		return VX_CTL_OK;
	}
	if (strcmp(argv[1], "--version") == 0)
		return run_version(&version, 1, argv);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++) {
		if (strcmp(argv[1], verbs[i]->name) == 0)
			return verbs[i]->run(verbs[i], argc - 1, argv + 1);
	}
	return vx_ctl_usage(NULL, "there is no verb '%s'", argv[1]);
}

int main(int argc, char **argv)
{
	int code = dispatch(argc, argv);

	if (fflush(stdout) == EOF || ferror(stdout)) {
		perror("vortexctl: standard output");
		return code ? code : VX_CTL_UNHEALTHY;
	}
	return code;
}
