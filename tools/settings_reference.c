/* settings_reference.c - writes the files that are generated from the table of settings, or checks
 * that they are up to date.
 *
 *	settings-reference --write DIR     DIR is the top of the source tree
 *	settings-reference --check DIR     exits with 1 and names the files that are stale */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "daemon/settings.h"

static const struct {
	enum vx_reference form;
	const char *path;
} files[] = {
	{VX_REFERENCE_MARKDOWN, "docs/settings.md"},
	{VX_REFERENCE_EXAMPLE, "examples/vortexd.yaml"},
	{VX_REFERENCE_MAN, "docs/man/vortexd.yaml.5"},
};

static int write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");
	int rc;

	if (!f) {
		perror(path);
		return -1;
	}
	rc = fputs(text, f) == EOF ? -1 : 0;
	if (fclose(f) != 0)
		rc = -1;
	if (rc < 0)
		perror(path);
	return rc;
}

static int check_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "re");
	size_t n = strlen(text);
	VX_AUTO(vx_freep) char *have = malloc(n + 1);
	bool same;

	if (!f || !have) {
		perror(path);
		if (f)
			(void)fclose(f); /* opened for reading: nothing can be lost */
		return -1;
	}
	same = fread(have, 1, n + 1, f) == n && memcmp(have, text, n) == 0;
	(void)fclose(f);
	if (!same)
		(void)fprintf(stderr, "%s is stale: run settings-reference --write\n", path);
	return same ? 0 : -1;
}

int main(int argc, char **argv)
{
	bool check = argc == 3 && strcmp(argv[1], "--check") == 0;
	int rc = 0;

	if (!check && (argc != 3 || strcmp(argv[1], "--write") != 0)) {
		(void)fprintf(stderr, "usage: settings-reference --write|--check DIR\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		VX_AUTO(vx_freep) char *text = vx_settings_reference(files[i].form);
		VX_AUTO(vx_freep) char *path = NULL;

		if (!text || asprintf(&path, "%s/%s", argv[2], files[i].path) < 0) {
			path = NULL;
			perror("settings-reference");
			return 1;
		}
		if ((check ? check_file(path, text) : write_file(path, text)) < 0)
			rc = 1;
	}
	return rc;
}
