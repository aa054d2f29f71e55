/* settings_i.h - what the rooms of the settings engine share; for core/settings*.c only.
 *
 * The one idea: the settings outside of lists and the entries of each list are the same thing, a
 * `struct vx_settings_map`: one value for each row of its list. The settings outside of lists are
 * the only entry of a list without a name. */
#pragma once

#include <stdatomic.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/nearest.h"
#include "core/settings.h"

#define VX_SETTING_KEY_MAX 256 /* of a key as it is shown, "backends.repo.uri", with its NUL */

/* The value of one row that is in force. */
struct vx_setting {
	const struct vx_setting_row *row;
	const char *key;   /* inside its map: "cache.ttl", "uri"; points into the row's */
	const char *where; /* "vortexd.yaml line 4", "VORTEX_CACHE_TTL", ...; NULL: the default */
	const char *text;  /* scalars, as written; of a secret the reference, "file:/etc/dsn" */
	int64_t number;    /* numbers, and 0 or 1 of a bool */
	const char **strings;
	size_t n_strings;
	const struct vx_value *tree;
	char **secrets; /* the resolved ones, wiped at the end: one, or n_strings */
};

struct vx_settings_map {
	const struct vx_settings_list *list;
	const char *label; /* its name, else its position from 0 */
	const char *where;
	struct vx_setting *values; /* list->n_rows */
};

struct vx_settings_list {
	const char *name; /* "backends"; "" for the settings outside of lists */
	const struct vx_setting_row **rows;
	size_t n_rows;
	struct vx_settings_map *entries;
	size_t n_entries;
};

struct vx_settings {
	atomic_size_t refs;
	struct vx_arena arena;
	const struct vx_setting_row *rows;
	size_t n_rows;
	struct vx_settings_list *lists; /* the first is the one without a name */
	size_t n_lists;
};

/* A load under way. */
struct vx_settings_loader {
	struct vx_settings *s;
	const struct vx_settings_source *from;
	vx_settings_warn_fn *warn;
	void *arg;
};

/* settings.c */

/* The value of @key in @m, or NULL. */
struct vx_setting *vx_setting_find(const struct vx_settings_map *m, const char *key);
/* The list @name, or NULL. */
struct vx_settings_list *vx_setting_list(const struct vx_settings *s, const char *name);
/* Write the key as a person spells it, "backends.repo.uri", cut to the room there is. */
void vx_setting_shown(const struct vx_settings_map *m, const char *key,
                      char ret[VX_SETTING_KEY_MAX]);
/* Whether entry @m takes @row: row->only names the entry's `type`, or is empty. */
bool vx_setting_applies(const struct vx_settings_map *m, const struct vx_setting_row *row);
/* "vortexd.yaml line 4" and such, printed into the arena; NULL when out of memory. */
const char *vx_setting_format(struct vx_arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* settings_convert.c */

/* Convert @v by @row into @ret; its key and where are left alone. Everything kept is copied to @a.
 * -EINVAL with a sentence about '@shown', or -ENOMEM. */
int vx_setting_convert(struct vx_arena *a, const struct vx_setting_row *row, const char *shown,
                       const struct vx_value *v, struct vx_setting *ret, struct vx_error *err);
/* The same from text: a scalar as it stands, a list or a map in YAML flow. */
int vx_setting_convert_text(struct vx_arena *a, const struct vx_setting_row *row, const char *shown,
                            const char *text, struct vx_setting *ret, struct vx_error *err);

/* settings_units.c */

/* The number that @text stands for; 0 for a type that has none. false: it is none of @type. */
bool vx_setting_to_number(enum vx_setting_type type, const char *text, int64_t *ret);
bool vx_setting_in_range(const struct vx_setting_row *row, int64_t number);

/* settings_override.c */

int vx_settings_environment(struct vx_settings_loader *l, struct vx_error *err);
int vx_settings_sets(struct vx_settings_loader *l, struct vx_error *err);

/* settings_load.c */

/* Put @v converted into @m at @set, or into the row that replaced it, and remember @where. One of
 * @v and @text is given. */
int vx_setting_assign(struct vx_settings_loader *l, struct vx_settings_map *m,
                      struct vx_setting *set, const struct vx_value *v, const char *text,
                      const char *where, struct vx_error *err);
void vx_settings_warn(struct vx_settings_loader *l, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* settings_check.c */

/* The checks of entries' names, which the environment needs to be right. */
int vx_settings_check_names(const struct vx_settings *s, struct vx_error *err);
/* What needs all values: required ones, those of another type, parts not built in, secrets. */
int vx_settings_check(struct vx_settings_loader *l, struct vx_error *err);

/* settings_secret.c */

/* Read the secrets that @set refers to. -EINVAL plain text where it is refused, -EACCES. */
int vx_setting_resolve(struct vx_settings_loader *l, const struct vx_settings_map *m,
                       struct vx_setting *set, struct vx_error *err);
/* The password in "scheme://user:password@host/", its length in *ret_len, or NULL. */
const char *vx_url_password(const char *text, size_t *ret_len);
void vx_setting_wipe(struct vx_setting *set);
