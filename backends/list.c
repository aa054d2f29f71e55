/* list.c - pages of names and of history: making and freeing them. */
#include "backends/list.h"

#include <errno.h>
#include <string.h>

void vx_list_fini(struct vx_list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->names[i]);
	free(l->names);
	memset(l, 0, sizeof(*l));
}

void vx_history_fini(struct vx_history *h)
{
	for (size_t i = 0; i < h->n; i++) {
		free(h->entries[i].author);
		free(h->entries[i].message);
	}
	free(h->entries);
	memset(h, 0, sizeof(*h));
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int vx_list_page(const char **names, size_t n, const char *cursor, size_t max, struct vx_list *ret)
{
	VX_AUTO(vx_list_fini) struct vx_list page = {0};
	size_t room = n < max ? n : max;

	page.names = calloc(room ? room : 1, sizeof(*page.names));
	if (!page.names)
		return -ENOMEM;
	if (n)
		qsort(names, n, sizeof(*names), by_bytes);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(names[i], cursor) <= 0 || (i && strcmp(names[i], names[i - 1]) == 0))
			continue;
		if (page.n == room) {
			page.more = true;
			break;
		}
		page.names[page.n] = strdup(names[i]);
		if (!page.names[page.n])
			return -ENOMEM;
		page.n++;
	}
	*ret = page;
	memset(&page, 0, sizeof(page));
	return 0;
}
