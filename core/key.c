/* key.c - from `a.b[0].c` to its steps, by rules 4.1 and 4.2 of docs/composition.md. Nothing is
 * copied: a step points into the key. */
#include "core/key.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "core/assert.h"

/* Of a key in a sentence. */
#define SHOWN_BYTES 80

static int shown(size_t len)
{
	return (int)(len < SHOWN_BYTES ? len : SHOWN_BYTES);
}

/* The number in `[digits]` at @s, cut at UINT32_MAX; the bytes it takes, 0: none is there. */
static size_t index_at(const char *s, const char *end, uint32_t *ret)
{
	const char *c = s;
	uint64_t i = 0;

	if (c == end || *c++ != '[')
		return 0;
	for (; c < end && *c >= '0' && *c <= '9'; c++)
		i = i > UINT32_MAX ? i : i * 10 + (uint64_t)(*c - '0');
	if (c == s + 1 || c == end || *c != ']')
		return 0;
	*ret = i > UINT32_MAX ? UINT32_MAX : (uint32_t)i;
	return (size_t)(c + 1 - s);
}

/* Whether nothing but indices stands from @s to @end. */
static bool only_indices(const char *s, const char *end)
{
	uint32_t ignored;
	size_t n;

	while (s < end && (n = index_at(s, end, &ignored)) > 0)
		s += n;
	return s == end;
}

/* The bytes of the name in the segment [@s, @end), without the indices behind it. */
static size_t name_len(const char *s, const char *end)
{
	const char *name = end;

	/* Backwards, so that `[[[[[[` costs no more than its length. */
	while (name > s && name[-1] == ']') {
		const char *open = name - 1;

		while (open > s && open[-1] >= '0' && open[-1] <= '9')
			open--;
		if (open == name - 1 || open == s || open[-1] != '[')
			break;
		name = open - 1;
	}
	vx_assert(only_indices(name, end));
	return (size_t)(name - s);
}

int vx_key_next(struct vx_key *k, uint32_t max, struct vx_step *ret, struct vx_error *err)
{
	const char *dot;
	size_t n;

	if (k->started && k->at == k->end)
		return 0;
	if (k->started && *k->at == '[') {
		n = index_at(k->at, k->end, &ret->index);
		vx_assert(n > 0); /* name_len has seen it */
		if (ret->index > max)
			return vx_fail(err, -E2BIG,
			               "the index %.*s is above %u, the largest of a list",
			               shown(n), k->at, max);
		ret->name = NULL;
		k->at += n;
		return 1;
	}
	if (k->started)
		k->at++; /* the dot */
	k->started = true;
	dot = memchr(k->at, '.', (size_t)(k->end - k->at));
	n = name_len(k->at, dot ? dot : k->end);
	if (n == 0)
		return vx_fail(err, -EBADMSG,
		               "it has an empty part: write a name before, between and "
		               "after its dots and before its indices");
	if (memchr(k->at, '\0', n))
		return vx_fail(err, -EBADMSG, "it has a NUL character");
	*ret = (struct vx_step){.name = k->at, .len = n};
	k->at += n;
	return 1;
}
