/* test_query.c - what people ask the catalog: a real one, over a folder and a repository that git
 * made, without a mount. */
#include "daemon/catalog/query.h"

#include "tests/unit/daemon/catalog/house.h"

static char base[64];

static int make(void **state)
{
	(void)state;
	new_folder(base);
	run("cd %s && mkdir local state && echo 'local: yes' > local/payment.yml && "
	    "echo 'from: folder' > local/till.yml && git init -q -b main repo && cd repo && "
	    "git config user.name t && git config user.email t@x && "
	    "c() { git add -A && git commit -q -m \"$1\"; } && "
	    "echo 'server: {port: 80}' > payment.yml && "
	    "echo 'server.port: 8080' > payment-prod.yml && echo 'of: all' > shared.yml && c first "
	    "&& "
	    "git tag v1 && "
	    "echo 'server.port: 9090' > payment-prod.yml && "
	    "echo 'vortex: {imports: [shared]}' > orders.yml && "
	    "echo 'vortex: {imports: [nobody]}' > lost.yml && c second && "
	    "git checkout -q -b broken && echo 'a: [' > payment-prod.yml && c broken && "
	    "git checkout -q main",
	    base);
	return 0;
}

static int drop(void **state)
{
	(void)state;
	run("rm -rf %s", base);
	return 0;
}

#define BOTH                                                                                       \
	"- {name: repo, type: git, priority: 10, uri: '@/repo'}\n"                                 \
	"- {name: local, type: directory, priority: 20, path: '@/local'}\n"

static void test_what_is_asked_is_composed_and_leaves_nothing(void **state)
{
	static const struct vx_at_revision v1 = {"repo", "v1"}, none = {"repo", "v2"},
					   folder = {"local", "v1"}, nobody = {"else", "v1"};
	static const struct {
		const char *name, *app, *profile, *label;
		const struct vx_at_revision *rev;
		int rc;
		const char *want; /* in the properties, or in the sentence */
	} cases[] = {
		{"the head", "payment", "prod", NULL, NULL, 0, "server.port=9090\n"},
		{"of all backends", "payment", "prod", NULL, NULL, 0, "local=yes\n"},
		{"a tag", "payment", "prod", "v1", NULL, 0, "server.port=8080\n"},
		{"one at a revision", "payment", "prod", NULL, &v1, 0, "server.port=8080\n"},
		{"the others as they are", "payment", "prod", NULL, &v1, 0, "local=yes\n"},
		{"no such revision", "payment", "prod", NULL, &none, -ENOENT, "repo: no branch"},
		{"a folder has none", "payment", "prod", NULL, &folder, -EOPNOTSUPP,
	         "local: it keeps"},
		{"no such backend", "payment", "prod", NULL, &nobody, -ENOENT, "'else'"},
		{"an import", "orders", "default", NULL, NULL, 0, "of=all\n"},
		{"an import of nothing", "lost", "default", NULL, NULL, -EBADMSG,
	         "lost imports nobody"},
		{"no such application", "nothing", "default", NULL, NULL, -ENOENT, "'nothing'"},
		{"what was not there then", "orders", "default", NULL, &v1, -ENOENT, "'orders'"},
		{"no such profile", "payment", "dev", NULL, NULL, -ENOENT, "'dev'"},
		{"no such label", "payment", "prod", "v2", NULL, -ENOENT, "'v2'"},
		{"what does not parse", "payment", "prod", "broken", NULL, -EBADMSG,
	         "repo: payment-prod.yml"},
	};
	struct vx_backend_list backends;
	struct vx_track_page tracks;
	struct house h;

	(void)state;
	open_house(&h, base, BOTH);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char *got;
		int rc = ask(&h, cases[i].app, cases[i].profile, cases[i].label, VX_SERVED,
		             cases[i].rev, &got);

		if (rc != cases[i].rc || !strstr(rc == 0 ? got : h.err.msg, cases[i].want))
			fail_msg("%s: %d '%s', want %d '%s'", cases[i].name, rc,
			         rc == 0 ? got : h.err.msg, cases[i].rc, cases[i].want);
		free(got);
	}
	assert_int_equal(vx_catalog_tracks(h.catalog, "", 10, &tracks), 0);
	assert_int_equal(tracks.n, 0);
	vx_track_page_fini(&tracks);
	assert_int_equal(vx_catalog_backends(h.catalog, &backends), 0);
	for (size_t i = 0; i < backends.n; i++)
		assert_int_equal(backends.backends[i].counts.known, 0);
	vx_backend_list_fini(&backends);
	leave_house(&h);
}

