/* run_cases.c - runs the composition cases of one *.case file through the real parts.
 *
 * Each case is written into a temporary directory, its backends are opened through
 * backends/backend.h, and core resolves, composes and renders; what the daemon adds (which answer
 * is ENOENT) is done here as docs/composition.md section 2 says. A failure prints name, input,
 * want and got; the exit code is the number of failed cases, at most 100.
 *
 *	run_cases FILE.case [NAME]    NAME: only the cases whose name contains it */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/backend.h"
#include "case_file.h"
#include "core/buf.h"
#include "core/compose.h"
#include "core/render.h"

#define TIMEOUT_MS 10000

/* What the directory backend reads of its entry; the daemon's own table has the same rows.
 * clang-format 14 crashes on designators in an aligned array. */
/* clang-format off */
static const struct vx_setting_row rows[] = {
	{.key = "backends[].name", .type = VX_SET_STRING},
	{.key = "backends[].type", .type = VX_SET_STRING},
	{.key = "backends[].priority", .type = VX_SET_INT, .def = "0"},
	{.key = "backends[].enabled", .type = VX_SET_BOOL, .def = "true"},
	{.key = "backends[].optional", .type = VX_SET_BOOL, .def = "false"},
	{.key = "backends[].default_label", .type = VX_SET_STRING, .def = ""},
	{.key = "backends[].missing_label", .type = VX_SET_STRING, .def = "default"},
	{.key = "backends[].timeout", .type = VX_SET_DURATION, .def = "5s"},
	{.key = "backends[].refresh", .type = VX_SET_DURATION, .def = "30s"},
	{.key = "backends[].path", .type = VX_SET_STRING, .def = ""},
	{.key = "backends[].uri", .type = VX_SET_STRING, .def = ""},
	{.key = "backends[].search_paths", .type = VX_SET_STRINGS},
	{.key = "backends[].labels", .type = VX_SET_STRING, .def = "none"},
};
/* clang-format on */

struct run {
	const struct a_case *c;
	char dir[64];
	struct vx_settings *settings;
	struct vx_ctx ctx;
	size_t n; /* open backends, lowest priority first */
	const struct vx_backend_ops *ops;
	struct vx_backend *backend[CASE_BACKENDS_MAX];
	const char *name[CASE_BACKENDS_MAX];
	struct answer *answers; /* everything that was fetched, put at the end */
};

/* Every backend's layers at some coordinates. */
struct answer {
	struct vx_layers *layers[CASE_BACKENDS_MAX];
	struct answer *next;
};

/* ---- input ------------------------------------------------------------------------------- */

