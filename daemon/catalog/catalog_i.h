/* catalog_i.h - what the rooms of the catalog share.
 *
 *	catalog.c  the feeds, the table of tracks, events, life and end
 *	track.c    one track's job: resolve, compose, install, answer, publish
 *	track_leave.c  when everybody who asked has left
 *	track_tell.c  what is said of a track
 *	tree.c     the provider's branches: places, lookups and listings of folders
 *	index.c    a leaf's names, `.keys`, plain folders
 *	elsewhere.c  what only another label has
 *	exists.c   what exists: the rule, and resolving what does
 *	listing.c  one page of a branch, merged from all backends
 *	merge.c    how pages of names are merged
 *	query.c, query_list.c, query_state.c  questions of people (query.h)
 *	file.c     content: rendering, plain files, what is shared between publications
 *
 * Locking: catalog->lock (rank 50) guards the table of tracks and every field marked (L); it is held
 * for pointer work only - no backend call, no composing, no vx_ask_ or vx_fs_ function, no feed
 * function under it. A track's job is never run by two threads at once; what only the job touches
 * is marked (J) and needs no lock. */
#pragma once

#include <pthread.h>
#include <uthash.h>

#include "core/compose.h"
#include "core/render.h"
#include "daemon/catalog/access.h"
#include "daemon/catalog/catalog.h"
#include "daemon/catalog/feed.h"
#include "daemon/pool.h"

#define VX_CATALOG_MAGIC 0x76786361u
#define VX_PLACE_MAGIC 0x7678706cu
#define VX_FILE_MAGIC 0x76786669u

struct vx_catalog {
	unsigned magic;
	const struct vx_clock *clock;
	struct vx_catalog_tells tells;
	struct vx_settings *settings;
	struct vx_compose_options compose;
	const char *default_label;
	bool unknown_app_shared;
	bool unknown_profile_base;
	bool resolve_plain;
	bool commits;      /* some backend takes revisions as labels */
	int64_t ttl_ns;    /* how long an idle track stays */
	int64_t retain_ns; /* how long what is gone from the sources stays */
	size_t tracks_max;
	size_t n_feeds;
	struct vx_feed **feeds; /* by rising priority */
	struct vx_pool *pool;

	pthread_mutex_t lock;
	bool ending;                     /* (L) */
	struct vx_access *access;        /* (L) replaced on reload */
	struct vx_fs *fs;                /* (L) NULL until start */
	struct track *tracks;            /* (L) uthash by key */
	struct walk *walks;              /* (L) over the tracks, under way; see catalog.c */
	struct track *waiting;           /* (L) tracks whose job ended with -EINPROGRESS */
	uint64_t settles;                /* (L) events so far */
	size_t jobs;                     /* (L) of tracks, queued or running */
	pthread_cond_t quiet;            /* jobs became 0 */
	struct vx_catalog_counts counts; /* (L) */
	pthread_cond_t tick;
	pthread_t ticker;
	bool ticking;
};

/* A question that waits for a track. */
struct question {
	struct question *next;
	struct vx_ask *ask;
	struct vx_dir *dir; /* its index is wanted (a reference); NULL: does the leaf exist? */
};

/* A directory that shows a track: its index is replaced at each publication. */
struct shown {
	struct shown *next;
	struct vx_dir *dir; /* a reference */
};

/* What is served at some coordinates; with `probe`, only whether an application exists. */
struct track {
	UT_hash_handle hh;
	atomic_size_t refs;
	struct vx_catalog *catalog;
	struct vx_coords *at;
	bool probe;
	char *key; /* at->text, with a '?' before it for a probe */

	/* (L) */
	bool busy;   /* its job is queued or running */
	bool again;  /* something came while it was busy */
	bool waits;  /* on the list catalog->waiting */
	bool dirty;  /* a source has changed since the last attempt */
	bool known;  /* rc says what stands here */
	bool failed; /* the last attempt did, for another reason than that nothing is there */
	bool lost;   /* a publication is owed: memory ran out, or the modes have changed */
	int rc;      /* 0: snapshot (or, probe: exists); else why not */
	struct vx_error err;
	struct vx_snapshot *snapshot;
	struct question *questions;
	struct shown *shown;
	int64_t used_ns;
	int64_t orphaned_ns; /* since when no source has it; 0: one has */
	struct track *next_waiting, **prev_waiting;
	uint64_t changes; /* of its sources, so far */
	enum { ELSEWHERE_UNASKED, ELSEWHERE_ASKING, ELSEWHERE_ANSWERED } elsewhere;
	int elsewhere_rc;

	/* (J) */
	struct vx_job job;
	char **needs; /* coordinates' texts that were -EINPROGRESS; read under L while waiting */
	size_t n_needs;
	bool needs_labels;
	bool failing;                 /* its failure was logged */
	bool orphaned_told;           /* and that no source has it */
	bool unannounced;             /* a version was installed and its event is owed */
	struct vx_resolved *resolved; /* what was composed last; NULL nothing */
	uint64_t number; /* of the publication that is served; this and the next two are
	                               * written under L, so that others can read them there */
	char *revisions; /* each backend's, as .version shows them */
	int64_t published_ns;
	uint64_t generation;           /* counts index replacements */
	int64_t mtime_ns;              /* of the newest file: they strictly rise */
	struct file *files;            /* uthash by path below the leaf */
	struct vx_label_list **labels; /* one a feed, nullable; of the last publication */
};

enum place_kind { PLACE_ROOT, PLACE_APP, PLACE_LEAF, PLACE_KEYS, PLACE_PLAIN };

