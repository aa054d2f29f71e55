/* validate.c - `vortexctl validate`: a directory, without a daemon, or a revision, by the daemon. */
#include <string.h>
#include <sys/stat.h>

#include "tools/vortexctl/validate_i.h"

struct request {
	struct vx_ctl_server server;
	struct vx_ctl_texts search_paths;
	const char *labels, *graph;
	bool revision;
};

/* What looks like a path, or is a directory, is one; everything else may be a revision. */
static bool is_revision(const struct request *r, const char *word)
{
	struct stat st;

	if (r->revision)
		return true;
	return *word != '/' && *word != '.' && (stat(word, &st) < 0 || !S_ISDIR(st.st_mode));
}

static int validate_dir(const struct vx_ctl_verb *verb, const struct request *r, char **words,
                        int n)
{
	const struct vx_validate_dir dir = {
		.search_paths = &r->search_paths,
		.label_folders = r->labels && strcmp(r->labels, "subdirectories") == 0,
		.json = vx_ctl_is_json(&r->server),
		.graph = r->graph,
		.dir = words[0],
		.coordinates = words + 1,
		.n_coordinates = n - 1};

	if (r->graph && n != 2)
		return vx_ctl_usage(verb,
		                    "--graph draws one configuration: DIR APP/PROFILE[/LABEL]");
	return vx_validate_dir(&dir);
}

static int validate_rev(const struct vx_ctl_verb *verb, const struct request *r, char **words,
                        int n)
{
	if (r->search_paths.n > 0 || r->labels || r->graph)
		return vx_ctl_usage(verb,
		                    "--search-path, --labels and --graph are for a directory, and "
		                    "there is none named '%s' here",
		                    words[0]);
	if (n > 2)
		return vx_ctl_usage(verb, "a revision takes at most one application");
	return vx_validate_rev(&r->server, words[0], n == 2 ? words[1] : NULL);
}

static int run(const struct vx_ctl_verb *verb, int argc, char **argv)
{
	static const char *const labels[] = {"none", "subdirectories", NULL};
	static const char *const graphs[] = {"json", "dot", "svg", NULL};
	struct request r = {.server = VX_CTL_SERVER_INIT};
	const struct vx_ctl_option options[] = {
		{.name = "search-path", .letter = 's', .texts = &r.search_paths},
		{.name = "labels", .letter = 'l', .text = &r.labels, .words = labels},
		{.name = "graph", .letter = 'g', .text = &r.graph, .words = graphs},
		{.name = "revision", .letter = 'r', .flag = &r.revision},
		VX_CTL_SERVER_OPTIONS(&r.server)};
	int first;
	int code = vx_ctl_options(verb, options, argc, argv, &first);

	if (code >= 0)
		return code;
	if (argc == first)
		return vx_ctl_usage(verb, "which directory or revision?");
	if (is_revision(&r, argv[first]))
		return validate_rev(verb, &r, argv + first, argc - first);
	return validate_dir(verb, &r, argv + first, argc - first);
}

const struct vx_ctl_verb vx_ctl_validate = {
	.name = "validate",
	.group = VX_CTL_CHECK,
	.usage = "DIR [APP/PROFILE[/LABEL]]... [OPTION]...\n"
		 "       vortexctl validate [BACKEND:]REVISION [APP] [OPTION]...",
	.summary = "Compose everything in a directory or a revision, and say what fails.",
	.help = "A directory is composed here, without a daemon; with coordinates, only those. A\n"
		"revision (branch, tag, commit) of a backend is composed by vortexd; with APP,\n"
		"only its configurations. A word that names a directory, or begins with / or . ,\n"
		"is taken as one: write ./main for the directory, --revision main for the branch.\n"
		"Exit status 7 when something cannot be composed.\n"
		"\n"
		"  -r, --revision       the word is a revision, though there is such a directory\n"
		"  -s, --search-path P  as search_paths of a directory backend; may be repeated\n"
		"  -l, --labels WHAT    none (the default), or subdirectories: folders are labels\n"
		"  -g, --graph FORMAT   print what one configuration imports: json, dot or svg\n"
		"  -o, --output FORMAT  text (the default) or json\n"
		"      --socket PATH    vortexd's socket; else VORTEX_SOCKET, else where it is\n"
		"      --timeout S      seconds that one answer may take (35)\n"
		"\n"
		"Examples:\n"
		"  vortexctl validate ./config\n"
		"  vortexctl validate . --search-path '{application}' -o json\n"
		"  vortexctl validate ./config payment/prod --graph svg > payment.svg\n"
		"  vortexctl validate repo:feature/timeouts\n",
	.run = run,
};
