/* fuzz_side.c - the parameters of a question, as arbitrary text.
 *
 * What parses has to come back from its own text as the same: a cursor or a side that we print is
 * one that we take. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/assert.h"
#include "daemon/http/side.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_error(int rc, const struct vx_error *err)
{
	vx_assert(rc == -EINVAL || rc == -ENAMETOOLONG);
	vx_assert(err->code == rc && err->msg[0]);
}

static bool same(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static void check_side(const char *text)
{
	struct vx_side s = {0}, again = {0}, moment = {0};
	struct vx_error err = {0};
	int rc = vx_side_parse(text, NULL, &s, &err);

	if (rc < 0) {
		check_error(rc, &err);
		return;
	}
	vx_assert(vx_side_parse(s.text, NULL, &again, NULL) == 0);
	vx_assert(same(s.text, again.text) && same(s.at->text, again.at->text));
	vx_assert(s.kind == again.kind && s.number == again.number);
	vx_assert(same(s.backend, again.backend) && same(s.revision, again.revision));
	vx_assert(strcmp(s.version, again.version) == 0);
	if (s.kind != VX_SIDE_SERVED) {
		vx_assert(vx_side_parse(strstr(s.text, "/@") + 1, s.at, &moment, NULL) == 0);
		vx_assert(same(moment.text, s.text));
		vx_side_fini(&moment);
	}
	vx_side_fini(&again);
	vx_side_fini(&s);
}

static void check_place(const char *text)
{
	struct vx_coords *at = NULL, *again = NULL;
	struct vx_error err = {0};
	const char *key = NULL, *key_again = NULL;
	char *printed = NULL;
	int rc = vx_place_parse(text, &at, &key, &err);

	if (rc < 0) {
		check_error(rc, &err);
		return;
	}
	vx_assert(asprintf(&printed, "%s%s%s", at->text, key ? "#" : "", key ? key : "") >= 0);
	vx_assert(vx_place_parse(printed, &again, &key_again, NULL) == 0);
	vx_assert(same(at->text, again->text) && same(key, key_again));
	free(printed);
	vx_coords_free(at);
	vx_coords_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *rest;
	uint64_t n = 0;

	vx_assert(text);
	if (size)
		memcpy(text, data, size);
	text[size] = '\0';
	check_side(text);
	check_place(text);
	vx_assert(vx_count_parse("n", text, 1, 1000, &n, NULL) < 0 || (n >= 1 && n <= 1000));
	rest = strchr(text, '\n');
	if (rest) {
		*rest++ = '\0';
		if (!strchr(text, '*'))
			vx_assert(vx_star_match(text, rest) == (strcmp(text, rest) == 0));
		vx_assert(!vx_star_match(text, rest) || strspn(text, "*") > 0 || *text == *rest);
		vx_assert(!vx_key_below(rest, text) || strncmp(rest, text, strlen(text)) == 0);
	}
	free(text);
	return 0;
}
