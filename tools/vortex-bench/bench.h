/* bench.h - what the cases of vortex-bench share.
 *
 * A case measures one thing and adds rows: what was measured, its percentiles, and beside it the
 * same of a peer or a limit from the same run, because machines are noisy and only ratios travel.
 * Single-threaded; readers that run side by side are processes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/error.h"

struct vx_bench {
	bool quick;           /* few samples: for the result, not for the time */
	const char *vortexd;  /* the program */
	const char *work;     /* an empty directory for this case, on a disk */
	struct vx_rows *rows; /* where results go */
};

/* Samples in nanoseconds. */
struct vx_samples {
	int64_t *ns;
	size_t n, cap;
};
void vx_samples_add(struct vx_samples *s, int64_t ns); /* dropped when out of memory */
/* The @p-th percentile (0..100) in microseconds; sorts. -1: no samples. */
double vx_samples_us(struct vx_samples *s, double p);
void vx_samples_fini(struct vx_samples *s);

/* One line of the table. Texts are copied. A row with a peer has a ratio; one with a target says
 * whether it was reached. Numbers below 0 are left out. */
struct vx_row {
	const char *what; /* "16 KiB, one reader" */
	const char *unit; /* "us", "ms", "KiB" */
	double p50, p99;
	size_t n;
	const char *peer; /* what it is compared with; NULL nothing */
	double peer_p50, peer_p99;
	double ratio_max;        /* of p50 to the peer's */
	double p50_max, p99_max; /* the figures of the design */
};
#define VX_ROW_INIT                                                                                \
	{                                                                                          \
		.unit = "us", .p50 = -1, .p99 = -1, .peer_p50 = -1, .peer_p99 = -1,                \
		.ratio_max = -1, .p50_max = -1, .p99_max = -1                                      \
	}
void vx_row_add(struct vx_bench *b, const struct vx_row *row);

struct vx_bench_case {
	const char *name;
	const char *about;
	/* 0, or why it could not be measured: the run then fails. */
	int (*run)(struct vx_bench *b, struct vx_error *err);
};
extern const struct vx_bench_case vx_bench_warm, vx_bench_cold, vx_bench_first, vx_bench_change,
	vx_bench_compose, vx_bench_life;

int64_t vx_bench_now(void); /* CLOCK_MONOTONIC, ns */

/* --- daemon.c -------------------------------------------------------------------------------- */

struct vx_bench_daemon {
	pid_t pid;
	char *mount;
	int64_t start_ns; /* from exec to READY */
};

/* Start vortexd in b->work with @backends, the YAML of the `backends` list, and wait until it is
 * ready. 0 (stop it), or why not (its log is at work/log). */
int vx_bench_start(struct vx_bench *b, const char *backends, struct vx_bench_daemon *ret,
                   struct vx_error *err);
/* SIGTERM and wait; the time it took, or -1 if it had to be killed. Nothing if it does not run. */
int64_t vx_bench_stop(struct vx_bench_daemon *d);
/* RssAnon of /proc/PID/status in KiB. */
double vx_bench_anon_kib(const struct vx_bench_daemon *d);

/* --- files.c --------------------------------------------------------------------------------- */

/* Write @path (its folder is made) by a rename, so that nobody sees half of it. */
int vx_bench_write(const char *path, const void *bytes, size_t n, struct vx_error *err);
/* Open, read to the end, close. Bytes read, or a negative errno. @ret_first (nullable): up to
 * @first_len bytes of the beginning. */
ssize_t vx_bench_read(const char *path, char *ret_first, size_t first_len);
/* Run a program and wait; -EIO when it fails. @in (nullable) is its standard input. Its standard
 * output is dropped. */
int vx_bench_run(const char *const *argv, const char *in, struct vx_error *err);
