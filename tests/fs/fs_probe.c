/* fs_probe.c - a mounted filesystem over a small provider in memory, commanded by standard input.
 *
 *	a/ b/       leaves: f p4096 k400 empty (known), lazy12 lazy4096 lazy400k lazy0 (known after
 *	            20 ms, once asked for), hang (never), cur -> f, sub/ (a leaf with `inner`)
 *	slow/       a leaf whose index takes 200 ms
 *	stuck/      a leaf whose index never comes
 *	many/       a branch of 100,000 names
 *	wide/       a leaf of 100,000 files
 *	rude/       a leaf of files whose content calls break the promise to be quick: nap sleeps 2 ms,
 *	            sum, sum2 and sum3 compute 2 ms; `lock` keeps it, but waits 5 ms for a lock (see hold)
 *	anything    else, in the root, is never answered
 *
 * Commands, one a line, each answered by one line: put LEAF NAME TEXT, del LEAF NAME (both when the
 * kernel has been told), counts, cancelled, ended, holds LEAF
 * NAME, hold (the lock that rude/lock waits for), quit. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "fs/fs.h"

#define MANY 100000
#define PAGE 1000
#define FILES_MAX 64

enum kind { ROOT, LEAF, MANY_BRANCH, WIDE };

struct place {
	struct vx_place base; /* first: cast back */
	enum kind kind;
	const char *name;
	int load_ms;        /* -1: never */
	struct vx_dir *dir; /* once its index was asked for; a reference; guarded by lock */
	struct {
		char name[32];
		struct vx_node node;
	} files[FILES_MAX];
	size_t n;
};

struct content {
	struct vx_content base; /* first: cast back */
	char *text;             /* what it will say */
	size_t len;
	int after_ms; /* -1: never */
	char rude;    /* 'n' nap, 's' sum, 'l' lock; else 0 */
};

/* An ask that is answered by the timer's thread: when its time has come or it is cancelled. */
struct later {
	struct later *next;
	struct vx_ask *ask;
	struct vx_ctx_hook hook;
	int64_t due_ns;          /* INT64_MAX: never */
	struct content *content; /* a content ask; else an index */
	struct place *place;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static struct later *laters; /* guarded by lock */
static bool ending;          /* guarded by lock */
static unsigned cancelled;   /* guarded by lock */
static int64_t newest_ns;    /* guarded by lock */
static struct place *places[8];
static size_t n_places;

static void content_destroy(struct vx_content *c)
{
	free(((struct content *)c)->text);
	free(c);
}

static void place_destroy(struct vx_place *p)
{
	struct place *place = (struct place *)p;

	for (size_t i = 0; i < place->n; i++) {
		vx_content_put(place->files[i].node.content);
		vx_place_put(place->files[i].node.place);
	}
	free(place);
}

static struct content *content_new(const char *text, size_t len, int after_ms)
{
	struct content *c = calloc(1, sizeof(*c));

	c->text = malloc(len + 1);
	memcpy(c->text, text, len);
	c->len = len;
	c->after_ms = after_ms;
	vx_lock(&lock);
	newest_ns += VX_SEC;
	vx_content_init(&c->base, NULL, newest_ns, content_destroy);
	vx_unlock(&lock);
	if (after_ms == 0)
		vx_content_keep(&c->base, vx_bytes_new(text, len));
	return c;
}

static struct vx_node file_node(struct content *c)
{
	return (struct vx_node){.kind = VX_NODE_FILE, .mode = {0, 0, 0444}, .content = &c->base};
}

static struct vx_node dir_node(struct place *p)
{
	return (struct vx_node){
		.kind = VX_NODE_DIR, .mode = {0, 0, 0555}, .place = vx_place_ref(&p->base)};
}

/* With lock. */
static void place_set(struct place *p, const char *name, struct vx_node node)
{
	size_t i = 0;

	while (i < p->n && strcmp(p->files[i].name, name) != 0)
		i++;
	if (i == p->n)
		(void)snprintf(p->files[p->n++].name, sizeof(p->files[0].name), "%s", name);
	else
		vx_content_put(p->files[i].node.content);
	p->files[i].node = node;
}

static void place_add(struct place *p, const char *name, size_t len, int after_ms)
{
	char *text = malloc(len + 1);

	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + i % 23);
	place_set(p, name, file_node(content_new(text, len, after_ms)));
	free(text);
}

