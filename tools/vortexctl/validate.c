/* validate.c - `vortexctl validate`: would a daemon that serves this directory serve all of it?
 *
 * Composes every application, profile and label of a directory, and says what fails. One document
 * that does not parse fails many configurations in the same words, so findings are gathered by
 * their sentence and printed once each, with where they were met first. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "tools/vortexctl/ctl.h"
#include "tools/vortexctl/folder.h"

#define SEARCH_PATHS_MAX 64

struct finding {
	char *sentence;
	char *first; /* coordinates' text, or an application, or "" for the directory */
	size_t times;
};

struct findings {
	struct finding *entries;
	size_t n;
};

struct validation {
	struct vx_ctl_folder *folder;
	size_t composed, failed;
	struct findings errors, notes;
};

struct request {
	const char *search_paths[SEARCH_PATHS_MAX];
	size_t n_search_paths;
	bool label_folders;
	bool json;
	const char *graph; /* "json", "dot", "svg"; NULL: none is wanted */
	const char *dir;
	char *const *coordinates; /* only these; none: all */
	int n_coordinates;
};

static void findings_fini(struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->entries[i].sentence);
		free(f->entries[i].first);
	}
	free(f->entries);
}

static int findings_add(struct findings *f, const char *sentence, size_t len, const char *where)
{
	struct finding *more;

	for (size_t i = 0; i < f->n; i++) {
		if (strlen(f->entries[i].sentence) == len &&
		    memcmp(f->entries[i].sentence, sentence, len) == 0) {
			f->entries[i].times++;
			return 0;
		}
	}
	more = reallocarray(f->entries, f->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	f->entries = more;
	f->entries[f->n] = (struct finding){strndup(sentence, len), strdup(where), 1};
	f->n++; /* also when a copy failed: fini frees the other */
	return more[f->n - 1].sentence && more[f->n - 1].first ? 0 : -ENOMEM;
}

static int add_error(struct validation *v, const char *where, int rc, const struct vx_error *err)
{
	const char *sentence = vx_error_text(err, rc);

	return findings_add(&v->errors, sentence, strlen(sentence), where);
}

static int add_notes(struct validation *v, const char *where, const struct vx_buf *notes)
{
	const char *line = notes->data;
	int rc = vx_buf_failed(notes) ? -ENOMEM : 0;

	while (rc == 0 && line && *line) {
		size_t len = strcspn(line, "\n");

		rc = findings_add(&v->notes, line, len, where);
		line += line[len] ? len + 1 : len;
	}
	return rc;
}

/* From here on a function returns 0 also when it found errors, and -ENOMEM alone ends the work. */

static int check_one(struct validation *v, const struct vx_coords *at)
{
	VX_AUTO(vx_buf_fini) struct vx_buf notes = VX_BUF_INIT;
	struct vx_error err = {0};
	int rc = vx_ctl_folder_check(v->folder, at, &notes, &err);

	if (rc == -ENOMEM)
		return rc;
	if (rc < 0)
		v->failed++;
	else
		v->composed++;
	if (rc < 0 && add_error(v, at->text, rc, &err) < 0)
		return -ENOMEM;
	return add_notes(v, at->text, &notes);
}

static int check_profile(struct validation *v, const char *app, const char *profile,
                         const char *label)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	VX_AUTO(vx_freep) char *spelled = label ? vx_label_encode(label) : NULL;
	struct vx_error err = {0};
	int rc;

	if (label && !spelled)
		return -ENOMEM;
	rc = vx_coords_new(app, profile, spelled, &at, &err);
	if (rc == -ENOMEM)
		return rc;
	return rc < 0 ? add_error(v, app, rc, &err) : check_one(v, at);
}

static int check_app(struct validation *v, const char *app, const char *label)
{
	VX_AUTO(vx_list_fini) struct vx_list profiles = {0};
	struct vx_error err = {0};
	bool has_default = false;
	int rc = vx_ctl_folder_list(v->folder, VX_LIST_PROFILES, app, label, &profiles, &err);

	if (rc < 0 && (rc == -ENOMEM || add_error(v, app, rc, &err) < 0))
		return -ENOMEM;
	for (size_t i = 0; i < profiles.n; i++) {
		has_default |= strcmp(profiles.names[i], "default") == 0;
		if (check_profile(v, app, profiles.names[i], label) < 0)
			return -ENOMEM;
	}
	return has_default ? 0 : check_profile(v, app, "default", label);
}