static void test_served_is_what_readers_get(void **state)
{
	struct house h;
	char *got;

	(void)state;
	open_house(&h, base, BOTH);
	serve(&h, "till", "default", NULL, "published");
	run("echo 'from: elsewhere' > %s/local/till.yml", base); /* nothing watches */
	assert_int_equal(ask(&h, "till", "default", NULL, VX_SERVED, NULL, &got), 0);
	assert_string_equal(got, "from=folder\n");
	free(got);
	assert_int_equal(ask(&h, "till", "default", NULL, VX_HEAD, NULL, &got), 0);
	assert_string_equal(got, "from=elsewhere\n");
	free(got);
	leave_house(&h);
}

static void test_tracks_come_in_pages(void **state)
{
	struct vx_track_page page;
	struct house h;

	(void)state;
	open_house(&h, base, BOTH);
	serve(&h, "till", "default", NULL, "published");
	serve(&h, "payment", "prod", NULL, "published");
	serve(&h, "orders", "default", NULL, "published");
	serve(&h, "payment", "prod", "broken", "it cannot be served");
	assert_int_equal(vx_catalog_tracks(h.catalog, "", 3, &page), 0);
	assert_int_equal(page.n, 3);
	assert_true(page.more);
	assert_string_equal(page.tracks[0].at, "orders/default");
	assert_string_equal(page.tracks[1].at, "payment/prod");
	assert_string_equal(page.tracks[2].at, "payment/prod/broken");
	assert_int_equal(page.tracks[1].state, VX_TRACK_IDLE);
	assert_int_equal(page.tracks[1].number, 1);
	assert_int_equal(strlen(page.tracks[1].version), VX_VERSION_DIGITS);
	assert_true(page.tracks[1].published_s > 1700000000);
	assert_non_null(strstr(page.tracks[1].revisions, "revision.repo "));
	assert_null(page.tracks[1].error);
	assert_int_equal(page.tracks[2].state, VX_TRACK_FAILED);
	assert_string_equal(page.tracks[2].version, "");
	assert_non_null(strstr(page.tracks[2].error, "payment-prod.yml"));
	vx_track_page_fini(&page);
	assert_int_equal(vx_catalog_tracks(h.catalog, "payment/prod/broken", 3, &page), 0);
	assert_int_equal(page.n, 1);
	assert_false(page.more);
	assert_string_equal(page.tracks[0].at, "till/default");
	vx_track_page_fini(&page);
	leave_house(&h);
}

/* All names, page by page, joined by spaces; or the failure. */
static const char *names(struct house *h, enum vx_list_what what, const char *app,
                         const char *label, const struct vx_at_revision *rev, size_t max,
                         char ret[256])
{
	char cursor[64] = "";
	bool more = true;

	for (ret[0] = '\0'; more;) {
		struct vx_list page = {0};
		int rc = vx_catalog_names(h->catalog, &h->ctx, what, app, label, rev, cursor, max,
		                          &page, &h->err);

		if (rc < 0) {
			(void)snprintf(ret, 256, "%s: %.200s", vx_error_info(rc)->name, h->err.msg);
			return ret;
		}
		assert_true(page.n <= max && (page.n > 0 || !page.more));
		for (size_t i = 0; i < page.n; i++) {
			(void)snprintf(cursor, sizeof(cursor), "%s", page.names[i]);
			(void)snprintf(ret + strlen(ret), 256 - strlen(ret), "%s ", cursor);
		}
		more = page.more;
		vx_list_fini(&page);
	}
	return ret;
}

