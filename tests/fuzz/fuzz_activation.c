/* fuzz_activation.c - profile expressions of arbitrary bytes, one a line.
 *
 * What parses has to agree with itself: the names it mentions are profiles, `!(x)` holds where x
 * does not, and several expressions hold where one of them does. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "core/activation.h"
#include "core/assert.h"
#include "core/buf.h"
#include "core/coords.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define EXPRESSIONS_MAX 16

static const char *const profiles[] = {"a", "prod", "b-1", "default"};
#define N_PROFILES (sizeof(profiles) / sizeof(profiles[0]))

static int parse(struct vx_arena *a, const char *const *exprs, size_t n,
                 const struct vx_activation **ret)
{
	struct vx_error err = {0};
	int rc = vx_activation_parse(a, exprs, n, ret, &err);

	vx_assert(rc == 0 || (rc == -EBADMSG && err.code == rc && err.msg[0]));
	return rc;
}

static void check_name(void *arg, const char *name)
{
	vx_assert(vx_activation_names(arg, name));
	vx_assert(strlen(name) > VX_NAME_BYTES || vx_profile_check(name, strlen(name), NULL) == 0);
}

/* `!(@expr)` where that nests no deeper than is allowed. */
static void check_negation(struct vx_arena *a, const char *expr, const struct vx_activation *on)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;
	const struct vx_activation *negation = NULL;
	const char *negated;

	vx_buf_printf(&b, "!(%s)", expr);
	vx_assert(!vx_buf_failed(&b));
	negated = b.data;
	if (parse(a, &negated, 1, &negation) < 0)
		return;
	for (size_t i = 0; i <= N_PROFILES; i++)
		vx_assert(vx_activation_holds(on, profiles, i) !=
		          vx_activation_holds(negation, profiles, i));
}

/* @one[i] is what exprs[i] gave, or NULL where it was refused. */
static void check_any(struct vx_arena *a, const char *const *exprs,
                      const struct vx_activation *const *one, size_t n)
{
	const struct vx_activation *any = NULL;
	bool good = true;

	for (size_t i = 0; i < n; i++)
		good = good && one[i];
	vx_assert((parse(a, exprs, n, &any) == 0) == good);
	for (size_t k = 0; good && k <= N_PROFILES; k++) {
		bool holds = false;

		for (size_t i = 0; i < n; i++)
			holds = holds || vx_activation_holds(one[i], profiles, k);
		vx_assert(vx_activation_holds(any, profiles, k) == holds);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vx_arena a = VX_ARENA_INIT;
	char *text = vx_arena_strndup(&a, (const char *)data, size), *rest = text;
	const struct vx_activation *one[EXPRESSIONS_MAX] = {NULL};
	const char *exprs[EXPRESSIONS_MAX];
	size_t n = 0;

	vx_assert(text);
	while (rest && n < EXPRESSIONS_MAX)
		exprs[n++] = strsep(&rest, "\n");
	for (size_t i = 0; i < n; i++) {
		if (parse(&a, &exprs[i], 1, &one[i]) < 0)
			continue;
		vx_activation_each(one[i], check_name, (void *)(uintptr_t)one[i]);
		check_negation(&a, exprs[i], one[i]);
	}
	check_any(&a, exprs, one, n);
	vx_arena_fini(&a);
	return 0;
}
