/* main.c - vortexd: the only place that knows all parts, and wires them together.
 *
 * Start: options, settings, state directory, catalog, mount, watch, local interface. Then the main
 * thread does nothing but wait for signals and for the mount's end; everything else happens on other
 * threads. End: the interface ends, the catalog answers what waits, the mount goes, the catalog goes. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/backend.h"
#include "core/buf.h"
#include "core/cleanup.h"
#include "core/log.h"
#include "daemon/background.h"
#include "daemon/catalog/catalog.h"
#include "daemon/http/http.h"
#include "daemon/notify.h"
#include "daemon/options.h"
#include "daemon/settings.h"
#include "daemon/state/dir.h"
#include "daemon/telemetry/events.h"
#include "daemon/telemetry/problems.h"
#include "fs/fs.h"

enum { EXIT_ENDED = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

#define TYPES_MAX 16
#define BRANCH_TTL_MS 5000 /* design: names of directories time out instead of being invalidated */
#define EVENTS_KEPT 1000   /* docs/api.md; some 200 bytes each */
#define PROBLEMS_KEPT 1000

struct daemon {
	struct vx_options options;
	struct vx_settings *settings;
	size_t warnings; /* about the settings in force, raised as "settings 1", "settings 2", ... */
	struct vx_catalog_tells tells;
	struct vx_catalog *catalog;
	struct vx_fs *fs;
	struct vx_http *http;
	int state_lock;
	int signals;
};

/* What is odd about settings that were read: logged at once, a problem once they are in force. */
static void warn(void *arg, const char *sentence)
{
	struct vx_buf *lines = arg;

	vx_log(VX_LOG_WARN, VX_NO_FIELDS, "%s", sentence);
	vx_buf_puts(lines, sentence);
	vx_buf_putc(lines, '\0');
}

/* Raise the sentences in @lines in the place of those of before. */
static void raise_warnings(struct daemon *d, const struct vx_buf *lines)
{
	size_t n = 0, was = d->warnings;
	char key[40];

	for (size_t at = 0; at < lines->len; at += strlen(lines->data + at) + 1) {
		(void)snprintf(key, sizeof(key), "settings %zu", ++n);
		(void)vx_problems_raise(d->tells.problems, VX_PROBLEM_NOTE, key, lines->data + at);
	}
	d->warnings = n;
	while (n < was) {
		(void)snprintf(key, sizeof(key), "settings %zu", ++n);
		(void)vx_problems_clear(d->tells.problems, key);
	}
	(void)vx_problems_clear(d->tells.problems, "settings");
}

/* @warnings (empty) gets a NUL-terminated sentence for each thing that is odd. */
static int load_settings(const struct vx_options *o, struct vx_buf *warnings,
                         struct vx_settings **ret, struct vx_error *err)
{
	const char *types[TYPES_MAX];
	struct vx_daemon_settings_from from = {
		.config = o->config,
		.sets = o->sets,
		.n_sets = o->n_sets,
		.environ = environ,
		.root = geteuid() == 0,
		.types = types,
	};

	for (const struct vx_backend_ops *ops; (ops = vx_backend_at(from.n_types)) != NULL;) {
		vx_assert(from.n_types < TYPES_MAX);
		types[from.n_types++] = ops->type;
	}
	return vx_daemon_settings_load(&from, warn, warnings, ret, err);
}

static void setup_log(const struct vx_settings *s)
{
	static const char *const levels[] = {"debug", "info", "warn", "error"};
	const char *level = vx_settings_str(s, "log.level");
	enum vx_log_level least = VX_LOG_INFO;

	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++)
		if (strcmp(level, levels[i]) == 0)
			least = (enum vx_log_level)i;
	vx_log_setup(least, strcmp(vx_settings_str(s, "log.format"), "json") == 0);
}

static void print_version(void)
{
	(void)printf("vortexd %s\nbackends:", VX_RELEASE);
	for (size_t i = 0; vx_backend_at(i); i++)
		(void)printf(" %s", vx_backend_at(i)->type);
	(void)printf("\n");
}

/* --- start ----------------------------------------------------------------------------------- */

/* The signals that we answer come through a descriptor; all threads inherit the mask. */
static int take_signals(void)
{
	sigset_t set;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGUSR1);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC);
}

/* The mount point is made where it is missing, and freed where a dead daemon left a mount. */
static int prepare_mount(const char *path, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	if (!*copy)
		return vx_fail(err, -EINVAL, "mount.path is empty");
	for (char *c = copy + 1; *c; c++) {
		if (*c != '/')
			continue;
		*c = '\0';
		(void)mkdir(copy, 0755); /* the last mkdir tells */
		*c = '/';
	}
	if (mkdir(copy, 0755) < 0 && errno != EEXIST && errno != ENOTCONN)
		return vx_fail(err, -errno, "making mount.path %s: %s", path, strerror(errno));
	return vx_mount_reclaim(path, err);
}

