/* fuzz_git_report.c - what a fetching program that was taken over may say to the daemon, and what it
 * may be asked: bytes as lines of reports, as a request, and as an address. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "backends/git_uri.h"
#include "backends/git_wire.h"
#include "core/assert.h"
#include "core/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A line says the same once it was written again; its text can be shown. */
static bool same(const struct vx_git_report *a, const struct vx_git_report *b)
{
	return a->what == b->what && a->received == b->received && a->objects == b->objects &&
	       a->indexed == b->indexed && a->bytes == b->bytes && a->refs == b->refs &&
	       a->compacted == b->compacted && a->kind == b->kind && strcmp(a->text, b->text) == 0;
}

static void check_line(const char *line, size_t n)
{
	struct vx_git_report r, again;
	struct vx_buf b = VX_BUF_INIT;

	vx_git_report_parse(line, n, &r);
	vx_assert(memchr(r.text, '\0', sizeof(r.text)));
	vx_assert(vx_utf8_valid(r.text, strlen(r.text)));
	for (const char *c = r.text; *c; c++)
		vx_assert((unsigned char)*c >= ' ' && *c != 0x7f);
	vx_git_report_put(&b, &r);
	vx_assert(!vx_buf_failed(&b));
	vx_assert(b.len < VX_GIT_LINE_MAX && b.data[b.len - 1] == '\n');
	vx_git_report_parse(b.data, b.len - 1, &again);
	vx_assert(same(&r, &again) || r.what == VX_GIT_COMPLAINT);
	vx_buf_fini(&b);
}

static void check_request(const uint8_t *data, size_t size)
{
	struct vx_git_request r;
	char *copy = malloc(size + 1);

	vx_assert(copy);
	memcpy(copy, data, size);
	copy[size] = '\0';
	if (vx_git_request_parse(copy, size, &r) == 0)
		for (size_t i = 0; i < VX_GIT_N_FIELDS; i++)
			vx_assert(r.field[i].data[r.field[i].len] == '\0');
	free(copy);
}

static void check_uri(const uint8_t *data, size_t size)
{
	char *copy = malloc(size + 1);
	struct vx_error err = {0};
	struct vx_git_uri u;

	vx_assert(copy);
	if (size)
		memcpy(copy, data, size);
	copy[size] = '\0';
	if (vx_git_uri_parse(copy, &u, &err) == 0) {
		vx_assert(u.address && u.shown && (u.how == VX_GIT_LOCAL) == !u.host);
		vx_git_uri_fini(&u);
	} else {
		vx_assert(err.msg[0]);
	}
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vx_git_lines lines = {0};

	for (size_t i = 0; i < size; i++)
		if (vx_git_lines_add(&lines, (char)data[i]))
			check_line(lines.line, lines.n);
	check_request(data, size);
	check_uri(data, size);
	return 0;
}
