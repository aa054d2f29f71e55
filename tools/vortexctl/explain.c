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

static void put_overridden(struct vx_buf *b, const json_t *item)
{
	const json_t *one;
	size_t i;

	json_array_foreach(json_object_get(item, "overrode"), i, one)
	{
		vx_buf_puts(b, "  overrode  ");
		vx_ctl_put_origin(b, one);
		vx_buf_puts(b, ", where it is ");
		if (json_object_get(one, "value")) {
			vx_ctl_put_value(b, one);
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

static void put_documents(struct vx_buf *b, const json_t *documents)
{
	const json_t *one;
	size_t i;

	if (json_array_size(documents) == 0)
		return;
	vx_buf_printf(b, "\n%sdocuments%s, the later overrides the earlier\n", vx_ctl_bold(),
	              vx_ctl_plain());
	json_array_foreach(documents, i, one)
	{
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
	json_array_foreach(json_object_get(answer, "items"), i, item) put_item(&b, item);
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

/* Try the readings one after the other, and keep the error that fits best: where the word could be
 * a label, most people mean the file. */
static int ask_all(const struct request *r, const struct vx_ctl_place *p, json_t **ret,
                   struct vx_error *err)
{
	struct vx_error later = {0};
	int rc = ask(r, &p->readings[0], ret, err);

	if (rc != -ENOENT || p->n < 2)
		return rc;
	rc = ask(r, &p->readings[1], ret, &later);
	if (rc < 0 && (rc != -ENOENT || p->readings[1].file || p->readings[1].key))
		*err = later;
	return rc;
}

/* The words and --file over what the path says. */
static int apply(struct request *r, const char *key, struct vx_ctl_place *p, struct vx_error *err)
{
	const char *word = key ? key : r->file;

	for (size_t i = 0; word && i < p->n; i++) {
		struct vx_ctl_reading *at = &p->readings[i];

		if (at->key || (at->file && p->n == 1))
			return vx_fail(err, -EINVAL, "the path names a %s already",
			               at->key ? "key" : "file");
		free(at->file);
		at->file = r->file ? strdup(r->file) : NULL;
		at->key = key ? strdup(key) : NULL;
		if (!at->file && !at->key)
			return vx_fail(err, -ENOMEM, "out of memory");
	}
	return 0;
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
	whole = !place.readings[0].key;
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
	int code = vx_ctl_options(verb, options, sizeof(options) / sizeof(*options), argc, argv,
	                          &first);

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
		"that key, a plain file that file. With a KEY, it and everything below it; else\n"
		"all keys, and the documents that took part. A moment may follow coordinates:\n"
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
