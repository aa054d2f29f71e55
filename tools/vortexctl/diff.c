/* diff.c - `vortexctl diff`: two configurations, or one at two moments, key by key. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tools/vortexctl/answer.h"
#include "tools/vortexctl/place.h"
#include "tools/vortexctl/text.h"

#define FILE_KEY "file:" /* before the name of a plain file, whose bytes are not shown */

struct request {
	struct vx_ctl_server server;
	bool origins;
};

/* How each kind of change is shown. */
struct shape {
	const char *change;
	const char *sign;
	const char *(*colour)(void);
	bool types; /* the types are what differs */
};

static const struct shape *shape_of(const char *change)
{
	static const struct shape shapes[] = {{"added", "+", vx_ctl_green, false},
	                                      {"removed", "-", vx_ctl_red, false},
	                                      {"type", "~", vx_ctl_yellow, true},
	                                      {"origin", "=", vx_ctl_dim, false},
	                                      {"changed", "~", vx_ctl_yellow, false}};
	size_t last = sizeof(shapes) / sizeof(*shapes) - 1;

	for (size_t i = 0; change && i < last; i++)
		if (strcmp(shapes[i].change, change) == 0)
			return &shapes[i];
	return &shapes[last];
}

static void put_value(struct vx_buf *b, const json_t *side, bool type)
{
	vx_ctl_put_value(b, side);
	if (type && vx_ctl_str(side, "value") && vx_ctl_str(side, "type"))
		vx_buf_printf(b, " (%s)", vx_ctl_str(side, "type"));
}

/* What it was, what it is, or both. */
static void put_values(struct vx_buf *b, const struct shape *shape, const json_t *was,
                       const json_t *is)
{
	if (was)
		put_value(b, was, shape->types);
	if (was && is)
		vx_buf_puts(b, " -> ");
	if (is)
		put_value(b, is, shape->types);
}

/* The member @name if there is something at that side, or NULL. */
static const json_t *side_of(const json_t *item, const char *name)
{
	const json_t *side = json_object_get(item, name);

	return json_is_object(side) ? side : NULL;
}

static void put_item(struct vx_buf *b, const json_t *item)
{
	const struct shape *shape = shape_of(vx_ctl_str(item, "change"));
	const json_t *was = side_of(item, "a");
	const json_t *is = side_of(item, "b");
	const char *key = vx_ctl_str(item, "key");
	bool moved = *shape->sign == '=';

	vx_buf_printf(b, "%s%s ", shape->colour(), shape->sign);
	vx_ctl_put(b, key);
	if (!moved && !(key && strncmp(key, FILE_KEY, strlen(FILE_KEY)) == 0)) {
		vx_buf_puts(b, ": ");
		put_values(b, shape, was, is);
	}
	vx_buf_printf(b, "%s  %s", vx_ctl_plain(), vx_ctl_dim());
	if (moved) {
		vx_ctl_put_origin(b, was);
		vx_buf_puts(b, " -> ");
	}
	vx_ctl_put_origin(b, is ? is : was);
	vx_buf_printf(b, "%s\n", vx_ctl_plain());
}

static void put_head(struct vx_buf *b, const char *sign, const json_t *side)
{
	const char *version = vx_ctl_str(side, "version");

	vx_buf_printf(b, "%s%s ", vx_ctl_bold(), sign);
	vx_ctl_put(b, vx_ctl_str(side, "at"));
	if (version)
		vx_buf_printf(b, " (version %.12s)", version);
	vx_buf_printf(b, "%s\n", vx_ctl_plain());
}

static int print_text(const json_t *answer)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;
	const json_t *item;
	size_t i;

	if (vx_ctl_count(answer) > 0) {
		put_head(&b, "---", json_object_get(answer, "a"));
		put_head(&b, "+++", json_object_get(answer, "b"));
	}
	json_array_foreach (json_object_get(answer, "items"), i, item)
		put_item(&b, item);
	return vx_ctl_print(&b);
}

static int diff(const struct request *r, const char *a, const char *b)
{
	const struct vx_ctl_param params[] = {
		{"a", a}, {"b", b}, {"origins", r->origins ? "true" : NULL}};
	const struct vx_ctl_question q = {
		.server = &r->server, .path = "diff", .params = params, .n_params = 3};
	VX_AUTO(vx_json_put) json_t *answer = NULL;
	struct vx_error err = {0};
	bool same;
	int rc = vx_ctl_answer(&q, &answer, &err);

	if (rc == 0)
		rc = vx_ctl_is_json(&r->server) ? vx_ctl_print_json(answer) : print_text(answer);
	if (rc < 0)
		return vx_ctl_fail(rc, &err);
	same = vx_ctl_bool(answer, "same");
	if (same)
		vx_ctl_remark("they are the same");
	else
		vx_ctl_remark("%zu difference%s", vx_ctl_count(answer),
		              vx_ctl_plural(vx_ctl_count(answer)));
	return same ? VX_CTL_OK : VX_CTL_UNHEALTHY;
}

static int run(const struct vx_ctl_verb *verb, int argc, char **argv)
{
	struct request r = {.server = VX_CTL_SERVER_INIT};
	const struct vx_ctl_option options[] = {{.name = "origins", .flag = &r.origins},
	                                        VX_CTL_SERVER_OPTIONS(&r.server)};
	VX_AUTO(vx_freep) char *a = NULL;
	VX_AUTO(vx_freep) char *b = NULL;
	struct vx_error err = {0};
	int first, rc;
	int code = vx_ctl_options(verb, options, argc, argv, &first);

	if (code >= 0)
		return code;
	if (argc - first != 2 || *argv[first] == '@')
		return vx_ctl_usage(verb, "diff takes two configurations, or one and a moment: "
		                          "payment/prod @head");
	rc = vx_ctl_side_parse(argv[first], &a, &err);
	if (rc == 0)
		rc = vx_ctl_side_parse(argv[first + 1], &b, &err);
	return rc < 0 ? vx_ctl_fail(rc, &err) : diff(&r, a, b);
}

const struct vx_ctl_verb vx_ctl_diff = {
	.name = "diff",
	.group = VX_CTL_UNDERSTAND,
	.usage = "A B [OPTION]...",
	.summary = "Compare two configurations key by key, or one with another moment.",
	.help = "A and B are APP/PROFILE[/LABEL], followed perhaps by a moment: /@head (what the\n"
		"sources say now) or /@rev:repo:4f1c2e (with the backend repo at a branch, tag or\n"
		"commit). B may be the moment alone: then it is of A. + is set in B only, - in A\n"
		"only, ~ differs, = comes from elsewhere. Exit status 0 when they are the same, 1\n"
		"when they differ.\n"
		"\n"
		"      --origins        also keys of the same value that come from "
		"elsewhere\n" VX_CTL_SERVER_HELP "\n"
		"Examples:\n"
		"  vortexctl diff payment/dev payment/prod\n"
		"  vortexctl diff payment/prod @head\n"
		"  vortexctl diff payment/prod @rev:repo:feature/x --origins\n",
	.run = run,
};
