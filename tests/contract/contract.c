/* contract.c - what backends/backend.h promises, asked of one backend.
 *
 * Each case starts with an empty source and an open backend. The cases know nothing of the backend
 * but its fixture; where backends may differ, the case says which answers are right. */
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "backends/backend.h"
#include "core/buf.h"
#include "tests/contract/contract.h"

#define DOCUMENT_MAX ((size_t)64 << 10)
#define WAIT_MS 5000 /* for what takes milliseconds, on a machine that is busy */

static const struct vx_setting_row rows[] = {
	{.key = "backends[].name", .type = VX_SET_STRING, .flags = VX_SET_REQUIRED, .help = ""},
	{.key = "backends[].type", .type = VX_SET_STRING, .help = ""},
	{.key = "backends[].path", .type = VX_SET_STRING, .help = ""},
	{.key = "backends[].uri", .type = VX_SET_STRING, .help = ""},
	{.key = "backends[].labels", .type = VX_SET_STRING, .def = "none", .help = ""},
	{.key = "backends[].default_label", .type = VX_SET_STRING, .help = ""},
	{.key = "backends[].search_paths", .type = VX_SET_STRINGS, .help = ""},
};

/* A backend under test and what its listener heard. */
struct bench {
	void *source;
	struct vx_settings *settings;
	const struct vx_backend_ops *ops;
	struct vx_backend *b;
	struct vx_ctx ctx;
	struct vx_error err;

	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t woken;
	unsigned heard;
	bool heard_all;        /* NULL, or "application" */
	char heard_names[512]; /* " payment orders " */
};

/* --- the bench ------------------------------------------------------------------------------ */

static struct vx_settings *load_settings(const char *entry)
{
	struct vx_buf text = VX_BUF_INIT;
	struct vx_settings *s = NULL;
	struct vx_error err;

	vx_buf_puts(&text, "backends:\n- name: source\n  ");
	for (; *entry; entry++) {
		vx_buf_putc(&text, *entry);
		if (*entry == '\n')
			vx_buf_puts(&text, "  ");
	}
	vx_buf_putc(&text, '\n');
	if (vx_settings_load(rows, sizeof(rows) / sizeof(*rows),
	                     &(struct vx_settings_source){
				     .path = "test.yaml", .text = text.data, .len = text.len},
	                     NULL, NULL, &s, &err) < 0)
		fail_msg("%s\n%s", err.msg, text.data);
	vx_buf_fini(&text);
	return s;
}

static int setup(void **state)
{
	struct bench *t = calloc(1, sizeof(*t));
	struct vx_backend_env env = {.clock = vx_clock_system(),
	                             .limits = VX_DOC_LIMITS_DEFAULT,
	                             .default_label = "main"};
	char *entry;

	assert_non_null(t);
	env.limits.bytes = DOCUMENT_MAX;
	t->source = vx_fixture.setup();
	entry = vx_fixture.settings(t->source);
	t->settings = load_settings(entry);
	free(entry);
	t->ops = vx_backend_find(vx_fixture.name);
	assert_non_null(t->ops);
	pthread_mutex_init(&t->lock, NULL);
	pthread_cond_init(&t->woken, NULL);
	vx_ctx_init(&t->ctx, vx_clock_system(), 60000);
	if (t->ops->open(vx_settings_at(t->settings, "backends", 0), &env, &t->b, &t->err) < 0)
		fail_msg("%s", t->err.msg);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	struct bench *t = *state;

	t->ops->close(t->b);
	vx_ctx_fini(&t->ctx);
	vx_settings_put(t->settings);
	vx_fixture.teardown(t->source);
	pthread_cond_destroy(&t->woken);
	pthread_mutex_destroy(&t->lock);
	free(t);
	return 0;
}

#define PUT(t, label, ...)                                                                         \
	vx_fixture.put((t)->source, label, (const struct vx_contract_file[]){__VA_ARGS__},         \
	               sizeof((const struct vx_contract_file[]){__VA_ARGS__}) /                    \
	                       sizeof(struct vx_contract_file))

static struct vx_coords *coords(const char *app, const char *profiles, const char *label)
{
	struct vx_coords *at = NULL;

	assert_int_equal(vx_coords_new(app, profiles, label, &at, NULL), 0);
	return at;
}

