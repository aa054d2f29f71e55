/* support.c - folders and commands for fixtures. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/assert.h"
#include "tests/contract/contract.h"

char *vx_contract_folder(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path;

	vx_assert(asprintf(&path, "%s/vx-contract-XXXXXX", tmp ? tmp : "/tmp") > 0);
	vx_assert(mkdtemp(path));
	return path;
}

void vx_contract_remove(const char *folder)
{
	vx_assert(strstr(folder, "/vx-contract-"));
	vx_contract_run("rm -rf '%s'", folder);
}

void vx_contract_run(const char *fmt, ...)
{
	char *command;
	va_list ap;

	va_start(ap, fmt);
	vx_assert(vasprintf(&command, fmt, ap) > 0);
	va_end(ap);
	if (system(command) != 0) {
		fprintf(stderr, "failed: %s\n", command);
		abort();
	}
	free(command);
}