static int mount_tree(struct daemon *d, struct vx_error *err)
{
	const struct vx_settings *s = d->settings;
	const struct vx_fs_options options = {
		.path = vx_settings_str(s, "mount.path"),
		.entry_ttl_ms = vx_settings_int(s, "mount.entry_ttl"),
		.negative_ttl_ms = vx_settings_int(s, "mount.negative_ttl"),
		.branch_ttl_ms = BRANCH_TTL_MS,
		.context = vx_settings_str(s, "mount.context"),
		.clock = vx_clock_system(),
	};
	int rc = prepare_mount(options.path, err);

	if (rc == 0)
		rc = vx_fs_start(&options, vx_catalog_provider(), d->catalog, &d->fs, err);
	if (rc == 0)
		rc = vx_catalog_start(d->catalog, d->fs, err);
	return rc;
}

/* Where everything is told that happens and that is wrong. */
static int make_tells(struct daemon *d, const struct vx_buf *warnings)
{
	const struct vx_clock *clock = vx_clock_system();

	d->tells.events = vx_events_new(clock, EVENTS_KEPT);
	if (d->tells.events)
		d->tells.problems = vx_problems_new(clock, d->tells.events, PROBLEMS_KEPT);
	if (!d->tells.problems)
		return -ENOMEM;
	raise_warnings(d, warnings);
	return 0;
}

static int answer_calls(struct daemon *d, struct vx_error *err)
{
	const struct vx_http_parts parts = {
		.catalog = d->catalog,
		.events = d->tells.events,
		.problems = d->tells.problems,
		.clock = vx_clock_system(),
		.mount = vx_settings_str(d->settings, "mount.path"),
	};

	return vx_http_start(d->settings, &parts, &d->http, err);
}

static int start(struct daemon *d, const struct vx_buf *warnings, struct vx_error *err)
{
	const char *state = vx_settings_str(d->settings, "state.path");
	int rc = vx_state_dir_open(state, &d->state_lock, err);

	d->signals = take_signals();
	if (rc == 0 && d->signals < 0)
		rc = vx_fail(err, -errno, "signalfd: %s", strerror(errno));
	if (rc == 0)
		rc = make_tells(d, warnings);
	if (rc == 0)
		rc = vx_catalog_new(d->settings, vx_clock_system(), state, &d->tells, &d->catalog,
		                    err);
	if (rc == 0)
		rc = mount_tree(d, err);
	if (rc == 0)
		rc = answer_calls(d, err);
	return rc;
}

/* --- running --------------------------------------------------------------------------------- */

static void say_change(void *arg, const char *key, bool hot)
{
	(void)arg;
	vx_log(VX_LOG_INFO, VX_FIELDS({"setting", key}), "%s",
	       hot ? "taken over" : "at next start");
}

static void reload(struct daemon *d)
{
	VX_AUTO(vx_buf_fini) struct vx_buf warnings = VX_BUF_INIT;
	struct vx_settings *now = NULL;
	struct vx_error err = {0};
	int rc = load_settings(&d->options, &warnings, &now, &err);

	if (rc < 0) {
		vx_log(VX_LOG_ERROR, VX_NO_FIELDS, "%s; the settings in force stay",
		       vx_error_text(&err, rc));
		(void)vx_problems_raise(d->tells.problems, VX_PROBLEM_WARNING, "settings",
		                        vx_error_text(&err, rc));
		return;
	}
	raise_warnings(d, &warnings);
	vx_settings_diff(d->settings, now, say_change, NULL);
	setup_log(now);
	vx_catalog_reload(d->catalog, now);
	vx_settings_put(d->settings);
	d->settings = now;
	vx_log(VX_LOG_INFO, VX_NO_FIELDS, "settings reloaded");
	vx_events_add(d->tells.events, "reloaded", NULL);
}

/* true: go on. */
static bool handle_signal(struct daemon *d)
{
	struct signalfd_siginfo si;

	if (read(d->signals, &si, sizeof(si)) != (ssize_t)sizeof(si))
		return true;
	switch (si.ssi_signo) {
	case SIGHUP:
		reload(d);
		return true;
	case SIGUSR1:
		vx_catalog_log_counts(d->catalog);
		return true;
	default:
		vx_log(VX_LOG_INFO, VX_NO_FIELDS, "ending: %s", strsignal((int)si.ssi_signo));
		return false;
	}
}