static struct place *place_new(enum kind kind, const char *name, int load_ms)
{
	struct place *p = calloc(1, sizeof(*p));

	vx_place_init(&p->base, kind == LEAF || kind == WIDE, place_destroy);
	p->kind = kind;
	p->name = name;
	p->load_ms = load_ms;
	return p;
}

static void leaf_fill(struct place *p)
{
	struct content *link = content_new("f", 1, 0);
	struct place *sub = place_new(LEAF, "sub", 0);

	place_add(p, "f", 12, 0);
	place_add(p, "p4096", 4096, 0);
	place_add(p, "k400", 400000, 0);
	place_add(p, "empty", 0, 0);
	place_add(p, "lazy0", 0, 20);
	place_add(p, "lazy12", 12, 20);
	place_add(p, "lazy4096", 4096, 20);
	place_add(p, "lazy128k", 131072, 20);
	place_add(p, "lazy400k", 400000, 20);
	for (int i = 0; i < 16; i++) { /* fresh ones, for tests that need them unread */
		char name[16];

		(void)snprintf(name, sizeof(name), "lazy%c", 'A' + i);
		place_add(p, name, (const size_t[]){12, 4096, 400000, 0}[i % 4], 20);
	}
	place_add(p, "hang", 5, -1);
	place_set(p, "cur", (struct vx_node){VX_NODE_LINK, {0, 0, 0777}, &link->base, NULL, false});
	place_add(sub, "inner", 5, 0);
	place_set(p, "sub", dir_node(sub));
	vx_place_put(&sub->base);
}

static void rude_fill(struct place *p)
{
	static const char *const names[] = {"nap", "sum", "sum2", "sum3", "lock"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct content *c = content_new("rude", 4, 1);

		c->rude = names[i][0];
		place_set(p, names[i], file_node(c));
	}
}

static struct vx_names *wide_index(void)
{
	struct vx_names *n = vx_names_new();
	char name[32];

	for (int i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof(name), "w%06d", i);
		vx_assert(vx_names_add(n, name, 0, true, file_node(content_new("w\n", 2, 0))) == 0);
	}
	vx_names_seal(n);
	return n;
}

/* With lock. */
static struct vx_names *place_index(struct place *p)
{
	struct vx_names *n = vx_names_new();

	for (size_t i = 0; i < p->n; i++) {
		struct vx_node node = p->files[i].node;

		if (node.content)
			vx_content_ref(node.content);
		if (node.place)
			vx_place_ref(node.place);
		vx_assert(vx_names_add(n, p->files[i].name, 0, true, node) == 0);
	}
	vx_names_seal(n);
	return n;
}

/* --- the timer -------------------------------------------------------------------------------- */

static void wake_timer(void *arg)
{
	(void)arg;
	(void)pthread_cond_signal(&moved); /* a lost one is made good by the timer's own 5 ms */
}

static void put_off(struct vx_ask *ask, int ms, struct content *content, struct place *place)
{
	struct later *l = calloc(1, sizeof(*l));

	l->ask = ask;
	l->content = content;
	l->place = place;
	l->due_ns = ms < 0 ? INT64_MAX : vx_mono_ns(vx_clock_system()) + ms * VX_MSEC;
	l->hook.fn = wake_timer;
	vx_ctx_hook(vx_ask_ctx(ask), &l->hook);
	VX_LOCKED(&lock);
	l->next = laters;
	laters = l;
}

