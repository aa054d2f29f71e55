/* findings.h - what is wrong with many configurations in the same words, said once. */
#pragma once

#include <stddef.h>

struct vx_ctl_finding {
	char *sentence;
	char *first; /* coordinates' text, or an application, or "" */
	size_t times;
};

/* In the order in which they were met; begins as {0}. */
struct vx_ctl_findings {
	struct vx_ctl_finding *entries;
	size_t n;
};

/* Add a sentence of @len bytes, met at @where. 0 or -ENOMEM. */
int vx_ctl_findings_add(struct vx_ctl_findings *f, const char *sentence, size_t len,
                        const char *where);
void vx_ctl_findings_fini(struct vx_ctl_findings *f);

/* Print "word: sentence (at where and 3 more)" lines. 0 or -ENOMEM. */
int vx_ctl_findings_print(const struct vx_ctl_findings *f, const char *word, const char *colour);