static int fetch_have(struct bench *t, const char *app, const char *profiles, const char *label,
                      const char *have, struct vx_layers **ret)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = coords(app, profiles, label);

	return t->ops->fetch(t->b, &t->ctx, at, have, ret, &t->err);
}

static struct vx_layers *fetch(struct bench *t, const char *app, const char *profiles,
                               const char *label)
{
	struct vx_layers *l = NULL;
	int rc = fetch_have(t, app, profiles, label, NULL, &l);

	if (rc != 0)
		fail_msg("fetching %s/%s/%s: %d %s", app, profiles, label ? label : "", rc,
		         t->err.msg);
	return l;
}

/* "application.yml payment.yml": the paths in order, cut to their last names. */
static char *paths_of(const struct vx_layers *l)
{
	struct vx_buf b = VX_BUF_INIT;

	for (size_t i = 0; i < l->n; i++) {
		const char *slash = strrchr(l->layer[i].path, '/');

		vx_buf_printf(&b, "%s%s", i ? " " : "", slash ? slash + 1 : l->layer[i].path);
	}
	vx_buf_puts(&b, "");
	return vx_buf_steal(&b);
}

static void expect_paths(struct bench *t, const char *app, const char *profiles, const char *want)
{
	VX_AUTO(vx_layers_put_p) struct vx_layers *l = fetch(t, app, profiles, NULL);
	VX_AUTO(vx_freep) char *paths = paths_of(l);

	assert_string_equal(paths, want);
}

/* The text of the key in the last document that has it. */
static const char *value_of(const struct vx_layers *l, const char *key)
{
	for (size_t i = l->n; i-- > 0;)
		for (size_t d = l->layer[i].docs->n; d-- > 0;) {
			const struct vx_value *v =
				vx_value_find(l->layer[i].docs->doc[d].root, key);

			if (v)
				return v->text;
		}
	return "(none)";
}

static const struct vx_plain *plain_of(const struct vx_layers *l, const char *name)
{
	for (size_t i = 0; i < l->n_plain; i++)
		if (strcmp(l->plain[i].name, name) == 0)
			return &l->plain[i];
	fail_msg("no plain file %s", name);
	return NULL;
}

static void expect_list(struct bench *t, enum vx_list_what what, const char *app,
                        const char *cursor, size_t max, const char *want, bool more)
{
	VX_AUTO(vx_list_fini) struct vx_list l = {0};
	struct vx_buf b = VX_BUF_INIT;
	int rc = t->ops->list(t->b, &t->ctx, what, app, NULL, cursor, max, &l, &t->err);

	if (rc < 0)
		fail_msg("listing: %d %s", rc, t->err.msg);
	for (size_t i = 0; i < l.n; i++)
		vx_buf_printf(&b, "%s%s", i ? " " : "", l.names[i]);
	assert_string_equal(b.data ? b.data : "", want);
	assert_int_equal(l.more, more);
	vx_buf_fini(&b);
}

/* --- documents ------------------------------------------------------------------------------ */

static void documents_come_in_order_of_precedence(void **state)
{
	struct bench *t = *state;

	PUT(t, NULL, {"application.yml", "a: 1\n"}, {"payment.properties", "a=2\n"},
	    {"payment.yml", "a: 3\n"}, {"payment.yaml", "a: 4\n"}, {"payment.json", "{\"a\": 5}\n"},
	    {"application-prod.yml", "a: 6\n"}, {"payment-prod.yml", "a: 7\n"},
	    {"payment-eu.yml", "a: 8\n"}, {"payment-dev.yml", "a: 9\n"}, {"orders.yml", "a: 10\n"},
	    {"apps/payment/payment.yml", "a: 11\n"});
	expect_paths(t, "payment", "prod,eu",
	             "application.yml payment.yaml payment.yml payment.json payment.properties "
	             "payment.yml application-prod.yml payment-prod.yml payment-eu.yml");
	expect_paths(t, "payment", "eu,prod",
	             "application.yml payment.yaml payment.yml payment.json payment.properties "
	             "payment.yml payment-eu.yml application-prod.yml payment-prod.yml");
	expect_paths(t, "application", "default", "application.yml");
}