static void answer(struct later *l)
{
	bool cut = vx_ctx_check(vx_ask_ctx(l->ask)) < 0;
	struct vx_names *index = NULL;

	vx_ctx_unhook(vx_ask_ctx(l->ask), &l->hook);
	vx_lock(&lock);
	cancelled += cut;
	if (!cut && l->place && l->place->kind != WIDE)
		index = place_index(l->place);
	vx_unlock(&lock);
	if (!cut && l->place && l->place->kind == WIDE)
		index = wide_index(); /* takes long: not under the lock */
	if (cut) {
		vx_ask_error(l->ask, -ECANCELED);
	} else if (index) {
		vx_ask_index(l->ask, index);
	} else {
		vx_content_keep(&l->content->base, vx_bytes_new(l->content->text, l->content->len));
		vx_ask_content(l->ask);
	}
	free(l);
}

static struct later *next_due(void)
{
	int64_t now = vx_mono_ns(vx_clock_system());

	for (struct later **at = &laters; *at; at = &(*at)->next) {
		struct later *l = *at;

		if (l->due_ns <= now || vx_ctx_check(vx_ask_ctx(l->ask)) < 0) {
			*at = l->next;
			return l;
		}
	}
	return NULL;
}

static void *timer(void *arg)
{
	(void)arg;
	vx_lock(&lock);
	while (!ending || laters) {
		struct later *l = next_due();
		struct timespec until;

		if (l) {
			vx_unlock(&lock);
			answer(l);
			vx_lock(&lock);
			continue;
		}
		(void)clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 5000000;
		if (until.tv_nsec >= VX_SEC) {
			until.tv_nsec -= VX_SEC;
			until.tv_sec++;
		}
		(void)pthread_cond_timedwait(&moved, &lock, &until);
	}
	vx_unlock(&lock);
	return NULL;
}

/* --- what a provider must not do ------------------------------------------------------------- */

static pthread_mutex_t held = PTHREAD_MUTEX_INITIALIZER;
static atomic_bool wanted; /* somebody is about to wait for it */

static void nap(int ms)
{
	struct timespec t = {0, ms * VX_MSEC};

	while (nanosleep(&t, &t) < 0) {
	}
}

/* Have a lock when it is wanted, and sleep with it: to the one who waits, that is the same as a
 * holder who lost the processor. */
static void hold(void)
{
	VX_LOCKED(&held);
	printf("held\n");
	(void)fflush(stdout);
	while (!atomic_load(&wanted))
		nap(1);
	nap(5);
}

static void wait_for_lock(void)
{
	atomic_store(&wanted, true);
	vx_lock(&held);
	vx_unlock(&held);
}

