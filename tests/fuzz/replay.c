/* replay.c - the main program of a fuzz target where no fuzzer is built in: it runs every file of
 * the folders that are given, so that what a fuzzer once found is tested everywhere. */
#include <dirent.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void run_file(const char *folder, const char *name)
{
	struct vx_buf path = VX_BUF_INIT, bytes = VX_BUF_INIT;
	char block[4096];
	FILE *f;
	size_t n;

	vx_buf_printf(&path, "%s/%s", folder, name);
	if (vx_buf_failed(&path))
		errx(2, "out of memory");
	f = fopen(path.data, "re");
	if (!f)
		err(2, "%s", path.data);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		vx_buf_put(&bytes, block, n);
	if (ferror(f) || vx_buf_failed(&bytes))
		errx(2, "%s cannot be read", path.data);
	(void)fclose(f); /* it was read to its end */
	printf("%s\n", path.data);
	(void)fflush(stdout); /* the name of the file that crashes; nobody minds its absence */
	(void)LLVMFuzzerTestOneInput((const uint8_t *)bytes.data, bytes.len); /* always 0 */
	vx_buf_fini(&path);
	vx_buf_fini(&bytes);
}

int main(int argc, char **argv)
{
	size_t n = 0;

	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		const struct dirent *e;

		if (!d)
			err(2, "%s", argv[i]);
		while ((e = readdir(d))) {
			if (e->d_name[0] == '.')
				continue;
			run_file(argv[i], e->d_name);
			n++;
		}
		(void)closedir(d); /* it was only read */
	}
	return n > 0 ? 0 : 2; /* a test without inputs tests nothing */
}
