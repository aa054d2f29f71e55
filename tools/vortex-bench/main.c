/* main.c - vortex-bench: how fast and how small, beside its peers and limits of the same run.
 *
 * Each case runs in a directory of its own with a daemon of its own. A case that cannot be
 * measured (a peer is missing, the daemon does not start) is a failure, never a blank. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/buf.h"
#include "core/cleanup.h"
#include "tools/vortex-bench/bench.h"
#include "tools/vortex-bench/rows.h"

static const struct vx_bench_case *const cases[] = {&vx_bench_compose, &vx_bench_life,
                                                    &vx_bench_warm,    &vx_bench_cold,
                                                    &vx_bench_first,   &vx_bench_change};
#define N_CASES (sizeof(cases) / sizeof(*cases))

static void help(void)
{
	printf("Usage: vortex-bench [OPTION]... [CASE]...\n\n"
	       "Measure Vortex beside its peers and limits. Needs what vortexd needs to mount.\n\n"
	       "  -q, --quick        few samples: tells whether a case works, not how fast\n"
	       "  -j, --json         one JSON object instead of the table\n"
	       "  -d, --vortexd PATH the daemon (default: the one built beside vortex-bench)\n"
	       "  -t, --tmp DIR      where the work directories are made (default: $TMPDIR, else "
	       "/tmp)\n"
	       "  -h, --help\n\n"
	       "Cases (all, if none is named):\n");
	for (size_t i = 0; i < N_CASES; i++)
		printf("  %-9s %s\n", cases[i]->name, cases[i]->about);
	printf("\nExit status: 0 all measured, 1 a case could not be, 2 usage. A figure that is "
	       "not\n"
	       "reached is marked, and is no failure: machines differ.\n");
}

static bool wanted(const struct vx_bench_case *c, char *const *names, int n)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], c->name) == 0)
			return true;
	return n == 0;
}

static bool known(const char *name)
{
	for (size_t i = 0; i < N_CASES; i++)
		if (strcmp(cases[i]->name, name) == 0)
			return true;
	return false;
}

/* The daemon of the same build: ../daemon/vortexd of where this program is. */
static char *beside(void)
{
	char self[4096], *path = NULL, *slash;
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n < 0)
		return NULL;
	self[n] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		*slash = '\0';
	return asprintf(&path, "%s/../daemon/vortexd", self) < 0 ? NULL : path;
}

static int run_case(struct vx_bench *b, const struct vx_bench_case *c, const char *tmp)
{
	VX_AUTO(vx_freep) char *work = NULL;
	struct vx_error err = {0};
	int rc;

	if (asprintf(&work, "%s/vortex-bench-XXXXXX", tmp) < 0 || !mkdtemp(work)) {
		(void)fprintf(stderr, "vortex-bench: a directory in %s: %s\n", tmp,
		              strerror(errno));
		return -errno;
	}
	b->work = work;
	vx_rows_case(b->rows, c->name, c->about);
	rc = c->run(b, &err);
	if (rc < 0)
		vx_rows_failed(b->rows, vx_error_text(&err, rc));
	(void)vx_bench_run((const char *const[]){"rm", "-rf", "--one-file-system", work, NULL},
	                   NULL, NULL); /* what is left in /tmp harms nobody */
	return rc;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{"quick", no_argument, NULL, 'q'},         {"json", no_argument, NULL, 'j'},
		{"vortexd", required_argument, NULL, 'd'}, {"tmp", required_argument, NULL, 't'},
		{"help", no_argument, NULL, 'h'},          {0}};
	VX_AUTO(vx_freep) char *own = beside();
	const char *tmp = getenv("TMPDIR");
	struct vx_bench b = {.vortexd = own};
	bool json = false, failed = false;
	int opt;

	while ((opt = getopt_long(argc, argv, "qjd:t:h", options, NULL)) != -1) {
		switch (opt) {
		case 'q':
			b.quick = true;
			break;
		case 'j':
			json = true;
			break;
		case 'd':
			b.vortexd = optarg;
			break;
		case 't':
			tmp = optarg;
			break;
		case 'h':
			help();
			return 0;
		default:
			return 2;
		}
	}
	for (int i = optind; i < argc; i++) {
		if (!known(argv[i])) {
			(void)fprintf(stderr, "vortex-bench: there is no case '%s'; see --help\n",
			              argv[i]);
			return 2;
		}
	}
	if (!b.vortexd || access(b.vortexd, X_OK) < 0) {
		(void)fprintf(stderr, "vortex-bench: there is no vortexd at %s; name it with -d\n",
		              b.vortexd ? b.vortexd : "../daemon");
		return 2;
	}
	b.rows = vx_rows_new(json, b.quick);
	if (!b.rows)
		return 1;
	for (size_t i = 0; i < N_CASES; i++)
		if (wanted(cases[i], argv + optind, argc - optind))
			failed |= run_case(&b, cases[i], tmp && *tmp ? tmp : "/tmp") < 0;
	vx_rows_end(b.rows);
	return failed || fflush(stdout) == EOF;
}