static void be_rude(char how)
{
	struct timespec t = {0};
	int64_t began;

	if (how == 'n')
		nap(2);
	if (how == 'l')
		wait_for_lock();
	if (how != 's')
		return;
	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	began = t.tv_sec * VX_SEC + t.tv_nsec;
	while (t.tv_sec * VX_SEC + t.tv_nsec < began + 2 * VX_MSEC)
		(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
}

/* --- the provider ----------------------------------------------------------------------------- */

static struct vx_place *root(void *self)
{
	return vx_place_ref(&((struct place *)self)->base);
}

static void page_many(struct vx_ask *ask, const char *cursor)
{
	int from = *cursor ? (int)strtol(cursor + 1, NULL, 10) + 1 : 0, n = 0;
	static char text[PAGE][16];
	const char *names[PAGE];

	for (; n < PAGE && from + n < MANY; n++) {
		(void)snprintf(text[n], sizeof(text[n]), "m%06d", from + n);
		names[n] = text[n];
	}
	vx_ask_page(ask, names, (size_t)n, from + n < MANY);
}

static void names(void *self, struct vx_ask *ask, struct vx_dir *dir, const char *cursor)
{
	struct place *p = (struct place *)vx_dir_place(dir);
	struct vx_names *index = NULL;
	const char *list[8];

	(void)self;
	if (p->kind == ROOT) {
		for (size_t i = 0; i < n_places; i++)
			list[i] = places[i]->name;
		vx_ask_page(ask, list, n_places, false);
		return;
	}
	if (p->kind == MANY_BRANCH) {
		page_many(ask, cursor);
		return;
	}
	vx_lock(&lock);
	if (p->load_ms == 0)
		index = place_index(p);
	if (!p->dir)
		p->dir = vx_dir_ref(dir);
	vx_unlock(&lock);
	if (index)
		vx_ask_index(ask, index);
	else
		put_off(ask, p->load_ms, NULL, p);
}

static void lookup(void *self, struct vx_ask *ask, struct vx_dir *dir, const char *name,
                   const struct vx_who *who)
{
	struct place *p = (struct place *)vx_dir_place(dir);

	(void)self, (void)who;
	for (size_t i = 0; p->kind == ROOT && i < n_places; i++) {
		if (strcmp(places[i]->name, name) == 0) {
			vx_ask_node(ask, dir_node(places[i]));
			return;
		}
	}
	if (p->kind == ROOT)
		put_off(ask, -1, NULL, NULL);
	else
		vx_ask_error(ask, -ENOENT);
}

static void content(void *self, struct vx_ask *ask, struct vx_content *file,
                    const struct vx_who *who)
{
	struct content *c = (struct content *)file;

	(void)self, (void)who;
	be_rude(c->rude);
	put_off(ask, c->after_ms, c, NULL);
}

static void released(void *self, struct vx_content *file)
{
	(void)self, (void)file;
}

static void dropped(void *self, struct vx_dir *dir)
{
	struct place *p = (struct place *)vx_dir_place(dir);
	struct vx_dir *was = NULL;

	(void)self;
	vx_lock(&lock);
	if (p->dir == dir)
		was = vx_steal(p->dir);
	vx_unlock(&lock);
	vx_dir_put(was);
}

static const struct vx_provider provider = {root, names, lookup, content, released, dropped};

/* --- commands --------------------------------------------------------------------------------- */

struct told {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool done;
};

static void told_done(void *arg)
{
	struct told *t = arg;

	VX_LOCKED(&t->lock);
	t->done = true;
	(void)pthread_cond_signal(&t->cond);
}

/* Publish what @p holds now and wait until the kernel was told; microseconds, -1: not shown. */
static long publish(struct vx_fs *fs, struct place *p)
{
	struct told t = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false};
	int64_t began = vx_mono_ns(vx_clock_system());
	struct vx_names *index;
	struct vx_dir *dir;

	vx_lock(&lock);
	dir = p->dir ? vx_dir_ref(p->dir) : NULL;
	index = place_index(p);
	vx_unlock(&lock);
	if (!dir) {
		vx_names_put(index);
		return -1;
	}
	vx_fs_publish(fs, dir, index, told_done, &t);
	vx_lock(&t.lock);
	while (!t.done)
		(void)pthread_cond_wait(&t.cond, &t.lock);
	vx_unlock(&t.lock);
	vx_dir_put(dir);
	return (long)((vx_mono_ns(vx_clock_system()) - began) / 1000);
}

static struct place *place_named(const char *name)
{
	for (size_t i = 0; i < n_places; i++) {
		if (strcmp(places[i]->name, name) == 0)
			return places[i];
	}
	return NULL;
}

static void place_del(struct place *p, const char *name)
{
	for (size_t i = 0; i < p->n; i++) {
		if (strcmp(p->files[i].name, name) != 0)
			continue;
		vx_content_put(p->files[i].node.content);
		vx_place_put(p->files[i].node.place);
		p->files[i] = p->files[--p->n];
		return;
	}
}