static void run(struct daemon *d)
{
	struct pollfd fds[] = {{d->signals, POLLIN, 0}, {vx_fs_ended_fd(d->fs), POLLIN, 0}};

	for (;;) {
		if (poll(fds, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return;
		}
		if (fds[1].revents) {
			vx_log(VX_LOG_INFO, VX_NO_FIELDS, "ending: unmounted from outside");
			return;
		}
		if (fds[0].revents && !handle_signal(d))
			return;
	}
}

/* Whoever waits for events or for the catalog is let go first; only then can those who serve them
 * (the local interface) stop, and only when they have may the catalog go. */
static void stop(struct daemon *d)
{
	vx_events_end(d->tells.events);
	if (d->catalog)
		vx_catalog_cancel(d->catalog);
	vx_http_stop(d->http);
	if (d->fs)
		vx_fs_stop(d->fs);
	vx_catalog_free(d->catalog);
	vx_problems_free(d->tells.problems);
	vx_events_free(d->tells.events);
	vx_close(&d->signals);
	vx_close(&d->state_lock);
}

static int serve(struct daemon *d, const struct vx_buf *warnings)
{
	VX_AUTO(vx_freep) char *log_path = NULL;
	struct vx_error err = {0};
	int ready = -1, rc = 0;

	if (asprintf(&log_path, "%s/vortexd.log", vx_settings_str(d->settings, "state.path")) < 0) {
		log_path = NULL;
		rc = -ENOMEM;
	}
	if (rc == 0 && d->options.background)
		rc = vx_background(&ready);
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0,
	            0); /* nobody borrows the detached mount's descriptor */
	if (rc == 0)
		rc = start(d, warnings, &err);
	if (rc == 0) {
		vx_log(VX_LOG_INFO, VX_FIELDS({"version", VX_RELEASE}), "mounted at %s",
		       vx_settings_str(d->settings, "mount.path"));
		vx_events_add(d->tells.events, "started", NULL);
		vx_notify("READY=1");
		rc = vx_background_ready(ready, log_path);
	}
	if (rc < 0) {
		vx_log(VX_LOG_ERROR, VX_NO_FIELDS, "%s", vx_error_text(&err, rc));
	} else {
		run(d);
		vx_notify("STOPPING=1");
	}
	stop(d);
	if (rc == 0)
		vx_log(VX_LOG_INFO, VX_NO_FIELDS, "ended");
	return rc < 0 ? EXIT_FAILED : EXIT_ENDED;
}

/* What reading the file does not tell: owners, groups, and what each backend says to its settings. */
static int check_settings(struct daemon *d)
{
	struct vx_error err = {0};
	int rc = vx_catalog_new(d->settings, vx_clock_system(),
	                        vx_settings_str(d->settings, "state.path"), &d->tells, &d->catalog,
	                        &err);

	if (rc == 0)
		rc = vx_http_check(d->settings, &err);
	stop(d);
	if (rc < 0) {
		(void)fprintf(stderr, "vortexd: %s\n", vx_error_text(&err, rc));
		return EXIT_USAGE;
	}
	(void)printf("the settings are good; 'vortexctl doctor' looks at what they name\n");
	return EXIT_ENDED;
}

/* Whoever starts us may have closed the standard descriptors. What is opened next would get their
 * numbers: the log would be written into a lock, a socket or the kernel's side of the mount. */
static bool have_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	vx_close(&fd);
	return fd >= 0;
}

int main(int argc, char **argv)
{
	VX_AUTO(vx_buf_fini) struct vx_buf warnings = VX_BUF_INIT;
	struct daemon d = {.state_lock = -1, .signals = -1};
	struct vx_error err = {0};
	int status = EXIT_ENDED, rc;

	if (!have_standard_descriptors())
		return EXIT_FAILED; /* there is nowhere to say it */
	if (vx_options_parse(argc, argv, &d.options) < 0)
		return EXIT_USAGE;
	if (d.options.help) {
		(void)fputs(vx_options_help, stdout);
	} else if (d.options.version) {
		print_version();
	} else if ((rc = load_settings(&d.options, &warnings, &d.settings, &err)) < 0) {
		(void)fprintf(stderr, "vortexd: %s\n", vx_error_text(&err, rc));
		status = EXIT_USAGE;
	} else if (d.options.print_settings) {
		VX_AUTO(vx_freep) char *text = vx_settings_print(d.settings);

		(void)fputs(text ? text : "", stdout);
	} else if (d.options.check) {
		status = check_settings(&d);
	} else {
		setup_log(d.settings);
		status = serve(&d, &warnings);
	}
	vx_settings_put(d.settings);
	vx_options_fini(&d.options);
	return status;
}
