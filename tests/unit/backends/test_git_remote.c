/* test_git_remote.c - remote repositories without a server: addresses, what daemon and fetching
 * program say to each other, the mirror's folder, and a fetch that fails, hangs or is broken off. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <git2.h>

#include "backends/backend.h"
#include "backends/git_mirror.h"
#include "backends/git_uri.h"
#include "backends/git_wire.h"
#include "daemon/settings_rows.h"

static char base[64];

/* Walking by paths instead of descriptors was caught by so many in every other run. */
#ifdef VX_SANITIZED
#define SWAPS 200 /* it is slow, and looks for other things */
#else
#define SWAPS 5000
#endif
#define VICTIMS 50

/* --- addresses ------------------------------------------------------------------------------- */

struct address_case {
	const char *name, *uri;
	enum vx_git_how how;
	const char *address, *shown, *user, *password, *host;
	int port;
	const char *url; /* as libgit2 gets it, with the user "u" for ssh */
};

static const struct address_case addresses[] = {
	{"a path", "/srv/x:y", VX_GIT_LOCAL, "/srv/x:y", "/srv/x:y", NULL, NULL, NULL, 0, NULL},
	{"a relative path", "./a", VX_GIT_LOCAL, "./a", "./a", NULL, NULL, NULL, 0, NULL},
	{"file://", "file:///srv/x", VX_GIT_LOCAL, "/srv/x", "/srv/x", NULL, NULL, NULL, 0, NULL},
	{"https", "https://h.example/a/b.git", VX_GIT_HTTPS, "https://h.example/a/b.git",
         "https://h.example/a/b.git", NULL, NULL, "h.example", 0, "https://h.example/a/b.git"},
	{"a scheme in capitals", "HTTPS://h/x", VX_GIT_HTTPS, "https://h/x", "https://h/x", NULL,
         NULL, "h", 0, "https://h/x"},
	{"user and password", "https://me:s%40crt@h:8443/x", VX_GIT_HTTPS, "https://h:8443/x",
         "https://h:8443/x", "me", "s@crt", "h", 8443, "https://h:8443/x"},
	{"a token alone", "https://t0ken@h/x", VX_GIT_HTTPS, "https://h/x", "https://h/x", "t0ken",
         NULL, "h", 0, "https://h/x"},
	{"an @ in the password", "http://me:a@b@h/x", VX_GIT_HTTP, "http://h/x", "http://h/x", "me",
         "a@b", "h", 0, "http://h/x"},
	{"an @ in the path", "http://h/x@y", VX_GIT_HTTP, "http://h/x@y", "http://h/x@y", NULL,
         NULL, "h", 0, "http://h/x@y"},
	{"a query is not shown", "https://h/x?token=1#f", VX_GIT_HTTPS, "https://h/x?token=1#f",
         "https://h/x", NULL, NULL, "h", 0, "https://h/x?token=1#f"},
	{"an IPv6 address", "https://[::1]:44/x", VX_GIT_HTTPS, "https://[::1]:44/x",
         "https://[::1]:44/x", NULL, NULL, "::1", 44, "https://[::1]:44/x"},
	{"ssh", "ssh://git@h:2222/x.git", VX_GIT_SSH, "ssh://h:2222/x.git", "ssh://h:2222/x.git",
         "git", NULL, "h", 2222, "ssh://u@h:2222/x.git"},
	{"ssh by another name", "git+ssh://h/x", VX_GIT_SSH, "ssh://h/x", "ssh://h/x", NULL, NULL,
         "h", 0, "ssh://u@h/x"},
	{"as ssh takes it", "git@h:a/b.git", VX_GIT_SSH, "h:a/b.git", "h:a/b.git", "git", NULL, "h",
         0, "u@h:a/b.git"},
	{"as ssh takes it, no user", "h:b", VX_GIT_SSH, "h:b", "h:b", NULL, NULL, "h", 0, "u@h:b"},
};

static void same(const char *name, const char *what, const char *got, const char *want)
{
	if ((got == NULL) != (want == NULL) || (got && strcmp(got, want) != 0))
		fail_msg("%s: %s is '%s', not '%s'", name, what, got ? got : "(null)",
		         want ? want : "(null)");
}