static void test_names_are_merged(void **state)
{
	static const struct vx_at_revision v1 = {"repo", "v1"}, none = {"repo", "v2"};
	static const struct {
		const char *name;
		enum vx_list_what what;
		const char *app, *label;
		const struct vx_at_revision *rev;
		const char *want;
	} cases[] = {
		{"applications", VX_LIST_APPS, NULL, NULL, NULL,
	         "lost orders payment shared till "},
		{"then", VX_LIST_APPS, NULL, NULL, &v1, "payment shared till "},
		{"at a label", VX_LIST_APPS, NULL, "v1", NULL, "payment shared till "},
		{"profiles", VX_LIST_PROFILES, "payment", NULL, NULL, "default prod "},
		{"what one backend alone has", VX_LIST_PROFILES, "till", "v1", NULL, "default "},
		{"what was not there then", VX_LIST_PROFILES, "orders", NULL, &v1,
	         "ENOENT: no document names the application 'orders'"},
		{"no such application", VX_LIST_PROFILES, "nothing", NULL, NULL,
	         "ENOENT: no document names the application 'nothing'"},
		{"labels", VX_LIST_LABELS, NULL, NULL, NULL, "broken main v1 "},
	};
	struct house h;
	char got[256];

	(void)state;
	open_house(&h, base, BOTH);
	for (size_t max = 1; max <= 3; max++)
		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
			if (strcmp(names(&h, cases[i].what, cases[i].app, cases[i].label,
			                 cases[i].rev, max, got),
			           cases[i].want) != 0)
				fail_msg("%s by %zu: '%s', want '%s'", cases[i].name, max, got,
				         cases[i].want);
	(void)names(&h, VX_LIST_APPS, NULL, NULL, &none, 10, got);
	assert_non_null(strstr(got, "ENOENT: repo: no branch"));
	leave_house(&h);
}

static void test_a_label_that_is_lacking(void **state)
{
	static const struct {
		const char *missing, *names, *composed;
	} cases[] = {
		{"default", "ENOENT: no backend has the label 'v2'", "ENOENT"},
		{"skip", "ENOENT: no backend has the label 'v2'", "ENOENT"},
		{"refuse", "ENOENT: repo: no branch, tag or commit 'v2' in", "ENOENT"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char backends[256], got[256], *text;
		struct house h;

		(void)snprintf(backends, sizeof(backends),
		               "- {name: repo, type: git, uri: '@/repo', missing_label: %s}\n",
		               cases[i].missing);
		open_house(&h, base, backends);
		(void)names(&h, VX_LIST_APPS, NULL, "v2", NULL, 10, got);
		if (strncmp(got, cases[i].names, strlen(cases[i].names)) != 0)
			fail_msg("%s: '%s'", cases[i].missing, got);
		assert_int_equal(ask(&h, "payment", "prod", "v2", VX_HEAD, NULL, &text), -ENOENT);
		leave_house(&h);
	}
}

static void test_backends_history_refresh(void **state)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = coords("payment", "prod", NULL);
	struct vx_backend_list l;
	struct vx_history history;
	struct house h;
	char *got;

	(void)state;
	open_house(&h, base, BOTH);
	assert_int_equal(vx_catalog_backends(h.catalog, &l), 0);
	assert_int_equal(l.n, 2);
	assert_string_equal(l.backends[0].name, "repo");
	assert_string_equal(l.backends[0].type, "git");
	assert_int_equal(l.backends[0].priority, 10);
	assert_string_equal(l.backends[1].name, "local");
	assert_string_equal(l.backends[1].state, "starting");
	assert_int_equal(l.backends[1].good_age_ms, -1);
	vx_backend_list_fini(&l);
	serve(&h, "payment", "prod", NULL, "published");
	assert_int_equal(vx_catalog_backends(h.catalog, &l), 0);
	assert_string_equal(l.backends[0].state, "ok");
	assert_int_equal(strlen(l.backends[0].revision), 40);
	assert_true(l.backends[1].good_age_ms >= 0);
	assert_null(l.backends[1].message);

	assert_int_equal(
		vx_catalog_history(h.catalog, &h.ctx, "repo", at, "", 10, &history, &h.err), 0);
	assert_int_equal(history.n, 2);
	assert_string_equal(history.entries[0].revision, l.backends[0].revision);
	vx_history_fini(&history);
	vx_backend_list_fini(&l);
	assert_int_equal(
		vx_catalog_history(h.catalog, &h.ctx, "local", at, "", 10, &history, &h.err),
		-EOPNOTSUPP);
	assert_int_equal(
		vx_catalog_history(h.catalog, &h.ctx, "else", at, "", 10, &history, &h.err),
		-ENOENT);
	assert_int_equal(vx_catalog_refresh(h.catalog, &h.ctx, NULL, &h.err), 0);
	assert_int_equal(vx_catalog_refresh(h.catalog, &h.ctx, "local", &h.err), 0);
	assert_int_equal(vx_catalog_refresh(h.catalog, &h.ctx, "else", &h.err), -ENOENT);
	assert_int_equal(vx_catalog_access(h.catalog, at).perm, 0444);
	assert_int_equal(ask(&h, "payment", "prod", NULL, VX_HEAD, NULL, &got), 0);
	free(got);
	leave_house(&h);
}

