/* change.c - from a change at the source to new bytes in a reader's hands. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/cleanup.h"
#include "core/clock.h"
#include "tools/vortex-bench/bench.h"

#define ARRIVES_MS 10000

/* Write number @i at the source and read until it is there. */
static int change(const struct vx_bench *b, unsigned i, struct vx_samples *s, struct vx_error *err)
{
	char source[512], shown[512], text[64], got[65] = "";
	int n = snprintf(text, sizeof(text), "count: %u\n", i);
	int64_t began;
	int rc;

	(void)snprintf(source, sizeof(source), "%s/config/shop.yml", b->work);
	(void)snprintf(shown, sizeof(shown), "%s/mnt/shop/default/application.yml", b->work);
	began = vx_bench_now();
	rc = vx_bench_write(source, text, (size_t)n, err);
	if (rc < 0)
		return rc;
	while (vx_bench_now() - began < ARRIVES_MS * VX_MSEC) {
		ssize_t len = vx_bench_read(shown, got, sizeof(got) - 1);

		if (len >= n && memcmp(got, text, (size_t)n) == 0) {
			vx_samples_add(s, vx_bench_now() - began);
			return 0;
		}
	}
	return vx_fail(err, -ETIMEDOUT, "change %u did not arrive within %d ms", i, ARRIVES_MS);
}

static int measure(struct vx_bench *b, const char *what, unsigned others, struct vx_error *err)
{
	VX_AUTO(vx_samples_fini) struct vx_samples s = {0};
	VX_AUTO(vx_freep) char *backends = NULL;
	struct vx_bench_daemon d = {.pid = -1};
	struct vx_row row = VX_ROW_INIT;
	char path[512];
	int rc = 0;

	(void)snprintf(path, sizeof(path), "%s/config/shop.yml", b->work);
	rc = vx_bench_write(path, "count: none\n", 12, err);
	for (unsigned i = 0; rc == 0 && i < others; i++) {
		(void)snprintf(path, sizeof(path), "%s/config/app%u.yml", b->work, i);
		rc = vx_bench_write(path, "a: 1\n", 5, err);
	}
	if (rc == 0 &&
	    asprintf(&backends, "- {name: local, type: directory, path: %s/config}\n", b->work) < 0)
		rc = vx_fail(err, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = vx_bench_start(b, backends, &d, err);
	for (unsigned i = 0; rc == 0 && i < (b->quick ? 5u : 200u); i++)
		rc = change(b, i, &s, err);
	(void)vx_bench_stop(&d); /* the case `life` times it */
	if (rc < 0)
		return rc;
	row.what = what;
	row.unit = "ms";
	row.n = s.n;
	row.p50 = vx_samples_us(&s, 50) / 1000;
	row.p99 = vx_samples_us(&s, 99) / 1000;
	row.p99_max = 50;
	vx_row_add(b, &row);
	return 0;
}

static int run(struct vx_bench *b, struct vx_error *err)
{
	int rc = measure(b, "inotify, a folder of one file", 0, err);

	return rc < 0 || b->quick ? rc
	                          : measure(b, "inotify, a folder of 20,000 files", 20000, err);
}

const struct vx_bench_case vx_bench_change = {
	"change", "a file written in a directory backend, until its bytes are read", run};
