/* explain.c - `vortexctl explain`: who supplied a value, and what it overrode. */
#include <errno.h>
#include <string.h>

#include "tools/vortexctl/answer.h"
#include "tools/vortexctl/place.h"
#include "tools/vortexctl/text.h"

struct request {
	struct vx_ctl_server server;
	const char *file;
	long limit;
};

static bool same_file(const json_t *a, const json_t *b)
{
	return json_equal(json_object_get(a, "backend"), json_object_get(b, "backend")) &&
	       json_equal(json_object_get(a, "path"), json_object_get(b, "path"));
}

static bool same_place(const json_t *a, const json_t *b)
{
	return same_file(a, b) &&
	       json_equal(json_object_get(a, "line"), json_object_get(b, "line"));
}

/* Whether overridden value @i of @item was named before: an import brings what it shares with the
 * importer along once more, and a person needs to see it once. */
static bool is_repeated(const json_t *item, size_t i)
{
	const json_t *overrode = json_object_get(item, "overrode");
	const json_t *one = json_array_get(overrode, i);

	for (size_t j = 0; j < i; j++)
		if (same_place(one, json_array_get(overrode, j)))
			return true;
	return same_place(one, item);
}

static void put_overridden(struct vx_buf *b, const json_t *item)
{
	const json_t *one;
	size_t i;

	json_array_foreach (json_object_get(item, "overrode"), i, one) {
		if (is_repeated(item, i))
			continue;
		vx_buf_puts(b, "  overrode  ");
		vx_ctl_put_origin(b, one);
		vx_buf_puts(b, ", where it is ");
		if (vx_ctl_str(one, "value")) {
			vx_ctl_put_value(b, one);
		} else if (json_object_get(one, "value")) {
			vx_buf_puts(b, "a list, a map or null");
		} else {
			vx_buf_puts(b, "hidden from you: ");
			vx_ctl_put(b, vx_ctl_str(one, "hash"));
		}
		vx_buf_putc(b, '\n');
	}
}

/* Of a number or a truth value, which its text does not tell from a string. */
static bool shows_type(const json_t *item)
{
	const char *type = vx_ctl_str(item, "type");

	return type && vx_ctl_str(item, "value") && strcmp(type, "string") != 0;
}

static void put_item(struct vx_buf *b, const json_t *item)
{
	vx_buf_puts(b, vx_ctl_bold());
	vx_ctl_put(b, vx_ctl_str(item, "key"));
	vx_buf_printf(b, "%s = ", vx_ctl_plain());
	vx_ctl_put_value(b, item);
	if (shows_type(item))
		vx_buf_printf(b, " %s(%s)%s", vx_ctl_dim(), vx_ctl_str(item, "type"),
		              vx_ctl_plain());
	vx_buf_puts(b, "\n  from      ");
	vx_ctl_put_origin(b, item);
	vx_buf_putc(b, '\n');
	put_overridden(b, item);
}

/* Whether document @i takes part once more later on, where all that it sets is set again. */
static bool comes_again(const json_t *documents, size_t i)
{
	const json_t *one = json_array_get(documents, i);

	for (size_t j = i + 1; j < json_array_size(documents); j++)
		if (same_file(one, json_array_get(documents, j)))
			return true;
	return false;
}

static void put_documents(struct vx_buf *b, const json_t *documents)
{
	const json_t *one;
	size_t i;

	if (json_array_size(documents) == 0)
		return;
	vx_buf_printf(b, "\n%sdocuments%s, the later overrides the earlier\n", vx_ctl_bold(),
	              vx_ctl_plain());
	json_array_foreach (documents, i, one) {
		if (comes_again(documents, i))
			continue;
		vx_buf_puts(b, "  ");
		vx_ctl_put_origin(b, one);
		vx_buf_putc(b, '\n');
	}
}

static void put_file(struct vx_buf *b, const json_t *file)
{
	vx_buf_puts(b, vx_ctl_bold());
	vx_ctl_put(b, vx_ctl_str(file, "name"));
	vx_buf_printf(b, "%s: a plain file of %lld bytes\n  from      ", vx_ctl_plain(),
	              (long long)vx_ctl_int(file, "bytes"));
	vx_ctl_put_origin(b, file);
	vx_buf_putc(b, '\n');
}

static int print_text(const json_t *answer, bool whole)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;
	const json_t *file = json_object_get(answer, "file");
	const json_t *item;
	size_t i;

	if (file)
		put_file(&b, file);
	json_array_foreach (json_object_get(answer, "items"), i, item)
		put_item(&b, item);
	if (whole)
		put_documents(&b, json_object_get(answer, "documents"));
	return vx_ctl_print(&b);
}

static int ask(const struct request *r, const struct vx_ctl_reading *at, json_t **ret,
               struct vx_error *err)
{
	struct vx_ctl_param params[] = {{"at", at->at}, {"key", at->key}, {"file", at->file}};
	struct vx_ctl_question q = {.server = &r->server,
	                            .path = "explain",
	                            .params = params,
	                            .n_params = 3,
	                            .limit = r->limit,
	                            .once = at->file != NULL};

	return vx_ctl_answer(&q, ret, err);
}

/* Something is not there: whether it is the key or its configuration decides which list helps. */
static int say_where(const struct request *r, const struct vx_ctl_place *p, bool key,
                     struct vx_error *err)
{
	VX_AUTO(vx_json_put) json_t *answer = NULL;
	const struct vx_ctl_reading whole = {.at = p->readings[0].at};
	const struct vx_error said = *err;

