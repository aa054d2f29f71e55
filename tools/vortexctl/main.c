/* main.c - vortexctl: the table of verbs, and help.
 *
 * vortexctl looks at Vortex as a stranger would: it reads the mount, asks the daemon on its socket,
 * composes directories by the same code as the daemon, and inspects the machine. It holds no state. */
#include <stdio.h>
#include <string.h>

#include "core/nearest.h"
#include "tools/vortexctl/ctl.h"

static const struct vx_ctl_verb *const verbs[] = {
	&vx_ctl_get,      &vx_ctl_ls,      &vx_ctl_find,     &vx_ctl_explain,  &vx_ctl_diff,
	&vx_ctl_history,  &vx_ctl_tracks,  &vx_ctl_backends, &vx_ctl_problems, &vx_ctl_events,
	&vx_ctl_validate, &vx_ctl_preview, &vx_ctl_doctor,   &vx_ctl_version};

#define VERBS (sizeof(verbs) / sizeof(*verbs))

static void help(void)
{
	static const char *const groups[VX_CTL_GROUPS] = {[VX_CTL_READ] = "Read",
	                                                  [VX_CTL_UNDERSTAND] = "Understand",
	                                                  [VX_CTL_OPERATE] = "Operate",
	                                                  [VX_CTL_CHECK] = "Check"};

	printf("Usage: vortexctl VERB [OPTION]...\n\n"
	       "Look at Vortex: read configurations, see where they come from, find what is "
	       "wrong.\n");
	for (int group = 0; group < VX_CTL_GROUPS; group++) {
		printf("\n%s:\n", groups[group]);
		for (size_t i = 0; i < VERBS; i++)
			if ((int)verbs[i]->group == group)
				printf("  %s%-9s%s %s\n", vx_ctl_bold(), verbs[i]->name,
				       vx_ctl_plain(), verbs[i]->summary);
	}
	printf("\n'vortexctl VERB --help' says more of each.\n\n"
	       "Examples:\n"
	       "  vortexctl get payment/prod -o json\n"
	       "  vortexctl explain payment/prod server.port\n"
	       "  vortexctl diff payment/prod payment/dev\n"
	       "  vortexctl validate ./config && git push\n"
	       "  vortexctl doctor\n\n"
	       "Exit status: 0 all well, 1 unhealthy or differs, 2 usage, 3 not found, 4 denied,\n"
	       "5 conflict, 6 daemon unreachable, 7 cannot be composed or served, 124 timed "
	       "out.\n");
}

static const struct vx_ctl_verb *find_verb(const char *name)
{
	for (size_t i = 0; i < VERBS; i++)
		if (strcmp(name, verbs[i]->name) == 0)
			return verbs[i];
	return NULL;
}

static int refuse_verb(const char *word)
{
	struct vx_nearest near = {.word = word};

	for (size_t i = 0; i < VERBS; i++)
		vx_nearest_try(&near, verbs[i]->name, strlen(verbs[i]->name));
	if (near.best)
		return vx_ctl_usage(NULL, "there is no verb '%s'; did you mean '%s'?", word,
		                    near.best);
	return vx_ctl_usage(NULL, "there is no verb '%s'", word);
}

static int dispatch(int argc, char **argv)
{
	const struct vx_ctl_verb *verb;

	if (argc < 2)
		return vx_ctl_usage(NULL, "a verb is missing");
	if (strcmp(argv[1], "--version") == 0) {
		printf("vortexctl %s\n", VX_RELEASE);
		return VX_CTL_OK;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    (strcmp(argv[1], "help") == 0 && argc == 2)) {
		help();
		return VX_CTL_OK;
	}
	if (strcmp(argv[1], "help") == 0) {
		verb = find_verb(argv[2]);
		if (!verb)
			return refuse_verb(argv[2]);
		vx_ctl_help(verb);
		return VX_CTL_OK;
	}
	verb = find_verb(argv[1]);
	return verb ? verb->run(verb, argc - 1, argv + 1) : refuse_verb(argv[1]);
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
