/* settings.c - finding vortexd's settings file, and the rules between settings.
 *
 * Without any file there still is something to serve, so that a first try needs nothing but a
 * folder: one directory backend. A user who is not root gets a state directory and a mount point
 * of his own, with or without a file. */
#include "daemon/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/assert.h"
#include "core/buf.h"
#include "core/cleanup.h"
#include "daemon/settings_rows.h"

/* A thousand backends take about 200 KiB. */
#define FILE_MAX ((size_t)1 << 20)
#define BUILT_IN "(no settings file)"

struct file {
	char *path; /* NULL: there is none */
	struct vx_buf text;
	bool others_read;
};

static void file_fini(struct file *f)
{
	free(f->path);
	if (f->text.data)
		explicit_bzero(f->text.data, f->text.len); /* perhaps a plain secret */
	vx_buf_fini(&f->text);
}

static const char *variable(const struct vx_daemon_settings_from *from, const char *name)
{
	size_t n = strlen(name);

	for (char *const *e = from->environ; e && *e; e++)
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			return *e + n + 1;
	return "";
}

/* A directory of the user's, by the XDG base directory specification: @name unless it is empty or
 * relative, else @below in the home directory. *ret is NULL if neither is known. */
static int user_dir(const struct vx_daemon_settings_from *from, const char *name, const char *below,
                    const char *rest, char **ret)
{
	const char *dir = variable(from, name), *home = variable(from, "HOME");
	struct vx_buf path = VX_BUF_INIT;

	*ret = NULL;
	if (*dir == '/')
		vx_buf_printf(&path, "%s%s", dir, rest);
	else if (*home == '/' && below)
		vx_buf_printf(&path, "%s%s%s", home, below, rest);
	else
		return 0;
	*ret = vx_buf_steal(&path);
	return *ret ? 0 : -ENOMEM;
}

static int read_bounded(int fd, struct vx_buf *text)
{
	char block[4096];

	for (;;) {
		ssize_t n = read(fd, block, sizeof(block));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return vx_buf_failed(text) ? -ENOMEM : 0;
		vx_buf_put(text, block, (size_t)n);
		if (text->len > FILE_MAX)
			return -E2BIG;
	}
}