static int check_label(struct validation *v, const char *label)
{
	VX_AUTO(vx_list_fini) struct vx_list apps = {0};
	struct vx_error err = {0};
	int rc = vx_ctl_folder_list(v->folder, VX_LIST_APPS, NULL, label, &apps, &err);

	if (rc < 0)
		return rc == -ENOMEM ? rc : add_error(v, label ? label : "", rc, &err);
	for (size_t i = 0; i < apps.n; i++)
		if (check_app(v, apps.names[i], label) < 0)
			return -ENOMEM;
	return 0;
}

static int check_all(struct validation *v, bool label_folders)
{
	VX_AUTO(vx_list_fini) struct vx_list labels = {0};
	struct vx_error err = {0};
	int rc = check_label(v, NULL);

	if (rc < 0 || !label_folders)
		return rc;
	rc = vx_ctl_folder_list(v->folder, VX_LIST_LABELS, NULL, NULL, &labels, &err);
	if (rc < 0)
		return rc == -ENOMEM ? rc : add_error(v, "", rc, &err);
	for (size_t i = 0; i < labels.n; i++)
		if (check_label(v, labels.names[i]) < 0)
			return -ENOMEM;
	return 0;
}

/* --- the report ----------------------------------------------------------------------------- */

static void print_text(const struct findings *f, const char *word, const char *colour)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *e = &f->entries[i];

		printf("%s%s:%s %s", colour, word, vx_ctl_plain(), e->sentence);
		if (*e->first && e->times > 1)
			printf(" (at %s and %zu more)", e->first, e->times - 1);
		else if (*e->first)
			printf(" (at %s)", e->first);
		printf("\n");
	}
}

static void put_json(struct vx_buf *b, const char *name, const struct findings *f)
{
	vx_buf_printf(b, "  \"%s\": [", name);
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *e = &f->entries[i];

		vx_buf_puts(b, i ? ",\n    {\"message\": " : "\n    {\"message\": ");
		vx_buf_json(b, e->sentence, strlen(e->sentence));
		vx_buf_puts(b, ", \"at\": ");
		vx_buf_json(b, e->first, strlen(e->first));
		vx_buf_printf(b, ", \"times\": %zu}", e->times);
	}
	vx_buf_puts(b, f->n ? "\n  ]" : "]");
}

static int report(const struct validation *v, bool json)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;

	if (!json) {
		print_text(&v->errors, "error", vx_ctl_red());
		print_text(&v->notes, "note", vx_ctl_yellow());
		printf("%zu configurations compose, %zu do not\n", v->composed, v->failed);
		return 0;
	}
	vx_buf_printf(&b, "{\n  \"composed\": %zu,\n  \"failed\": %zu,\n", v->composed, v->failed);
	put_json(&b, "errors", &v->errors);
	vx_buf_puts(&b, ",\n");
	put_json(&b, "notes", &v->notes);
	vx_buf_puts(&b, "\n}\n");
	if (vx_buf_failed(&b))
		return -ENOMEM;
	(void)fwrite(b.data, 1, b.len, stdout); /* main.c looks at ferror */
	return 0;
}

/* --- the verb ------------------------------------------------------------------------------- */