static void an_unknown_application_is_not_known_and_no_error(void **state)
{
	struct bench *t = *state;
	VX_AUTO(vx_layers_put_p) struct vx_layers *known = NULL;
	VX_AUTO(vx_layers_put_p) struct vx_layers *by_profile = NULL;
	VX_AUTO(vx_layers_put_p) struct vx_layers *unknown = NULL;

	PUT(t, NULL, {"application.yml", "a: 1\n"}, {"payment.yml", "a: 2\n"},
	    {"orders-prod.yml", "a: 3\n"});
	known = fetch(t, "payment", "default", NULL);
	by_profile = fetch(t, "orders", "default", NULL);
	unknown = fetch(t, "pay", "default", NULL);
	assert_true(known->app_known);
	assert_true(by_profile->app_known);
	assert_false(unknown->app_known);
	assert_int_equal(unknown->n, 1); /* the shared one */
	assert_true(known->label_known);
	assert_string_equal(known->backend, "source");
}

static void profiles_are_known_by_names_and_activations(void **state)
{
	struct bench *t = *state;
	VX_AUTO(vx_layers_put_p) struct vx_layers *l = NULL;

	PUT(t, NULL, {"application-shared.yml", "a: 1\n"}, {"payment-prod.yml", "a: 2\n"},
	    {"payment.yml", "a: 3\n---\nspring.config.activate.on-profile: '!night'\nb: 1\n"},
	    {"orders-other.yml", "a: 4\n"});
	l = fetch(t, "payment", "prod,shared,night,default,other", NULL);
	assert_int_equal(l->profiles_known, 0xf); /* all but the last */
}

static void a_broken_document_is_named_and_hurts_only_its_readers(void **state)
{
	struct bench *t = *state;
	VX_AUTO(vx_layers_put_p) struct vx_layers *l = NULL;

	PUT(t, NULL, {"payment.yml", "a: 1\nb: [\n"}, {"orders.yml", "a: 1\n"});
	for (int i = 0; i < 2; i++) { /* the second time it is remembered */
		assert_int_equal(fetch_have(t, "payment", "default", NULL, NULL, &l), -EBADMSG);
		assert_non_null(strstr(t->err.msg, "payment.yml"));
		assert_non_null(strstr(t->err.msg, "line"));
		assert_null(l);
	}
	l = fetch(t, "orders", "default", NULL);
	assert_int_equal(l->n, 1);
}

static void a_document_over_the_limit_is_refused_by_name(void **state)
{
	struct bench *t = *state;
	VX_AUTO(vx_freep) char *text = malloc(DOCUMENT_MAX + 2);
	struct vx_layers *l = NULL;

	memset(text, '#', DOCUMENT_MAX + 1);
	text[DOCUMENT_MAX + 1] = '\0';
	PUT(t, NULL, {"payment.yml", text});
	assert_int_equal(fetch_have(t, "payment", "default", NULL, NULL, &l), -E2BIG);
	assert_non_null(strstr(t->err.msg, "payment.yml"));
	assert_non_null(strstr(t->err.msg, "limits.document"));
}

/* --- revisions ------------------------------------------------------------------------------ */

static void a_revision_is_the_fetched_one_and_moves_with_the_content(void **state)
{
	struct bench *t = *state;
	VX_AUTO(vx_layers_put_p) struct vx_layers *a = NULL;
	VX_AUTO(vx_layers_put_p) struct vx_layers *b = NULL;
	struct vx_layers *none = NULL;
	char revision[VX_REVISION_MAX];

	PUT(t, NULL, {"payment.yml", "a: 1\n"});
	a = fetch(t, "payment", "default", NULL);
	assert_int_equal(t->ops->revision(t->b, &t->ctx, NULL, revision, &t->err), 0);
	assert_string_equal(revision, a->revision);
	assert_int_equal(fetch_have(t, "payment", "default", NULL, revision, &none), 1);
	assert_null(none);
	PUT(t, NULL, {"payment.yml", "a: 2\n"});
	assert_int_equal(fetch_have(t, "payment", "default", NULL, revision, &b), 0);
	assert_string_not_equal(b->revision, a->revision);
	assert_string_equal(value_of(b, "a"), "2");
	assert_string_equal(value_of(a, "a"), "1"); /* what was handed out does not change */
}

