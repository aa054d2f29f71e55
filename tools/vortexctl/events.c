/* events.c - `vortexctl events`: what happens, a line each.
 *
 * With -w it goes on over restarts of the daemon, whose events are numbered from 1 again: which
 * daemon answers is known by its pid and start, and a new one is asked for all that it has. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/vortexctl/answer.h"
#include "tools/vortexctl/sse.h"
#include "tools/vortexctl/text.h"

#define NUMBER_BYTES 24
#define RETRY_NS (500 * 1000000L) /* twice a second nobody is bothered */

struct watch {
	struct vx_ctl_server server;
	struct vx_ctl_client *client;
	bool on, json;
	char after[NUMBER_BYTES]; /* the event that was seen last; "": from now on */
	char *daemon;             /* which one it was; owned, NULL: unknown */
};

static const char *colour_of(const char *type)
{
	if (strcmp(type, "problem") == 0)
		return vx_ctl_red();
	if (strcmp(type, "solved") == 0)
		return vx_ctl_green();
	return strcmp(type, "published") == 0 ? vx_ctl_bold() : "";
}

static void put_field(struct vx_buf *b, json_t *event, const char *before, const char *name)
{
	const char *text = vx_ctl_str(event, name);

	if (!text || !*text)
		return;
	vx_buf_puts(b, before);
	if (strcmp(name, "version") == 0)
		vx_buf_printf(b, "%.12s", text); /* enough to tell versions apart by eye */
	else
		vx_ctl_put(b, text);
}

/* A sentence of what docs/api.md says that events have; "lost" has a number instead. */
static void put_text(struct vx_buf *b, json_t *event, const char *type)
{
	static const char *const fields[][2] = {
		{"  ", "at"},      {"  ", "backend"},       {"  ", "severity"},
		{"  ", "key"},     {"  number ", "number"}, {", version ", "version"},
		{"  of ", "apps"}, {": ", "message"}};
	const char *when = vx_ctl_str(event, "time");

	vx_ctl_put(b, when ? when : "-");
	vx_buf_printf(b, "  %s", colour_of(type));
	vx_ctl_put(b, type);
	vx_buf_puts(b, vx_ctl_plain());
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++)
		put_field(b, event, fields[i][0], fields[i][1]);
	if (vx_ctl_int(event, "lost") > 0)
		vx_buf_printf(b, "  %lld events, which came faster than they were read",
		              (long long)vx_ctl_int(event, "lost"));
	vx_buf_putc(b, '\n');
}

static int take_event(void *arg, const struct vx_sse_event *e)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;
	VX_AUTO(vx_json_put) json_t *event = json_loads(e->data, 0, NULL);
	struct watch *w = arg;

	if (!json_is_object(event))
		return -EBADMSG;
	if (w->json)
		vx_buf_printf(&b, "%s\n", e->data); /* one line: it was one line of data */
	else
		put_text(&b, event, e->type);
	if (strlen(e->id) < sizeof(w->after) && *e->id)
		strcpy(w->after, e->id);
	if (vx_ctl_print(&b) < 0)
		return -ENOMEM;
	return fflush(stdout) == EOF ? -EIO : 0; /* a line is seen when it happens */
}

static int take_bytes(void *arg, const char *bytes, size_t n)
{
	int rc = vx_sse_feed(arg, bytes, n);

	return rc == -E2BIG ? -EBADMSG : rc;
}

/* Read the stream until it ends, one way or the other. */
static int read_stream(struct watch *w, struct vx_error *err)
{
	const struct vx_ctl_param params[] = {{"after", *w->after ? w->after : NULL},
	                                      {"follow", w->on ? NULL : "false"}};
	struct vx_sse sse = {.fn = take_event, .arg = w};
	int rc = vx_ctl_follow(w->client, "events", params, 2, w->on, take_bytes, &sse, err);

	vx_sse_fini(&sse);
	return rc;
}

