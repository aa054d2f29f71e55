/* first.c - the first read of a configuration: one that is composed but that the kernel forgot, and
 * one that must be composed from four documents in a Git repository of 10,000 applications. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "core/cleanup.h"
#include "tools/vortex-bench/bench.h"

#define APPS 10000
#define COLD_APPS 100
#define DOC_BYTES 2048

/* Append a YAML document of about DOC_BYTES whose keys begin with @word. */
static void document(struct vx_buf *b, const char *word)
{
	size_t began = b->len;

	for (unsigned i = 0; b->len - began < DOC_BYTES; i++)
		vx_buf_printf(b, "%s%u:\n  url: https://service-%u.example/v1\n  retries: %u\n",
		              word, i, i, i % 10);
}

static void blob(struct vx_buf *b, unsigned mark, const char *word)
{
	VX_AUTO(vx_buf_fini) struct vx_buf d = VX_BUF_INIT;

	document(&d, word);
	vx_buf_printf(b, "blob\nmark :%u\ndata %zu\n", mark, d.len);
	vx_buf_put(b, d.data, d.len);
	vx_buf_putc(b, '\n');
}

/* What git fast-import reads: two shared documents and two of each application. */
static char *repository(unsigned apps)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;

	blob(&b, 1, "shared");
	blob(&b, 2, "shared-prod");
	blob(&b, 3, "own");
	blob(&b, 4, "own-prod");
	vx_buf_puts(&b, "commit refs/heads/main\ncommitter Bench <bench@example> 0 +0000\ndata 0\n"
	                "M 100644 :1 application.yml\nM 100644 :2 application-prod.yml\n");
	for (unsigned i = 0; i < apps; i++)
		vx_buf_printf(&b, "M 100644 :3 app%u.yml\nM 100644 :4 app%u-prod.yml\n", i, i);
	vx_buf_putc(&b, '\n');
	return vx_buf_steal(&b);
}

static int make_repository(const struct vx_bench *b, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *stream = repository(b->quick ? 200 : APPS);
	VX_AUTO(vx_freep) char *path = NULL;
	VX_AUTO(vx_freep) char *git_dir = NULL;
	int rc;

	if (!stream || asprintf(&path, "%s/repo.git", b->work) < 0 ||
	    asprintf(&git_dir, "--git-dir=%s", path) < 0)
		return vx_fail(err, -ENOMEM, "out of memory");
	rc = vx_bench_run((const char *const[]){"git", "init", "-q", "--bare", path, NULL}, NULL,
	                  err);
	return rc < 0 ? rc
	              : vx_bench_run((const char *const[]){"git", git_dir, "fast-import", "--quiet",
	                                                   NULL},
	                             stream, err);
}

/* Time the first read of application @i. */
static int first_read(const struct vx_bench *b, unsigned i, struct vx_samples *s,
                      struct vx_error *err)
{
	char path[512];
	ssize_t n;
	int64_t began;

	(void)snprintf(path, sizeof(path), "%s/mnt/app%u/prod/application.yml", b->work, i);
	began = vx_bench_now();
	n = vx_bench_read(path, NULL, 0);
	vx_samples_add(s, vx_bench_now() - began);
	return n > 4 * DOC_BYTES ? 0
	                         : vx_fail(err, n < 0 ? (int)n : -EIO, "%s: %s", path,
	                                   n < 0 ? strerror((int)-n) : "is short");
}

/* The same four files as `git show` gives them: what a server that calls git would wait for. */
static int ask_git(const struct vx_bench *b, struct vx_samples *s, struct vx_error *err)
{
	char git_dir[512];

	(void)snprintf(git_dir, sizeof(git_dir), "--git-dir=%s/repo.git", b->work);
	for (unsigned i = 0; i < (b->quick ? 3u : 50u); i++) {
		int64_t began = vx_bench_now();
		int rc = vx_bench_run(
			(const char *const[]){"git", git_dir, "show", "main:application.yml",
		                              "main:application-prod.yml", "main:app7.yml",
		                              "main:app7-prod.yml", NULL},
			NULL, err);

		if (rc < 0)
			return rc;
		vx_samples_add(s, vx_bench_now() - began);
	}
	return 0;
}

static int start(struct vx_bench *b, struct vx_bench_daemon *d, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *backends = NULL;
	int rc = make_repository(b, err);

	if (rc < 0)
		return rc;
	if (asprintf(&backends, "- {name: repo, type: git, uri: %s/repo.git}\n", b->work) < 0)
		return vx_fail(err, -ENOMEM, "out of memory");
	return vx_bench_start(b, backends, d, err);
}

static int run_first(struct vx_bench *b, struct vx_error *err)
{
	VX_AUTO(vx_samples_fini) struct vx_samples ours = {0};
	VX_AUTO(vx_samples_fini) struct vx_samples git = {0};
	struct vx_bench_daemon d = {.pid = -1};
	struct vx_row row = VX_ROW_INIT;
	unsigned n = b->quick ? 20 : 1000;
	struct vx_samples warm = {0};
	int rc = start(b, &d, err);

	if (rc == 0)
		rc = first_read(b, 0, &warm, err); /* the tree's index */
	for (unsigned i = 1; rc == 0 && i <= n; i++)
		rc = first_read(b, i, &ours, err);
	if (rc == 0)
		rc = ask_git(b, &git, err);
	(void)vx_bench_stop(&d); /* the case `life` times it */
	vx_samples_fini(&warm);
	if (rc < 0)
		return rc;
	row.what = "four documents, 8 KiB, of 10,000 applications";
	row.n = ours.n;
	row.p50 = vx_samples_us(&ours, 50);
	row.p99 = vx_samples_us(&ours, 99);
	row.peer = "git show";
	row.peer_p50 = vx_samples_us(&git, 50);
	row.peer_p99 = vx_samples_us(&git, 99);
	row.p50_max = 300;
	row.p99_max = 1000;
	vx_row_add(b, &row);
	return 0;
}

/* Have the kernel forget names and inodes that nobody uses. */
static int forget(struct vx_error *err)
{
	VX_AUTO(vx_close) int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "2", 1) != 1)
		return vx_fail(err, -errno, "/proc/sys/vm/drop_caches: %s", strerror(errno));
	return 0;
}

static int run_cold(struct vx_bench *b, struct vx_error *err)
{
	VX_AUTO(vx_samples_fini) struct vx_samples ours = {0};
	struct vx_bench_daemon d = {.pid = -1};
	struct vx_row row = VX_ROW_INIT;
	struct vx_samples first = {0};
	int rc = start(b, &d, err);

	for (unsigned i = 0; rc == 0 && i < COLD_APPS; i++)
		rc = first_read(b, i, &first, err);
	for (unsigned k = 0; rc == 0 && k < (b->quick ? 1u : 10u); k++) {
		rc = forget(err);
		for (unsigned i = 0; rc == 0 && i < COLD_APPS; i++)
			rc = first_read(b, i, &ours, err);
	}
	(void)vx_bench_stop(&d); /* the case `life` times it */
	vx_samples_fini(&first);
	if (rc < 0)
		return rc;
	row.what = "composed before, forgotten by the kernel";
	row.n = ours.n;
	row.p50 = vx_samples_us(&ours, 50);
	row.p99 = vx_samples_us(&ours, 99);
	row.p50_max = 50;
	row.p99_max = 250;
	vx_row_add(b, &row);
	return 0;
}

const struct vx_bench_case vx_bench_first = {"first", "the first read, which composes", run_first};
const struct vx_bench_case vx_bench_cold = {
	"cold", "the first read of what is composed, two names deep (drops the kernel's names)",
	run_cold};
