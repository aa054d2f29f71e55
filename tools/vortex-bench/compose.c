/* compose.c - composing and rendering a document set of 100 KiB, beside libyaml's bare scan of the
 * same bytes: the least that any reader of YAML must do. In this process, without a mount. */
#include <errno.h>
#include <string.h>
#include <yaml.h>

#include "core/buf.h"
#include "core/cleanup.h"
#include "core/compose.h"
#include "core/coords.h"
#include "core/docs.h"
#include "core/render.h"
#include "tools/vortex-bench/bench.h"

#define DOCS 4
#define DOC_BYTES ((size_t)25 << 10)

VX_DEFINE_AUTO(struct vx_resolved *, vx_resolved_put);

static char *document(unsigned k)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;

	for (unsigned i = 0; b.len < DOC_BYTES; i++)
		vx_buf_printf(&b,
		              "service%u:\n  url: \"https://service-%u.example:%u/api\"\n"
		              "  retries: %u\n  enabled: true\n  hosts:\n    - one%u\n    - two\n"
		              "  limit%u: %u.50\n",
		              i, i, 8000 + k, k, k, k, i);
	return vx_buf_steal(&b);
}

static int scan(const char *text)
{
	yaml_parser_t p;
	yaml_event_t e;
	bool end = false, good = true;

	if (!yaml_parser_initialize(&p))
		return -ENOMEM;
	yaml_parser_set_input_string(&p, (const unsigned char *)text, strlen(text));
	while (good && !end) {
		good = yaml_parser_parse(&p, &e);
		end = good && e.type == YAML_STREAM_END_EVENT;
		if (good)
			yaml_event_delete(&e);
	}
	yaml_parser_delete(&p);
	return good ? 0 : -EBADMSG;
}

static int get_layers(void *arg, const struct vx_coords *at, struct vx_layer_set *ret,
                      struct vx_error *err)
{
	(void)at;
	(void)err;
	*ret = *(struct vx_layer_set *)arg;
	return 0;
}

/* Parse, merge and render @texts once. */
static int compose(char *const *texts, const struct vx_coords *at, struct vx_error *err)
{
	static const struct vx_doc_limits limits = VX_DOC_LIMITS_DEFAULT;
	static const struct vx_compose_options options = {0};
	VX_AUTO(vx_layers_put_p) struct vx_layers *layers = vx_layers_new("bench", "1");
	VX_AUTO(vx_resolved_put_p) struct vx_resolved *resolved = NULL;
	VX_AUTO(vx_snapshot_put_p) struct vx_snapshot *snapshot = NULL;
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *out = NULL;
	struct vx_layer_set set = {&layers, 1};
	int rc = layers ? 0 : -ENOMEM;

	for (unsigned k = 0; rc == 0 && k < DOCS; k++) {
		struct vx_docs *docs = NULL;

		rc = vx_docs_parse(VX_FORMAT_YAML, texts[k], strlen(texts[k]), &limits, &docs, err);
		if (rc == 0)
			rc = vx_layers_add(layers, "doc.yml", docs);
	}
	if (rc == 0)
		rc = vx_resolve(at, get_layers, &set, &resolved, err);
	if (rc == 0)
		rc = vx_compose(resolved, &options, &snapshot, err);
	return rc < 0 ? rc : vx_render(snapshot, VX_OUT_YML, &out, NULL, err);
}

static int measure(struct vx_bench *b, char *const *texts, const struct vx_coords *at,
                   struct vx_error *err)
{
	VX_AUTO(vx_samples_fini) struct vx_samples ours = {0};
	VX_AUTO(vx_samples_fini) struct vx_samples bare = {0};
	struct vx_row row = VX_ROW_INIT;

	for (unsigned i = 0; i < (b->quick ? 5u : 300u); i++) {
		int64_t began = vx_bench_now();
		int rc = compose(texts, at, err);

		vx_samples_add(&ours, vx_bench_now() - began);
		began = vx_bench_now();
		for (unsigned k = 0; rc == 0 && k < DOCS; k++)
			rc = scan(texts[k]);
		vx_samples_add(&bare, vx_bench_now() - began);
		if (rc < 0)
			return rc;
	}
	row.what = "parse, merge, render 100 KiB as YAML";
	row.n = ours.n;
	row.p50 = vx_samples_us(&ours, 50);
	row.p99 = vx_samples_us(&ours, 99);
	row.peer = "libyaml's scan";
	row.peer_p50 = vx_samples_us(&bare, 50);
	row.peer_p99 = vx_samples_us(&bare, 99);
	row.ratio_max = 3;
	vx_row_add(b, &row);
	return 0;
}

static int run(struct vx_bench *b, struct vx_error *err)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	char *texts[DOCS] = {0};
	int rc = vx_coords_new("shop", "default", NULL, &at, err);

	for (unsigned k = 0; rc == 0 && k < DOCS; k++)
		if (!(texts[k] = document(k)))
			rc = vx_fail(err, -ENOMEM, "out of memory");
	if (rc == 0)
		rc = measure(b, texts, at, err);
	for (unsigned k = 0; k < DOCS; k++)
		free(texts[k]);
	return rc;
}

const struct vx_bench_case vx_bench_compose = {"compose", "from bytes to bytes, without a mount",
                                               run};
