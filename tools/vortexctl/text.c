/* text.c - clean text, ages, origins; see text.h. */
#include "tools/vortexctl/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tools/vortexctl/member.h"

#define SHORT_DIGITS 7
#define HEX_MIN 20 /* what is hexadecimal and longer is a hash */

void vx_ctl_put(struct vx_buf *b, const char *s)
{
	for (const unsigned char *p = (const unsigned char *)s; p && *p; p++) {
		bool c1 = p[0] == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0; /* U+0080 to U+009F */

		if (*p == '\n')
			vx_buf_puts(b, "\\n");
		else if (*p == '\t')
			vx_buf_puts(b, "\\t");
		else if (c1)
			vx_buf_printf(b, "\\x%02x", *++p);
		else if (*p < 0x20 || *p == 0x7f)
			vx_buf_printf(b, "\\x%02x", *p);
		else
			vx_buf_putc(b, (char)*p);
	}
}

void vx_ctl_put_duration(struct vx_buf *b, double seconds)
{
	if (seconds < 0)
		seconds = 0; /* clocks differ */
	if (seconds < 120)
		vx_buf_printf(b, "%.0f s", seconds);
	else if (seconds < 2 * 3600)
		vx_buf_printf(b, "%.0f min", seconds / 60);
	else if (seconds < 48 * 3600)
		vx_buf_printf(b, "%.0f h", seconds / 3600);
	else
		vx_buf_printf(b, "%.0f d", seconds / 86400);
}

void vx_ctl_put_ago(struct vx_buf *b, const char *text)
{
	struct tm tm = {0};
	const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

	if (!text || !*text) {
		vx_buf_putc(b, '-');
	} else if (!end || (*end != 'Z' && *end != '.')) {
		vx_ctl_put(b, text);
	} else {
		vx_ctl_put_duration(b, difftime(time(NULL), timegm(&tm)));
		vx_buf_puts(b, " ago");
	}
}

void vx_ctl_put_revision(struct vx_buf *b, const char *revision)
{
	size_t len = revision ? strlen(revision) : 0;

	if (len >= HEX_MIN && strspn(revision, "0123456789abcdef") == len)
		vx_buf_put(b, revision, SHORT_DIGITS);
	else
		vx_ctl_put(b, revision);
}

void vx_ctl_put_value(struct vx_buf *b, const json_t *side)
{
	const char *value = vx_ctl_str(side, "value");
	const char *type = vx_ctl_str(side, "type");

	if (value)
		vx_ctl_put(b, *value ? value : "\"\"");
	else if (!type || strcmp(type, "null") == 0)
		vx_buf_puts(b, "null");
	else
		vx_buf_printf(b, "a %s", type);
}

void vx_ctl_put_origin(struct vx_buf *b, const json_t *from)
{
	const char *path = vx_ctl_str(from, "path");
	const char *revision = vx_ctl_str(from, "revision");

	vx_ctl_put(b, path && *path ? path : "the settings");
	if (vx_ctl_int(from, "line") > 0)
		vx_buf_printf(b, ":%lld", (long long)vx_ctl_int(from, "line"));
	if (vx_ctl_str(from, "backend")) {
		vx_buf_puts(b, " of ");
		vx_ctl_put(b, vx_ctl_str(from, "backend"));
	}
	if (revision && *revision) {
		vx_buf_puts(b, " at ");
		vx_ctl_put_revision(b, revision);
	}
}

int vx_ctl_print(const struct vx_buf *b)
{
	if (vx_buf_failed(b))
		return -ENOMEM;
	if (b->len > 0)
		(void)fwrite(b->data, 1, b->len, stdout); /* main.c looks at ferror */
	return 0;
}