static void labels_are_kept_apart_and_unknown_ones_refused(void **state)
{
	struct bench *t = *state;
	VX_AUTO(vx_layers_put_p) struct vx_layers *a = NULL;
	VX_AUTO(vx_layers_put_p) struct vx_layers *b = NULL;
	VX_AUTO(vx_layers_put_p) struct vx_layers *c = NULL;
	struct vx_layers *none = NULL;
	char revision[VX_REVISION_MAX];

	if (!vx_fixture.labels)
		skip();
	PUT(t, NULL, {"payment.yml", "a: 1\n"});
	PUT(t, "release", {"payment.yml", "a: 2\n"});
	PUT(t, "team/blue", {"payment.yml", "a: 3\n"});
	a = fetch(t, "payment", "default", NULL);
	b = fetch(t, "payment", "default", "release");
	c = fetch(t, "payment", "default", "team(_)blue");
	assert_string_equal(value_of(a, "a"), "1");
	assert_string_equal(value_of(b, "a"), "2");
	assert_string_equal(value_of(c, "a"), "3");
	assert_true(a->label_known && b->label_known && c->label_known);
	assert_int_equal(fetch_have(t, "payment", "default", "blue", NULL, &none), -ENOENT);
	assert_int_equal(t->ops->revision(t->b, &t->ctx, "nowhere", revision, &t->err), -ENOENT);
	assert_non_null(strstr(t->err.msg, "nowhere"));
}

/* --- lists ---------------------------------------------------------------------------------- */

static void applications_are_listed_in_pages_by_one_reading(void **state)
{
	struct bench *t = *state;

	PUT(t, NULL, {"application.yml", "a: 1\n"}, {"application-prod.yml", "a: 1\n"},
	    {"a-b.yml", "a: 1\n"}, {"a-b-c.yml", "a: 1\n"}, {"payment.yml", "a: 1\n"},
	    {"payment-prod.yml", "a: 1\n"}, {"x-y.yml", "a: 1\n"}, {"only.json", "{}\n"},
	    {"readme.txt", "hello\n"}, {"apps/orders/orders.yml", "a: 1\n"});
	expect_list(t, VX_LIST_APPS, NULL, "", 100, "a-b orders payment x-y", false);
	expect_list(t, VX_LIST_APPS, NULL, "", 2, "a-b orders", true);
	expect_list(t, VX_LIST_APPS, NULL, "orders", 2, "payment x-y", false);
	expect_list(t, VX_LIST_APPS, NULL, "x-y", 2, "", false);
}

static void profiles_of_an_application_are_listed(void **state)
{
	struct bench *t = *state;

	PUT(t, NULL, {"application-shared.yml", "a: 1\n"}, {"payment-prod.yml", "a: 1\n"},
	    {"payment.yml", "spring.config.activate.on-profile: '!night & (eu | us)'\nb: 1\n"},
	    {"payment-gate.yml", "a: 1\n"}, {"payment-gate-test.yml", "a: 1\n"},
	    {"orders-other.yml", "a: 1\n"});
	expect_list(t, VX_LIST_PROFILES, "payment", "", 100, "default eu gate night prod shared us",
	            false);
	expect_list(t, VX_LIST_PROFILES, "payment", "eu", 2, "gate night", true);
}

static void labels_are_listed(void **state)
{
	struct bench *t = *state;
	VX_AUTO(vx_list_fini) struct vx_list l = {0};
	bool found = false;

	PUT(t, NULL, {"payment.yml", "a: 1\n"});
	if (vx_fixture.labels)
		PUT(t, "release", {"payment.yml", "a: 2\n"});
	assert_int_equal(
		t->ops->list(t->b, &t->ctx, VX_LIST_LABELS, NULL, NULL, "", 10, &l, &t->err), 0);
	for (size_t i = 0; i < l.n; i++)
		found = found || strcmp(l.names[i], "release") == 0;
	assert_int_equal(found, vx_fixture.labels);
}

/* --- plain files ---------------------------------------------------------------------------- */

