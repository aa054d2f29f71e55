/* problems.c - the table of what is wrong now: an array in the order of the keys, since it is short
 * and read in that order. Of what it has no room for it remembers a hash, so that the same trouble
 * is counted once however often it is raised. */
#include "daemon/telemetry/problems.h"

#include <pthread.h>
#include <string.h>
#include <xxhash.h>

/* Hashes remembered of problems beyond the table: as many as there may be tracks by default
 * (limits.tracks), 8 bytes each. */
#define BEYOND_MAX 100000

struct vx_problems {
	const struct vx_clock *clock;
	struct vx_events *events;
	size_t max;
	pthread_mutex_t lock; /* only that of the events is taken under it; guards all below */
	size_t n;
	size_t n_beyond, room_beyond;
	uint64_t *beyond;           /* rising */
	struct vx_problem *table[]; /* by key, in byte order */
};

struct vx_problems *vx_problems_new(const struct vx_clock *clock, struct vx_events *events,
                                    size_t max)
{
	struct vx_problems *p = calloc(1, sizeof(*p) + max * sizeof(struct vx_problem *));

	if (!p)
		return NULL;
	p->clock = clock;
	p->events = events;
	p->max = max;
	vx_assert(pthread_mutex_init(&p->lock, NULL) == 0);
	return p;
}

void vx_problems_free(struct vx_problems *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->n; i++)
		free(p->table[i]);
	free(p->beyond);
	(void)pthread_mutex_destroy(&p->lock);
	free(p);
}

const char *vx_severity_name(enum vx_severity s)
{
	switch (s) {
	case VX_PROBLEM_NOTE:
		return "note";
	case VX_PROBLEM_WARNING:
		return "warning";
	case VX_PROBLEM_ERROR:
		return "error";
	}
	return "error";
}

/* One allocation with both texts behind; @sentence becomes one line. */
static struct vx_problem *problem_new(enum vx_severity severity, const char *key,
                                      const char *sentence, int64_t since_s)
{
	size_t n = strlen(key) + 1, m = strlen(sentence) + 1;
	struct vx_problem *q = malloc(sizeof(*q) + n + m);
	char *text;

	if (!q)
		return NULL;
	text = memcpy((char *)(q + 1), key, n);
	memcpy(text + n, sentence, m);
	for (char *c = text + n; *c; c++)
		if (*c == '\n' || *c == '\r')
			*c = ' ';
	*q = (struct vx_problem){text, text + n, severity, since_s};
	return q;
}

static void tell(struct vx_problems *p, const char *type, const char *key,
                 const struct vx_problem *q)
{
	vx_events_add(p->events, type,
	              (const struct vx_event_field[]){
			      {"key", key},
			      {"severity", q ? vx_severity_name(q->severity) : NULL},
			      {"message", q ? q->sentence : NULL},
			      {NULL, NULL},
		      });
}

/* Where @key stands or would stand. */
static size_t place(const struct vx_problems *p, const char *key, bool *ret_found)
{
	size_t lo = 0, hi = p->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(p->table[mid]->key, key) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*ret_found = lo < p->n && strcmp(p->table[lo]->key, key) == 0;
	return lo;
}

/* --- beyond the table ------------------------------------------------------------------------ */

static size_t beyond_place(const struct vx_problems *p, uint64_t hash, bool *ret_found)
{
	size_t lo = 0, hi = p->n_beyond;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (p->beyond[mid] < hash)
			lo = mid + 1;
		else
			hi = mid;
	}
	*ret_found = lo < p->n_beyond && p->beyond[lo] == hash;
	return lo;
}

/* true: it is new. Past the bound, or without memory, it is not remembered: true each time. */
static bool beyond_add(struct vx_problems *p, const char *key)
{
	uint64_t hash = XXH3_64bits(key, strlen(key));
	bool found;
	size_t at = beyond_place(p, hash, &found);

	if (found)
		return false;
	if (p->n_beyond == p->room_beyond) {
		size_t room = p->room_beyond ? p->room_beyond * 2 : 64;
		uint64_t *grown = room > 2 * BEYOND_MAX
		                          ? NULL
		                          : reallocarray(p->beyond, room, sizeof(*p->beyond));

		if (!grown)
			return true;
		p->beyond = grown;
		p->room_beyond = room;
	}
	memmove(p->beyond + at + 1, p->beyond + at, (p->n_beyond - at) * sizeof(*p->beyond));
	p->beyond[at] = hash;
	p->n_beyond++;
	return true;
}

static bool beyond_remove(struct vx_problems *p, const char *key)
{
	bool found;
	size_t at = beyond_place(p, XXH3_64bits(key, strlen(key)), &found);

	if (!found)
		return false;
	p->n_beyond--;
	memmove(p->beyond + at, p->beyond + at + 1, (p->n_beyond - at) * sizeof(*p->beyond));
	return true;
}

/* --- raising and clearing -------------------------------------------------------------------- */

bool vx_problems_raise(struct vx_problems *p, enum vx_severity severity, const char *key,
                       const char *sentence)
{
	struct vx_problem *now, *was = NULL;
	bool found, is_new = true;
	size_t at;

	if (!p)
		return true;
	now = problem_new(severity, key, sentence, vx_wall_ns(p->clock) / VX_SEC);
	vx_lock(&p->lock);
	at = place(p, key, &found);
	if (now && found) {
		was = p->table[at];
		now->since_s = was->since_s;
		is_new = was->severity != severity || strcmp(was->sentence, now->sentence) != 0;
		p->table[at] = now;
	} else if (now && p->n < p->max) {
		memmove(p->table + at + 1, p->table + at, (p->n - at) * sizeof(p->table[0]));
		p->table[at] = now;
		p->n++;
		is_new = !beyond_remove(p, key); /* there is room for it now; it was told of */
	} else if (!found) {
		is_new = beyond_add(p, key);
		was = now;
	}
	if (is_new)
		tell(p, "problem", key,
		     now); /* under the lock: events are in the order of the facts */
	vx_unlock(&p->lock);
	free(was);
	return is_new;
}

bool vx_problems_clear(struct vx_problems *p, const char *key)
{
	struct vx_problem *gone = NULL;
	bool found;
	size_t at;

	if (!p)
		return false;
	vx_lock(&p->lock);
	at = place(p, key, &found);
	if (found) {
		gone = p->table[at];
		p->n--;
		memmove(p->table + at, p->table + at + 1, (p->n - at) * sizeof(p->table[0]));
	} else {
		found = beyond_remove(p, key);
	}
	if (found)
		tell(p, "solved", key, gone);
	vx_unlock(&p->lock);
	free(gone);
	return found;
}

size_t vx_problems_each(struct vx_problems *p, void (*each)(void *arg, const struct vx_problem *),
                        void *arg)
{
	VX_LOCKED(&p->lock);
	for (size_t i = 0; i < p->n; i++)
		each(arg, p->table[i]);
	return p->n_beyond;
}
