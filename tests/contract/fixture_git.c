/* fixture_git.c - a bare repository as a source, written by git itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/assert.h"
#include "tests/contract/contract.h"

struct repository {
	char *base; /* base/config.git is the source */
	long time;  /* of the next commit: each one second later */
};

static void *setup(void)
{
	struct repository *r = calloc(1, sizeof(*r));

	vx_assert(r);
	r->base = vx_contract_folder();
	r->time = 1700000000;
	vx_contract_run("git init -q --bare '%s/config.git'", r->base);
	return r;
}

static void teardown(void *state)
{
	struct repository *r = state;

	vx_contract_remove(r->base);
	free(r->base);
	free(r);
}

static char *settings(void *state)
{
	struct repository *r = state;
	char *text;

	vx_assert(asprintf(&text,
	                   "type: git\nuri: file://%s/config.git\n"
	                   "search_paths: [\"apps/{application}\"]\n",
	                   r->base) > 0);
	return text;
}

static void put(void *state, const char *label, const struct vx_contract_file *files, size_t n)
{
	struct repository *r = state;
	char command[4096];
	FILE *git;

	if (!label)
		label = "main";
	vx_assert((size_t)snprintf(command, sizeof(command),
	                           "git -C '%s/config.git' fast-import --quiet --force",
	                           r->base) < sizeof(command));
	git = popen(command, "w");
	vx_assert(git);
	fprintf(git, "commit refs/heads/%s\ncommitter Ann Author <ann@example> %ld +0000\n", label,
	        r->time);
	fprintf(git, "data 7\nchange\n\n");
	vx_assert((size_t)snprintf(command, sizeof(command),
	                           "git -C '%s/config.git' rev-parse -q --verify refs/heads/%s "
	                           ">/dev/null",
	                           r->base, label) < sizeof(command));
	if (system(command) == 0)
		fprintf(git, "from refs/heads/%s^0\n", label);
	for (size_t i = 0; i < n; i++) {
		if (files[i].text)
			fprintf(git, "M 100644 inline %s\ndata %zu\n%s\n", files[i].path,
			        strlen(files[i].text), files[i].text);
		else
			fprintf(git, "D %s\n", files[i].path);
	}
	vx_assert(pclose(git) == 0);
	r->time++;
}

static void away(void *state, bool gone)
{
	struct repository *r = state;

	vx_contract_run("mv '%s/%s.git' '%s/%s.git'", r->base, gone ? "config" : "hidden", r->base,
	                gone ? "hidden" : "config");
}

const struct vx_fixture vx_fixture = {
	.name = "git",
	.labels = true,
	.history = true,
	.pushes = true,
	.setup = setup,
	.teardown = teardown,
	.settings = settings,
	.put = put,
	.away = away,
};