static void plain_files_are_shown_with_id_and_size(void **state)
{
	struct bench *t = *state;
	VX_AUTO(vx_layers_put_p) struct vx_layers *l = NULL;
	unsigned char id[VX_BLOB_ID_BYTES];

	PUT(t, NULL, {"payment.yml", "a: 1\n"}, {"nginx.conf", "base"},
	    {"nginx-prod.conf", "prod!"}, {"apps/payment/certs/ca.pem", "pem"},
	    {"apps/payment/certs/x.yml", "plain: 1\n"}, {"data.json", "{}"},
	    {"apps/payment/own.txt", "own"}, {"apps/orders/no.txt", "no"}, {".hidden", "no"},
	    {"@at", "no"});
	l = fetch(t, "payment", "prod", NULL);
	assert_int_equal(l->n_plain, 5);
	assert_int_equal(plain_of(l, "nginx.conf")->size, 5);
	assert_string_equal(plain_of(l, "nginx.conf")->path, "nginx-prod.conf");
	assert_int_equal(plain_of(l, "certs/x.yml")->size, 9);
	assert_string_equal(plain_of(l, "own.txt")->path, "apps/payment/own.txt");
	(void)plain_of(l, "data.json");
	assert_int_equal(vx_blob_id("pem", 3, id), 0);
	assert_memory_equal(plain_of(l, "certs/ca.pem")->id, id, sizeof(id));
}

static void a_plain_file_is_read_at_its_revision(void **state)
{
	struct bench *t = *state;
	VX_AUTO(vx_layers_put_p) struct vx_layers *l = NULL;
	struct vx_bytes *bytes = NULL;
	int rc;

	PUT(t, NULL, {"payment.yml", "a: 1\n"}, {"certs/ca.pem", "old"});
	l = fetch(t, "payment", "default", NULL);
	assert_int_equal(
		t->ops->file(t->b, &t->ctx, l->revision, "certs/ca.pem", 100, &bytes, &t->err), 0);
	assert_int_equal(bytes->len, 3);
	assert_memory_equal(bytes->data, "old", 3);
	vx_bytes_put(bytes);
	assert_int_equal(
		t->ops->file(t->b, &t->ctx, l->revision, "certs/ca.pem", 2, &bytes, &t->err),
		-E2BIG);
	assert_int_equal(
		t->ops->file(t->b, &t->ctx, l->revision, "certs/none.pem", 100, &bytes, &t->err),
		-ENOENT);
	assert_int_equal(t->ops->file(t->b, &t->ctx, "0000000000000000000000000000000000000000",
	                              "certs/ca.pem", 100, &bytes, &t->err),
	                 -ESTALE);
	PUT(t, NULL, {"certs/ca.pem", "new"});
	rc = t->ops->file(t->b, &t->ctx, l->revision, "certs/ca.pem", 100, &bytes, &t->err);
	assert_int_equal(rc, vx_fixture.history ? 0 : -ESTALE);
	if (rc == 0) {
		assert_memory_equal(bytes->data, "old", 3);
		vx_bytes_put(bytes);
	}
}

/* --- what goes wrong ------------------------------------------------------------------------ */

static void every_call_honours_its_ctx(void **state)
{
	struct bench *t = *state;
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = coords("payment", "default", NULL);
	struct vx_layers *l = NULL;
	struct vx_bytes *bytes = NULL;
	struct vx_list list;
	char revision[VX_REVISION_MAX];

	PUT(t, NULL, {"payment.yml", "a: 1\n"});
	for (int i = 0; i < 2; i++) {
		int want = i ? -ECANCELED : -ETIMEDOUT;
		struct vx_ctx ctx;

		vx_ctx_init(&ctx, vx_clock_system(), i ? -1 : 0);
		if (i)
			vx_ctx_cancel(&ctx);
		assert_int_equal(t->ops->fetch(t->b, &ctx, at, NULL, &l, &t->err), want);
		assert_int_equal(t->ops->revision(t->b, &ctx, NULL, revision, &t->err), want);
		assert_int_equal(
			t->ops->list(t->b, &ctx, VX_LIST_APPS, NULL, NULL, "", 10, &list, &t->err),
			want);
		assert_int_equal(t->ops->file(t->b, &ctx,
		                              "0000000000000000000000000000000000000000", "a", 10,
		                              &bytes, &t->err),
		                 want);
		vx_ctx_fini(&ctx);
	}
}

static void a_source_that_is_away_is_unreachable_not_empty(void **state)
{
	struct bench *t = *state;
	struct vx_layers *l = NULL;
	char revision[VX_REVISION_MAX];

	PUT(t, NULL, {"payment.yml", "a: 1\n"});
	vx_layers_put(fetch(t, "payment", "default", NULL));
	vx_fixture.away(t->source, true);
	assert_int_equal(fetch_have(t, "payment", "default", NULL, NULL, &l), -EAGAIN);
	assert_true(strlen(t->err.msg) > 10);
	assert_int_equal(t->ops->revision(t->b, &t->ctx, NULL, revision, &t->err), -EAGAIN);
	vx_fixture.away(t->source, false);
	vx_layers_put(fetch(t, "payment", "default", NULL));
}