static void addresses_are_taken_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses); i++) {
		const struct address_case *c = &addresses[i];
		struct vx_git_uri u;
		struct vx_error err = {0};
		char *url;

		if (vx_git_uri_parse(c->uri, &u, &err) < 0)
			fail_msg("%s: %s", c->name, err.msg);
		assert_int_equal(u.how, c->how);
		same(c->name, "the address", u.address, c->address);
		same(c->name, "what is shown", u.shown, c->shown);
		same(c->name, "the user", u.user, c->user);
		same(c->name, "the password", u.password, c->password);
		same(c->name, "the host", u.host, c->host);
		assert_int_equal(u.port, c->port);
		url = c->url ? vx_git_uri_url(&u, "u") : NULL;
		same(c->name, "the url", url, c->url);
		free(url);
		vx_git_uri_fini(&u);
	}
}

static void what_is_no_address_is_refused_without_its_password(void **state)
{
	static const struct {
		const char *uri, *says;
	} cases[] = {
		{"", "needs a uri"},
		{"file://x", "file:///PATH"},
		{"git://h/x", "git://"},
		{"ftp://me:s3cret@h/x", "ftp"},
		{"https://me:s3cret@/x", "no host"},
		{"https://me:s3cret@h", "no path"},
		{"https://me:s3cret@h/", "no path"},
		{"https://me:s3cret@h:0/x", "port"},
		{"https://me:s3cret@h:99999/x", "port"},
		{"https://me:s3cret@h:1x/x", "port"},
		{"https://me:s3cret@[::1/x", "not closed"},
		{"https://me:s3cret@-h/x", "no host"},
		{"ssh://h/x'$(id)'", "quotes"},
		{"https://h/a b", "blanks"},
		{"https:/me:s3cret@h/x", "https://"},
		{"h:", "no path"},
		{"git@h:a'b", "quotes"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vx_git_uri u = {0};
		struct vx_error err = {0};

		if (vx_git_uri_parse(cases[i].uri, &u, &err) != -EINVAL)
			fail_msg("'%s' was taken", cases[i].uri);
		if (!strstr(err.msg, cases[i].says) || strstr(err.msg, "s3cret"))
			fail_msg("'%s': %s", cases[i].uri, err.msg);
		assert_null(u.address);
	}
}

static void only_names_of_this_machine_are_loopback(void **state)
{
	static const struct {
		const char *uri;
		bool loopback;
	} cases[] = {
		{"http://localhost/x", true},
		{"http://127.0.0.1:80/x", true},
		{"http://[::1]/x", true},
		{"http://127.0.0.1.example/x", false},
		{"http://localhost.example/x", false},
		{"http://h/127.0.0.1", false},
		{"http://127.0.0.1@h.example/x", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vx_git_uri u;

		assert_int_equal(vx_git_uri_parse(cases[i].uri, &u, NULL), 0);
		if (vx_git_uri_loopback(&u) != cases[i].loopback)
			fail_msg("%s", cases[i].uri);
		vx_git_uri_fini(&u);
	}
}

/* --- the wire -------------------------------------------------------------------------------- */

static void a_request_comes_back_as_it_was_put(void **state)
{
	struct vx_buf b = VX_BUF_INIT;
	struct vx_git_request r;

	(void)state;
	vx_git_put_field(&b, VX_GIT_URL, "https://h/x", 11);
	vx_git_put_field(&b, VX_GIT_KEY, "a\nb\0c\n", 6);
	vx_git_put_field(&b, VX_GIT_USER, "", 0);
	vx_git_put_end(&b);
	assert_int_equal(vx_git_request_parse(b.data, b.len, &r), 0);
	assert_string_equal(r.field[VX_GIT_URL].data, "https://h/x");
	assert_int_equal(r.field[VX_GIT_KEY].len, 6);
	assert_memory_equal(r.field[VX_GIT_KEY].data, "a\nb\0c\n", 7);
	assert_string_equal(r.field[VX_GIT_PASSWORD].data, "");
	vx_buf_fini(&b);
}

static void a_broken_request_is_refused(void **state)
{
	static const char *const cases[] = {
		"",
		"url",
		"url 3",
		"url 3\nabc",
		"url 3\nabc\n",
		"url 4\nabc\nend 0\n\n",
		"url -1\n\n",
		"url \n\n",
		"other 1\na\nend 0\n\n",
		"url 99999999999999999999\na\nend 0\n\n",
		"end 0\n",
		"end 5\n\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vx_git_request r;
		char *copy = strdup(cases[i]);

		assert_non_null(copy);
		if (vx_git_request_parse(copy, strlen(copy), &r) != -EBADMSG)
			fail_msg("'%s' was taken", cases[i]);
		free(copy);
	}
}

static void reports_are_read_and_all_else_is_a_complaint(void **state)
{
	static const struct {
		const char *line;
		enum vx_git_what what;
		const char *text;
	} cases[] = {
		{"alive", VX_GIT_ALIVE, ""},
		{"progress 1 2 3 4", VX_GIT_PROGRESS, ""},
		{"done 3 1", VX_GIT_DONE, ""},
		{"failed auth no", VX_GIT_FAILED, "no"},
		{"failed auth", VX_GIT_FAILED, ""},
		{"failed trust a\x1b[31mb", VX_GIT_FAILED, "a?[31mb"},
		{"failed trust \xff\xc2\x85x", VX_GIT_FAILED, "??x"},
		{"", VX_GIT_COMPLAINT, ""},
		{"alive 1", VX_GIT_COMPLAINT, "alive 1"},
		{"progress 1 2 3", VX_GIT_COMPLAINT, "progress 1 2 3"},
		{"progress 1 2 3 4 5", VX_GIT_COMPLAINT, "progress 1 2 3 4 5"},
		{"progress 1 2 3 -4", VX_GIT_COMPLAINT, "progress 1 2 3 -4"},
		{"progress 1 2 3 99999999999999999999", VX_GIT_COMPLAINT,
	         "progress 1 2 3 99999999999999999999"},
		{"done 3 2", VX_GIT_COMPLAINT, "done 3 2"},
		{"done 3", VX_GIT_COMPLAINT, "done 3"},
		{"failed other x", VX_GIT_COMPLAINT, "failed other x"},
		{"error while loading shared libraries", VX_GIT_COMPLAINT,
	         "error while loading shared libraries"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct vx_git_report r;

		vx_git_report_parse(cases[i].line, strlen(cases[i].line), &r);
		if (r.what != cases[i].what || strcmp(r.text, cases[i].text) != 0)
			fail_msg("'%s': %d '%s'", cases[i].line, (int)r.what, r.text);
	}
}

static void a_line_without_end_is_cut(void **state)
{
	struct vx_git_lines l = {0};
	struct vx_git_report r;

	(void)state;
	for (size_t i = 0; i < 100000; i++)
		assert_false(vx_git_lines_add(&l, 'x'));
	assert_true(vx_git_lines_add(&l, '\n'));
	assert_int_equal(l.n, VX_GIT_LINE_MAX);
	vx_git_report_parse(l.line, l.n, &r);
	assert_int_equal(r.what, VX_GIT_COMPLAINT);
	assert_int_equal(strlen(r.text), VX_GIT_TEXT_MAX - 1);
	for (const char *c = "alive"; *c; c++)
		assert_false(vx_git_lines_add(&l, *c));
	assert_true(vx_git_lines_add(&l, '\n'));
	vx_git_report_parse(l.line, l.n, &r);
	assert_int_equal(r.what, VX_GIT_ALIVE);
}

/* --- the mirror's folder --------------------------------------------------------------------- */

static void touch(const char *path)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_int_equal(fclose(f), 0);
}

static bool is_there(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

static void the_name_of_a_mirror_tells_the_address(void **state)
{
	char *a = vx_git_mirror_path("/s", "re/po", "https://h/x");
	char *b = vx_git_mirror_path("/s", "re/po", "https://h/y");

	(void)state;
	assert_non_null(a);
	assert_non_null(b);
	assert_int_equal(strncmp(a, "/s/git/re_po-", 13), 0);
	assert_string_equal(a + strlen(a) - 4, ".git");
	assert_string_not_equal(a, b);
	free(a);
	free(b);
}

static void what_a_killed_fetch_left_goes(void **state)
{
	static const struct {
		const char *name;
		bool stays;
	} files[] = {
		{"refs/heads/main", true},
		{"refs/heads/main.lock", false},
		{"refs/heads/feature/x.lock", false},
		{"objects/pack/pack-0a.pack", true},
		{"objects/pack/pack_git2_AbCdEf", false},
	};
	char path[256], link[160], fifo[160];

	(void)state;
	(void)snprintf(path, sizeof(path), "mkdir -p %s/m/refs/heads/feature %s/m/objects/pack",
	               base, base);
	assert_int_equal(system(path), 0);
	for (size_t i = 0; i < 5; i++) {
		(void)snprintf(path, sizeof(path), "%s/m/%s", base, files[i].name);
		touch(path);
	}
	(void)snprintf(link, sizeof(link), "%s/m/refs/heads/link", base);
	assert_int_equal(symlink("/etc/passwd", link), 0);
	(void)snprintf(fifo, sizeof(fifo), "%s/m/refs/heads/feature/fifo", base);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	(void)snprintf(path, sizeof(path), "%s/m", base);
	assert_int_equal(vx_git_mirror_tidy(path, &(struct vx_git_owner){0}, NULL), 0);
	for (size_t i = 0; i < 5; i++) {
		(void)snprintf(path, sizeof(path), "%s/m/%s", base, files[i].name);
		if (is_there(path) != files[i].stays)
			fail_msg("%s", files[i].name);
	}
	assert_false(is_there(link));
	assert_false(is_there(fifo)); /* opening it would wait for a writer */
}

/* Folders below each other, made as no path could name them. */
static void dig(const char *path, int depth)
{
	int at = AT_FDCWD, fd;

	for (int i = 0; i < depth; i++) {
		const char *name = i ? "d" : path;

		assert_true(mkdirat(at, name, 0700) == 0 || errno == EEXIST);
		fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		assert_true(fd >= 0);
		if (i)
			(void)close(at);
		at = fd;
	}
	(void)close(at);
}

static void a_tree_without_bottom_goes(void **state)
{
	char mirror[100], heads[160], *new = NULL;

	(void)state;
	assert_true(git_libgit2_init() > 0);
	(void)snprintf(mirror, sizeof(mirror), "%s/deep", base);
	assert_int_equal(vx_git_mirror_make(mirror, &(struct vx_git_owner){0}, &new, NULL), 0);
	(void)snprintf(heads, sizeof(heads), "%s/refs/heads", new);
	dig(heads, 5000);
	assert_int_equal(vx_git_mirror_tidy(new, &(struct vx_git_owner){0}, NULL), 0);
	free(new);
	assert_int_equal(vx_git_mirror_make(mirror, &(struct vx_git_owner){0}, &new, NULL), 0);
	(void)snprintf(heads, sizeof(heads), "%s/refs/heads/d", new);
	assert_false(is_there(heads));
	free(new);
	(void)git_libgit2_shutdown(); /* counted */
}

/* Whoever fetches owns the folder below `refs`, and may be in a hostile server's hands. */
struct swapper {
	char folder[200], link[200], outside[160];
	atomic_bool over;
};

/* Let a folder be a link to another one every other moment. */
static void *swap(void *arg)
{
	struct swapper *s = arg;

	while (!atomic_load(&s->over)) {
		(void)unlink(
			s->folder); /* either may stand, or be gone: what is tested removes links */
		(void)mkdir(s->folder, 0700);
		(void)rmdir(s->link);
		(void)!symlink(s->outside, s->link);
		for (int i = 0; i < 4; i++)
			(void)renameat2(AT_FDCWD, s->folder, AT_FDCWD, s->link, RENAME_EXCHANGE);
	}
	return NULL;
}

/* Make, or count, what nobody may remove. */
static int victims(const char *folder, bool make)
{
	char path[256];
	int n = 0;

	for (int i = 0; i < VICTIMS; i++) {
		(void)snprintf(path, sizeof(path), "%s/%d.lock", folder, i);
		if (make)
			touch(path);
		n += is_there(path);
	}
	return n;
}

static void nothing_outside_of_a_mirror_is_touched(void **state)
{
	char path[768], mirror[100];
	struct swapper s = {.over = false};
	pthread_t thread;
	char *new = NULL;

	(void)state;
	assert_true(git_libgit2_init() > 0);
	(void)snprintf(mirror, sizeof(mirror), "%s/swap", base);
	(void)snprintf(s.outside, sizeof(s.outside), "%s/outside", base);
	(void)snprintf(s.folder, sizeof(s.folder), "%s.new/refs/heads/f", mirror);
	(void)snprintf(s.link, sizeof(s.link), "%s.new/refs/heads/l", mirror);
	(void)snprintf(path, sizeof(path), "mkdir -p %s %s.new/refs/heads %s.new/objects/pack",
	               s.outside, mirror, mirror);
	assert_int_equal(system(path), 0);
	assert_int_equal(victims(s.outside, true), VICTIMS);
	(void)snprintf(path, sizeof(path), "%s.new", mirror);
	assert_int_equal(pthread_create(&thread, NULL, swap, &s), 0);
	for (int i = 0; i < SWAPS; i++)
		(void)vx_git_mirror_tidy(path, &(struct vx_git_owner){0}, NULL); /* it may fail */
	for (int i = 0; i < SWAPS / 20; i++) {
		(void)vx_git_mirror_make(mirror, &(struct vx_git_owner){0}, &new, NULL); /* too */
		free(new);
		new = NULL;
	}
	atomic_store(&s.over, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(victims(s.outside, false), VICTIMS);
	(void)git_libgit2_shutdown(); /* counted */
}

/* --- backends -------------------------------------------------------------------------------- */

struct remote {
	const struct vx_backend_ops *ops;
	struct vx_backend *b;
	struct vx_settings *settings;
	struct vx_ctx ctx;
	struct vx_error err;
};

/* What open says to the flow map "{...}", which gets name, type and path of its own. */
static int try_remote(struct remote *r, const char *entry, int64_t timeout_ms)
{
	struct vx_backend_env env = {.clock = vx_clock_system(),
	                             .limits = VX_DOC_LIMITS_DEFAULT,
	                             .default_label = "main",
	                             .state_dir = base};
	char text[1024];

	memset(r, 0, sizeof(*r));
	(void)snprintf(text, sizeof(text), "backends:\n- {name: r, type: git, %s}\n", entry);
	if (vx_settings_load(vx_daemon_rows, vx_daemon_n_rows,
	                     &(struct vx_settings_source){
				     .path = "test.yaml", .text = text, .len = strlen(text)},
	                     NULL, NULL, &r->settings, &r->err) < 0)
		fail_msg("%s", r->err.msg);
	vx_ctx_init(&r->ctx, vx_clock_system(), timeout_ms);
	r->ops = vx_backend_find("git");
	return r->ops->open(vx_settings_at(r->settings, "backends", 0), &env, &r->b, &r->err);
}

static void shut(struct remote *r)
{
	r->ops->close(r->b);
	vx_ctx_fini(&r->ctx);
	vx_settings_put(r->settings);
}

static void what_is_not_safe_is_refused(void **state)
{
	static const struct {
		const char *entry;
		int rc;
		const char *says;
	} cases[] = {
		{"uri: 'http://h.example/x'", -EINVAL, "tls: off"},
		{"uri: 'http://h.example/x', tls: off", 0, ""},
		{"uri: 'http://127.0.0.1/x'", 0, ""},
		{"uri: 'https://h.example/x'", 0, ""},
		{"uri: 'git://h.example/x'", -EINVAL, "https://"},
		{"uri: 'https://me:s3cret@h/x', password: other", -EINVAL, "password"},
		{"uri: 'https://me:s3cret@h/x'", 0, ""},
		{"uri: 'https://h/x', ssh_key: /k", -EINVAL, "ssh_key"},
		{"uri: 'ssh://h/x', ca_file: /k", -EINVAL, "ca_file"},
		{"uri: 'git@h:x', ssh_key: /k, ssh_known_hosts: /h", 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct remote r;

		if (try_remote(&r, cases[i].entry, 1000) != cases[i].rc ||
		    !strstr(r.err.msg, cases[i].says) || strstr(r.err.msg, "s3cret"))
			fail_msg("%s: %s", cases[i].entry, r.err.msg);
		if (r.b)
			assert_null(strstr(r.ops->source(r.b), "s3cret"));
		shut(&r);
	}
}

/* A socket of this machine: one that nobody listens at if not @listening, else one where somebody
 * takes connections and says nothing. */
static int silent_server(bool listening, int *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t n = sizeof(at);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	if (listening)
		assert_int_equal(listen(fd, 8), 0);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static int ask(struct remote *r)
{
	char revision[VX_REVISION_MAX];

	return r->ops->revision(r->b, &r->ctx, NULL, revision, &r->err);
}

static void a_refused_connection_fails_the_calls(void **state)
{
	struct vx_backend_status status;
	struct remote r;
	char entry[128];
	int port, fd = silent_server(false, &port);

	(void)state;
	(void)snprintf(entry, sizeof(entry), "uri: 'http://127.0.0.1:%d/x'", port);
	assert_int_equal(try_remote(&r, entry, 60000), 0);
	r.ops->status(r.b, &status);
	assert_true(status.first && !status.busy && status.rc == 0 && status.good_ns == 0);
	assert_int_equal(ask(&r), -EAGAIN);
	assert_non_null(strstr(r.err.msg, "refused"));
	assert_int_equal(r.ops->refresh(r.b, &r.ctx, &r.err), -EAGAIN);
	r.ops->status(r.b, &status);
	assert_int_equal(status.rc, -EAGAIN);
	assert_non_null(strstr(status.message, "refused"));
	assert_true(status.first);
	shut(&r);
	close(fd);
}

static void a_silent_server_is_left_after_the_stall_timeout(void **state)
{
	struct remote r;
	char entry[128];
	int port, fd = silent_server(true, &port);

	(void)state;
	(void)snprintf(entry, sizeof(entry), "uri: 'http://127.0.0.1:%d/x', stall_timeout: 1s",
	               port);
	assert_int_equal(try_remote(&r, entry, 60000), 0);
	assert_int_equal(ask(&r), -ETIMEDOUT);
	assert_non_null(strstr(r.err.msg, "stall_timeout"));
	shut(&r);
	close(fd);
}

static void a_caller_waits_for_its_deadline_and_close_waits_for_nobody(void **state)
{
	const struct vx_clock *clock = vx_clock_system();
	int port, fd = silent_server(true, &port);
	struct remote r;
	char entry[128];
	int64_t begun;

	(void)state;
	(void)snprintf(entry, sizeof(entry), "uri: 'http://127.0.0.1:%d/x'", port);
	assert_int_equal(try_remote(&r, entry, 1000), 0);
	assert_int_equal(ask(&r), -ETIMEDOUT);
	assert_non_null(strstr(r.err.msg, "is being cloned"));
	assert_int_equal(r.ops->refresh(r.b, &r.ctx, &r.err), -ETIMEDOUT);
	begun = vx_mono_ns(clock);
	shut(&r);
	assert_true(vx_mono_ns(clock) - begun < 10 * VX_SEC); /* fetch_timeout is 15 min */
	close(fd);
}

static void a_cancelled_caller_goes(void **state)
{
	int port, fd = silent_server(true, &port);
	struct remote r;
	char entry[128];

	(void)state;
	(void)snprintf(entry, sizeof(entry), "uri: 'http://127.0.0.1:%d/x'", port);
	assert_int_equal(try_remote(&r, entry, 60000), 0);
	vx_ctx_cancel(&r.ctx);
	assert_int_equal(ask(&r), -ECANCELED);
	shut(&r);
	close(fd);
}

static int make_base(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	(void)snprintf(base, sizeof(base), "%s/vx-unit-XXXXXX",
	               tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	return mkdtemp(base) ? 0 : -1;
}

static int remove_base(void **state)
{
	char command[96];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", base);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_taken_apart),
		cmocka_unit_test(what_is_no_address_is_refused_without_its_password),
		cmocka_unit_test(only_names_of_this_machine_are_loopback),
		cmocka_unit_test(a_request_comes_back_as_it_was_put),
		cmocka_unit_test(a_broken_request_is_refused),
		cmocka_unit_test(reports_are_read_and_all_else_is_a_complaint),
		cmocka_unit_test(a_line_without_end_is_cut),
		cmocka_unit_test(the_name_of_a_mirror_tells_the_address),
		cmocka_unit_test(what_a_killed_fetch_left_goes),
		cmocka_unit_test(a_tree_without_bottom_goes),
		cmocka_unit_test(nothing_outside_of_a_mirror_is_touched),
		cmocka_unit_test(what_is_not_safe_is_refused),
		cmocka_unit_test(a_refused_connection_fails_the_calls),
		cmocka_unit_test(a_silent_server_is_left_after_the_stall_timeout),
		cmocka_unit_test(a_caller_waits_for_its_deadline_and_close_waits_for_nobody),
		cmocka_unit_test(a_cancelled_caller_goes),
	};

	return cmocka_run_group_tests(tests, make_base, remove_base);
}
