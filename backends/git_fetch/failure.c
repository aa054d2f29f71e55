/* failure.c - the one failure that is reported. */
#include <stdarg.h>
#include <stdio.h>

#include "backends/git_fetch/fetch_i.h"

int fail_as(struct failure *f, enum vx_git_kind kind, const char *fmt, ...)
{
	va_list ap;

	if (f->said)
		return -1;
	f->said = true;
	f->kind = kind;
	va_start(ap, fmt);
	(void)vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	return -1;
}
