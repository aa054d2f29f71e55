/* rows.c - printing results. */
#include "tools/vortex-bench/rows.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "core/cleanup.h"

struct vx_rows {
	bool json;
	json_t *cases; /* all of them */
	json_t *rows;  /* of the present case; borrowed */
	json_t *present;
	bool quick;
};

struct vx_rows *vx_rows_new(bool json, bool quick)
{
	struct vx_rows *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	*r = (struct vx_rows){.json = json, .quick = quick, .cases = json_array()};
	if (!json)
		printf("%-44s %10s %10s  %-4s  %s\n", "", "p50", "p99", "",
		       "beside, and what is to be reached");
	return r;
}

void vx_rows_case(struct vx_rows *r, const char *name, const char *about)
{
	r->present = json_pack("{s:s, s:s, s:[]}", "case", name, "about", about, "rows");
	r->rows = json_object_get(r->present, "rows");
	(void)json_array_append_new(r->cases, r->present); /* without memory it is missing */
	if (!r->json)
		printf("%s: %s\n", name, about);
}

void vx_rows_failed(struct vx_rows *r, const char *why)
{
	(void)json_object_set_new(r->present, "failed", json_string(why));
	if (!r->json)
		printf("  FAILED: %s\n", why);
}

static void set(json_t *o, const char *name, double v)
{
	if (v >= 0)
		(void)json_object_set_new(o, name, json_real(v));
}

static void number(char *ret, size_t size, double v)
{
	*ret = '\0';
	if (v >= 0)
		(void)snprintf(ret, size, v < 100 ? "%.2f" : "%.0f", v);
}

static const char *mark(bool reached)
{
	return reached ? "" : " NOT REACHED";
}

static void print(const struct vx_row *w)
{
	char p50[32], p99[32], a[32], b[32];

	number(p50, sizeof(p50), w->p50);
	number(p99, sizeof(p99), w->p99);
	printf("  %-42s %10s %10s  %-4s ", w->what, p50, p99, w->unit);
	if (w->peer) {
		number(a, sizeof(a), w->peer_p50);
		number(b, sizeof(b), w->peer_p99);
		printf(" %s %s %s: %.2f x", w->peer, a, b, w->p50 / w->peer_p50);
	}
	if (w->ratio_max >= 0)
		printf(" (<= %.1f x%s)", w->ratio_max, mark(w->p50 / w->peer_p50 <= w->ratio_max));
	if (w->p50_max >= 0)
		printf(" p50 <= %g%s", w->p50_max, mark(w->p50 <= w->p50_max));
	if (w->p99_max >= 0)
		printf(" p99 <= %g%s", w->p99_max, mark(w->p99 <= w->p99_max));
	printf("\n");
	(void)fflush(stdout); /* main looks at the end */
}

void vx_row_add(struct vx_bench *b, const struct vx_row *w)
{
	json_t *o = json_pack("{s:s, s:s, s:I}", "what", w->what, "unit", w->unit, "n",
	                      (json_int_t)w->n);

	set(o, "p50", w->p50);
	set(o, "p99", w->p99);
	if (w->peer) {
		(void)json_object_set_new(o, "peer", json_string(w->peer));
		set(o, "peer_p50", w->peer_p50);
		set(o, "peer_p99", w->peer_p99);
		set(o, "ratio", w->p50 / w->peer_p50);
	}
	set(o, "ratio_max", w->ratio_max);
	set(o, "p50_max", w->p50_max);
	set(o, "p99_max", w->p99_max);
	(void)json_array_append_new(b->rows->rows, o);
	if (!b->rows->json)
		print(w);
}

void vx_rows_end(struct vx_rows *r)
{
	struct utsname u;
	json_t *all;

	(void)uname(&u); /* cannot fail */
	all = json_pack("{s:s, s:s, s:i, s:b, s:O}", "version", VX_RELEASE, "kernel", u.release,
	                "processors", (int)sysconf(_SC_NPROCESSORS_ONLN), "quick", r->quick,
	                "cases", r->cases);
	if (r->json) {
		(void)json_dumpf(all, stdout, JSON_INDENT(1) | JSON_REAL_PRECISION(6));
		printf("\n");
	}
	json_decref(all);
	json_decref(r->cases);
	free(r);
}