	if (key && ask(r, &whole, &answer, NULL) == 0)
		return vx_fail(err, -ENOENT, "%.400s; without a key all are listed", said.msg);
	if (strstr(whole.at, "/@")) /* of a moment, which ls does not list */
		return -ENOENT;
	return vx_fail(err, -ENOENT, "%.400s; 'vortexctl ls' lists what there is", said.msg);
}

/* Try the readings one after the other, until there is something. */
static int ask_all(const struct request *r, const struct vx_ctl_place *p, json_t **ret,
                   struct vx_error *err)
{
	bool key = p->readings[0].key != NULL;
	struct vx_error last = {0};
	int rc = ask(r, &p->readings[0], ret, &last);

	*err = last;
	for (size_t i = 1; rc == -ENOENT && i < p->n; i++) {
		rc = ask(r, &p->readings[i], ret, &last);
		/* The likeliest reading has the best sentence, unless a key is what is missing. */
		if (rc < 0 && (rc != -ENOENT || (p->readings[i].key && !key)))
			*err = last;
		key |= p->readings[i].key != NULL;
	}
	return rc == -ENOENT ? say_where(r, p, key, err) : rc;
}

/* The place that is asked for is @at with @key or @file, which are copied. */
static int add_reading(struct vx_ctl_place *p, const char *at, const char *key, const char *file)
{
	struct vx_ctl_reading *r = &p->readings[p->n];

	vx_assert(p->n < VX_CTL_READINGS);
	p->n++;
	r->at = strdup(at);
	r->key = key ? strdup(key) : NULL;
	r->file = file ? strdup(file) : NULL;
	return r->at && (r->key || !key) && (r->file || !file) ? 0 : -ENOMEM;
}

/* A key (which may be the name of a plain file) or --file below what the path says. */
static int apply(const struct request *r, const char *key, struct vx_ctl_place *p,
                 struct vx_error *err)
{
	struct vx_ctl_place whole = {0};
	int rc = 0;

	if (!key && !r->file)
		return 0;
	for (size_t i = 0; rc == 0 && i < p->n; i++) {
		const struct vx_ctl_reading *at = &p->readings[i];

		if (!at->key && !at->file && whole.n == 0) {
			rc = add_reading(&whole, at->at, key, r->file);
			if (rc == 0 && key)
				rc = add_reading(&whole, at->at, NULL, key);
		}
	}
	vx_ctl_place_fini(p);
	*p = whole;
	if (rc < 0)
		return vx_fail(err, rc, "out of memory");
	return whole.n ? 0
	               : vx_fail(err, -EINVAL,
	                         "the path names a key or a file already, so '%s' is one "
	                         "too many",
	                         key ? key : r->file);
}

static int explain(struct request *r, const char *path, const char *key)
{
	VX_AUTO(vx_ctl_place_fini) struct vx_ctl_place place = {0};
	VX_AUTO(vx_json_put) json_t *answer = NULL;
	struct vx_error err = {0};
	bool whole;
	int rc = vx_ctl_place_parse(path, &place, &err);

	if (rc == 0)
		rc = apply(r, key, &place, &err);
	if (rc == 0)
		rc = ask_all(r, &place, &answer, &err);
	if (rc < 0)
		return vx_ctl_fail(rc, &err);
	whole = !place.readings[0].key; /* then the documents are of interest, too */
	rc = vx_ctl_is_json(&r->server) ? vx_ctl_print_json(answer) : print_text(answer, whole);
	if (rc < 0)
		return vx_ctl_fail(rc, NULL);
	if (vx_ctl_str(answer, "next"))
		vx_ctl_remark("there are more; --limit is %ld", r->limit);
	return VX_CTL_OK;
}

static int run(const struct vx_ctl_verb *verb, int argc, char **argv)
{
	struct request r = {.server = VX_CTL_SERVER_INIT};
	const struct vx_ctl_option options[] = {
		{.name = "file", .letter = 'f', .text = &r.file},
		{.name = "limit", .letter = 'n', .number = &r.limit, .min = 1, .max = INT32_MAX},
		VX_CTL_SERVER_OPTIONS(&r.server)};
	int first;
	int code = vx_ctl_options(verb, options, argc, argv, &first);

	if (code >= 0)
		return code;
	if (argc - first < 1 || argc - first > 2)
		return vx_ctl_usage(verb, "explain takes a PATH and at most one KEY");
	if (r.file && argc - first == 2)
		return vx_ctl_usage(verb, "either a key or --file");
	return explain(&r, argv[first], argc - first == 2 ? argv[first + 1] : NULL);
}

const struct vx_ctl_verb vx_ctl_explain = {
	.name = "explain",
	.group = VX_CTL_UNDERSTAND,
	.usage = "PATH [KEY] [OPTION]...",
	.summary = "Say where a value comes from, and what it overrode.",
	.help = "PATH is APP/PROFILE[/LABEL], or any path inside the mount: a file of .keys is\n"
		"that key, a plain file that file. With a KEY, it and everything below it, or the\n"
		"plain file of that name; else all keys, and the documents that took part. A "
		"moment may follow coordinates:\n"
		"/@head is what the sources say now, /@rev:repo:4f1c2e is with the backend repo\n"
		"at that revision.\n"
		"\n"
		"  -f, --file NAME      a plain file at the coordinates, instead of keys\n"
		"  -n, --limit N        at most N keys\n" VX_CTL_SERVER_HELP "\n"
		"Examples:\n"
		"  vortexctl explain payment/prod server.port\n"
		"  vortexctl explain /vortex/payment/prod/.keys/server/port\n"
		"  vortexctl explain payment/prod/@head server -o json\n"
		"  vortexctl explain payment/prod --file nginx.conf\n",
	.run = run,
};
