/* doctor_judge.h - what doctor's numbers mean. Pure, so that tests own the clock. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum doctor_verdict {
	DOCTOR_OK,
	DOCTOR_NOTE,    /* fine, but good to know */
	DOCTOR_WARNING, /* works, with a restriction that somebody may mind */
	DOCTOR_PROBLEM  /* vortexd cannot start, or does not serve */
};

struct doctor_clock {
	int64_t real_s;   /* CLOCK_REALTIME, since 1970 */
	int64_t drift_ns; /* by how much it moved against CLOCK_MONOTONIC while doctor ran */
	bool synchronised;
	bool known; /* whether the kernel said so */
};
/* The sentence, and the fix (NULL where all is well). */
enum doctor_verdict doctor_judge_clock(const struct doctor_clock *clock, const char **ret_why,
                                       const char **ret_fix);

/* @free_bytes and @free_files that are left to vortexd for its state. */
enum doctor_verdict doctor_judge_space(uint64_t free_bytes, uint64_t free_files,
                                       const char **ret_why);

/* The host and port of a git @uri on another host: "https://host[:port]/", "ssh://[user@]host/",
 * "[user@]host:path". false: it is a path on this machine, or cannot be read. */
bool doctor_git_host(const char *uri, char host[256], char port[8]);
