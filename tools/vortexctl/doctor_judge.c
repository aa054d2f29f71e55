/* doctor_judge.c - what doctor's numbers mean; see doctor_judge.h. No I/O here. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "core/clock.h"
#include "tools/vortexctl/doctor_judge.h"

#define YEAR_2025 INT64_C(1735689600) /* 2025-01-01T00:00:00Z: this program is younger */
#define YEAR_2100 INT64_C(4102444800)
#define STEP_NS (500 * VX_MSEC) /* NTP slews by 0.5 ms a second at most: more is a step */
#define MIB ((uint64_t)1 << 20)

enum doctor_verdict doctor_judge_clock(const struct doctor_clock *clock, const char **ret_why,
                                       const char **ret_fix)
{
	*ret_fix = "timedatectl set-ntp true";
	if (clock->real_s < YEAR_2025 || clock->real_s >= YEAR_2100) {
		*ret_why = "the wall clock is years off: certificates look invalid, and files get "
			   "times that programs take for old";
		return DOCTOR_PROBLEM;
	}
	if (clock->drift_ns > STEP_NS || clock->drift_ns < -STEP_NS) {
		*ret_why = "the wall clock was set while doctor ran; if that goes on, two programs "
			   "fight over it";
		return DOCTOR_WARNING;
	}
	if (clock->known && !clock->synchronised) {
		*ret_why = "the kernel does not take the clock for synchronised; ages and rollouts "
			   "of several nodes are told apart by it";
		return DOCTOR_NOTE;
	}
	*ret_fix = NULL;
	*ret_why = clock->known ? "plausible and synchronised" : "plausible";
	return DOCTOR_OK;
}

enum doctor_verdict doctor_judge_space(uint64_t free_bytes, uint64_t free_files,
                                       const char **ret_why)
{
	if (free_bytes < MIB) {
		*ret_why = "there is no space left";
		return DOCTOR_PROBLEM;
	}
	if (free_files == 0) {
		*ret_why = "no inode is left";
		return DOCTOR_PROBLEM;
	}
	if (free_bytes < 64 * MIB) {
		*ret_why = "less than 64 MiB are left, for the state and the mirrors of remote "
			   "repositories";
		return DOCTOR_WARNING;
	}
	*ret_why = "there is space";
	return DOCTOR_OK;
}

/* "host[:port]" or "[v6]:port" in the @n bytes at @text. */
static bool take_host(const char *text, size_t n, const char *usual, char host[256], char port[8])
{
	const char *colon, *end = text + n;
	size_t len;

	if (n && *text == '[') {
		const char *close = memchr(text, ']', n);

		if (!close)
			return false;
		text++;
		len = (size_t)(close - text);
		colon = close + 1 < end && close[1] == ':' ? close + 1 : NULL;
	} else {
		colon = memchr(text, ':', n);
		len = colon ? (size_t)(colon - text) : n;
	}
	if (len == 0 || len > 255)
		return false;
	(void)snprintf(host, 256, "%.*s", (int)len, text);
	(void)snprintf(port, 8, "%s", usual);
	if (!colon || colon + 1 == end)
		return true;
	for (const char *c = colon + 1; c < end; c++)
		if (!isdigit((unsigned char)*c))
			return false;
	return snprintf(port, 8, "%.*s", (int)(end - colon - 1), colon + 1) < 7;
}

bool doctor_git_host(const char *uri, char host[256], char port[8])
{
	static const struct {
		const char *scheme, *port;
	} schemes[] = {
		{"https://", "443"}, {"http://", "80"}, {"ssh://", "22"}, {"git+ssh://", "22"}};
	const char *colon = strchr(uri, ':'), *slash = strchr(uri, '/'), *at;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++) {
		size_t n = strlen(schemes[i].scheme), len;

		if (strncmp(uri, schemes[i].scheme, n) != 0)
			continue;
		len = strcspn(uri + n, "/?#");
		at = memrchr(uri + n, '@', len); /* a user, perhaps a password: never shown */
		if (at)
			len -= (size_t)(at + 1 - (uri + n));
		return take_host(at ? at + 1 : uri + n, len, schemes[i].port, host, port);
	}
	if (!colon || (slash && slash < colon) || strstr(uri, "://"))
		return false;
	at = memrchr(uri, '@', (size_t)(colon - uri)); /* user@host:path, as ssh takes it */
	at = at ? at + 1 : uri;
	return take_host(at, (size_t)(colon - at), "22", host, port);
}
