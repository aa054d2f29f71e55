/* get.c - `vortexctl get`: one configuration as the mount serves it.
 *
 * Reads the file that any program would read. What a plain `cat` cannot say is which part of a
 * path does not exist; that is found out here after an ENOENT. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/buf.h"
#include "core/cleanup.h"
#include "core/render.h"
#include "tools/vortexctl/ctl.h"
#include "tools/vortexctl/mounts.h"
#include "tools/vortexctl/options.h"

#define CHUNK_BYTES ((size_t)64 << 10)

/* The part of @at that is not there, as the sentence of the error. */
static int missing(int mount, const struct vx_coords *at, struct vx_error *err)
{
	VX_AUTO(vx_close) int app = openat(mount, at->app, O_PATH | O_DIRECTORY | O_CLOEXEC);
	VX_AUTO(vx_close) int profile = -1;
	const char *profiles = at->text + strlen(at->app) + 1;
	int len = (int)strcspn(profiles, "/");
	char name[VX_NAME_BYTES + 1];

	if (app < 0)
		return vx_fail(err, -ENOENT,
		               "there is no application '%s'; 'vortexctl ls' lists them", at->app);
	(void)snprintf(name, sizeof(name), "%.*s", len, profiles); /* fits: coords bound it */
	profile = openat(app, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (profile < 0)
		return vx_fail(err, -ENOENT,
		               "application '%s' has no profile '%s'; 'vortexctl ls %s' lists them",
		               at->app, name, at->app);
	if (at->label)
		return vx_fail(err, -ENOENT,
		               "there is no label '%s' for %s/%s; 'vortexctl ls %s/%s' lists them",
		               at->label, at->app, name, at->app, name);
	return vx_fail(err, -ENOENT, "there is no configuration at %s", at->text);
}

/* Read to the end; the size that stat reports may be a promise, so it is not asked. */
static int read_all(int fd, struct vx_buf *ret)
{
	char chunk[CHUNK_BYTES];
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) != 0) {
		if (n > 0)
			vx_buf_put(ret, chunk, (size_t)n);
		else if (errno != EINTR)
			return -errno;
	}
	return vx_buf_failed(ret) ? -ENOMEM : 0;
}

static int read_configuration(int mount, const struct vx_coords *at, enum vx_output out,
                              struct vx_buf *ret, struct vx_error *err)
{
	VX_AUTO(vx_buf_fini) struct vx_buf path = VX_BUF_INIT;
	VX_AUTO(vx_close) int fd = -1;
	int rc;

	vx_buf_printf(&path, "%s/application.%s", at->text, vx_output_suffix(out));
	if (vx_buf_failed(&path))
		return vx_fail(err, -ENOMEM, "out of memory");
	fd = openat(mount, path.data, O_RDONLY | O_CLOEXEC);
	rc = fd < 0 ? -errno : read_all(fd, ret);
	if (rc == -ENOENT)
		return missing(mount, at, err);
	if (rc == -EIO)
		return vx_fail(err, rc,
		               "%s cannot be composed; 'vortexctl problems' and vortexd's log "
		               "say why",
		               at->text);
	if (rc == -EACCES)
		return vx_fail(err, rc,
		               "%s: %s; either you may not read it (see 'ls -l'), or a source lets "
		               "vortexd not in ('vortexctl problems' says so)",
		               path.data, strerror(-rc));
	if (rc < 0)
		return vx_fail(err, rc, "%s: %s", path.data, strerror(-rc));
	return 0;
}

static int get(const char *mount_path, const char *text, enum vx_output out, struct vx_error *err)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	VX_AUTO(vx_buf_fini) struct vx_buf bytes = VX_BUF_INIT;
	VX_AUTO(vx_close) int mount = -1;
	int rc = vx_ctl_coords(text, &at, err);

	if (rc < 0)
		return rc;
	mount = vx_ctl_mount_open(mount_path, err);
	if (mount < 0)
		return mount;
	rc = read_configuration(mount, at, out, &bytes, err);
	if (rc == 0 && bytes.len > 0)
		(void)fwrite(bytes.data, 1, bytes.len, stdout); /* main.c looks at ferror */
	return rc;
}

static int run(const struct vx_ctl_verb *verb, int argc, char **argv)
{
	static const char *const formats[] = {"yaml", "yml",  "json", "properties",
	                                      "env",  "toml", NULL};
	const char *mount = NULL, *format = "yaml";
	const struct vx_ctl_option options[] = {
		{.name = "mount", .letter = 'm', .text = &mount},
		{.name = "output", .letter = 'o', .text = &format, .words = formats}};
	enum vx_output out = VX_OUT_YML;
	struct vx_error err = {0};
	bool found;
	int first, rc;
	int code = vx_ctl_options(verb, options, argc, argv, &first);

	if (code >= 0)
		return code;
	if (argc - first != 1)
		return vx_ctl_usage(verb, "get takes one configuration, APP/PROFILE[/LABEL]; "
		                          "'vortexctl explain' takes a key, too");
	found = vx_output_find(format, &out);
	vx_assert(found); /* formats are core/render's */
	rc = get(mount, argv[first], out, &err);
	return rc < 0 ? vx_ctl_fail(rc, &err) : VX_CTL_OK;
}

const struct vx_ctl_verb vx_ctl_get = {
	.name = "get",
	.group = VX_CTL_READ,
	.usage = "APP/PROFILE[/LABEL] [-o FORMAT] [--mount DIR]",
	.summary = "Print a configuration as it is served.",
	.help = "  -o, --output FORMAT  yaml (the default), json, properties, env or toml\n"
		"  -m, --mount DIR      the mount point; else VORTEX_MOUNT, else the only mount\n"
		"\n"
		"Examples:\n"
		"  vortexctl get payment/prod\n"
		"  vortexctl get payment/prod,eu/release/2 -o json | jq .server.port\n"
		"  vortexctl get payment/prod -o properties | grep ^db.\n",
	.run = run,
};
