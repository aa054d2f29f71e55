/* ctl.c - what the verbs share; see ctl.h. */
#include "tools/vortexctl/ctl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/vortexctl/text.h"

int vx_ctl_exit_of(int rc)
{
	switch (-rc) {
	case 0:
		return VX_CTL_OK;
	case EINVAL:
	case ENAMETOOLONG:
		return VX_CTL_USAGE;
	case ENOENT:
	case ENOTDIR:
		return VX_CTL_NOT_FOUND;
	case EACCES:
	case EPERM:
		return VX_CTL_DENIED;
	case EBUSY:
	case EEXIST:
	case ESTALE:
		return VX_CTL_CONFLICT;
	case ENOTCONN:
	case ECONNABORTED:
	case ECONNREFUSED:
		return VX_CTL_UNREACHABLE;
	case ETIMEDOUT:
		return VX_CTL_TIMEOUT;
	default: /* an errno, not an enum: the rest means that it could not be composed or served */
		return VX_CTL_NOT_COMPOSED;
	}
}

int vx_ctl_errno_of(const char *name)
{
	static const struct {
		const char *name;
		int code;
	} codes[] = {
#define VX_ERR(code, fuse, http, grpc, retry, meaning) {#code, code},
#include "core/errors.def"
#undef VX_ERR
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (strcmp(codes[i].name, name) == 0)
			return -codes[i].code;
	return -EIO;
}

int vx_ctl_usage(const struct vx_ctl_verb *verb, const char *fmt, ...)
{
	va_list ap;

	(void)fputs("vortexctl: ", stderr); /* where would a failure to complain be told? */
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "\nTry: vortexctl %s%s--help\n", verb ? verb->name : "",
	              verb ? " " : "");
	return VX_CTL_USAGE;
}

int vx_ctl_fail(int rc, const struct vx_error *err)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;

	vx_ctl_put(&b, vx_error_text(err, rc)); /* it may quote a document's key or a file's name */
	(void)fprintf(stderr, "vortexctl: %s\n", b.data && !b.failed ? b.data : "out of memory");
	return vx_ctl_exit_of(rc);
}

void vx_ctl_remark(const char *fmt, ...)
{
	va_list ap;

	if (!isatty(STDOUT_FILENO))
		return;
	(void)fflush(stdout); /* the remark is about what stands above it; main.c looks at ferror */
	va_start(ap, fmt);
	(void)vfprintf(stderr, fmt, ap); /* as in vx_ctl_usage */
	va_end(ap);
	(void)fputc('\n', stderr);
}

const char *vx_ctl_plural(size_t n)
{
	return n == 1 ? "" : "s";
}

void vx_ctl_help(const struct vx_ctl_verb *verb)
{
	printf("Usage: vortexctl %s%s%s\n\n%s\n\n%s", verb->name, *verb->usage ? " " : "",
	       verb->usage, verb->summary, verb->help);
}

static const char *escape(const char *sequence)
{
	const char *no_color = getenv("NO_COLOR"); /* https://no-color.org: set and not empty */

	return isatty(STDOUT_FILENO) && !(no_color && *no_color) ? sequence : "";
}

const char *vx_ctl_bold(void)
{
	return escape("\033[1m");
}

const char *vx_ctl_dim(void)
{
	return escape("\033[2m");
}

const char *vx_ctl_red(void)
{
	return escape("\033[31m");
}

const char *vx_ctl_green(void)
{
	return escape("\033[32m");
}

const char *vx_ctl_yellow(void)
{
	return escape("\033[33m");
}

const char *vx_ctl_plain(void)
{
	return escape("\033[0m");
}

int vx_ctl_coords(const char *text, struct vx_coords **ret, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *app = strdup(text);
	VX_AUTO(vx_freep) char *label = NULL;
	char *profiles, *rest;

	if (!app)
		return vx_fail(err, -ENOMEM, "out of memory");
	for (size_t len = strlen(app); len > 1 && app[len - 1] == '/'; len--)
		app[len - 1] = '\0'; /* as the shell's completion leaves it */
	profiles = strchr(app, '/');
	if (!profiles)
		return vx_fail(err, -EINVAL, "'%s' names no profile; write '%s/default'", text,
		               text);
	*profiles++ = '\0';
	rest = strchr(profiles, '/');
	if (rest) {
		*rest++ = '\0';
		label = vx_label_encode(rest);
		if (!label)
			return vx_fail(err, -ENOMEM, "out of memory");
	}
	return vx_coords_new(app, profiles, label, ret, err);
}
