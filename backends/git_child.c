/* git_child.c - see git_child.h.
 *
 * The child is started by posix_spawn, never by fork alone: other threads hold locks. It gets three
 * descriptors (the request, the reports twice: what the loader says of a missing library comes there
 * too) and the few variables below, and is killed without asking, with all that it may have started. */
#include "backends/git_child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/cleanup.h"

/* What the child may know of our environment. */
static const char *const allowed[] = {
	"http_proxy",   "https_proxy",   "HTTPS_PROXY",   "no_proxy",
	"NO_PROXY",     "SSL_CERT_FILE", "SSL_CERT_DIR",  "SSH_AUTH_SOCK",
#ifdef VX_SANITIZED
	"ASAN_OPTIONS", "LSAN_OPTIONS",  "UBSAN_OPTIONS", "TSAN_OPTIONS",
#endif
};
#define N_ALLOWED (sizeof(allowed) / sizeof(*allowed))

struct run {
	const struct vx_git_child *c;
	pid_t pid;
	int in, out; /* the request's writing end, -1 when all is sent; the reports' reading end */
	size_t sent;
	int64_t begun_ns, heard_ns;
	struct vx_git_lines lines;
	bool ended; /* it said how */
	struct vx_git_report end;
	char complaint[VX_GIT_TEXT_MAX]; /* the last line that was no report */
};

/* --- start ----------------------------------------------------------------------------------- */

static void pick_environment(char *ret[N_ALLOWED + 1])
{
	size_t n = 0;

	for (char *const *e = environ; e && *e; e++)
		for (size_t i = 0; i < N_ALLOWED && n < N_ALLOWED; i++)
			if (strncmp(*e, allowed[i], strlen(allowed[i])) == 0 &&
			    (*e)[strlen(allowed[i])] == '=')
				ret[n++] = *e;
	ret[n] = NULL;
}

static int spawn(const char *program, int in, int out, pid_t *ret)
{
	char *argv[] = {(char *)(uintptr_t) "vortex-git-fetch", NULL};
	posix_spawn_file_actions_t files;
	char *env[N_ALLOWED + 1];
	posix_spawnattr_t attr;
	sigset_t set;
	int rc;

	pick_environment(env);
	vx_assert(posix_spawn_file_actions_init(&files) == 0);
	vx_assert(posix_spawnattr_init(&attr) == 0);
	rc = posix_spawn_file_actions_adddup2(&files, in, 0);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&files, out, 1);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(&files, out, 2);
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(&files, 3);
	(void)sigemptyset(&set);
	(void)posix_spawnattr_setsigmask(&attr, &set); /* a valid set and valid flags */
	(void)sigaddset(&set, SIGPIPE);
	(void)posix_spawnattr_setsigdefault(&attr, &set);
	(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
	                                              POSIX_SPAWN_SETSID);
	if (rc == 0)
		rc = posix_spawn(ret, program, &files, &attr, argv, env);
	(void)posix_spawnattr_destroy(&attr);
	(void)posix_spawn_file_actions_destroy(&files);
	return -rc;
}

static int start(struct run *r, struct vx_error *err)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1};
	int rc = 0;

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		rc = -errno;
	if (rc == 0)
		rc = spawn(r->c->program, in[0], out[1], &r->pid);
	vx_close(&in[0]);
	vx_close(&out[1]);
	if (rc < 0) {
		vx_close(&in[1]);
		vx_close(&out[0]);
		return vx_fail(err, rc == -ENOENT ? -EAGAIN : rc, "starting %s: %s", r->c->program,
		               strerror(-rc));
	}
	r->in = in[1];
	r->out = out[0];
	(void)fcntl(r->in, F_SETFL, O_NONBLOCK); /* on our own fresh pipes */
	(void)fcntl(r->out, F_SETFL, O_NONBLOCK);
	return 0;
}

/* --- running --------------------------------------------------------------------------------- */

static void send_some(struct run *r)
{
	const struct vx_buf *b = r->c->request;
	ssize_t n = write(r->in, b->data + r->sent, b->len - r->sent);

	if (n > 0)
		r->sent += (size_t)n;
	if (r->sent == b->len || (n < 0 && errno != EAGAIN && errno != EINTR)) {
		vx_close(&r->in);
		r->in = -1;
	}
}

static void take_line(struct run *r)
{
	struct vx_git_report report;

	vx_git_report_parse(r->lines.line, r->lines.n, &report);
	if (report.what == VX_GIT_COMPLAINT) {
		memcpy(r->complaint, report.text, sizeof(r->complaint));
	} else if (report.what == VX_GIT_DONE || report.what == VX_GIT_FAILED) {
		r->ended = true;
		r->end = report;
	} else if (report.what == VX_GIT_PROGRESS) {
		r->c->progress(r->c->arg, &report);
	}
	if (report.what != VX_GIT_COMPLAINT)
		r->heard_ns = vx_mono_ns(r->c->clock);
}