/* What a directory is: the provider's side of a struct vx_dir. Immutable. */
struct place {
	struct vx_place base; /* first: a vx_place is cast back */
	unsigned magic;
	enum place_kind kind;
	struct vx_catalog *catalog;
	char *app;            /* APP */
	struct vx_coords *at; /* LEAF, KEYS, PLAIN */
	char *path;           /* KEYS: names joined by '/', "" the top; PLAIN: "certs/" */
};

enum file_kind { FILE_OUTPUT, FILE_ORIGIN, FILE_VERSION, FILE_KEY, FILE_PLAIN };

/* One publication of one file. */
struct file {
	struct vx_content content; /* first: a vx_content is cast back */
	UT_hash_handle hh;
	unsigned magic;
	enum file_kind kind;
	struct vx_catalog *catalog;
	char *path;                   /* below the leaf: "application.yml", ".keys/server/port" */
	struct vx_snapshot *snapshot; /* a reference; the values below are its */
	uint64_t generation;          /* (J) the publication that last listed it */
	enum vx_output output;
	const struct vx_value *value; /* KEY: in the snapshot */
	const struct vx_snapshot_plain *plain;
	bool verbatim;          /* (L) PLAIN: resolving changed nothing */
	bool loading;           /* (L) */
	struct waiter *waiters; /* (L) */
	bool failing;           /* (L) its failure was logged */
	struct vx_job job;
	struct vx_feed_call call;
};

/* catalog.c */
/* A reference; NULL: no memory. L. */
struct track *track_get(struct vx_catalog *c, const struct vx_coords *at, bool probe);
void track_put(struct track *t);
void track_kick(struct track *t); /* L: see that its job runs (again) */
struct vx_feed *catalog_feed(struct vx_catalog *c, const char *name); /* which has to be there */
struct vx_feed *catalog_find_feed(struct vx_catalog *c, const char *name);     /* NULL: none */
struct vx_mode catalog_mode(struct vx_catalog *c, const struct vx_coords *at); /* not L */

/* track.c */
void track_run(struct vx_job *job);
void track_ask(struct vx_catalog *c, const struct vx_coords *at, bool probe, struct vx_ask *ask,
               struct vx_dir *dir);
void track_unshow(struct track *t, struct vx_dir *dir); /* not L: @dir shows it no more */
void track_clear(struct track *t);                      /* free what the track holds, at its end */

/* track_tell.c, J but for the last two: the log, problems and events; the lock is not held. */
void tell_failure(struct track *t, int rc, const struct vx_error *err);
void tell_well(struct track *t);
void tell_orphaned(struct track *t);
void tell_published(struct track *t);                 /* after its index was handed to fs */
void tell_hidden(struct track *t, const char *lines); /* names of its leaf; "" none */
void tell_env(struct vx_catalog *c, const struct vx_coords *at, const char *lines); /* "" none */
void tell_forgotten(
	struct track *t); /* which is out of the table: its problems are none any more */

/* exists.c: docs/composition.md section 2. 0, or -ENOENT with the sentence that says what is
 * missing. */
int catalog_exists(const struct vx_catalog *c, const struct vx_coords *at,
                   const struct vx_layer_set *set, struct vx_error *err);
/* vx_resolve of what exists. @ret_own: the layers of @at itself, as @get gave them, which is asked
 * for them twice. */
int catalog_resolve(const struct vx_catalog *c, const struct vx_coords *at, vx_layers_fn *get,
                    void *arg, struct vx_layer_set *ret_own, struct vx_resolved **ret,
                    struct vx_error *err);

/* merge.c: @n_pages pages of names, one a backend in the feeds' order, as one. @known: some backend
 * knows the application. 0 and *ret, whose names are borrowed from the pages (free ->names); -ENOMEM. */
struct merged {
	const char **names; /* in byte order */
	size_t n;
	bool more; /* there is more after the last of them */
};
int names_merge(enum vx_list_what what, const struct vx_list *const *pages, size_t n_pages,
                const char *cursor, bool known, struct merged *ret);

/* track_leave.c */
bool track_is_left(const struct track *t); /* L: all who asked have gone, and nobody is shown it */
/* If so, cancel what is being fetched for them alone. true: there is nothing to do, whoever asks next
 * begins anew. J. */
bool track_abandon(struct track *t);

/* listing.c */
void listing_ask(struct vx_catalog *c, struct vx_ask *ask, enum vx_list_what what, const char *app,
                 const char *cursor);

/* elsewhere.c: whether some label has what the default label lacks. 0, -ENOENT, -EINPROGRESS (the
 * track's job is started again), or why it cannot be told. J. */
int elsewhere(struct track *t);

/* tree.c */
struct vx_place *place_new(struct vx_catalog *c, enum place_kind kind, const char *app,
                           const struct vx_coords *at, const char *path);
struct place *place_of(struct vx_dir *dir);
void tree_answer_node(struct track *t, int rc, struct vx_ask *ask);

/* index.c: the names of @place in the track's present snapshot, sealed. J. */
int index_build(struct track *t, const struct place *place, struct vx_names **ret);

/* file.c */
/* The content of @path in the present publication: what stands already where the bytes are the same. J. */
struct vx_content *file_get(struct track *t, const struct file *want);
void files_sweep(struct track *t); /* J: drop what the present publication no longer lists */
void files_clear(struct track *t);
void file_content(struct vx_catalog *c, struct vx_ask *ask, struct vx_content *content);
