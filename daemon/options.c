/* options.c - parsing vortexd's command line. */
#include "daemon/options.h"

#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char vx_options_help[] =
	"usage: vortexd [-c FILE] [--mount DIR] [--set KEY=VALUE]... [--background]\n"
	"\n"
	"Mounts the configuration of every application as read-only files.\n"
	"\n"
	"  -c, --config FILE    settings; else /etc/vortex/vortexd.yaml, else\n"
	"                       $XDG_CONFIG_HOME/vortex/vortexd.yaml\n"
	"      --mount DIR      where to mount: the same as --set mount.path=DIR\n"
	"      --set KEY=VALUE  one setting, over the file and the environment; repeatable\n"
	"      --background     return once mounted; logs go to state.path/vortexd.log\n"
	"      --foreground     stay (the default)\n"
	"      --check          check the settings and exit: 0 well, 2 not\n"
	"      --print-settings print every setting with its source and exit\n"
	"      --version        print the version and the built-in backends\n"
	"      --help           this\n"
	"\n"
	"Without a settings file it serves /etc/vortex/config, or ./config when not root.\n"
	"SIGTERM ends it and unmounts, SIGHUP reloads the settings, SIGUSR1 logs counts.\n"
	"\n"
	"  vortexd --mount /tmp/vortex --set state.path=/tmp/vortex-state\n"
	"  cat /tmp/vortex/payment/prod/application.yml\n"
	"\n"
	"More: man vortexd, man vortexd.yaml, vortexctl doctor.\n";

enum {
	OPT_MOUNT = 256,
	OPT_SET,
	OPT_BACKGROUND,
	OPT_FOREGROUND,
	OPT_CHECK,
	OPT_PRINT,
	OPT_VERSION
};

static const struct option longs[] = {
	{"config", required_argument, NULL, 'c'},
	{"mount", required_argument, NULL, OPT_MOUNT},
	{"set", required_argument, NULL, OPT_SET},
	{"background", no_argument, NULL, OPT_BACKGROUND},
	{"foreground", no_argument, NULL, OPT_FOREGROUND},
	{"check", no_argument, NULL, OPT_CHECK},
	{"print-settings", no_argument, NULL, OPT_PRINT},
	{"version", no_argument, NULL, OPT_VERSION},
	{"help", no_argument, NULL, 'h'},
	{NULL, 0, NULL, 0},
};

static int add_set(struct vx_options *o, const char *prefix, const char *text)
{
	char *copy = NULL;

	if (asprintf(&copy, "%s%s", prefix, text) < 0) {
		(void)fprintf(stderr, "vortexd: out of memory\n");
		return -1;
	}
	o->sets[o->n_sets++] = copy;
	return 0;
}

static int take(struct vx_options *o, int opt)
{
	switch (opt) {
	case 'c':
		o->config = optarg;
		return 0;
	case 'h':
		o->help = true;
		return 0;
	case OPT_MOUNT:
		return add_set(o, "mount.path=", optarg);
	case OPT_SET:
		return add_set(o, "", optarg);
	case OPT_BACKGROUND:
		o->background = true;
		return 0;
	case OPT_FOREGROUND:
		o->background = false;
		return 0;
	case OPT_CHECK:
		o->check = true;
		return 0;
	case OPT_PRINT:
		o->print_settings = true;
		return 0;
	case OPT_VERSION:
		o->version = true;
		return 0;
	default:
		(void)fprintf(stderr, "Try 'vortexd --help'.\n");
		return -1;
	}
}

int vx_options_parse(int argc, char **argv, struct vx_options *ret)
{
	int opt, rc = 0;

	*ret = (struct vx_options){0};
	ret->sets = calloc((size_t)argc + 1, sizeof(*ret->sets));
	if (!ret->sets)
		return -1;
	while (rc == 0 && (opt = getopt_long(argc, argv, "c:h", longs, NULL)) != -1)
		rc = take(ret, opt);
	if (rc == 0 && optind < argc) {
		(void)fprintf(stderr, "vortexd: '%s' is no option\nTry 'vortexd --help'.\n",
		              argv[optind]);
		rc = -1;
	}
	if (rc < 0)
		vx_options_fini(ret);
	return rc;
}

void vx_options_fini(struct vx_options *o)
{
	for (size_t i = 0; i < o->n_sets; i++)
		free((void *)(uintptr_t)o->sets[i]);
	free(o->sets);
	*o = (struct vx_options){0};
}
