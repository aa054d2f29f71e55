/* findings.c - sentences, each once; see findings.h. */
#include "tools/vortexctl/findings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/vortexctl/answer.h"
#include "tools/vortexctl/ctl.h"
#include "tools/vortexctl/text.h"

void vx_ctl_findings_fini(struct vx_ctl_findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		free(f->entries[i].sentence);
		free(f->entries[i].first);
	}
	free(f->entries);
}

int vx_ctl_findings_add(struct vx_ctl_findings *f, const char *sentence, size_t len,
                        const char *where)
{
	struct vx_ctl_finding *more;

	for (size_t i = 0; i < f->n; i++) {
		if (strlen(f->entries[i].sentence) == len &&
		    memcmp(f->entries[i].sentence, sentence, len) == 0) {
			f->entries[i].times++;
			return 0;
		}
	}
	more = reallocarray(f->entries, f->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	f->entries = more;
	f->entries[f->n] = (struct vx_ctl_finding){strndup(sentence, len), strdup(where), 1};
	f->n++; /* also when a copy failed: fini frees the other */
	return more[f->n - 1].sentence && more[f->n - 1].first ? 0 : -ENOMEM;
}

int vx_ctl_findings_print(const struct vx_ctl_findings *f, const char *word, const char *colour)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;

	for (size_t i = 0; i < f->n; i++) {
		const struct vx_ctl_finding *e = &f->entries[i];

		vx_buf_printf(&b, "%s%s:%s ", colour, word, vx_ctl_plain());
		vx_ctl_put(&b, e->sentence);
		if (*e->first) {
			vx_buf_puts(&b, " (at ");
			vx_ctl_put(&b, e->first);
			if (e->times > 1)
				vx_buf_printf(&b, " and %zu more", e->times - 1);
			vx_buf_putc(&b, ')');
		}
		vx_buf_putc(&b, '\n');
	}
	return vx_ctl_print(&b);
}
