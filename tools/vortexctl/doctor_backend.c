/* doctor_backend.c - each backend of the settings, asked once; see doctor_i.h.
 *
 * What is on this machine is opened by the backend itself and asked for its revision. What is on
 * another host is vortexd's to fetch: one that runs is asked, else it is only seen that somebody
 * listens there. */
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/backend.h"
#include "core/cleanup.h"
#include "core/clock.h"
#include "tools/vortexctl/answer.h"
#include "tools/vortexctl/doctor_i.h"

#define DAEMON_S 2 /* vortexd tells what it knows, without asking anybody */
/* Over the backend's timeout, whose own sentence says more than ours, and over the daemon's. */
#define GRACE_MS 3000
#define FOLDERS_MAX 1000000

/* One backend that could not be used. A daemon without settings is not a broken one. */
static void say_bad(struct doctor *d, const struct vx_settings_map *m, const char *fix,
                    const char *why)
{
	bool may = d->assumed || vx_map_bool(m, "optional");

	doctor_say(d, may ? DOCTOR_WARNING : DOCTOR_PROBLEM, "backend", fix, "%s: %s",
	           vx_map_str(m, "name"), why);
}

/* --- on this machine --------------------------------------------------------------------------- */

/* The command that mends @rc, as far as there is one. */
static void fix_for(const struct vx_settings_map *m, int rc, char *ret, size_t n)
{
	bool directory = strcmp(vx_map_str(m, "type"), "directory") == 0;
	const char *path = vx_map_str(m, directory ? "path" : "uri");

	if (access(path, F_OK) < 0 && errno == ENOENT)
		(void)snprintf(ret, n,
		               directory ? "mkdir -p %s" : "git init --bare %s; then push to it",
		               path);
	else if (rc == -EACCES)
		(void)snprintf(ret, n, "chmod -R a+rX %s, or let vortexd's user read it", path);
	else if (rc == -ENOENT)
		(void)snprintf(ret, n, "push that branch, or set default_label of this backend");
	else
		(void)snprintf(ret, n, "correct the settings of this backend; see vortexd.yaml(5)");
}

static int ask(const struct vx_settings *s, const struct vx_settings_map *m,
               const struct vx_backend_ops *ops, char revision[VX_REVISION_MAX],
               struct vx_error *err)
{
	const char *own = vx_map_str(m, "default_label");
	struct vx_doc_limits limits = VX_DOC_LIMITS_DEFAULT;
	struct vx_backend_env env = {.clock = vx_clock_system(),
	                             .default_label =
	                                     *own ? own : vx_settings_str(s, "tree.default_label")};
	struct vx_backend *b = NULL;
	struct vx_ctx ctx;
	int rc;

	limits.bytes = (size_t)vx_settings_int(s, "limits.document");
	env.limits = limits;
	rc = ops->open(m, &env, &b, err);
	if (rc < 0)
		return rc;
	vx_ctx_init(&ctx, env.clock, vx_map_int(m, "timeout"));
	rc = ops->revision(b, &ctx, NULL, revision, err);
	vx_ctx_fini(&ctx);
	ops->close(b);
	return rc;
}

/* Folders below @path, itself included; at most FOLDERS_MAX. */
static size_t folders(const char *path)
{
	char *copy = strdup(path), *roots[] = {copy, NULL};
	FTS *tree = copy ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR | FTS_NOSTAT, NULL) : NULL;
	const FTSENT *e;
	size_t n = 0;

	while (tree && n < FOLDERS_MAX && (e = fts_read(tree)))
		n += e->fts_info == FTS_D;
	if (tree)
		(void)fts_close(tree); /* it was only read */
	free(copy);
	return n;
}

/* The number in a file below /proc/sys; -1: none. */
static long long setting_of_kernel(const char *path)
{
	VX_AUTO(vx_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	char text[32];
	ssize_t n = fd >= 0 ? read(fd, text, sizeof(text) - 1) : -1;

	if (n <= 0)
		return -1;
	text[n] = '\0';
	return strtoll(text, NULL, 10);
}

/* A watch is one folder; what other programs of this user watch counts too. A user namespace has a
 * limit of its own below the machine's. */
static void check_watches(struct doctor *d, const struct vx_settings_map *m)
{
	long long whole = setting_of_kernel("/proc/sys/fs/inotify/max_user_watches");
	long long own = setting_of_kernel("/proc/sys/user/max_inotify_watches");
	bool narrow = own >= 0 && own < whole;
	long long most = narrow ? own : whole, n = (long long)folders(vx_map_str(m, "path"));
	char fix[96];

	(void)snprintf(fix, sizeof(fix), "sysctl %s=%lld",
	               narrow ? "user.max_inotify_watches" : "fs.inotify.max_user_watches", 4 * n);
	if (most >= 0 && n > most)
		doctor_say(d, DOCTOR_PROBLEM, "backend", fix,
		           "%s: %lld folders, but the kernel lets a user watch %lld",
		           vx_map_str(m, "name"), n, most);
	else if (most >= 0 && n > most / 2)
		doctor_say(d, DOCTOR_WARNING, "backend", fix,
		           "%s: %lld folders are more than half of the %lld that a user may watch",
		           vx_map_str(m, "name"), n, most);
}

static void check_local(struct doctor *d, const struct vx_settings_map *m,
                        const struct vx_backend_ops *ops)
{
	char revision[VX_REVISION_MAX] = "", fix[512];
	struct vx_error err = {0};
	int rc = ask(d->settings, m, ops, revision, &err);

	if (rc < 0) {
		fix_for(m, rc, fix, sizeof(fix));
		say_bad(d, m, fix, vx_error_text(&err, rc));
		return;
	}
	doctor_say(d, DOCTOR_OK, "backend", NULL, "%s: it answers, at revision %.12s",
	           vx_map_str(m, "name"), revision);
	if (strcmp(ops->type, "directory") == 0)
		check_watches(d, m);
}

/* --- on another host --------------------------------------------------------------------------- */

/* Connect to one of the addresses; the check's own deadline bounds it. 0 or a positive errno. */
static int connect_one(const struct addrinfo *all)
{
	int why = EADDRNOTAVAIL;

	for (const struct addrinfo *a = all; a; a = a->ai_next) {
		VX_AUTO(vx_close)
		int fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);

		if (fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0)
			return 0;
		why = errno;
	}
	return why;
}