static void collect(void *arg, const struct vx_problem *p)
{
	char *text = arg;

	(void)snprintf(text + strlen(text), 1024 - strlen(text), "%s: %s|", p->key,
	               vx_severity_name(p->severity));
}

/* Every problem's key and severity. */
static void check_problems(struct house *h, const char *want)
{
	char text[1024] = "";

	(void)vx_problems_each(h->problems, collect, text);
	assert_string_equal(text, want);
}

static void test_what_fails_is_a_problem_until_it_is_well(void **state)
{
	struct house h;

	(void)state;
	open_house(&h, base, BOTH);
	run("echo 'a: [' > %s/local/till.yml", base);
	serve(&h, "till", "default", NULL, "track till");
	check_problems(&h, "backend local till/default: error|track till/default: error|");
	run("echo 'from: folder' > %s/local/till.yml", base);
	assert_int_equal(vx_catalog_refresh(h.catalog, &h.ctx, "local", &h.err), 0); /* at once */
	serve(&h, "till", "default", NULL, "published");
	check_problems(&h, "");
	leave_house(&h);
}

static enum vx_track_state state_of_till(struct house *h)
{
	struct vx_track_page page;
	enum vx_track_state state;

	assert_int_equal(vx_catalog_tracks(h->catalog, "orders", 1, &page), 0);
	assert_int_equal(page.n, 1);
	assert_string_equal(page.tracks[0].at, "till/default");
	state = page.tracks[0].state;
	vx_track_page_fini(&page);
	return state;
}

static void test_what_happens_to_a_track_is_told(void **state)
{
	struct house h;
	char *got;

	(void)state;
	open_house(&h, base, BOTH);
	assert_int_equal(vx_feed_watch(catalog_feed(h.catalog, "local"), &h.err), 0);
	run("touch %s/local/application.env", base); /* Vortex makes one itself */
	wait_for(&h, "changed", "\"local\"");
	serve(&h, "till", "default", NULL, "published");
	check_problems(&h, "track till/default note: note|");
	run("cd %s && mv local/till.yml till.yml", base);
	wait_for(&h, "changed", "\"local\"");
	serve(&h, "till", "default", NULL, "orphaned");
	assert_int_equal(state_of_till(&h), VX_TRACK_ORPHANED);
	check_problems(&h, "track till/default: warning|track till/default note: note|");
	assert_int_equal(ask(&h, "till", "default", NULL, VX_SERVED, NULL, &got), 0);
	free(got);
	assert_int_equal(ask(&h, "till", "default", NULL, VX_HEAD, NULL, &got), -ENOENT);
	run("echo 'vortex.imports: nobody' > %s/local/till.yml", base);
	wait_for(&h, "changed", "\"local\"");
	serve(&h, "till", "default", NULL, "still serving version");
	assert_int_equal(state_of_till(&h), VX_TRACK_STALE);
	run("cd %s && mv till.yml local/till.yml && rm local/application.env", base);
	wait_for(&h, "solved", "till/default"); /* nobody has to read for that */
	leave_house(&h);
}

