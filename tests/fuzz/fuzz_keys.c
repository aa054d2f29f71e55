/* fuzz_keys.c - keys, paths, coordinates and patterns of arbitrary bytes.
 *
 * The input is three parts, each ended by a NUL; what is missing is empty. They are keys to put
 * into one document and to find again, then an application, its profiles and a label, then a
 * pattern and what it is tried on. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "core/assert.h"
#include "core/buf.h"
#include "core/coords.h"
#include "core/key.h"
#include "core/tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define N_PARTS 3

/* Write the steps of @key again; false: it was refused. */
static bool spell(const char *key, struct vx_buf *b)
{
	struct vx_key k = {key, key + strlen(key), false};
	struct vx_error err = {0};
	struct vx_step step;
	int rc;

	while ((rc = vx_key_next(&k, UINT32_MAX, &step, &err)) > 0) {
		if (!step.name) {
			vx_buf_printf(b, "[%u]", step.index);
			continue;
		}
		vx_assert(step.len > 0 && !memchr(step.name, '.', step.len));
		if (b->len)
			vx_buf_putc(b, '.');
		vx_buf_put(b, step.name, step.len);
	}
	vx_assert(rc == 0 || (rc == -EBADMSG && err.msg[0]));
	vx_assert(!vx_buf_failed(b));
	return rc == 0;
}

/* A key spelled by its own steps has the same steps. */
static void check_steps(const char *key)
{
	VX_AUTO(vx_buf_fini) struct vx_buf once = VX_BUF_INIT;
	VX_AUTO(vx_buf_fini) struct vx_buf twice = VX_BUF_INIT;

	if (!spell(key, &once))
		return;
	vx_assert(once.data && spell(once.data, &twice) && twice.data);
	vx_assert(strcmp(once.data, twice.data) == 0);
}

/* What is put at a key is found there; false: it was refused. */
static bool check_put(struct vx_tree *t, struct vx_value *root, const char *key, uint32_t line)
{
	struct vx_value raw = {.type = VX_STRING, .text = key, .len = strlen(key), .line = line};
	struct vx_error err = {0};
	const struct vx_value *v;
	int rc = vx_tree_put(t, root, key, strlen(key), &raw, line, &err);

	vx_assert(rc == 0 || rc == -EBADMSG || rc == -E2BIG);
	if (rc < 0) {
		vx_assert(err.code == rc && err.msg[0]);
		return false;
	}
	v = vx_value_find(root, key);
	vx_assert(v && v->line == line && v->type == VX_STRING && strcmp(v->text, key) == 0);
	return true;
}

static void check_finished(const struct vx_value *v)
{
	vx_assert(v->text || v->type == VX_MAP);
	for (size_t i = 0; i < v->n_items; i++)
		check_finished(v->items[i]);
	for (size_t i = 0; i < v->n_entries; i++)
		check_finished(v->entries[i].value);
}

/* Put @keys into one document, or from each that is refused on into another: a refusal leaves a
 * part behind, which is of no use. */
static void check_tree(struct vx_arena *a, const char *const *keys, size_t n)
{
	static const struct vx_doc_limits limits = {(size_t)64 << 10, 64, 5000, 999};
	struct vx_tree t = {.arena = a, .limits = &limits};
	struct vx_value *root = vx_value_new(a, VX_MAP, 1);

	for (size_t i = 0; i < n; i++) {
		vx_assert(root);
		check_steps(keys[i]);
		if (check_put(&t, root, keys[i], (uint32_t)i + 1))
			continue;
		t = (struct vx_tree){.arena = a, .limits = &limits};
		root = vx_value_new(a, VX_MAP, 1);
	}
	vx_assert(root && vx_tree_finish(&t, root) == 0);
	check_finished(root);
}

/* Coordinates that were accepted have a text that is their own, and stay what they are in a copy.
 */
static void check_coords(const char *app, const char *profiles, const char *label)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	VX_AUTO(vx_coords_free_p) struct vx_coords *copy = NULL;
	VX_AUTO(vx_coords_free_p) struct vx_coords *again = NULL;
	struct vx_error err = {0};
	int rc = vx_coords_new(app, profiles, *label ? label : NULL, &at, &err);

	if (rc < 0) {
		vx_assert(rc == -EINVAL || rc == -ENAMETOOLONG);
		vx_assert(err.code == rc && err.msg[0]);
		return;
	}
	vx_assert(at->n_profiles >= 1 && at->n_profiles <= VX_PROFILES_MAX);
	vx_assert(vx_coords_dup(at, &copy) == 0 && strcmp(copy->text, at->text) == 0);
	vx_assert(!at->label == !*label);
	if (at->label) {
		VX_AUTO(vx_freep) char *spelled = vx_label_encode(at->label);

		vx_assert(spelled && vx_label_check(at->label, NULL) == 0);
		vx_assert(vx_coords_new(app, profiles, spelled, &again, NULL) == 0);
		vx_assert(strcmp(again->text, at->text) == 0);
	}
	vx_assert(vx_pattern_match("*", at->app, profiles, at->label ? at->label : ""));
}

/* At most the first @n lines of @text, which is cut. */
static size_t lines(char *text, const char **ret, size_t n)
{
	size_t i = 0;

	while (text && i < n)
		ret[i++] = strsep(&text, "\n");
	return i;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vx_arena a = VX_ARENA_INIT;
	const char *keys[64], *names[3] = {"", "", ""}, *match[4] = {"", "", "", ""};
	char *text[N_PARTS];
	const char *at = (const char *)data, *end = at + size;

	for (size_t i = 0; i < N_PARTS; i++) {
		size_t n = size ? strnlen(at, (size_t)(end - at)) : 0;

		text[i] = vx_arena_strndup(&a, at, n);
		vx_assert(text[i]);
		at += n + (at + n < end);
		size = (size_t)(end - at);
	}
	check_tree(&a, keys, lines(text[0], keys, 64));
	(void)lines(text[1], names, 3); /* what is missing stays empty */
	check_coords(names[0], names[1], names[2]);
	(void)lines(text[2], match, 4);
	(void)vx_pattern_match(match[0], match[1], match[2], match[3]); /* it only has to answer */
	vx_arena_fini(&a);
	return 0;
}
