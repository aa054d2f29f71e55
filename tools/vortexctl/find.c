/* find.c - `vortexctl find`: every configuration that sets a key. Printed page by page, since
 * composing thousands takes a while. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/vortexctl/answer.h"
#include "tools/vortexctl/text.h"

struct request {
	struct vx_ctl_server server;
	char *key;         /* owned */
	const char *value; /* NULL: any */
	const char *label;
	long limit;
	size_t found;
};

static void put_line(struct vx_buf *b, const json_t *item)
{
	vx_buf_puts(b, vx_ctl_bold());
	vx_ctl_put(b, vx_ctl_str(item, "at"));
	vx_buf_printf(b, "%s  ", vx_ctl_plain());
	vx_ctl_put(b, vx_ctl_str(item, "key"));
	vx_buf_puts(b, " = ");
	vx_ctl_put_value(b, item);
	vx_buf_printf(b, "  %s", vx_ctl_dim());
	vx_ctl_put_origin(b, item);
	vx_buf_printf(b, "%s\n", vx_ctl_plain());
}

static void print_page(void *arg, const json_t *page)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;
	struct request *r = arg;
	const json_t *item;
	size_t i;

	json_array_foreach (json_object_get(page, "items"), i, item)
		put_line(&b, item);
	r->found += vx_ctl_count(page);
	if (vx_ctl_print(&b) < 0)
		(void)fputs("vortexctl: out of memory, a page is missing\n", stderr);
	(void)fflush(stdout); /* what was found is shown at once; main.c looks at ferror */
}

static int find(struct request *r)
{
	const struct vx_ctl_param params[] = {
		{"key", r->key}, {"value", r->value}, {"label", r->label}};
	VX_AUTO(vx_json_put) json_t *answer = NULL;
	bool json = vx_ctl_is_json(&r->server);
	struct vx_ctl_question q = {.server = &r->server,
	                            .path = "find",
	                            .params = params,
	                            .n_params = 3,
	                            .limit = r->limit,
	                            .each = json ? NULL : print_page,
	                            .arg = r};
	struct vx_error err = {0};
	int rc = vx_ctl_answer(&q, &answer, &err);

	if (rc == 0 && json)
		rc = vx_ctl_print_json(answer);
	if (rc < 0)
		return vx_ctl_fail(rc, &err);
	if (json)
		return vx_ctl_count(answer) ? VX_CTL_OK : VX_CTL_NOT_FOUND;
	if (r->found == 0 && !strchr(r->key, '*'))
		vx_ctl_remark("no configuration sets '%s'; '*%s' would find keys that end so",
		              r->key, r->key);
	vx_ctl_remark("%zu found in %lld configurations%s", r->found,
	              (long long)vx_ctl_int(answer, "composed"),
	              vx_ctl_str(answer, "next") ? "; there are more (--limit)" : "");
	if (vx_ctl_int(answer, "failed") > 0)
		(void)fprintf(stderr,
		              "vortexctl: %lld configurations cannot be composed and were not "
		              "searched; see 'vortexctl problems'\n",
		              (long long)vx_ctl_int(answer, "failed"));
	return r->found ? VX_CTL_OK : VX_CTL_NOT_FOUND;
}

static int run(const struct vx_ctl_verb *verb, int argc, char **argv)
{
	struct request r = {.server = VX_CTL_SERVER_INIT};
	const struct vx_ctl_option options[] = {
		{.name = "label", .letter = 'l', .text = &r.label},
		{.name = "limit", .letter = 'n', .number = &r.limit, .min = 1, .max = INT32_MAX},
		VX_CTL_SERVER_OPTIONS(&r.server)};
	int first;
	int code = vx_ctl_options(verb, options, argc, argv, &first);
	const char *equals;

	if (code >= 0)
		return code;
	if (argc - first != 1 || !*argv[first] || *argv[first] == '=')
		return vx_ctl_usage(verb, "find takes one KEY or KEY=VALUE");
	equals = strchr(argv[first], '=');
	r.value = equals ? equals + 1 : NULL;
	r.key = strndup(argv[first], strcspn(argv[first], "="));
	code = r.key ? find(&r) : vx_ctl_fail(-ENOMEM, NULL);
	free(r.key);
	return code;
}

const struct vx_ctl_verb vx_ctl_find = {
	.name = "find",
	.group = VX_CTL_READ,
	.usage = "KEY[=VALUE] [OPTION]...",
	.summary = "Find every configuration that sets a key, or sets it to a value.",
	.help = "A * in the key stands for any characters. Exit status 3 when nothing is found.\n"
		"\n"
		"  -l, --label LABEL    of this label; else each backend's default one\n"
		"  -n, --limit N        stop at the page on which N are "
		"reached\n" VX_CTL_SERVER_HELP "\n"
		"Examples:\n"
		"  vortexctl find server.port\n"
		"  vortexctl find '*.password' --label release/2\n"
		"  vortexctl find db.host=old.example -o json | jq -r '.items[].at'\n",
	.run = run,
};