/* What vortexd, if one runs by these settings, says of the backend: it has logged in there. False: no
 * daemon answers, or it has no such backend. */
static bool ask_daemon(struct doctor *d, const struct vx_settings_map *m)
{
	const struct vx_ctl_server server = {.socket = vx_settings_str(d->settings, "http.socket"),
	                                     .timeout_s = DAEMON_S};
	const struct vx_ctl_question q = {.server = &server, .path = "backends"};
	VX_AUTO(vx_json_put) json_t *answer = NULL;
	const char *name = vx_map_str(m, "name"), *state = NULL, *message = NULL;
	const json_t *item;
	char fix[128];
	size_t i;

	if (!*server.socket || vx_ctl_answer(&q, &answer, NULL) < 0)
		return false;
	json_array_foreach (json_object_get(answer, "items"), i, item) {
		const char *other = vx_ctl_str(item, "name");

		if (!other || strcmp(other, name) != 0)
			continue;
		state = vx_ctl_str(item, "state");
		message = vx_ctl_str(item, "message");
	}
	if (!state)
		return false;
	(void)snprintf(fix, sizeof(fix), "mend that, then: vortexctl backends refresh %s", name);
	if (strcmp(state, "ok") == 0)
		doctor_say(d, DOCTOR_OK, "backend", NULL, "%s: vortexd has it", name);
	else if (strcmp(state, "starting") == 0)
		doctor_say(d, DOCTOR_NOTE, "backend", NULL, "%s: %s", name,
		           message ? message : "vortexd waits for its first answer");
	else
		say_bad(d, m, fix, message ? message : state);
	return true;
}

/* Whether anybody listens there. Not logged in, nothing is fetched. */
static void check_remote(struct doctor *d, const struct vx_settings_map *m, const char *host,
                         const char *port)
{
	static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *all = NULL;
	char why[512], fix[320];
	int rc = getaddrinfo(host, port, &hints, &all);

	if (rc) {
		(void)snprintf(why, sizeof(why), "the name %s cannot be resolved: %s", host,
		               rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
		(void)snprintf(fix, sizeof(fix), "getent hosts %s; look at /etc/resolv.conf", host);
		say_bad(d, m, fix, why);
		return;
	}
	rc = connect_one(all);
	freeaddrinfo(all);
	if (rc == 0) {
		doctor_say(
			d, DOCTOR_OK, "backend", NULL,
			"%s: %s accepts connections at port %s; whether it lets vortexd in is in "
			"vortexd's log",
			vx_map_str(m, "name"), host, port);
		return;
	}
	(void)snprintf(why, sizeof(why), "%s, port %s: %s", host, port, strerror(rc));
	(void)snprintf(fix, sizeof(fix),
	               "start the server, or let this host reach it: nc -vz %s %s", host, port);
	say_bad(d, m, fix, why);
}

/* --- all ---------------------------------------------------------------------------------------- */

static void check_backend(struct doctor *d, const void *arg)
{
	const struct vx_settings_map *m = arg;
	const struct vx_backend_ops *ops = vx_backend_find(vx_map_str(m, "type"));
	char host[256], port[8];

	/* The settings were refused if there were no such type. */
	if (strcmp(ops->type, "git") != 0 || !doctor_git_host(vx_map_str(m, "uri"), host, port))
		check_local(d, m, ops);
	else if (!ask_daemon(d, m))
		check_remote(d, m, host, port);
}

void doctor_check_backends(struct doctor *d)
{
	size_t n = d->settings ? vx_settings_count(d->settings, "backends") : 0;

	for (size_t i = 0; i < n; i++) {
		const struct vx_settings_map *m = vx_settings_at(d->settings, "backends", i);
		char what[96];

		if (!vx_map_bool(m, "enabled"))
			continue;
		(void)snprintf(what, sizeof(what), "backend %s", vx_map_str(m, "name"));
		doctor_run(d, what, check_backend, m, (int)vx_map_int(m, "timeout") + GRACE_MS);
	}
}
