/* fixture_directory.c - a folder as a source; labels are subfolders. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/assert.h"
#include "tests/contract/contract.h"

struct folder {
	char *base; /* base/config is the source */
};

static void *setup(void)
{
	struct folder *f = calloc(1, sizeof(*f));

	vx_assert(f);
	f->base = vx_contract_folder();
	vx_contract_run("mkdir '%s/config'", f->base);
	return f;
}

static void teardown(void *state)
{
	struct folder *f = state;

	vx_contract_remove(f->base);
	free(f->base);
	free(f);
}

static char *settings(void *state)
{
	struct folder *f = state;
	char *text;

	vx_assert(asprintf(&text,
	                   "type: directory\npath: %s/config\nlabels: subdirectories\n"
	                   "search_paths: [\"/\", \"apps/{application}\"]\n",
	                   f->base) > 0);
	return text;
}

static void make_parents(char *path, size_t from)
{
	for (char *s = path + from; (s = strchr(s, '/')); *s++ = '/') {
		*s = '\0';
		(void)mkdir(path, 0755); /* it may be there already */
	}
}

/* Beside the name, then over it, as careful writers do: a reader never meets half a file. A name
 * with a dot is no plain file of all applications in between. */
static void write_file(const char *path, const char *text)
{
	char aside[4096];
	FILE *out;

	vx_assert((size_t)snprintf(aside, sizeof(aside), "%.*s/.new",
	                           (int)(strrchr(path, '/') - path), path) < sizeof(aside));
	out = fopen(aside, "w");
	vx_assert(out);
	vx_assert(fwrite(text, 1, strlen(text), out) == strlen(text));
	vx_assert(fclose(out) == 0);
	vx_assert(rename(aside, path) == 0);
}

static void put(void *state, const char *label, const struct vx_contract_file *files, size_t n)
{
	struct folder *f = state;

	for (size_t i = 0; i < n; i++) {
		char *path;

		vx_assert(asprintf(&path, "%s/config/%s%s%s", f->base, label ? label : "",
		                   label ? "/" : "", files[i].path) > 0);
		make_parents(path, strlen(f->base) + 1);
		if (files[i].text)
			write_file(path, files[i].text);
		else
			vx_assert(unlink(path) == 0);
		free(path);
	}
}

static void away(void *state, bool gone)
{
	struct folder *f = state;

	vx_contract_run("mv '%s/%s' '%s/%s'", f->base, gone ? "config" : "hidden", f->base,
	                gone ? "hidden" : "config");
}

const struct vx_fixture vx_fixture = {
	.name = "directory",
	.labels = true,
	.pushes = true,
	.setup = setup,
	.teardown = teardown,
	.settings = settings,
	.put = put,
	.away = away,
};
