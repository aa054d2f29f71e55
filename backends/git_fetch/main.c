/* main.c - vortex-git-fetch: read the request, give up rights, fetch, tidy up, report.
 *
 * It is started by vortexd alone; a person has no use for it. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/git_fetch/fetch_i.h"
#include "core/cleanup.h"

static const char usage[] =
	"usage: vortexd starts vortex-git-fetch to bring its copy of a remote Git repository\n"
	"up to date; it is not meant to be started by hand. See docs/git.md.\n";

/* What a fetch may need at most, and no memory dumps with passwords. */
static const struct {
	__rlimit_resource_t what;
	rlim_t most;
} limits[] = {
	{RLIMIT_CORE, 0},
	{RLIMIT_NOFILE, 1024}, /* packs are held open; more than 50 are merged */
	{RLIMIT_MEMLOCK, 0},
	{RLIMIT_MSGQUEUE, 0},
#ifndef VX_SANITIZED                    /* whose shadow is larger */
	{RLIMIT_DATA, (rlim_t)4 << 30}, /* 20 million objects of 200 bytes */
#endif
};

static void limit(void)
{
	for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
		struct rlimit is;

		if (getrlimit(limits[i].what, &is) < 0)
			continue;
		if (is.rlim_max > limits[i].most)
			is.rlim_max = limits[i].most;
		if (is.rlim_cur > is.rlim_max)
			is.rlim_cur = is.rlim_max;
		(void)setrlimit(limits[i].what, &is); /* lowering is always allowed */
	}
	(void)umask(077);
	(void)signal(SIGPIPE, SIG_IGN);
}

static int read_request(struct vx_buf *b, struct vx_git_request *ret, struct failure *f)
{
	char block[16384];
	ssize_t n;

	while ((n = read(STDIN_FILENO, block, sizeof(block))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail_as(f, VX_GIT_KIND_SETUP, "reading the request: %s",
			               strerror(errno));
		vx_buf_put(b, block, (size_t)n);
		explicit_bzero(block, sizeof(block));
		if (vx_buf_failed(b))
			return fail_as(f, VX_GIT_KIND_MEMORY, "out of memory");
		if (b->len > VX_GIT_REQUEST_MAX)
			break;
	}
	if (!b->data || vx_git_request_parse(b->data, b->len, ret) < 0)
		return fail_as(f, VX_GIT_KIND_SETUP,
		               "vortex-git-fetch was given no request that it can read");
	if (strcmp(ret->field[VX_GIT_RELEASE].data, VX_RELEASE) != 0)
		return fail_as(f, VX_GIT_KIND_SETUP,
		               "vortex-git-fetch is of release %s, vortexd of %.16s; install both "
		               "from one build",
		               VX_RELEASE, ret->field[VX_GIT_RELEASE].data);
	return 0;
}

static int work(const struct vx_git_request *r, struct vx_git_report *done, struct failure *f)
{
	const char *mirror = r->field[VX_GIT_MIRROR].data;
	const char *packs = r->field[VX_GIT_PACKS].data;
	size_t most;
	int rc = confine(r->field[VX_GIT_RUN_AS].data, mirror, &mirror, f);

	vx_assert(packs); /* "" where it was not given */
	most = (size_t)strtoul(packs, NULL, 10);
	if (rc == 0)
		rc = pulse_start(f);
	if (rc == 0)
		rc = transfer(r, mirror, &done->refs, f);
	return rc == 0 ? compact(mirror, most, &done->compacted, f) : rc;
}

/* A server may say back what it was sent: take the password out. */
static void scrub(const struct vx_git_request *r, char *text)
{
	static const enum vx_git_field secrets[] = {VX_GIT_PASSWORD, VX_GIT_PASSPHRASE};

	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++) {
		const char *secret = r->field[secrets[i]].data;
		size_t n = r->field[secrets[i]].len;

		for (char *at = text; n && (at = strstr(at, secret)); at += n)
			memset(at, '*', n);
	}
}

int main(int argc, char **argv)
{
	struct vx_git_report done = {.what = VX_GIT_DONE};
	struct vx_buf text = VX_BUF_INIT;
	struct vx_git_request r = {0};
	struct failure f = {0};
	int rc;

	if (argc > 1) {
		(void)fputs(strcmp(argv[1], "--help") == 0 ? usage : "no arguments are taken\n",
		            strcmp(argv[1], "--help") == 0 ? stdout : stderr);
		return strcmp(argv[1], "--help") == 0 ? 0 : 2;
	}
	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	limit();
	rc = read_request(&text, &r, &f);
	if (rc == 0)
		rc = work(&r, &done, &f);
	if (rc < 0) {
		done.what = VX_GIT_FAILED;
		done.kind = f.kind;
		if (r.field[VX_GIT_PASSWORD].data)
			scrub(&r, f.text);
		memcpy(done.text, f.text, sizeof(done.text));
	}
	report(&done);
	if (text.data)
		explicit_bzero(text.data, text.len);
	vx_buf_fini(&text);
	return rc < 0;
}
