/* compact.c - keeping the number of packs small.
 *
 * Each fetch brings a pack. When there are many, the small ones are written as one: as many as it
 * takes that each pack is at least twice as large as all smaller ones together, so that a large pack
 * is rewritten seldom. The new pack is complete before an old one goes; a reader that has an old one
 * open goes on with it, one that has not looks again. No object is lost, also none that no branch
 * leads to any more: somebody may still read it by its id. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backends/git_fetch/fetch_i.h"
#include "core/cleanup.h"

/* More than this would be another's doing. */
#define PACKS_MAX 100000

struct pack {
	char *stem; /* "pack-0123..." */
	uint64_t bytes;
};

struct packs {
	struct pack *all;
	size_t n;
};

static void packs_fini(struct packs *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->all[i].stem);
	free(p->all);
}

static int add(struct packs *p, int dir, const char *name)
{
	size_t n = strlen(name);
	struct pack *all = p->all;
	struct stat st;

	if (n < 10 || strncmp(name, "pack-", 5) != 0 || strcmp(name + n - 5, ".pack") != 0 ||
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || p->n == PACKS_MAX)
		return 0;
	if ((p->n & (p->n - 1)) == 0) /* full: the capacity is a power of two */
		all = reallocarray(all, p->n ? p->n * 2 : 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	p->all = all;
	all[p->n] = (struct pack){strndup(name, n - 5), (uint64_t)st.st_size};
	if (!all[p->n].stem)
		return -ENOMEM;
	p->n++;
	return 0;
}

static int by_size(const void *a, const void *b)
{
	const struct pack *x = a, *y = b;

	return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

static int list(const char *folder, struct packs *p)
{
	DIR *dir = opendir(folder);
	const struct dirent *e;
	int rc = 0;

	while (dir && rc == 0 && (e = readdir(dir)))
		rc = add(p, dirfd(dir), e->d_name);
	if (dir)
		(void)closedir(dir); /* only read */
	if (rc == 0 && p->n)
		qsort(p->all, p->n, sizeof(*p->all), by_size);
	return rc;
}

/* How many of the smallest become one. */
static size_t how_many(const struct packs *p)
{
	uint64_t sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (i > 0 && p->all[i].bytes < 2 * sum)
			n = i + 1;
		sum += p->all[i].bytes;
	}
	return n < 2 ? (p->n < 2 ? 0 : 2) : n;
}

static int insert(const git_oid *id, void *builder)
{
	return git_packbuilder_insert(builder, id, NULL);
}

/* Hand all objects of the pack whose index is @idx to @builder. libgit2's code. */
static int insert_pack(const char *idx, git_packbuilder *builder)
{
	git_odb_backend *one = NULL;
	git_odb *odb = NULL;
	int grc = git_odb_new(&odb);

	if (grc == 0)
		grc = git_odb_backend_one_pack(&one, idx);
	if (grc == 0) {
		grc = git_odb_add_backend(odb, one, 1);
		if (grc < 0)
			one->free(one);
	}
	if (grc == 0)
		grc = git_odb_foreach(odb, insert, builder);
	git_odb_free(odb);
	return grc;
}

static int on_work(int stage, uint32_t current, uint32_t total, void *arg)
{
	(void)stage;
	(void)total;
	(void)arg;
	if (current % 1000 == 0)
		report(&(struct vx_git_report){.what = VX_GIT_ALIVE});
	return 0;
}

static int write_one(const char *mirror, const char *folder, const struct packs *p, size_t n,
                     char ret_stem[64])
{
	git_repository *repo = NULL;
	git_packbuilder *builder = NULL;
	int grc = git_repository_open_ext(&repo, mirror, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);

	if (grc == 0)
		grc = git_packbuilder_new(&builder, repo);
	if (grc == 0)
		grc = git_packbuilder_set_callbacks(builder, on_work, NULL);
	for (size_t i = 0; grc == 0 && i < n; i++) {
		VX_AUTO(vx_freep) char *idx = NULL;

		if (asprintf(&idx, "%s/%s.idx", folder, p->all[i].stem) < 0) {
			idx = NULL;
			grc = -1;
			break;
		}
		grc = insert_pack(idx, builder);
	}
	if (grc == 0)
		grc = git_packbuilder_write(builder, folder, 0, NULL, NULL);
	if (grc == 0)
		(void)snprintf(ret_stem, 64, "pack-%s", git_packbuilder_name(builder));
	git_packbuilder_free(builder);
	git_repository_free(repo);
	return grc;
}

/* The index goes first: a pack without one is not looked at. */
static void drop(const char *folder, const char *stem)
{
	static const char *const ends[] = {"idx", "pack"};

	for (size_t i = 0; i < 2; i++) {
		VX_AUTO(vx_freep) char *path = NULL;

		if (asprintf(&path, "%s/%s.%s", folder, stem, ends[i]) < 0)
			path = NULL;
		else
			(void)unlink(path); /* one that stays costs space alone */
	}
}

int compact(const char *mirror, size_t most, bool *ret, struct failure *f)
{
	VX_AUTO(packs_fini) struct packs p = {0};
	VX_AUTO(vx_freep) char *folder = NULL;
	char made[64] = "";
	size_t n;

	*ret = false;
	if (asprintf(&folder, "%s/objects/pack", mirror) < 0) {
		folder = NULL;
		return fail_as(f, VX_GIT_KIND_MEMORY, "out of memory");
	}
	if (list(folder, &p) < 0)
		return fail_as(f, VX_GIT_KIND_MEMORY, "out of memory");
	if (p.n <= most)
		return 0;
	n = how_many(&p);
	if (write_one(mirror, folder, &p, n, made) < 0)
		return explain(NULL, -1, f);
	for (size_t i = 0; i < n; i++)
		if (strcmp(p.all[i].stem, made) != 0)
			drop(folder, p.all[i].stem);
	*ret = true;
	return 0;
}
