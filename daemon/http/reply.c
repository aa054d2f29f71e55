/* reply.c - values, origins, errors and pages as JSON.
 *
 * jansson refuses a string that is not UTF-8, and a sentence may have been cut inside a character: so
 * everything that is not ours passes vx_json_text. */
#include <errno.h>
#include <string.h>
#include <time.h>

#include "core/buf.h"
#include "core/utf8.h"
#include "daemon/http/http_i.h"

json_t *vx_json_text(const char *s, size_t n)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;

	if (vx_utf8_valid(s, n))
		return json_stringn_nocheck(s, n);
	for (size_t i = 0, w; i < n; i += w ? w : 1) {
		w = vx_utf8_width(s + i, n - i);
		vx_buf_put(&b, w ? s + i : "\xef\xbf\xbd", w ? w : 3);
	}
	return vx_buf_failed(&b) ? NULL : json_stringn_nocheck(b.data, b.len);
}

json_t *vx_json_str(const char *s)
{
	return s ? vx_json_text(s, strlen(s)) : json_null();
}

json_t *vx_json_some(const char *s)
{
	return vx_json_str(s && *s ? s : NULL);
}

json_t *vx_json_time(int64_t wall_s)
{
	time_t t = (time_t)wall_s;
	char text[sizeof("2026-11-21T16:25:58Z") + 16];
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		return json_null();
	return json_string(text);
}

json_t *vx_json_value(const struct vx_value *v)
{
	if (v->type == VX_NULL || v->type == VX_LIST || v->type == VX_MAP)
		return json_null();
	return vx_json_text(v->text, v->len);
}

int vx_json_origin(json_t *to, const struct vx_value *v, bool revision)
{
	const struct vx_origin *o = v->origin;
	int failed = 0;

	failed |= json_object_set_new(to, "backend", vx_json_str(o ? o->backend : NULL));
	failed |= json_object_set_new(to, "path", vx_json_str(o ? o->path : NULL));
	failed |= json_object_set_new(to, "line", v->line ? json_integer(v->line) : json_null());
	if (revision)
		failed |= json_object_set_new(to, "revision", vx_json_some(o ? o->revision : NULL));
	return failed;
}

json_t *vx_json_error(const struct vx_error *err, int rc)
{
	json_t *code = vx_json_str(vx_error_info(rc)->name);
	json_t *message = vx_json_str(vx_error_text(err, rc));

	return json_pack("{s:{s:o, s:o}}", "error", "code", code, "message", message);
}

int vx_items_init(struct vx_items *p, const struct vx_http_request *rq)
{
	*p = (struct vx_items){.items = json_array(), .limit = rq->limit};
	return p->items ? 0 : -ENOMEM;
}

void vx_items_fini(struct vx_items *p)
{
	json_decref(p->items);
	free(p->next);
}

bool vx_items_full(const struct vx_items *p)
{
	return json_array_size(p->items) >= p->limit || p->bytes >= VX_PAGE_BYTES;
}

void vx_items_add(struct vx_items *p, json_t *item, int failed)
{
	p->bytes += failed ? 0 : json_dumpb(item, NULL, 0, JSON_COMPACT); /* only counts */
	if (failed)
		json_decref(item);
	if (failed || json_array_append_new(p->items, item) < 0)
		p->failed = true;
}

void vx_items_end(struct vx_items *p, const char *next)
{
	free(p->next);
	p->next = next ? strdup(next) : NULL;
	if (next && !p->next)
		p->failed = true;
}

int vx_items_reply(struct vx_items *p, json_t *more, json_t **ret)
{
	json_t *all = more ? more : json_object();
	int failed = p->failed;

	failed |= json_object_set(all, "items", p->items);
	failed |= json_object_set_new(all, "next", vx_json_str(p->next));
	if (failed) {
		json_decref(all);
		return -ENOMEM;
	}
	*ret = all;
	return 0;
}
