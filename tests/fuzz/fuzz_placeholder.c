/* fuzz_placeholder.c - placeholders in values and in plain text, from any bytes.
 *
 * The input is split at its newlines: the line `i` becomes the value of the key `k<i>`, so that
 * values can refer to each other and close cycles; then the whole input is resolved as plain text
 * against what came out. Refusals are fine; what must hold is checked below. */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/assert.h"
#include "core/placeholder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vx_value *tree_of(struct vx_arena *a, const char *s, size_t n)
{
	struct vx_value *root = vx_value_new(a, VX_MAP, 1);

	for (size_t i = 0; n > 0; i++) {
		const char *end = memchr(s, '\n', n);
		size_t len = end ? (size_t)(end - s) : n, next = end ? len + 1 : len;
		char key[24];
		int k = snprintf(key, sizeof(key), "k%zu", i);

		vx_assert(vx_value_set(a, root, key, (size_t)k,
		                       vx_value_scalar(a, VX_STRING, s, len, 1)));
		s += next;
		n -= next;
	}
	return root;
}

static void check(int rc, const struct vx_error *err)
{
	vx_assert(rc == 0 || rc == -ELOOP || rc == -E2BIG);
	vx_assert(rc == 0 || (err->code == rc && err->msg[0]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *in = (const char *)data;
	struct vx_arena a = VX_ARENA_INIT;
	struct vx_value *root = tree_of(&a, in, size);
	struct vx_error err = {0};
	struct vx_bytes *out = NULL;
	int rc = vx_placeholders_resolve(&a, root, &err);

	check(rc, &err);
	for (size_t i = 0; rc == 0 && i < root->n_entries; i++) {
		const struct vx_value *v = root->entries[i].value;

		vx_assert(v->type == VX_STRING && v->text[v->len] == '\0');
	}
	if (rc == 0) {
		rc = vx_placeholders_text(root, in, size, &out, &err);
		check(rc, &err);
		vx_assert(rc < 0 || out->len <= size + VX_RESULT_BYTES);
		vx_assert(rc != -ELOOP); /* a resolved tree has none */
		vx_bytes_put(out);
	}
	vx_arena_fini(&a);
	return 0;
}