/* --- changes -------------------------------------------------------------------------------- */

static void hear(void *arg, const char *const *apps, size_t n)
{
	struct bench *t = arg;

	pthread_mutex_lock(&t->lock);
	t->heard++;
	t->heard_all = t->heard_all || !apps;
	for (size_t i = 0; apps && i < n; i++) {
		size_t len = strlen(t->heard_names);

		snprintf(t->heard_names + len, sizeof(t->heard_names) - len, " %s ", apps[i]);
		t->heard_all = t->heard_all || strcmp(apps[i], "application") == 0;
	}
	pthread_cond_signal(&t->woken);
	pthread_mutex_unlock(&t->lock);
}

/* Wait until something was heard, and forget it. Whether @app is among it; milliseconds in *ret. */
static bool heard_of(struct bench *t, const char *app, bool *ret_all)
{
	struct timespec until;
	char name[64];
	bool found = false;
	int rc = 0;

	snprintf(name, sizeof(name), " %s ", app);
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_MS / 1000;
	pthread_mutex_lock(&t->lock);
	while (rc == 0 && !(found = t->heard_all || strstr(t->heard_names, name)))
		rc = pthread_cond_timedwait(&t->woken, &t->lock, &until);
	*ret_all = t->heard_all;
	t->heard = 0;
	t->heard_all = false;
	t->heard_names[0] = '\0';
	pthread_mutex_unlock(&t->lock);
	return found;
}

static void a_change_is_told_with_the_applications_it_touches(void **state)
{
	struct bench *t = *state;
	VX_AUTO(vx_layers_put_p) struct vx_layers *l = NULL;
	bool all;

	if (!vx_fixture.pushes)
		skip();
	PUT(t, NULL, {"application.yml", "a: 0\n"}, {"payment.yml", "a: 1\n"},
	    {"apps/orders/orders.yml", "a: 1\n"});
	assert_int_equal(t->ops->watch(t->b, hear, t, &t->err), 0);
	PUT(t, NULL, {"payment.yml", "a: 2\n"});
	assert_true(heard_of(t, "payment", &all));
	assert_false(all);
	l = fetch(t, "payment", "default", NULL);
	assert_string_equal(value_of(l, "a"), "2");
	PUT(t, NULL, {"apps/orders/orders.yml", "a: 2\n"});
	assert_true(heard_of(t, "orders", &all));
	assert_false(all);
	PUT(t, NULL, {"apps/stock/stock.yml", "a: 2\n"}); /* in a folder that is new */
	assert_true(heard_of(t, "stock", &all));
	PUT(t, NULL, {"apps/stock/stock.yml", "a: 3\n"});
	assert_true(heard_of(t, "stock", &all));
	PUT(t, NULL, {"application.yml", "a: 1\n"});
	assert_true(heard_of(t, "application", &all));
	assert_true(all);
	PUT(t, NULL, {"motd.txt", "hello"});
	assert_true(heard_of(t, "application", &all));
	assert_true(all);
}

static void a_source_that_comes_back_is_a_change(void **state)
{
	struct bench *t = *state;
	bool all;

	if (!vx_fixture.pushes)
		skip();
	PUT(t, NULL, {"payment.yml", "a: 1\n"});
	assert_int_equal(t->ops->watch(t->b, hear, t, &t->err), 0);
	vx_fixture.away(t->source, true);
	assert_true(heard_of(t, "application", &all));
	vx_fixture.away(t->source, false);
	assert_true(heard_of(t, "application", &all));
	PUT(t, NULL, {"payment.yml", "a: 2\n"});
	assert_true(heard_of(t, "payment", &all));
}

/* --- history -------------------------------------------------------------------------------- */