static void command(struct vx_fs *fs, char *line)
{
	char *word = strtok(line, " \n"), *leaf = strtok(NULL, " \n"), *name = strtok(NULL, " \n");
	char *text = strtok(NULL, "\n");
	struct place *p = leaf ? place_named(leaf) : NULL;
	struct vx_fs_counts c;

	if (word && !strcmp(word, "put") && p && name && text) {
		struct vx_node node = file_node(content_new(text, strlen(text), 0));

		vx_lock(&lock);
		place_set(p, name, node);
		vx_unlock(&lock);
		printf("%ld\n", publish(fs, p));
	} else if (word && !strcmp(word, "del") && p && name) {
		vx_lock(&lock);
		place_del(p, name);
		vx_unlock(&lock);
		printf("%ld\n", publish(fs, p));
	} else if (word && !strcmp(word, "holds") && p && name) {
		printf("%d\n", p->dir && vx_fs_holds(fs, p->dir, name));
	} else if (word && !strcmp(word, "hold")) {
		hold();
		return;
	} else if (word && !strcmp(word, "ended")) {
		struct pollfd pfd = {.fd = vx_fs_ended_fd(fs), .events = POLLIN};

		printf("%d\n", poll(&pfd, 1, 1000));
	} else if (word && !strcmp(word, "cancelled")) {
		VX_LOCKED(&lock);
		printf("%u\n", cancelled);
	} else if (word && !strcmp(word, "counts")) {
		vx_fs_count(fs, &c);
		printf("%llu %llu %llu %llu %llu %llu %llu %llu\n", (unsigned long long)c.lookup,
		       (unsigned long long)c.getattr, (unsigned long long)c.read,
		       (unsigned long long)c.readdir, (unsigned long long)c.readlink,
		       (unsigned long long)c.forget, (unsigned long long)c.other,
		       (unsigned long long)c.slow_provider_calls);
	} else {
		printf("what?\n");
	}
	(void)fflush(stdout);
}

static void make_tree(void)
{
	places[n_places++] = place_new(LEAF, "a", 0);
	places[n_places++] = place_new(LEAF, "b", 0);
	places[n_places++] = place_new(LEAF, "slow", 200);
	places[n_places++] = place_new(LEAF, "stuck", -1);
	places[n_places++] = place_new(MANY_BRANCH, "many", 0);
	places[n_places++] = place_new(WIDE, "wide", 1);
	places[n_places++] = place_new(LEAF, "rude", 0);
	leaf_fill(places[0]);
	leaf_fill(places[1]);
	place_add(places[2], "f", 12, 0);
	rude_fill(places[6]);
}

int main(int argc, char **argv)
{
	const struct vx_fs_options options = {
		.path = argc > 1 ? argv[1] : "",
		.entry_ttl_ms = 300000,
		.negative_ttl_ms = 300000, /* so that a missing notification shows */
		.branch_ttl_ms = 5000,
		.context = "",
		.clock = vx_clock_system(),
	};
	struct place *top = place_new(ROOT, "", 0);
	struct vx_error err = {0};
	struct vx_fs *fs = NULL;
	pthread_t thread;
	char line[512];
	int rc;

	make_tree();
	vx_assert(pthread_create(&thread, NULL, timer, NULL) == 0);
	rc = vx_fs_start(&options, &provider, top, &fs, &err);
	if (rc < 0)
		printf("failed %d %s\n", rc, vx_error_text(&err, rc));
	else
		printf("mounted\n");
	(void)fflush(stdout);
	while (rc == 0 && fgets(line, sizeof(line), stdin) && strcmp(line, "quit\n") != 0)
		command(fs, line);
	vx_fs_stop(fs);
	vx_lock(&lock);
	ending = true;
	vx_unlock(&lock);
	(void)pthread_join(thread, NULL);
	for (size_t i = 0; i < n_places; i++) {
		vx_dir_put(places[i]->dir);
		vx_place_put(&places[i]->base);
	}
	vx_place_put(&top->base);
	return rc < 0;
}
