/* options.h - the command line of a verb, read by a table.
 *
 * Every verb takes -h; those that ask the daemon take what VX_CTL_SERVER_OPTIONS adds. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "tools/vortexctl/ctl.h"

#define VX_CTL_TEXTS_MAX 64

/* An option that may be given more than once. */
struct vx_ctl_texts {
	const char *texts[VX_CTL_TEXTS_MAX];
	size_t n;
};

/* One option. Exactly one of flag, text, texts and number says what it is and where it goes; what is
 * not given on the command line is left as it was. Texts are borrowed from argv. */
struct vx_ctl_option {
	const char *name; /* the long one */
	char letter;      /* '\0': there is none */
	bool *flag;
	const char **text;
	const char *const *words; /* of a text: what it may be, the last NULL; NULL: anything */
	struct vx_ctl_texts *texts;
	long *number; /* from min to max */
	long min, max;
};

/* Read options and words, in any order; words are then argv[*ret_first] to argv[argc - 1].
 * -1: go on. Else an exit code: help was printed, or what is wrong. */
int vx_ctl_options_n(const struct vx_ctl_verb *verb, const struct vx_ctl_option *options, size_t n,
                     int argc, char **argv, int *ret_first);
#define vx_ctl_options(verb, options, argc, argv, ret_first)                                       \
	vx_ctl_options_n(verb, options, sizeof(options) / sizeof(*(options)), argc, argv, ret_first)

/* Where and how to ask the daemon, as the options say it. */
struct vx_ctl_server {
	const char *socket; /* NULL: it is looked for */
	const char *output; /* NULL, "text" or "json" */
	long timeout_s;     /* for one answer */
};

/* What values of -o those verbs have that print text or JSON. Static. */
extern const char *const vx_ctl_formats[];

/* An answer waits for the sources' own timeouts, of which the longest is 30 s by default. */
#define VX_CTL_TIMEOUT_S 35

/* clang-format off */
#define VX_CTL_SERVER_INIT {NULL, NULL, VX_CTL_TIMEOUT_S}
/* clang-format on */

/* The rows of a table of options that fill the struct vx_ctl_server @s. */
#define VX_CTL_SERVER_OPTIONS(s)                                                                   \
	{.name = "output", .letter = 'o', .text = &(s)->output, .words = vx_ctl_formats},          \
		{.name = "socket", .text = &(s)->socket},                                          \
	{                                                                                          \
		.name = "timeout", .number = &(s)->timeout_s, .min = 1, .max = 86400               \
	}

/* What a verb's help says of them. */
#define VX_CTL_SERVER_HELP                                                                         \
	"  -o, --output FORMAT  text (the default), or json: what vortexd answers\n"               \
	"      --socket PATH    vortexd's socket; else VORTEX_SOCKET, else where it is\n"          \
	"      --timeout S      seconds that one answer may take (35)\n"

bool vx_ctl_is_json(const struct vx_ctl_server *s);