#define SILENT                                                                                     \
	"- {name: local, type: directory, priority: 20, path: '@/local'}\n"                        \
	"- {name: n, type: never, priority: 10, timeout: 60s, pool: {max: 1}}\n"

static void *cancel(void *arg)
{
	vx_ctx_cancel(arg);
	return NULL;
}

static void test_who_asks_in_vain_leaves_in_time(void **state)
{
	int64_t began = vx_mono_ns(vx_clock_system());
	pthread_t other;
	struct house h;
	char *got;

	(void)state;
	if (!vx_backend_find("never")) {
		print_message("built without VX_TEST_BACKENDS\n");
		skip();
	}
	open_house(&h, base, SILENT);
	for (int i = 0; i < 3; i++) { /* its one thread has to be free again each time */
		vx_ctx_fini(&h.ctx);
		vx_ctx_init(&h.ctx, vx_clock_system(), 20);
		assert_int_equal(ask(&h, "till", "default", NULL, VX_HEAD, NULL, &got), -ETIMEDOUT);
		assert_non_null(strstr(h.err.msg, "n"));
	}
	vx_ctx_fini(&h.ctx);
	vx_ctx_init(&h.ctx, vx_clock_system(), -1);
	assert_int_equal(pthread_create(&other, NULL, cancel, &h.ctx), 0);
	assert_int_equal(ask(&h, "till", "default", NULL, VX_HEAD, NULL, &got), -ECANCELED);
	assert_int_equal(pthread_join(other, NULL), 0);
	leave_house(&h);
	assert_true(vx_mono_ns(vx_clock_system()) - began < 30 * VX_SEC);
}

static void *ask_much(void *arg)
{
	struct house *h = arg;
	struct vx_ctx ctx;

	vx_ctx_init(&ctx, vx_clock_system(), 30000);
	for (int i = 0; i < 30; i++) {
		const struct vx_at_revision v1 = {"repo", "v1"};
		VX_AUTO(vx_coords_free_p) struct vx_coords *at = coords("payment", "prod", NULL);
		struct vx_snapshot *s;
		struct vx_track_page tracks;
		struct vx_backend_list backends;
		struct vx_list list;

		assert_int_equal(vx_catalog_snapshot(h->catalog, &ctx, at, VX_SERVED,
		                                     i % 2 ? &v1 : NULL, &s, NULL),
		                 0);
		vx_snapshot_put(s);
		assert_int_equal(vx_catalog_names(h->catalog, &ctx, VX_LIST_APPS, NULL, NULL, NULL,
		                                  "", 2, &list, NULL),
		                 0);
		vx_list_fini(&list);
		assert_int_equal(vx_catalog_tracks(h->catalog, "", 10, &tracks), 0);
		vx_track_page_fini(&tracks);
		assert_int_equal(vx_catalog_backends(h->catalog, &backends), 0);
		vx_backend_list_fini(&backends);
	}
	vx_ctx_fini(&ctx);
	return NULL;
}

static void test_two_at_once(void **state)
{
	pthread_t threads[2];
	struct house h;

	(void)state;
	open_house(&h, base, BOTH);
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, ask_much, &h), 0);
	serve(&h, "payment", "prod", NULL, "published");
	for (int i = 0; i < 2; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	leave_house(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_asked_is_composed_and_leaves_nothing),
		cmocka_unit_test(test_served_is_what_readers_get),
		cmocka_unit_test(test_tracks_come_in_pages),
		cmocka_unit_test(test_names_are_merged),
		cmocka_unit_test(test_a_label_that_is_lacking),
		cmocka_unit_test(test_backends_history_refresh),
		cmocka_unit_test(test_what_fails_is_a_problem_until_it_is_well),
		cmocka_unit_test(test_what_happens_to_a_track_is_told),
		cmocka_unit_test(test_who_asks_in_vain_leaves_in_time),
		cmocka_unit_test(test_two_at_once),
	};

	return cmocka_run_group_tests_name("query", tests, make, drop);
}