/* Read what there is; false at the end. */
static bool hear(struct run *r)
{
	char block[4096];
	ssize_t n = read(r->out, block, sizeof(block));

	for (ssize_t i = 0; i < n; i++)
		if (vx_git_lines_add(&r->lines, block[i]))
			take_line(r);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

/* Milliseconds until the child has had its time. */
static int64_t left_ms(const struct run *r)
{
	int64_t whole = r->begun_ns + r->c->whole_ms * VX_MSEC;
	int64_t stall = r->heard_ns + r->c->stall_ms * VX_MSEC;
	int64_t left = ((whole < stall ? whole : stall) - vx_mono_ns(r->c->clock)) / VX_MSEC;

	return left < 0 ? 0 : left > INT_MAX ? INT_MAX : left;
}

/* 0 the child has closed its end, -ECANCELED, -ETIMEDOUT. */
static int follow(struct run *r)
{
	for (;;) {
		struct pollfd fds[] = {
			{.fd = r->out, .events = POLLIN},
			{.fd = r->c->stop, .events = POLLIN},
			{.fd = r->in, .events = POLLOUT},
		};
		int64_t left = left_ms(r);

		if (left == 0)
			return -ETIMEDOUT;
		if (poll(fds, 3, (int)left) < 0)
			continue;
		if (fds[1].revents)
			return -ECANCELED;
		if (fds[2].revents)
			send_some(r);
		if (fds[0].revents && !hear(r))
			return 0;
	}
}

/* --- end ------------------------------------------------------------------------------------- */

static int say_timeout(const struct run *r, struct vx_error *err)
{
	bool whole = vx_mono_ns(r->c->clock) - r->begun_ns >= r->c->whole_ms * VX_MSEC;

	if (whole)
		return vx_fail(err, -ETIMEDOUT,
		               "it was not done within %lld s (backends[].fetch_timeout)",
		               (long long)(r->c->whole_ms / 1000));
	return vx_fail(err, -ETIMEDOUT,
	               "the server has sent nothing for %lld s (backends[].stall_timeout)",
	               (long long)(r->c->stall_ms / 1000));
}

static int say_died(const struct run *r, int status, struct vx_error *err)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS) /* libgit2 writes packs by mmap */
		return vx_fail(
			err, -ENOSPC,
			"vortex-git-fetch had nowhere to write: the disk of state.path is full, "
			"or broken");
	if (WIFSIGNALED(status))
		return vx_fail(err, -EAGAIN, "vortex-git-fetch died of signal %d (%s)%s%s",
		               WTERMSIG(status), strsignal(WTERMSIG(status)),
		               *r->complaint ? ": " : "", r->complaint);
	return vx_fail(err, -EAGAIN, "vortex-git-fetch ended without a report (status %d)%s%s",
	               WEXITSTATUS(status), *r->complaint ? ": " : "", r->complaint);
}

/* It has said all, or all that we want to hear. What is left of it is killed: it may have closed its
 * end and stay, and it was started as the head of a session, whose group has whatever it started.
 * One that is ending by itself keeps its own status. The number is its own until it is waited for. */
static int finish(struct run *r)
{
	int status = 0;

	(void)kill(-r->pid, SIGKILL); /* somebody is left to be killed, or nobody is */
	vx_close(&r->in);
	vx_close(&r->out);
	while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

int vx_git_child_run(const struct vx_git_child *c, struct vx_git_report *ret,
                     enum vx_git_kind *ret_kind, struct vx_error *err)
{
	struct run r = {.c = c, .in = -1, .out = -1};
	int rc, status;

	*ret_kind = VX_GIT_KIND_SERVER;
	r.begun_ns = r.heard_ns = vx_mono_ns(c->clock);
	rc = start(&r, err);
	if (rc < 0)
		return rc;
	rc = follow(&r);
	status = finish(&r);
	if (rc == -ECANCELED)
		return vx_fail(err, rc, "it was broken off");
	if (rc == -ETIMEDOUT)
		return say_timeout(&r, err);
	if (!r.ended)
		return say_died(&r, status, err);
	if (r.end.what == VX_GIT_FAILED) {
		*ret_kind = r.end.kind;
		return vx_fail(err, vx_git_kind_errno(r.end.kind), "%s", r.end.text);
	}
	*ret = r.end;
	return 0;
}

int vx_git_child_find(char **ret, struct vx_error *err)
{
	static const char *const places[] = {"", "../libexec/vortex/", "../backends/",
	                                     "../../libexec/vortex/"};
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	if (slash)
		slash[1] = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		VX_AUTO(vx_freep) char *path = NULL;

		if (asprintf(&path, "%s%svortex-git-fetch", self, places[i]) < 0) {
			path = NULL;
			return vx_fail(err, -ENOMEM, "out of memory");
		}
		if (access(path, X_OK) == 0) {
			*ret = vx_steal(path);
			return 0;
		}
	}
	return vx_fail(
		err, -ENOENT,
		"vortex-git-fetch, which fetches remote repositories, is not installed: it is "
		"looked for in %s and %s../libexec/vortex",
		self, self);
}
