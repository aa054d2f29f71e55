/* life.c - starting, idling and ending: time and anonymous memory. */
#include <errno.h>
#include <stdio.h>

#include "core/cleanup.h"
#include "tools/vortex-bench/bench.h"

#define TRACKS 2000

static void row_of(struct vx_bench *b, const char *what, const char *unit, double value, double max)
{
	struct vx_row row = VX_ROW_INIT;

	row.what = what;
	row.unit = unit;
	row.n = 1;
	row.p50 = value;
	row.p50_max = max;
	vx_row_add(b, &row);
}

/* Read the configurations of @n applications; their bytes, or a negative errno. */
static int64_t read_all(const struct vx_bench *b, unsigned n)
{
	int64_t bytes = 0;

	for (unsigned i = 0; i < n; i++) {
		char path[512];
		ssize_t got;

		(void)snprintf(path, sizeof(path), "%s/mnt/app%u/default/application.yml", b->work,
		               i);
		got = vx_bench_read(path, NULL, 0);
		if (got < 0)
			return got;
		bytes += got;
	}
	return bytes;
}

static int run(struct vx_bench *b, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *backends = NULL;
	unsigned tracks = b->quick ? 20 : TRACKS;
	struct vx_bench_daemon d = {.pid = -1};
	double idle, live;
	int64_t bytes, stop;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < tracks; i++) {
		char path[512], text[128];
		int n = snprintf(text, sizeof(text), "name: app%u\nport: %u\n", i, 1024 + i);

		(void)snprintf(path, sizeof(path), "%s/config/app%u.yml", b->work, i);
		rc = vx_bench_write(path, text, (size_t)n, err);
	}
	if (rc == 0 &&
	    asprintf(&backends, "- {name: local, type: directory, path: %s/config}\n", b->work) < 0)
		rc = vx_fail(err, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = vx_bench_start(b, backends, &d, err);
	if (rc < 0)
		return rc;
	row_of(b, "start, until it says that it is ready", "ms", (double)d.start_ns / 1e6, 500);
	(void)read_all(b, 1); /* its first question to the source */
	idle = vx_bench_anon_kib(&d);
	row_of(b, "anonymous memory, idle", "KiB", idle, 25.0 * 1024);
	bytes = read_all(b, tracks);
	live = vx_bench_anon_kib(&d);
	stop = vx_bench_stop(&d);
	if (bytes < 0 || stop < 0)
		return vx_fail(err, bytes < 0 ? (int)bytes : -ETIMEDOUT, "%s",
		               bytes < 0 ? "reading failed" : "it had to be killed");
	row_of(b, "anonymous memory, each live track", "KiB",
	       (live - idle - (double)bytes / 1024) / tracks, 4);
	row_of(b, "SIGTERM, until it has ended", "ms", (double)stop / 1e6, 5000);
	return 0;
}

const struct vx_bench_case vx_bench_life = {"life", "start, memory, end", run};
