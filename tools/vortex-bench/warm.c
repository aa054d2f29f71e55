/* warm.c - open, read, close of a file that the kernel holds, beside tmpfs.
 *
 * Readers are processes, and ours and tmpfs's rounds alternate, so that a noisy neighbour hurts
 * both alike; of the rounds the median counts. */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "core/cleanup.h"
#include "tools/vortex-bench/bench.h"

#define FILE_BYTES 16384
#define READERS_MAX 2
#define ROUNDS 5
#define SAMPLES_PER_ROUND 200000
#define SHM "/dev/shm"

/* What a reader tells of one round; in shared memory. */
struct told {
	double p50, p99;
	bool whole;
};

static void read_round(const char *path, size_t n, struct told *ret)
{
	struct vx_samples s = {0};

	ret->whole = true;
	for (size_t i = 0; i < n; i++) {
		int64_t began = vx_bench_now();

		ret->whole &= vx_bench_read(path, NULL, 0) == FILE_BYTES;
		vx_samples_add(&s, vx_bench_now() - began);
	}
	ret->p50 = vx_samples_us(&s, 50);
	ret->p99 = vx_samples_us(&s, 99);
	vx_samples_fini(&s);
}

/* One round of @n_readers, each its path. The slowest reader counts. */
static int round_of(char *const *paths, size_t n_readers, size_t n, struct told *shared,
                    struct told *ret, struct vx_error *err)
{
	pid_t pids[READERS_MAX];

	for (size_t i = 0; i < n_readers; i++) {
		shared[i] = (struct told){0};
		pids[i] = fork();
		if (pids[i] == 0) {
			read_round(paths[i], n, &shared[i]);
			_exit(0);
		}
	}
	*ret = (struct told){.whole = true};
	for (size_t i = 0; i < n_readers; i++) {
		if (pids[i] < 0 || waitpid(pids[i], NULL, 0) < 0)
			return vx_fail(err, -errno, "a reader: %s", strerror(errno));
		ret->whole &= shared[i].whole;
		ret->p50 = shared[i].p50 > ret->p50 ? shared[i].p50 : ret->p50;
		ret->p99 = shared[i].p99 > ret->p99 ? shared[i].p99 : ret->p99;
	}
	return ret->whole ? 0 : vx_fail(err, -EIO, "%s: not %d bytes", paths[0], FILE_BYTES);
}

static double median(double *v, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && v[k] < v[k - 1]; k--) {
			double was = v[k];

			v[k] = v[k - 1];
			v[k - 1] = was;
		}
	return v[n / 2];
}

/* Our @paths against tmpfs's @theirs. */
static int compare(struct vx_bench *b, const char *what, char *const *paths, char *const *theirs,
                   size_t n_readers, double ratio_max, struct told *shared, struct vx_error *err)
{
	struct vx_row row = VX_ROW_INIT;
	double p50[2][ROUNDS], p99[2][ROUNDS];
	size_t rounds = b->quick ? 1 : ROUNDS, n = b->quick ? 500 : SAMPLES_PER_ROUND;

	for (size_t i = 0; i < rounds; i++) {
		for (size_t side = 0; side < 2; side++) {
			struct told t;
			int rc = round_of(side ? theirs : paths, n_readers, n, shared, &t, err);

			if (rc < 0)
				return rc;
			p50[side][i] = t.p50;
			p99[side][i] = t.p99;
		}
	}
	row.what = what;
	row.n = n * rounds;
	row.p50 = median(p50[0], rounds);
	row.p99 = median(p99[0], rounds);
	row.peer = "tmpfs";
	row.peer_p50 = median(p50[1], rounds);
	row.peer_p99 = median(p99[1], rounds);
	row.ratio_max = ratio_max;
	vx_row_add(b, &row);
	return 0;
}

static int measure(struct vx_bench *b, char *const *ours, char *const *theirs, struct vx_error *err)
{
	char *same[] = {ours[0], ours[0]}, *their_same[] = {theirs[0], theirs[0]};
	struct told *shared = mmap(NULL, sizeof(*shared) * READERS_MAX, PROT_READ | PROT_WRITE,
	                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int rc;

	if (shared == MAP_FAILED)
		return vx_fail(err, -ENOMEM, "out of memory");
	rc = compare(b, "16 KiB, one reader", ours, theirs, 1, 1.6, shared, err);
	if (rc == 0)
		rc = compare(b, "16 KiB, two readers of two files", ours, theirs, 2, 1.6, shared,
		             err);
	if (rc == 0)
		rc = compare(b, "16 KiB, two readers of one file", same, their_same, 2, 2, shared,
		             err);
	(void)munmap(shared, sizeof(*shared) * READERS_MAX);
	return rc;
}

static int run(struct vx_bench *b, struct vx_error *err)
{
	static char bytes[FILE_BYTES];
	VX_AUTO(vx_freep) char *backends = NULL;
	char *ours[READERS_MAX] = {0}, *theirs[READERS_MAX] = {0};
	struct vx_bench_daemon d = {.pid = -1};
	struct statfs fs;
	int rc = 0;

	if (statfs(SHM, &fs) < 0 || fs.f_type != TMPFS_MAGIC)
		return vx_fail(err, -ENOENT, "the peer is missing: %s is no tmpfs", SHM);
	memset(bytes, 'x', sizeof(bytes));
	if (asprintf(&backends, "- {name: local, type: directory, path: %s/config}\n", b->work) < 0)
		return vx_fail(err, -ENOMEM, "out of memory");
	for (size_t i = 0; rc == 0 && i < READERS_MAX; i++) {
		char *source = NULL, *doc = NULL;

		if (asprintf(&source, "%s/config/file%zu.txt", b->work, i) < 0 ||
		    asprintf(&doc, "%s/config/shop.yml", b->work) < 0 ||
		    asprintf(&ours[i], "%s/mnt/shop/default/file%zu.txt", b->work, i) < 0 ||
		    asprintf(&theirs[i], SHM "/vortex-bench-%d-%zu", (int)getpid(), i) < 0)
			rc = vx_fail(err, -ENOMEM, "out of memory");
		if (rc == 0)
			rc = vx_bench_write(doc, "a: 1\n", 5, err);
		if (rc == 0)
			rc = vx_bench_write(source, bytes, sizeof(bytes), err);
		if (rc == 0)
			rc = vx_bench_write(theirs[i], bytes, sizeof(bytes), err);
		free(source);
		free(doc);
	}
	if (rc == 0)
		rc = vx_bench_start(b, backends, &d, err);
	if (rc == 0)
		rc = measure(b, ours, theirs, err);
	(void)vx_bench_stop(&d); /* the case `life` times it */
	for (size_t i = 0; i < READERS_MAX; i++) {
		if (theirs[i])
			(void)unlink(theirs[i]);
		free(ours[i]);
		free(theirs[i]);
	}
	return rc;
}

const struct vx_bench_case vx_bench_warm = {
	"warm", "open, read and close of what the kernel holds (opens are not seen yet)", run};