static void write_input(const struct run *r, const struct case_input *in)
{
	char path[4096];
	size_t base;
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%zu/", r->dir, in->backend);
	base = strlen(path);
	(void)snprintf(path + base, sizeof(path) - base, "%s", in->path);
	for (char *slash = strchr(path + base, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			err(2, "%s", path);
		*slash = '/';
	}
	f = fopen(path, "we");
	if (!f || fwrite(in->bytes, 1, in->len, f) != in->len || fclose(f) != 0)
		err(2, "%s", path);
}

static void put_list(struct vx_buf *b, const char *commas)
{
	const char *at = commas;

	vx_buf_puts(b, ", search_paths: [");
	while (at) {
		size_t n = strcspn(at, ",");

		vx_buf_json(b, at, n);
		at = at[n] ? at + n + 1 : NULL;
		vx_buf_puts(b, at ? ", " : "]");
	}
}

static void load_settings(struct run *r)
{
	struct vx_settings_source from = {.path = "case"};
	struct vx_error e = {0};
	struct vx_buf b = VX_BUF_INIT;

	vx_buf_puts(&b, "backends:\n");
	for (size_t i = 0; i < r->c->n_backends; i++) {
		const struct case_backend *cb = &r->c->backend[i];

		vx_buf_printf(&b, "  - {name: %s, type: directory, priority: %ld, path: %s/%zu",
		              cb->name, cb->priority, r->dir, i);
		if (cb->search_paths)
			put_list(&b, cb->search_paths);
		if (cb->labels)
			vx_buf_printf(&b, ", labels: %s", cb->labels);
		vx_buf_puts(&b, "}\n");
	}
	from.text = b.data;
	from.len = b.len;
	if (vx_settings_load(rows, sizeof(rows) / sizeof(rows[0]), &from, NULL, NULL, &r->settings,
	                     &e) < 0)
		errx(2, "settings of a case: %s\n%s", e.msg, b.data);
	vx_buf_fini(&b);
}

/* Opens them by rising priority; equal ones keep their order. */
static void open_backends(struct run *r)
{
	const struct vx_backend_env env = {
		.clock = vx_clock_system(),
		.limits = VX_DOC_LIMITS_DEFAULT,
		.default_label = "main",
	};
	bool used[CASE_BACKENDS_MAX] = {false};
	struct vx_error e = {0};

	for (r->n = 0; r->n < r->c->n_backends; r->n++) {
		size_t next = 0;

		while (used[next])
			next++;
		for (size_t i = next + 1; i < r->c->n_backends; i++)
			if (!used[i] && r->c->backend[i].priority < r->c->backend[next].priority)
				next = i;
		used[next] = true;
		r->name[r->n] = r->c->backend[next].name;
		if (r->ops->open(vx_settings_at(r->settings, "backends", next), &env,
		                 &r->backend[r->n], &e) < 0)
			errx(2, "opening a directory backend: %s", e.msg);
	}
}

static void begin(struct run *r, const struct a_case *c)
{
	*r = (struct run){.c = c, .dir = "/tmp/vortex-cases-XXXXXX"};
	r->ops = vx_backend_find("directory");
	if (!r->ops)
		errx(2, "the directory backend is not built in");
	if (!mkdtemp(r->dir))
		err(2, "%s", r->dir);
	for (size_t i = 0; i < c->n_backends; i++) {
		char path[128];

		(void)snprintf(path, sizeof(path), "%s/%zu", r->dir, i);
		if (mkdir(path, 0755) < 0)
			err(2, "%s", path);
	}
	for (size_t i = 0; i < c->n_inputs; i++)
		write_input(r, &c->input[i]);
	load_settings(r);
	vx_ctx_init(&r->ctx, vx_clock_system(), TIMEOUT_MS);
	open_backends(r);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void end(struct run *r)
{
	for (struct answer *a = r->answers, *next; a; a = next) {
		for (size_t i = 0; i < r->n; i++)
			vx_layers_put(a->layers[i]);
		next = a->next;
		free(a);
	}
	for (size_t i = 0; i < r->n; i++)
		r->ops->close(r->backend[i]);
	vx_ctx_fini(&r->ctx);
	vx_settings_put(r->settings);
	(void)nftw(r->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS); /* a leftover harms nobody */
}

/* ---- composing --------------------------------------------------------------------------- */

static int fetch_all(struct run *r, const struct vx_coords *at, const struct answer **ret,
                     struct vx_error *e)
{
	struct answer *a = calloc(1, sizeof(*a));
	int rc;

	if (!a)
		return vx_fail(e, -ENOMEM, "out of memory");
	a->next = r->answers;
	r->answers = a;
	for (size_t i = 0; i < r->n; i++) {
		rc = r->ops->fetch(r->backend[i], &r->ctx, at, NULL, &a->layers[i], e);
		if (rc < 0)
			return rc;
	}
	*ret = a;
	return 0;
}

static int get_layers(void *arg, const struct vx_coords *at, struct vx_layer_set *ret,
                      struct vx_error *e)
{
	struct run *r = arg;
	const struct answer *a;
	int rc = fetch_all(r, at, &a, e);

	if (rc == 0)
		*ret = (struct vx_layer_set){a->layers, r->n};
	return rc;
}

/* Section 2: 0, or -ENOENT and nothing in @e, which tells absence from a failed import. */
static int check_existence(struct run *r, const struct vx_coords *at, struct vx_error *e)
{
	const struct answer *a;
	uint32_t profiles = 0;
	bool app = false;
	int rc = fetch_all(r, at, &a, e);

	if (rc < 0)
		return rc;
	for (size_t i = 0; i < r->n; i++) {
		app = app || a->layers[i]->app_known;
		profiles |= a->layers[i]->profiles_known;
	}
	for (size_t i = 0; i < at->n_profiles; i++) {
		if (strcmp(at->profiles[i], "default") == 0)
			profiles |= UINT32_C(1) << i;
	}
	if (!app && strcmp(at->app, "application") != 0 && !r->c->any_application)
		return -ENOENT;
	if (profiles != (UINT32_C(1) << at->n_profiles) - 1 && !r->c->any_profile)
		return -ENOENT;
	return 0;
}

static int compose(struct run *r, struct vx_snapshot **ret, struct vx_error *e)
{
	struct vx_doc_limits limits = VX_DOC_LIMITS_DEFAULT;
	struct vx_compose_options options = {0};
	struct vx_resolved *resolved = NULL;
	struct vx_docs *overrides = NULL;
	struct vx_coords *at;
	int rc = vx_coords_new(r->c->app, r->c->profiles, r->c->label, &at, e);

	if (rc < 0)
		return rc;
	rc = check_existence(r, at, e);
	if (rc == 0)
		rc = vx_resolve(at, get_layers, r, &resolved, e);
	if (rc == 0 && r->c->overrides)
		rc = vx_docs_parse(VX_FORMAT_JSON, r->c->overrides, strlen(r->c->overrides),
		                   &limits, &overrides, e);
	if (rc == 0) {
		options.overrides = overrides ? overrides->doc[0].root : NULL;
		rc = vx_compose(resolved, &options, ret, e);
	}
	vx_docs_put(overrides);
	vx_resolved_put(resolved);
	vx_coords_free(at);
	return rc;
}

/* ---- comparing --------------------------------------------------------------------------- */

/* Each leaf as "path type text"; see README.md. */
static void flatten(const struct vx_value *v, struct vx_buf *path, struct vx_buf *out)
{
	bool scalar = v->type != VX_MAP && v->type != VX_LIST;
	size_t len = path->len;

	if (len > 0 && (scalar || v->n_items + v->n_entries == 0)) {
		vx_buf_printf(out, "%s %s", path->data, vx_type_name(v->type));
		if (scalar && v->type != VX_NULL)
			vx_buf_putc(out, ' ');
		for (size_t i = 0; scalar && v->type != VX_NULL && i < v->len; i++) {
			if (v->text[i] == '\n')
				vx_buf_puts(out, "\\n");
			else
				vx_buf_putc(out, v->text[i]);
		}
		vx_buf_putc(out, '\n');
	}
	for (size_t i = 0; i < v->n_items; i++) {
		vx_buf_printf(path, "[%zu]", i);
		flatten(v->items[i], path, out);
		vx_buf_truncate(path, len);
	}
	for (size_t i = 0; i < v->n_entries; i++) {
		vx_buf_printf(path, "%s%s", len > 0 ? "." : "", v->entries[i].key);
		flatten(v->entries[i].value, path, out);
		vx_buf_truncate(path, len);
	}
}

/* JSON in one spelling, the order of its keys kept; the text itself if it does not parse. */
static char *normal_json(const char *text, size_t len)
{
	json_t *j = json_loadb(text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	char *out = j ? json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY) : strndup(text, len);

	json_decref(j);
	if (!out)
		errx(2, "out of memory");
	return out;
}

static int plain_file(struct run *r, const struct vx_snapshot *s, const char *name,
                      struct vx_bytes **ret, struct vx_error *e)
{
	const struct vx_snapshot_plain *p = vx_snapshot_plain_find(s, name);
	struct vx_bytes *raw;
	int rc = -ENOENT;

	if (!p)
		return vx_fail(e, -ENOENT, "no plain file '%s'", name);
	for (size_t i = 0; i < r->n; i++) {
		if (strcmp(r->name[i], p->backend) == 0)
			rc = r->ops->file(r->backend[i], &r->ctx, p->revision, p->plain->path,
			                  (size_t)1 << 20, &raw, e);
	}
	if (rc < 0)
		return rc;
	rc = vx_snapshot_resolve_text(s, raw->data, raw->len, ret, e);
	vx_bytes_put(raw);
	return rc;
}

/* What @w asks for, appended to @got. */
static int answer_want(struct run *r, const struct vx_snapshot *s, const struct case_want *w,
                       struct vx_buf *got, struct vx_error *e)
{
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *bytes = NULL;
	struct vx_buf path = VX_BUF_INIT;
	enum vx_output out;
	int rc = 0;

	if (strcmp(w->kind, "flat") == 0) {
		vx_buf_puts(&path, "");
		flatten(s->root, &path, got);
		vx_buf_fini(&path);
	} else if (strcmp(w->kind, "plains") == 0) {
		for (size_t i = 0; i < s->n_plain; i++)
			vx_buf_printf(got, "%s\n", s->plain[i].plain->name);
	} else if (strcmp(w->kind, "plain") == 0 || strcmp(w->kind, "plain-raw") == 0) {
		rc = plain_file(r, s, w->argument, &bytes, e);
	} else if (vx_output_find(strcmp(w->kind, "text") == 0 ? w->argument : w->kind, &out)) {
		rc = vx_render(s, out, &bytes, NULL, e);
	} else {
		errx(2, "%s: no such want: %s", r->c->name, w->kind);
	}
	if (rc == 0 && bytes)
		vx_buf_put(got, bytes->data, bytes->len);
	return rc;
}

static bool same(const struct case_want *w, const struct vx_buf *got)
{
	if (strcmp(w->kind, "json") == 0) {
		VX_AUTO(vx_freep) char *a = normal_json(w->bytes, w->len);
		VX_AUTO(vx_freep) char *b = normal_json(got->data ? got->data : "", got->len);

		return strcmp(a, b) == 0;
	}
	return w->len == got->len && (w->len == 0 || memcmp(w->bytes, got->data, w->len) == 0);
}

static bool refused_as_wanted(const struct case_want *w, int rc, const struct vx_error *e)
{
	const char *name = vx_error_info(rc)->name;
	size_t n = strcspn(w->argument, " ");

	if (strcmp(w->kind, "absent") == 0)
		return rc == -ENOENT;
	return strcmp(w->kind, "error") == 0 && strlen(name) == n &&
	       strncmp(w->argument, name, n) == 0 &&
	       (w->argument[n] == '\0' || strstr(e->msg, w->argument + n + 1));
}

/* ---- running ----------------------------------------------------------------------------- */

static void print_failure(const struct a_case *c, const struct case_want *w, const char *got,
                          size_t got_len)
{
	printf("FAILED  %s\n  rule  %s\n  at    %s/%s%s%s\n", c->name, c->rule, c->app, c->profiles,
	       c->label ? "/" : "", c->label ? c->label : "");
	for (size_t i = 0; i < c->n_inputs; i++)
		printf("  file  %s: %s\n%.*s\n", c->backend[c->input[i].backend].name,
		       c->input[i].path, (int)(c->input[i].len < 2000 ? c->input[i].len : 2000),
		       c->input[i].bytes);
	printf("  want  %s %s\n%.*s\n  got\n%.*s\n", w->kind, w->argument, (int)w->len, w->bytes,
	       (int)got_len, got);
}

static bool run_want(struct run *r, const struct case_want *w, int rc, const struct vx_snapshot *s,
                     const struct vx_error *failed)
{
	bool refusal = strcmp(w->kind, "error") == 0 || strcmp(w->kind, "absent") == 0;
	struct vx_error e = *failed;
	struct vx_buf got = VX_BUF_INIT, path = VX_BUF_INIT;
	bool ok;

	if (rc == 0 && !refusal)
		rc = answer_want(r, s, w, &got, &e);
	ok = rc < 0 ? refused_as_wanted(w, rc, &e) : !refusal && same(w, &got);
	if (!ok && rc < 0)
		vx_buf_printf(&got, "%s: %s", vx_error_info(rc)->name, e.msg);
	else if (refusal && !ok && s)
		flatten(s->root, &path, &got);
	if (!ok)
		print_failure(r->c, w, got.data ? got.data : "", got.len);
	vx_buf_fini(&path);
	vx_buf_fini(&got);
	return ok;
}

static bool run_case(const struct a_case *c)
{
	struct vx_snapshot *s = NULL;
	struct vx_error e = {0};
	struct run r;
	bool ok = true;
	int rc;

	begin(&r, c);
	rc = compose(&r, &s, &e);
	for (size_t i = 0; i < c->n_wants; i++)
		ok = run_want(&r, &c->want[i], rc, s, &e) && ok;
	vx_snapshot_put(s);
	end(&r);
	return ok;
}

int main(int argc, char **argv)
{
	struct vx_arena arena = VX_ARENA_INIT;
	unsigned failed = 0, ran = 0;

	if (argc < 2)
		errx(2, "usage: run_cases FILE.case [NAME]");
	for (const struct a_case *c = case_file_read(&arena, argv[1]); c; c = c->next) {
		if (argc > 2 && !strstr(c->name, argv[2]))
			continue;
		ran++;
		failed += !run_case(c);
	}
	printf("%s: %u cases, %u failed\n", argv[1], ran, failed);
	vx_arena_fini(&arena);
	if (ran == 0)
		errx(2, "no case ran");
	return failed > 100 ? 100 : (int)failed;
}