static int check_chosen(struct validation *v, const struct request *r, struct vx_error *err)
{
	for (int i = 0; i < r->n_coordinates; i++) {
		VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
		int rc = vx_ctl_coords(r->coordinates[i], &at, err);

		if (rc == 0)
			rc = check_one(v, at);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int print_graph(struct vx_ctl_folder *folder, const struct request *r, struct vx_error *err)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *graph = NULL;
	int rc = vx_ctl_coords(r->coordinates[0], &at, err);

	if (rc == 0)
		rc = vx_ctl_folder_graph(folder, at, r->graph, &graph, err);
	if (rc == 0)
		(void)fwrite(graph->data, 1, graph->len, stdout); /* main.c looks at ferror */
	return rc;
}

static int validate(const struct request *r)
{
	VX_AUTO(vx_ctl_folder_close_p) struct vx_ctl_folder *folder = NULL;
	struct validation v = {0};
	struct vx_error err = {0};
	bool broken;
	int rc = vx_ctl_folder_open(r->dir, r->search_paths, r->n_search_paths, r->label_folders,
	                            &folder, &err);

	if (rc == 0 && r->graph)
		rc = print_graph(folder, r, &err);
	if (rc < 0 || r->graph)
		return rc < 0 ? vx_ctl_fail(rc, &err) : VX_CTL_OK;
	v.folder = folder;
	rc = r->n_coordinates ? check_chosen(&v, r, &err) : check_all(&v, r->label_folders);
	if (rc == 0)
		rc = report(&v, r->json);
	broken = v.errors.n > 0;
	findings_fini(&v.errors);
	findings_fini(&v.notes);
	if (rc < 0)
		return vx_ctl_fail(rc, &err);
	return broken ? VX_CTL_NOT_COMPOSED : VX_CTL_OK;
}

/* One option into @r. 0, or an exit code. */
static int take_option(const struct vx_ctl_verb *verb, int opt, struct request *r)
{
	switch (opt) {
	case 's':
		if (r->n_search_paths == SEARCH_PATHS_MAX)
			return vx_ctl_usage(verb, "more than %d search paths", SEARCH_PATHS_MAX);
		r->search_paths[r->n_search_paths++] = optarg;
		return 0;
	case 'l':
		r->label_folders = strcmp(optarg, "subdirectories") == 0;
		if (!r->label_folders && strcmp(optarg, "none") != 0)
			return vx_ctl_usage(verb, "--labels is none or subdirectories");
		return 0;
	case 'g':
		r->graph = optarg;
		if (strcmp(optarg, "json") != 0 && strcmp(optarg, "dot") != 0 &&
		    strcmp(optarg, "svg") != 0)
			return vx_ctl_usage(verb, "--graph is json, dot or svg");
		return 0;
	case 'o':
		r->json = strcmp(optarg, "json") == 0;
		if (!r->json && strcmp(optarg, "text") != 0)
			return vx_ctl_usage(verb, "'%s' is no format; there are text and json",
			                    optarg);
		return 0;
	default: /* getopt has said what is wrong */
		return vx_ctl_usage(verb, "see above");
	}
}

static int run(const struct vx_ctl_verb *verb, int argc, char **argv)
{
	static const struct option options[] = {{"search-path", required_argument, NULL, 's'},
	                                        {"labels", required_argument, NULL, 'l'},
	                                        {"graph", required_argument, NULL, 'g'},
	                                        {"output", required_argument, NULL, 'o'},
	                                        {"help", no_argument, NULL, 'h'},
	                                        {0}};
	struct request r = {0};
	int opt, code;

	while ((opt = getopt_long(argc, argv, "s:l:g:o:h", options, NULL)) != -1) {
		if (opt == 'h') {
			vx_ctl_help(verb);
			return VX_CTL_OK;
		}
		code = take_option(verb, opt, &r);
		if (code != 0)
			return code;
	}
	if (argc == optind)
		return vx_ctl_usage(verb, "which directory?");
	r.dir = argv[optind];
	r.coordinates = argv + optind + 1;
	r.n_coordinates = argc - optind - 1;
	if (r.graph && r.n_coordinates != 1)
		return vx_ctl_usage(verb,
		                    "--graph draws one configuration: DIR APP/PROFILE[/LABEL]");
	return validate(&r);
}

const struct vx_ctl_verb vx_ctl_validate = {
	.name = "validate",
	.usage = "DIR [APP/PROFILE[/LABEL]]... [OPTION]...",
	.summary = "Compose everything in a directory, without a daemon, and say what fails.",
	.help = "Exit status 7 when something cannot be composed. With coordinates, only those.\n"
		"\n"
		"  -s, --search-path P  as search_paths of a directory backend; may be repeated\n"
		"  -l, --labels WHAT    none (the default), or subdirectories: folders are labels\n"
		"  -g, --graph FORMAT   print what one configuration imports: json, dot or svg\n"
		"  -o, --output FORMAT  text (the default) or json\n"
		"\n"
		"Examples:\n"
		"  vortexctl validate ./config\n"
		"  vortexctl validate . --search-path '{application}' -o json\n"
		"  vortexctl validate ./config payment/prod --graph svg > payment.svg\n",
	.run = run,
};
