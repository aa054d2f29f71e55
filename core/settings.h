/* settings.h - the settings engine: rows in, checked values out.
 *
 * The program hands over one table of rows; the engine reads a YAML file, then the environment,
 * then `--set`, checks everything against the rows and answers with immutable settings, or with an
 * error that names file, line and what would be right. It knows no setting by name.
 *
 * Keys are dotted ("cache.ttl"); rows of lists of maps are spelled with [] ("backends[].uri"). A
 * list's entries are matched by their `name` row where there is one. Values keep their text; typed
 * getters convert (they were checked at load). Threads: immutable after load; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cleanup.h"
#include "core/error.h"
#include "core/value.h"

enum vx_setting_type {
	VX_SET_STRING,
	VX_SET_BOOL,
	VX_SET_INT,
	VX_SET_DURATION, /* "300s", "5m", "1h30m"; in ms; a bare number is refused */
	VX_SET_SIZE,     /* "64MiB", "1GB", "4096"; in bytes */
	VX_SET_PERCENT,  /* "30%", "1.5%"; in hundredths of a percent */
	VX_SET_FACTOR,   /* "10x"; in hundredths */
	VX_SET_CHOICE,   /* one of `choices`, "text | json" */
	VX_SET_SECRET,   /* "file:PATH", "env:NAME", or plain with a warning; shown as *** */
	VX_SET_STRINGS,  /* a list of strings */
	VX_SET_MAP,      /* any YAML map, kept as a value tree */
	VX_SET_SECRETS   /* a list of secrets */
};

enum vx_setting_flags {
	VX_SET_HOT = 1,      /* taken over on reload; else at next start */
	VX_SET_REQUIRED = 2, /* in an entry of a list: must be given */
	VX_SET_UNBUILT = 4   /* the part that reads it is not built in: using it warns */
};

struct vx_setting_row {
	const char *key;
	enum vx_setting_type type;
	const char *def;     /* text as in the file; NULL: none (empty) */
	int64_t min, max;    /* of the converted number; both 0: unbounded */
	const char *choices; /* CHOICE */
	const char
		*only; /* the values of the entry's `type` row that take it, "git,s3"; NULL: all */
	const char *replaced_by; /* the new key, for a setting that was renamed */
	unsigned flags;
	const char *help; /* one or two sentences */
};

struct vx_buf;
struct vx_settings;     /* counted */
struct vx_settings_map; /* one entry of a list of maps, inside its vx_settings */

struct vx_settings_source {
	const char *path; /* for messages; NULL: no file */
	const char *text; /* the file's bytes */
	size_t len;
	bool others_read; /* others than owner and group may read the file: no plain secrets */
	const char *const *environ; /* "VORTEX_CACHE_TTL=60s" ...; ends with NULL; nullable */
	const char *const *sets;    /* "cache.ttl=60s" ... */
	size_t n_sets;
	const char *const *defaults; /* "state.path=/srv/x" ...: in place of the rows' own */
	size_t n_defaults;
};

/* Something worth saying that does not stop the start. */
typedef void vx_settings_warn_fn(void *arg, const char *sentence);

/* Read, check, convert. @rows is borrowed for the life of the settings.
 * 0 and *ret (put it); -EINVAL (err: file, line, what would be right); -EACCES a secret cannot be
 * read; -ENOMEM. */
int vx_settings_load(const struct vx_setting_row *rows, size_t n_rows,
                     const struct vx_settings_source *from, vx_settings_warn_fn *warn, void *arg,
                     struct vx_settings **ret, struct vx_error *err);
struct vx_settings *vx_settings_ref(struct vx_settings *s);
void vx_settings_put(struct vx_settings *s); /* NULL is a no-op; secrets are wiped */
VX_DEFINE_AUTO(struct vx_settings *, vx_settings_put);

/* Getters. The key must be a row of that type (asserted). Strings are never NULL.
 * str: STRING, CHOICE, SECRET; int: INT, DURATION, SIZE, PERCENT, FACTOR; strings: STRINGS,
 * SECRETS; tree: MAP, NULL if not given; given: by file, environment or --set. */
const char *vx_settings_str(const struct vx_settings *s, const char *key);
bool vx_settings_bool(const struct vx_settings *s, const char *key);
int64_t vx_settings_int(const struct vx_settings *s, const char *key);
size_t vx_settings_strings(const struct vx_settings *s, const char *key, const char *const **ret);
const struct vx_value *vx_settings_tree(const struct vx_settings *s, const char *key);
bool vx_settings_given(const struct vx_settings *s, const char *key);

/* The entries of a list of maps, "backends". */
size_t vx_settings_count(const struct vx_settings *s, const char *list);
const struct vx_settings_map *vx_settings_at(const struct vx_settings *s, const char *list,
                                             size_t i);

/* The same getters for one entry; the key is the last part, "uri". */
const char *vx_map_str(const struct vx_settings_map *m, const char *key);
bool vx_map_bool(const struct vx_settings_map *m, const char *key);
int64_t vx_map_int(const struct vx_settings_map *m, const char *key);
size_t vx_map_strings(const struct vx_settings_map *m, const char *key, const char *const **ret);
const struct vx_value *vx_map_tree(const struct vx_settings_map *m, const char *key);
bool vx_map_given(const struct vx_settings_map *m, const char *key);
/* "file.yaml line 12", for messages about this entry. Borrowed. */
const char *vx_map_where(const struct vx_settings_map *m);

/* All settings as YAML with each value's source in a comment; secrets as ***. The caller frees. */
char *vx_settings_print(const struct vx_settings *s);

/* For the reference: "duration", and "from 1s to 1d" ("" where unbounded), appended to @b. */
const char *vx_setting_type_name(enum vx_setting_type type);
void vx_setting_put_range(struct vx_buf *b, const struct vx_setting_row *row);

/* Compare for a reload: calls @changed for each setting that differs. */
void vx_settings_diff(const struct vx_settings *was, const struct vx_settings *now,
                      void (*changed)(void *arg, const char *key, bool hot), void *arg);