/* Ask which daemon it is. 1: another one than before; 0: the same, or it is the first. */
static int identify(struct watch *w, struct vx_error *err)
{
	VX_AUTO(vx_json_put) json_t *version = NULL;
	VX_AUTO(vx_freep) char *daemon = NULL;
	const char *started;
	int rc = vx_ctl_ask(w->client, "version", NULL, 0, &version, err);

	if (rc < 0)
		return rc;
	started = vx_ctl_str(version, "started");
	if (asprintf(&daemon, "%lld %s", (long long)vx_ctl_int(version, "pid"),
	             started ? started : "") < 0) {
		daemon = NULL; /* asprintf leaves it undefined */
		return vx_fail(err, -ENOMEM, "out of memory");
	}
	rc = w->daemon && strcmp(w->daemon, daemon) != 0;
	free(w->daemon);
	w->daemon = vx_steal(daemon);
	return rc;
}

/* Whether waiting may help: it was ended, hangs, or is not up yet. */
static bool is_away(int rc)
{
	return rc == 0 || rc == -ENOTCONN || rc == -ETIMEDOUT || rc == -EAGAIN;
}

/* The stream ended: wait until a daemon answers, and go on where it was. */
static int wait_for_daemon(struct watch *w, struct vx_error *err)
{
	const struct timespec pause = {.tv_nsec = RETRY_NS};
	bool said = false;
	int rc;

	while (rc = identify(w, err), is_away(rc) && rc != 0) {
		if (!said)
			(void)fputs("vortexctl: vortexd is gone; waiting for it\n", stderr);
		said = true;
		(void)nanosleep(&pause, NULL); /* a signal only makes it shorter */
	}
	if (rc < 0)
		return rc;
	if (rc == 1)
		strcpy(w->after, "0");
	if (said)
		(void)fprintf(stderr, "vortexctl: vortexd answers again%s\n",
		              rc == 1 ? ", started anew" : "");
	return 0;
}

static int events(struct watch *w, struct vx_error *err)
{
	int rc = vx_ctl_client_open(&w->server, &w->client, err);

	if (rc == 0 && w->on)
		rc = identify(w, err);
	if (rc == 0)
		rc = read_stream(w, err);
	while (w->on && w->daemon && is_away(rc)) {
		rc = wait_for_daemon(w, err);
		if (rc == 0)
			rc = read_stream(w, err);
	}
	vx_ctl_client_close(w->client);
	free(w->daemon);
	return rc;
}

static int run(const struct vx_ctl_verb *verb, int argc, char **argv)
{
	struct watch w = {.server = VX_CTL_SERVER_INIT};
	struct vx_error err = {0};
	long after = -1;
	const struct vx_ctl_option options[] = {
		{.name = "watch", .letter = 'w', .flag = &w.on},
		{.name = "after", .number = &after, .min = 0, .max = INT64_MAX},
		VX_CTL_SERVER_OPTIONS(&w.server)};
	int first, rc;
	int code = vx_ctl_options(verb, options, argc, argv, &first);

	if (code >= 0)
		return code;
	if (argc != first)
		return vx_ctl_usage(verb, "events takes options only");
	w.json = vx_ctl_is_json(&w.server);
	if (after >= 0 || !w.on)
		(void)snprintf(w.after, sizeof(w.after), "%ld", after > 0 ? after : 0); /* fits */
	rc = events(&w, &err);
	return rc < 0 ? vx_ctl_fail(rc, &err) : VX_CTL_OK;
}

const struct vx_ctl_verb vx_ctl_events = {
	.name = "events",
	.group = VX_CTL_OPERATE,
	.usage = "[-w] [--after N] [OPTION]...",
	.summary = "Print what has happened, and go on with what happens.",
	.help = "The last events that vortexd keeps, a line each. With -w what happens from now\n"
		"on, until it is interrupted, also over restarts of vortexd.\n"
		"\n"
		"  -w, --watch          go on; without --after, begin now\n"
		"      --after N        begin after the event of that number (seq); 0: all kept\n"
		"  -o, --output FORMAT  text (the default), or json: an object on each line\n"
		"      --socket PATH    vortexd's socket; else VORTEX_SOCKET, else where it is\n"
		"      --timeout S      seconds to wait for a connection (35)\n"
		"\n"
		"Examples:\n"
		"  vortexctl events\n"
		"  vortexctl events -w -o json | jq -r 'select(.type == \"published\") | .at'\n",
	.run = run,
};
