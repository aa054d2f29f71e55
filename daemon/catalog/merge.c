/* merge.c - pages of names from several backends as one page. Pure. */
#include <errno.h>
#include <string.h>

#include "daemon/catalog/catalog_i.h"

/* Names up to this one are complete: the least of the last names of the pages that have more. */
static const char *complete_to(const struct vx_list *const *pages, size_t n)
{
	const char *to = NULL;

	for (size_t i = 0; i < n; i++) {
		const struct vx_list *p = pages[i];

		if (p->more && p->n > 0 && (!to || strcmp(p->names[p->n - 1], to) < 0))
			to = p->names[p->n - 1];
	}
	return to;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Merge in place: sorted, unique, up to @to; the number that stays. */
static size_t merge(const char **names, size_t n, const char *to)
{
	size_t kept = 0;

	if (n)
		qsort(names, n, sizeof(*names), by_name);
	for (size_t i = 0; i < n; i++) {
		if (to && strcmp(names[i], to) > 0)
			break;
		if (kept == 0 || strcmp(names[i], names[kept - 1]) != 0)
			names[kept++] = names[i];
	}
	return kept;
}

/* `application` is what all share: it is listed only where there is nothing else. */
static size_t without_shared(const char **names, size_t n)
{
	for (size_t i = 0; n > 1 && i < n; i++) {
		if (strcmp(names[i], "application") != 0)
			continue;
		memmove(names + i, names + i + 1, (n - i - 1) * sizeof(*names));
		return n - 1;
	}
	return n;
}

static bool lists(const struct vx_list *l, const char *name, size_t n)
{
	for (size_t lo = 0, hi = l->n; lo < hi;) {
		size_t mid = lo + (hi - lo) / 2;
		int c = strncmp(l->names[mid], name, n);

		c = c ? c : l->names[mid][n] != '\0';
		if (c == 0)
			return true;
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

/* Whether @name, which the backend @from reads as an application, is a profile's file of one that
 * only another backend has: `orders-prod.yml` here, `orders.yml` there. A look at this page only. */
static bool is_profile_of_another(const struct vx_list *const *pages, size_t n_pages, size_t from,
                                  const char *name)
{
	for (size_t n = strlen(name); n-- > 1;) {
		if (name[n] != '-' || lists(pages[from], name, n))
			continue;
		for (size_t i = 0; i < n_pages; i++)
			if (i != from && lists(pages[i], name, n))
				return true;
	}
	return false;
}

/* All names of all pages, unsorted; their number. */
static size_t collect(const struct vx_list *const *pages, size_t n_pages, const char **names,
                      bool filter)
{
	size_t n = 0;

	for (size_t i = 0; i < n_pages; i++)
		for (size_t k = 0; k < pages[i]->n; k++)
			if (!filter ||
			    !is_profile_of_another(pages, n_pages, i, pages[i]->names[k]))
				names[n++] = pages[i]->names[k];
	return n;
}

int names_merge(enum vx_list_what what, const struct vx_list *const *pages, size_t n_pages,
                const char *cursor, bool known, struct merged *ret)
{
	const char *to = complete_to(pages, n_pages);
	const char **names;
	size_t n = 1, at;

	for (size_t i = 0; i < n_pages; i++)
		n += pages[i]->n;
	names = calloc(n, sizeof(*names));
	if (!names)
		return -ENOMEM;
	at = collect(pages, n_pages, names, what == VX_LIST_APPS);
	/* What only another label has is a directory too, but has no profiles here. */
	if (what == VX_LIST_PROFILES && known && strcmp(cursor, "default") < 0)
		names[at++] = "default";
	n = merge(names, at, to);
	if (n == 0 && to) /* every page has to get the listing on */
		n = merge(names, collect(pages, n_pages, names, false), to);
	if (what == VX_LIST_APPS)
		n = without_shared(names, n);
	*ret = (struct merged){names, n, to != NULL};
	return 0;
}