/* Take the file at @path; where it cannot even be opened, @f is as it was. */
static int open_file(const char *path, struct file *f, struct vx_error *err)
{
	VX_AUTO(vx_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	int rc;

	if (fd < 0 || fstat(fd, &st) < 0)
		return vx_fail(err, -errno, "settings file %s: %s", path, strerror(errno));
	rc = read_bounded(fd, &f->text);
	if (rc == -E2BIG)
		return vx_fail(err, rc, "settings file %s is larger than 1 MiB", path);
	if (rc < 0)
		return vx_fail(err, rc, "settings file %s: %s", path, strerror(-rc));
	f->others_read = st.st_mode & S_IROTH;
	f->path = strdup(path);
	return f->path ? 0 : -ENOMEM;
}

/* One of the usual places, where a file may be missing. */
static int try_file(const struct vx_daemon_settings_from *from, const char *path, struct file *f,
                    struct vx_error *err)
{
	int rc = open_file(path, f, err);

	if (rc == -ENOENT || rc == -ENOTDIR || (rc == -EACCES && !from->root))
		return 0; /* root's own file, perhaps: a user's daemon is another one */
	return rc;
}

static int find_file(const struct vx_daemon_settings_from *from, struct file *f,
                     struct vx_error *err)
{
	VX_AUTO(vx_freep) char *user = NULL, *global = NULL;
	int rc;

	if (from->config)
		return open_file(from->config, f, err);
	if (asprintf(&global, "%s/vortexd.yaml", from->etc ? from->etc : "/etc/vortex") < 0) {
		global = NULL;
		return -ENOMEM;
	}
	rc = try_file(from, global, f, err);
	if (rc < 0 || f->path)
		return rc;
	rc = user_dir(from, "XDG_CONFIG_HOME", "/.config", "/vortex/vortexd.yaml", &user);
	if (rc < 0 || !user)
		return rc;
	return try_file(from, user, f, err);
}

/* What is served without a file. */
static int default_text(const struct vx_daemon_settings_from *from, struct vx_buf *text)
{
	struct vx_buf path = VX_BUF_INIT;

	if (from->root)
		vx_buf_printf(&path, "%s/config", from->etc ? from->etc : "/etc/vortex");
	else
		vx_buf_puts(&path, "./config");
	vx_buf_puts(text, "backends: [{name: local, type: directory, path: ");
	if (!vx_buf_failed(&path))
		vx_buf_json(text, path.data, path.len);
	vx_buf_puts(text, "}]\n");
	if (vx_buf_failed(&path))
		text->failed = true;
	vx_buf_fini(&path);
	return vx_buf_failed(text) ? -ENOMEM : 0;
}

static bool has_type(const struct vx_daemon_settings_from *from, const char *type)
{
	for (size_t i = 0; i < from->n_types; i++)
		if (strcmp(from->types[i], type) == 0)
			return true;
	return false;
}

static int refuse_type(const struct vx_daemon_settings_from *from, const struct vx_settings_map *m,
                       struct vx_error *err)
{
	VX_AUTO(vx_buf_fini) struct vx_buf types = VX_BUF_INIT;

	for (size_t i = 0; i < from->n_types; i++)
		vx_buf_printf(&types, "%s%s", i ? ", " : "", from->types[i]);
	if (vx_buf_failed(&types))
		return -ENOMEM;
	return vx_fail(
		err, -EINVAL,
		"%s: backend '%s' has the type '%s', which is not built in; this build has: %s",
		vx_map_where(m), vx_map_str(m, "name"), vx_map_str(m, "type"),
		types.data ? types.data : "none");
}

/* Which of two backends wins must be written down. */
static int check_priority(const struct vx_settings *s, size_t i, struct vx_error *err)
{
	const struct vx_settings_map *m = vx_settings_at(s, "backends", i);

	if (!vx_map_given(m, "priority"))
		return vx_fail(err, -EINVAL,
		               "%s: backend '%s' has no 'priority', which is required with two or "
		               "more backends; the higher one wins",
		               vx_map_where(m), vx_map_str(m, "name"));
	for (size_t k = 0; k < i; k++) {
		const struct vx_settings_map *other = vx_settings_at(s, "backends", k);

		if (vx_map_int(other, "priority") == vx_map_int(m, "priority"))
			return vx_fail(err, -EINVAL,
			               "%s: backends '%s' and '%s' have the same priority %lld; it "
			               "decides which one wins",
			               vx_map_where(m), vx_map_str(other, "name"),
			               vx_map_str(m, "name"), (long long)vx_map_int(m, "priority"));
	}
	return 0;
}

static int check_backends(const struct vx_daemon_settings_from *from, const struct vx_settings *s,
                          const char *path, struct vx_error *err)
{
	size_t n = vx_settings_count(s, "backends"), enabled = 0;

	if (n == 0)
		return vx_fail(err, -EINVAL,
		               "%s has no 'backends'; the least is: backends: [{name: local, type: "
		               "directory, path: /etc/vortex/config}]",
		               path);
	for (size_t i = 0; i < n; i++)
		enabled += vx_map_bool(vx_settings_at(s, "backends", i), "enabled");
	if (enabled == 0)
		return vx_fail(err, -EINVAL, "%s: every backend is disabled; enable one", path);
	for (size_t i = 0; i < n; i++) {
		const struct vx_settings_map *m = vx_settings_at(s, "backends", i);
		int rc = n > 1 ? check_priority(s, i, err) : 0;

		if (rc < 0)
			return rc;
		if (vx_map_bool(m, "enabled") && !has_type(from, vx_map_str(m, "type")))
			return refuse_type(from, m, err);
		if (vx_map_int(m, "pool.min") > vx_map_int(m, "pool.max"))
			return vx_fail(err, -EINVAL,
			               "%s: backend '%s' has a pool.min above pool.max",
			               vx_map_where(m), vx_map_str(m, "name"));
	}
	return 0;
}

#define USER_DEFAULTS 3

/* "state.path=..." and the like for a user who is not root; entries may stay NULL. */
static int user_defaults(const struct vx_daemon_settings_from *from, char *ret[USER_DEFAULTS],
                         size_t *ret_n)
{
	static const struct {
		const char *key, *variable, *below, *rest;
	} dirs[USER_DEFAULTS] = {
		{"state.path", "XDG_STATE_HOME", "/.local/state", "/vortex"},
		{"mount.path", "XDG_RUNTIME_DIR", NULL, "/vortex/mnt"},
		{"http.socket", "XDG_RUNTIME_DIR", "/.cache", "/vortex/api.sock"},
	};

	*ret_n = 0;
	for (size_t i = 0; !from->root && i < USER_DEFAULTS; i++) {
		VX_AUTO(vx_freep) char *dir = NULL;
		int rc = user_dir(from, dirs[i].variable, dirs[i].below, dirs[i].rest, &dir);

		if (rc < 0)
			return rc;
		if (!dir)
			continue;
		if (asprintf(&ret[*ret_n], "%s=%s", dirs[i].key, dir) < 0) {
			ret[*ret_n] = NULL;
			return -ENOMEM;
		}
		++*ret_n;
	}
	return 0;
}

static int load(const struct vx_daemon_settings_from *from, struct file *f,
                char *defaults[USER_DEFAULTS], vx_settings_warn_fn *warn, void *arg,
                struct vx_settings **ret, struct vx_error *err)
{
	VX_AUTO(vx_settings_put_p) struct vx_settings *s = NULL;
	struct vx_settings_source source = {
		.environ = (const char *const *)from->environ,
		.sets = from->sets,
		.n_sets = from->n_sets,
		.defaults = (const char *const *)defaults,
	};
	int rc = find_file(from, f, err);

	if (rc == 0 && !f->path)
		rc = default_text(from, &f->text);
	if (rc == 0)
		rc = user_defaults(from, defaults, &source.n_defaults);
	if (rc < 0)
		return rc;
	source.path = f->path ? f->path : BUILT_IN;
	source.text = f->text.data ? f->text.data : "";
	source.len = f->text.len;
	source.others_read = f->others_read;
	rc = vx_settings_load(vx_daemon_rows, vx_daemon_n_rows, &source, warn, arg, &s, err);
	if (rc == 0)
		rc = check_backends(from, s, source.path, err);
	if (rc < 0)
		return rc;
	*ret = vx_steal(s);
	return 0;
}

int vx_daemon_settings_load(const struct vx_daemon_settings_from *from, vx_settings_warn_fn *warn,
                            void *arg, struct vx_settings **ret, struct vx_error *err)
{
	struct file f = {NULL, VX_BUF_INIT, false};
	char *defaults[USER_DEFAULTS] = {NULL};
	int rc = load(from, &f, defaults, warn, arg, ret, err);

	file_fini(&f);
	for (size_t i = 0; i < USER_DEFAULTS; i++)
		free(defaults[i]);
	if (rc == -ENOMEM)
		return vx_fail(err, rc, "out of memory while reading the settings");
	return rc;
}
