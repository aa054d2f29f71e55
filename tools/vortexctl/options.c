/* options.c - a table of options becomes getopt's; see options.h. */
#include "tools/vortexctl/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "core/nearest.h"

#define OPTIONS_MAX 16
#define FIRST_LONG 256 /* what getopt_long returns for the option at 0; above every letter */

const char *const vx_ctl_formats[] = {"text", "json", NULL};

bool vx_ctl_is_json(const struct vx_ctl_server *s)
{
	return s->output && strcmp(s->output, "json") == 0;
}

/* "text and json", "a, b and c" */
static void list_words(struct vx_buf *b, const char *const *words)
{
	for (size_t i = 0; words[i]; i++) {
		if (i > 0)
			vx_buf_puts(b, words[i + 1] ? ", " : " and ");
		vx_buf_puts(b, words[i]);
	}
}

static int take_text(const struct vx_ctl_verb *verb, const struct vx_ctl_option *o)
{
	VX_AUTO(vx_buf_fini) struct vx_buf known = VX_BUF_INIT;
	bool found = !o->words;

	for (size_t i = 0; !found && o->words[i]; i++)
		found = strcmp(o->words[i], optarg) == 0;
	if (found) {
		*o->text = optarg;
		return 0;
	}
	list_words(&known, o->words);
	return vx_ctl_usage(verb, "'%s' is no %s; there are %s", optarg,
	                    strcmp(o->name, "output") == 0 ? "format" : o->name,
	                    vx_buf_failed(&known) ? "others" : known.data);
}

static int take_number(const struct vx_ctl_verb *verb, const struct vx_ctl_option *o)
{
	char *end;
	long number;

	errno = 0;
	number = strtol(optarg, &end, 10);
	if (errno || end == optarg || *end || number < o->min || number > o->max)
		return vx_ctl_usage(verb, "--%s takes a whole number from %ld to %ld, not '%s'",
		                    o->name, o->min, o->max, optarg);
	*o->number = number;
	return 0;
}

/* 0, or an exit code. */
static int take(const struct vx_ctl_verb *verb, const struct vx_ctl_option *o)
{
	if (o->text)
		return take_text(verb, o);
	if (o->number)
		return take_number(verb, o);
	if (o->flag) {
		*o->flag = true;
		return 0;
	}
	if (o->texts->n == VX_CTL_TEXTS_MAX)
		return vx_ctl_usage(verb, "more than %d times --%s", VX_CTL_TEXTS_MAX, o->name);
	o->texts->texts[o->texts->n++] = optarg;
	return 0;
}

static const struct vx_ctl_option *find(const struct vx_ctl_option *options, size_t n, int opt)
{
	for (size_t i = 0; i < n; i++)
		if (opt == FIRST_LONG + (int)i || (opt == options[i].letter && opt != 0))
			return &options[i];
	return NULL;
}

/* What getopt stumbled over is @word. */
static int refuse(const struct vx_ctl_verb *verb, int opt, const char *word,
                  const struct vx_ctl_option *options, size_t n)
{
	struct vx_nearest near = {.word = word + strspn(word, "-")};

	if (opt == ':')
		return vx_ctl_usage(verb, "%s needs a value", word);
	if (strncmp(word, "--", 2) != 0)
		return vx_ctl_usage(verb, "%s has no option -%c", verb->name, optopt);
	for (size_t i = 0; i < n; i++)
		vx_nearest_try(&near, options[i].name, strlen(options[i].name));
	if (strchr(word, '=') || !near.best)
		return vx_ctl_usage(verb, "%s does not take %s", verb->name, word);
	return vx_ctl_usage(verb, "%s has no option %s; did you mean --%s?", verb->name, word,
	                    near.best);
}

int vx_ctl_options_n(const struct vx_ctl_verb *verb, const struct vx_ctl_option *options, size_t n,
                     int argc, char **argv, int *ret_first)
{
	struct option names[OPTIONS_MAX + 2] = {{"help", no_argument, NULL, 'h'}};
	char letters[2 * OPTIONS_MAX + 3] = ":h"; /* the colon: tell what is missing apart */
	size_t used = 2;
	int opt, code = 0;

	vx_assert(n <= OPTIONS_MAX);
	opterr = 0; /* getopt's own messages know neither us nor what was meant */
	for (size_t i = 0; i < n; i++) {
		int takes = options[i].flag ? no_argument : required_argument;

		names[i + 1] = (struct option){options[i].name, takes, NULL, FIRST_LONG + (int)i};
		if (options[i].letter)
			letters[used++] = options[i].letter;
		if (options[i].letter && takes)
			letters[used++] = ':';
	}
	while (code == 0 && (opt = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		const struct vx_ctl_option *o = find(options, n, opt);

		if (opt == 'h') {
			vx_ctl_help(verb);
			return VX_CTL_OK;
		}
		code = o ? take(verb, o) : refuse(verb, opt, argv[optind - 1], options, n);
	}
	*ret_first = optind;
	return code == 0 ? -1 : code;
}