static void history_is_told_in_pages_newest_first(void **state)
{
	struct bench *t = *state;
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = coords("payment", "prod", NULL);
	VX_AUTO(vx_history_fini) struct vx_history one = {0};
	VX_AUTO(vx_history_fini) struct vx_history two = {0};
	char newest[VX_REVISION_MAX];

	if (!vx_fixture.history) {
		assert_null(t->ops->history);
		return;
	}
	PUT(t, NULL, {"readme.txt", "no document\n"});
	PUT(t, NULL, {"payment.yml", "a: 1\n"});
	PUT(t, NULL, {"orders.yml", "a: 1\n"});
	PUT(t, NULL, {"apps/payment/payment-prod.yml", "a: 2\n"});
	PUT(t, NULL, {"application.yml", "a: 3\n"});
	assert_int_equal(t->ops->revision(t->b, &t->ctx, NULL, newest, &t->err), 0);
	PUT(t, NULL, {"payment-dev.yml", "a: 3\n"});
	assert_int_equal(t->ops->history(t->b, &t->ctx, at, "", 2, &one, &t->err), 0);
	assert_int_equal(one.n, 2);
	assert_true(one.more);
	assert_string_equal(one.entries[0].revision, newest);
	assert_string_equal(one.entries[0].author, "Ann Author <ann@example>");
	assert_string_equal(one.entries[0].message, "change");
	assert_true(one.entries[0].time_s > one.entries[1].time_s);
	assert_int_equal(
		t->ops->history(t->b, &t->ctx, at, one.entries[1].revision, 2, &two, &t->err), 0);
	assert_int_equal(two.n, 1);
	assert_false(two.more);
}

/* --- many at once --------------------------------------------------------------------------- */

struct crowd {
	struct bench *t;
	atomic_bool done;
	atomic_uint torn;
	atomic_uint failed;
};

static void *read_on(void *arg)
{
	struct crowd *c = arg;

	while (!atomic_load(&c->done)) {
		VX_AUTO(vx_coords_free_p) struct vx_coords *at = coords("payment", "default", NULL);
		struct vx_layers *l = NULL;
		struct vx_ctx ctx;

		vx_ctx_init(&ctx, vx_clock_system(), 10000);
		if (c->t->ops->fetch(c->t->b, &ctx, at, NULL, &l, NULL) < 0)
			atomic_fetch_add(&c->failed, 1);
		else if (l->n != 1)
			atomic_fetch_add(&c->torn, 1);
		vx_layers_put(l);
		vx_ctx_fini(&ctx);
	}
	return NULL;
}

static void readers_at_once_meet_whole_states(void **state)
{
	struct bench *t = *state;
	struct crowd c = {.t = t};
	pthread_t threads[4];
	char text[32];

	PUT(t, NULL, {"payment.yml", "a: 0\n"});
	if (vx_fixture.pushes)
		assert_int_equal(t->ops->watch(t->b, hear, t, &t->err), 0);
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &c), 0);
	for (int i = 1; i <= 20; i++) {
		VX_AUTO(vx_layers_put_p) struct vx_layers *l = NULL;

		snprintf(text, sizeof(text), "a: %d\n", i);
		PUT(t, NULL, {"payment.yml", text});
		/* Whoever asks after the change is answered with it. */
		l = fetch(t, "payment", "default", NULL);
		snprintf(text, sizeof(text), "%d", i);
		assert_string_equal(value_of(l, "a"), text);
	}
	atomic_store(&c.done, true);
	for (size_t i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(c.torn, 0);
	assert_int_equal(c.failed, 0);
}

#define CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(documents_come_in_order_of_precedence),
		CASE(an_unknown_application_is_not_known_and_no_error),
		CASE(profiles_are_known_by_names_and_activations),
		CASE(a_broken_document_is_named_and_hurts_only_its_readers),
		CASE(a_document_over_the_limit_is_refused_by_name),
		CASE(a_revision_is_the_fetched_one_and_moves_with_the_content),
		CASE(labels_are_kept_apart_and_unknown_ones_refused),
		CASE(applications_are_listed_in_pages_by_one_reading),
		CASE(profiles_of_an_application_are_listed),
		CASE(labels_are_listed),
		CASE(plain_files_are_shown_with_id_and_size),
		CASE(a_plain_file_is_read_at_its_revision),
		CASE(every_call_honours_its_ctx),
		CASE(a_source_that_is_away_is_unreachable_not_empty),
		CASE(a_change_is_told_with_the_applications_it_touches),
		CASE(a_source_that_comes_back_is_a_change),
		CASE(history_is_told_in_pages_newest_first),
		CASE(readers_at_once_meet_whole_states),
	};

	return cmocka_run_group_tests_name(vx_fixture.name, cases, NULL, NULL);
}
