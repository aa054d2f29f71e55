/* activation.c - profile expressions: parsed once, asked for every set of profiles.
 *
 * An expression is a tree of names, `!`, `&` and `|`; a document's several expressions are one more
 * `|` over them. The parser descends once per parenthesis or `!`, of which only NEST_MAX nest, so
 * everything else here may recurse. */
#include "core/activation.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "core/assert.h"

#define NEST_MAX 64
#define SHOWN_BYTES 80

struct vx_activation {
	enum { NAME, NOT, ALL, ANY } kind;
	const char *name;                 /* NAME */
	const struct vx_activation *kids; /* what it is made of; NOT has one */
	const struct vx_activation *next; /* in the kids of its parent */
};

struct parser {
	struct vx_arena *arena;
	const char *whole;
	const char *at;
	unsigned nested;
	struct vx_error *err;
};

static int wrong(const struct parser *p, const char *why)
{
	return vx_fail(p->err, -EBADMSG, "'%.*s' is no profile expression: %s", SHOWN_BYTES,
	               p->whole, why);
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static char peek(struct parser *p)
{
	while (is_blank(*p->at))
		p->at++;
	return *p->at;
}

static struct vx_activation *node(const struct parser *p, int kind)
{
	struct vx_activation *a = vx_arena_alloc(p->arena, sizeof(*a));

	if (a)
		a->kind = kind;
	return a;
}

static int parse_name(struct parser *p, struct vx_activation **ret)
{
	const char *from = p->at;
	struct vx_activation *a;

	while (*p->at && !is_blank(*p->at) && !strchr("()&|!", *p->at)) {
		if (!isalnum((unsigned char)*p->at) && !strchr("-_.+@", *p->at))
			return wrong(p, "names are made of letters, digits and -_.+@");
		p->at++;
	}
	if (p->at == from)
		return wrong(p, *from ? "a name is missing before an operator or ')'"
		                      : "a name is missing at its end");
	if (!isalnum((unsigned char)*from) || !isalnum((unsigned char)p->at[-1]))
		return wrong(p, "names begin and end with a letter or a digit");
	a = node(p, NAME);
	if (!a)
		return -ENOMEM;
	a->name = vx_arena_strndup(p->arena, from, (size_t)(p->at - from));
	if (!a->name)
		return -ENOMEM;
	*ret = a;
	return 0;
}

static int parse_chain(struct parser *p, struct vx_activation **ret);

static int parse_term(struct parser *p, struct vx_activation **ret)
{
	struct vx_activation *inner = NULL, *a;
	char c = peek(p);
	int rc;

	if (c != '!' && c != '(')
		return parse_name(p, ret);
	if (++p->nested > NEST_MAX)
		return wrong(p, "'!' and '(' are nested too deep");
	p->at++;
	rc = c == '!' ? parse_term(p, &inner) : parse_chain(p, &inner);
	if (rc < 0)
		return rc;
	p->nested--;
	if (c == '(') {
		if (peek(p) != ')')
			return wrong(p, "a ')' is missing");
		p->at++;
		*ret = inner;
		return 0;
	}
	a = node(p, NOT);
	if (!a)
		return -ENOMEM;
	a->kids = inner;
	*ret = a;
	return 0;
}

static int parse_chain(struct parser *p, struct vx_activation **ret)
{
	struct vx_activation *chain = NULL, *last = NULL;
	char op = '\0';
	int rc = parse_term(p, &last);

	if (rc < 0)
		return rc;
	*ret = last;
	while (peek(p) == '&' || *p->at == '|') {
		struct vx_activation *term = NULL;

		if (op && op != *p->at)
			return wrong(p, "'&' and '|' are mixed, add parentheses");
		op = *p->at++;
		if (!chain) {
			chain = node(p, op == '&' ? ALL : ANY);
			if (!chain)
				return -ENOMEM;
			chain->kids = last;
			*ret = chain;
		}
		rc = parse_term(p, &term);
		if (rc < 0)
			return rc;
		vx_assert(last); /* a term that was read */
		last->next = term;
		last = term;
	}
	return 0;
}

int vx_activation_parse(struct vx_arena *arena, const char *const *exprs, size_t n,
                        const struct vx_activation **ret, struct vx_error *err)
{
	struct vx_activation *any = vx_arena_alloc(arena, sizeof(*any));
	const struct vx_activation **tail;

	if (!any)
		return -ENOMEM;
	any->kind = ANY;
	tail = &any->kids;
	for (size_t i = 0; i < n; i++) {
		struct parser p = {.arena = arena, .whole = exprs[i], .at = exprs[i], .err = err};
		struct vx_activation *one = NULL;
		int rc = parse_chain(&p, &one);

		if (rc < 0)
			return rc;
		if (*p.at)
			return wrong(&p, "an operator is missing, or a ')' has no '('");
		*tail = one;
		tail = &one->next;
	}
	*ret = any;
	return 0;
}

static bool is_among(const char *name, const char *const *profiles, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(name, profiles[i]) == 0)
			return true;
	return false;
}

bool vx_activation_holds(const struct vx_activation *on, const char *const *profiles, size_t n)
{
	bool all;

	if (!on)
		return true;
	if (on->kind == NAME)
		return is_among(on->name, profiles, n);
	if (on->kind == NOT)
		return !vx_activation_holds(on->kids, profiles, n);
	all = on->kind == ALL;
	for (const struct vx_activation *kid = on->kids; kid; kid = kid->next)
		if (vx_activation_holds(kid, profiles, n) != all)
			return !all;
	return all;
}

void vx_activation_each(const struct vx_activation *on, void (*fn)(void *arg, const char *name),
                        void *arg)
{
	if (!on)
		return;
	if (on->kind == NAME)
		fn(arg, on->name);
	for (const struct vx_activation *kid = on->kids; kid; kid = kid->next)
		vx_activation_each(kid, fn, arg);
}

bool vx_activation_names(const struct vx_activation *on, const char *profile)
{
	if (!on)
		return false;
	if (on->kind == NAME)
		return strcmp(on->name, profile) == 0;
	for (const struct vx_activation *kid = on->kids; kid; kid = kid->next)
		if (vx_activation_names(kid, profile))
			return true;
	return false;
}
