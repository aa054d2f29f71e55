/* render_driver.c - for the Python tests beside it: a document from standard input, rendered.
 *
 *	render_driver yaml|json|properties yml|json|properties|env|toml|notes|keys|origin
 *
 * `keys` prints a line for each file below .keys, its path and its bytes as JSON, and one for each
 * empty directory, with a slash; `notes` what rendering .env had to say. They show the first
 * document as it was parsed, placeholders and all; `origin` composes the documents as the file
 * application.yml of the backend `repo` at the revision 4f1c2e. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/compose.h"
#include "core/docs.h"
#include "core/render.h"

static bool read_all(struct vx_buf *to)
{
	char chunk[65536];
	size_t n;

	while ((n = fread(chunk, 1, sizeof(chunk), stdin)))
		vx_buf_put(to, chunk, n);
	return !ferror(stdin) && !to->failed;
}

static bool put_keys(struct vx_arena *arena, struct vx_buf *out, const struct vx_value *v,
                     const char *path)
{
	struct vx_key_name *names;
	size_t n;

	if (vx_keys_list(arena, v, &names, &n) < 0)
		return false;
	if (n == 0)
		vx_buf_printf(out, "%s\n", path);
	for (size_t i = 0; i < n; i++) {
		VX_AUTO(vx_freep) char *below = NULL;
		VX_AUTO(vx_bytes_put_p) struct vx_bytes *bytes = NULL;

		if (asprintf(&below, "%s%s%s", path, names[i].name, names[i].directory ? "/" : "") <
		    0)
			return false;
		if (names[i].directory) {
			if (!put_keys(arena, out, names[i].value, below))
				return false;
			continue;
		}
		bytes = vx_render_key(names[i].value);
		if (!bytes)
			return false;
		vx_buf_printf(out, "%s ", below);
		vx_buf_json(out, bytes->data, bytes->len);
		vx_buf_putc(out, '\n');
	}
	return true;
}

static int render(const struct vx_snapshot *s, const char *as, struct vx_buf *to,
                  struct vx_error *err)
{
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *bytes = NULL;
	struct vx_arena arena = VX_ARENA_INIT;
	enum vx_output out;
	int rc;

	if (strcmp(as, "keys") == 0) {
		rc = put_keys(&arena, to, s->root, "") ? 0 : -1;
		vx_arena_fini(&arena);
		return rc;
	}
	if (strcmp(as, "notes") == 0)
		return vx_render(s, VX_OUT_ENV, &bytes, to, err);
	if (!vx_output_find(as, &out))
		return vx_fail(err, -EINVAL, "no output is called '%s'", as);
	rc = vx_render(s, out, &bytes, NULL, err);
	if (rc == 0)
		vx_buf_put(to, bytes->data, bytes->len);
	return rc;
}

static int only_layers(void *arg, const struct vx_coords *at, struct vx_layer_set *ret,
                       struct vx_error *err)
{
	struct vx_layers **layers = arg;

	(void)at;
	(void)err;
	*ret = (struct vx_layer_set){layers, 1};
	return 0;
}

static int origin(struct vx_docs *docs, const struct vx_coords *at, struct vx_buf *to,
                  struct vx_error *err)
{
	VX_AUTO(vx_layers_put_p) struct vx_layers *layers = vx_layers_new("repo", "4f1c2e");
	VX_AUTO(vx_snapshot_put_p) struct vx_snapshot *s = NULL;
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *bytes = NULL;
	const struct vx_compose_options options = {NULL};
	struct vx_resolved *resolved = NULL;
	int rc;

	if (!layers || vx_layers_add(layers, "application.yml", vx_docs_ref(docs)) < 0)
		return -ENOMEM;
	layers->app_known = true;
	layers->profiles_known = 1;
	rc = vx_resolve(at, only_layers, &layers, &resolved, err);
	if (rc == 0)
		rc = vx_compose(resolved, &options, &s, err);
	if (rc == 0)
		rc = vx_render_origin(s, &bytes, err);
	if (rc == 0)
		vx_buf_put(to, bytes->data, bytes->len);
	vx_resolved_put(resolved);
	return rc;
}

static int parse(const char *name, const struct vx_buf *in, struct vx_docs **ret,
                 struct vx_error *err)
{
	static const struct {
		const char *name;
		enum vx_format format;
	} formats[] = {
		{"yaml", VX_FORMAT_YAML},
		{"json", VX_FORMAT_JSON},
		{"properties", VX_FORMAT_PROPERTIES},
	};
	const struct vx_doc_limits limits = VX_DOC_LIMITS_DEFAULT;

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (strcmp(name, formats[i].name) == 0)
			return vx_docs_parse(formats[i].format, in->len ? in->data : "", in->len,
			                     &limits, ret, err);
	return vx_fail(err, -EINVAL, "no input is called '%s'", name);
}

int main(int argc, char **argv)
{
	static const struct vx_value nothing = {.type = VX_MAP, .text = ""};
	VX_AUTO(vx_docs_put_p) struct vx_docs *docs = NULL;
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	VX_AUTO(vx_buf_fini) struct vx_buf in = VX_BUF_INIT;
	VX_AUTO(vx_buf_fini) struct vx_buf out = VX_BUF_INIT;
	struct vx_error err = {0};
	struct vx_snapshot s = {0};
	int rc;

	if (argc != 3 || !read_all(&in))
		return 2;
	rc = parse(argv[1], &in, &docs, &err);
	if (rc == 0)
		rc = vx_coords_new("app", "default", NULL, &at, &err);
	if (rc == 0) {
		s.at = at;
		s.root = docs->n ? docs->doc[0].root : &nothing;
		rc = strcmp(argv[2], "origin") == 0 ? origin(docs, at, &out, &err)
		                                    : render(&s, argv[2], &out, &err);
	}
	if (rc < 0)
		fprintf(stderr, "%s\n", vx_error_text(&err, rc));
	else
		(void)fwrite(out.data, 1, out.len, stdout);
	return rc < 0;
}
