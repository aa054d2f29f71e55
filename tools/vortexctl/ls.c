/* ls.c - `vortexctl ls`: applications, their profiles, and what a configuration holds.
 *
 * Lists a directory of the mount in the mount's own order: it costs no composition, as long as
 * nothing is stat'ed, so only the types that readdir reports are shown. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/cleanup.h"
#include "tools/vortexctl/answer.h"
#include "tools/vortexctl/ctl.h"
#include "tools/vortexctl/mounts.h"
#include "tools/vortexctl/text.h"

struct listing {
	bool all;      /* names that begin with a dot too */
	bool json;     /* an array of {"name", "type"} */
	bool terminal; /* where a name must not command it; elsewhere it is as it is */
	struct vx_buf out;
	size_t n;
};

static const char *type_name(unsigned char type)
{
	switch (type) { /* a value from the kernel, not an enum */
	case DT_DIR:
		return "directory";
	case DT_LNK:
		return "link";
	default:
		return "file";
	}
}

static void add(struct listing *l, const struct dirent *e)
{
	if (l->json) {
		vx_buf_puts(&l->out, l->n ? ",\n  {\"name\": " : "\n  {\"name\": ");
		vx_buf_json(&l->out, e->d_name, strlen(e->d_name));
		vx_buf_printf(&l->out, ", \"type\": \"%s\"}", type_name(e->d_type));
	} else {
		if (l->terminal)
			vx_ctl_put(&l->out, e->d_name);
		else
			vx_buf_puts(&l->out, e->d_name);
		vx_buf_puts(&l->out, e->d_type == DT_DIR ? "/\n" : "\n");
	}
	l->n++;
}

static int list(DIR *dir, struct listing *l)
{
	const struct dirent *e;

	if (l->json)
		vx_buf_putc(&l->out, '[');
	while (errno = 0, e = readdir(dir)) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (l->all || e->d_name[0] != '.')
			add(l, e);
	}
	if (errno)
		return -errno;
	if (l->json)
		vx_buf_puts(&l->out, l->n ? "\n]\n" : "]\n");
	return vx_buf_failed(&l->out) ? -ENOMEM : 0;
}

/* "payment", "payment/prod" or whole coordinates as the path below the mount; "." for the root. */
static int path_of(const char *text, char **ret, struct vx_error *err)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	VX_AUTO(vx_freep) char *path = NULL;
	size_t app = text ? strcspn(text, "/") : 0;
	int rc = 0;

	if (!text || !*text) {
		path = strdup(".");
	} else if (!text[app + strspn(text + app, "/")]) {
		path = strndup(text, app); /* without the slash that a completion leaves */
		rc = path ? vx_app_check(path, err) : 0;
	} else {
		rc = vx_ctl_coords(text, &at, err);
		path = rc == 0 ? strdup(at->text) : NULL;
	}
	if (rc < 0)
		return rc;
	if (!path)
		return vx_fail(err, -ENOMEM, "out of memory");
	*ret = vx_steal(path);
	return 0;
}

/* Neither ENOENT nor EIO says much to a person; what does know more is named. */
static int cannot(const char *text, int rc, struct vx_error *err)
{
	const char *slash = text ? strchr(text, '/') : NULL;

	if (rc == -ENOENT && slash && slash[1])
		return vx_fail(err, rc, "there is no %s; 'vortexctl ls %.*s' lists what there is",
		               text, (int)(slash - text), text);
	if (rc == -ENOENT && text)
		return vx_fail(err, rc, "there is no application '%.*s'; 'vortexctl ls' lists them",
		               (int)strcspn(text, "/"), text);
	return vx_fail(err, rc, "%s: %s%s", text ? text : "the applications", strerror(-rc),
	               rc == -EIO || rc == -EACCES ? "; see 'vortexctl problems' and vortexd's log"
	                                           : "");
}

static int ls(const char *mount_path, const char *text, struct listing *l, struct vx_error *err)
{
	VX_AUTO(vx_freep) char *path = NULL;
	VX_AUTO(vx_close) int mount = -1, fd = -1;
	DIR *dir;
	int rc = path_of(text, &path, err);

	if (rc < 0)
		return rc;
	mount = vx_ctl_mount_open(mount_path, err);
	if (mount < 0)
		return mount;
	fd = openat(mount, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir)
		return cannot(text, -errno, err);
	(void)vx_steal_fd(&fd); /* the stream owns it now */
	rc = list(dir, l);
	(void)closedir(dir); /* it was only read */
	return rc < 0 ? cannot(text, rc, err) : 0;
}

static int run(const struct vx_ctl_verb *verb, int argc, char **argv)
{
	struct listing l = {.out = VX_BUF_INIT};
	const char *mount = NULL, *format = "text";
	const struct vx_ctl_option options[] = {
		{.name = "mount", .letter = 'm', .text = &mount},
		{.name = "output", .letter = 'o', .text = &format, .words = vx_ctl_formats},
		{.name = "all", .letter = 'a', .flag = &l.all}};
	struct vx_error err = {0};
	int first, rc;
	int code = vx_ctl_options(verb, options, argc, argv, &first);

	if (code >= 0)
		return code;
	if (argc - first > 1)
		return vx_ctl_usage(verb, "ls takes one place at most");
	l.json = strcmp(format, "json") == 0;
	l.terminal = isatty(STDOUT_FILENO);
	rc = ls(mount, argc > first ? argv[first] : NULL, &l, &err);
	if (rc == 0)
		rc = vx_ctl_print(&l.out);
	vx_buf_fini(&l.out);
	return rc < 0 ? vx_ctl_fail(rc, &err) : VX_CTL_OK;
}

const struct vx_ctl_verb vx_ctl_ls = {
	.name = "ls",
	.group = VX_CTL_READ,
	.usage = "[APP[/PROFILE[/LABEL]]] [-a] [-o FORMAT] [--mount DIR]",
	.summary = "List applications, an application's profiles, or a configuration's files.",
	.help = "  -a, --all            names that begin with a dot too\n"
		"  -o, --output FORMAT  text (the default) or json\n"
		"  -m, --mount DIR      the mount point; else VORTEX_MOUNT, else the only mount\n"
		"\n"
		"Directories end with a slash: profiles, labels, folders of plain files.\n"
		"\n"
		"Examples:\n"
		"  vortexctl ls\n"
		"  vortexctl ls payment\n"
		"  vortexctl ls payment/prod/release/2\n",
	.run = run,
};
