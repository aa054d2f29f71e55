/* settings_override.c - VORTEX_CACHE_TTL=60s and --set cache.ttl=60s.
 *
 * Both spell a setting that is there already: they change values and never make an entry of a list.
 * A variable is matched by spelling every setting the way variables are spelled and comparing,
 * which needs no grammar to tell where an entry's name ends and its key begins. An unknown --set is
 * an error; an unknown variable is not, since others make VORTEX_ variables too. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/settings_i.h"

#define PREFIX "VORTEX_"

/* What a spelling stands for. */
struct target {
	struct vx_settings_map *map;
	struct vx_setting *set;
	size_t n; /* how many settings are spelled like this */
};

typedef void spell_fn(const struct vx_settings_map *m, const char *key,
                      char ret[VX_SETTING_KEY_MAX]);

/* "backends.repo.pool.min" as "BACKENDS_REPO_POOL_MIN". */
static void spell_variable(const struct vx_settings_map *m, const char *key,
                           char ret[VX_SETTING_KEY_MAX])
{
	vx_setting_shown(m, key, ret);
	for (char *c = ret; *c; c++)
		*c = *c == '.' || *c == '-' ? '_' : (char)toupper((unsigned char)*c);
}

/* The settings of @s that @spell spells like @spelling; the nearest other one is in @near. */
static struct target find(const struct vx_settings *s, const char *spelling, spell_fn *spell,
                          char near_spelling[VX_SETTING_KEY_MAX])
{
	struct vx_nearest near = {.word = spelling};
	struct target found = {0};
	char spelled[VX_SETTING_KEY_MAX];

	for (size_t l = 0; l < s->n_lists; l++) {
		const struct vx_settings_list *list = &s->lists[l];

		for (size_t i = 0; i < list->n_entries * list->n_rows; i++) {
			struct vx_settings_map *m = &list->entries[i / list->n_rows];
			struct vx_setting *set = &m->values[i % list->n_rows];
			size_t was = near.best ? near.distance : SIZE_MAX;

			if (*list->name && strcmp(set->key, "name") == 0)
				continue; /* the name is what the entry is found by */
			spell(m, set->key, spelled);
			if (strcmp(spelled, spelling) == 0)
				found = (struct target){m, set, found.n + 1};
			vx_nearest_try(&near, spelled, strlen(spelled));
			if (near.best && near.distance < was) {
				memcpy(near_spelling, spelled, sizeof(spelled));
				near.best = near_spelling;
			}
		}
	}
	return found;
}

/* Whether the variable or key @spelling names a list as a whole. */
static const struct vx_settings_list *whole_list(const struct vx_settings *s, const char *spelling,
                                                 bool variable)
{
	for (size_t l = 1; l < s->n_lists; l++) {
		char spelled[VX_SETTING_KEY_MAX];

		if (variable)
			spell_variable(s->lists[0].entries, s->lists[l].name, spelled);
		else
			vx_setting_shown(s->lists[0].entries, s->lists[l].name, spelled);
		if (strcmp(spelled, spelling) == 0)
			return &s->lists[l];
	}
	return NULL;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s);

	return n >= strlen(end) && strcmp(s + n - strlen(end), end) == 0;
}

/* Kubernetes describes each service to each container: a service `vortex` or `vortex-x` makes
 * VORTEX_SERVICE_HOST, VORTEX_X_SERVICE_PORT_HTTP, VORTEX_PORT=tcp://..., VORTEX_PORT_80_TCP_ADDR.
 */
static bool from_kubernetes(const char *name, const char *value)
{
	const char *port = strstr(name, "_PORT_");

	if (ends_with(name, "_SERVICE_HOST") || ends_with(name, "_SERVICE_PORT") ||
	    strstr(name, "_SERVICE_PORT_"))
		return true;
	if (ends_with(name, "_PORT"))
		return strstr(value, "://") != NULL;
	return port && isdigit((unsigned char)port[strlen("_PORT_")]);
}

/* Variables that are read from the readers' environment, by our tools (VORTEX_SOCKET, VORTEX_MOUNT: vortexctl's)
 * or by debug builds. */
static bool is_other_variable(const char *name)
{
	static const char *const others[] = {"INSTANCE", "MOUNT", "SAMPLES", "SOCKET", "STRICT"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(name, others[i]) == 0)
			return true;
	return false;
}

static void warn_unknown(struct vx_settings_loader *l, const char *name, const char *near)
{
	const struct vx_settings_list *list = whole_list(l->s, name, true);

	if (list)
		vx_settings_warn(l,
		                 PREFIX
		                 "%s: entries of '%s' are never made in the environment; write "
		                 "them in the settings file: ignored",
		                 name, list->name);
	else if (*near)
		vx_settings_warn(l,
		                 PREFIX "%s names no setting; did you mean " PREFIX "%s? Ignored",
		                 name, near);
	else
		vx_settings_warn(l, PREFIX "%s names no setting: ignored", name);
}

static int take_variable(struct vx_settings_loader *l, const char *variable, struct vx_error *err)
{
	const char *equals = strchr(variable, '=');
	char near[VX_SETTING_KEY_MAX] = "", full[VX_SETTING_KEY_MAX];
	const char *name, *where;
	struct target to;

	if (!equals || strncmp(variable, PREFIX, strlen(PREFIX)) != 0)
		return 0;
	(void)snprintf(full, sizeof(full), "%.*s", (int)(equals - variable), variable);
	name = full + strlen(PREFIX);
	to = find(l->s, name, spell_variable, near);
	if (to.n == 0) {
		if (!from_kubernetes(full, equals + 1) && !is_other_variable(name))
			warn_unknown(l, name, near);
		return 0;
	}
	if (to.n > 1)
		return vx_fail(err, -EINVAL,
		               PREFIX "%s may mean more than one setting, '%s.%s.%s' among them; "
		                      "give the entries names that differ in more than '-' and '_'",
		               name, to.map->list->name, to.map->label, to.set->key);
	where = vx_setting_format(&l->s->arena, PREFIX "%s", name);
	if (!where)
		return -ENOMEM;
	return vx_setting_assign(l, to.map, to.set, NULL, equals + 1, where, err);
}

int vx_settings_environment(struct vx_settings_loader *l, struct vx_error *err)
{
	int rc = 0;

	for (const char *const *e = l->from->environ; rc == 0 && e && *e; e++)
		rc = take_variable(l, *e, err);
	return rc;
}

static int unknown_set(const struct vx_settings *s, const char *key, const char *near,
                       struct vx_error *err)
{
	const struct vx_settings_list *list = whole_list(s, key, false);

	if (list)
		return vx_fail(
			err, -EINVAL,
			"--set %s: entries are made in the settings file only; --set %s.%s.KEY "
			"changes one",
			key, list->name, list->n_entries ? list->entries[0].label : "NAME");
	if (*near)
		return vx_fail(err, -EINVAL, "--set %s: unknown key; did you mean '%s'?", key,
		               near);
	for (size_t l = 1; l < s->n_lists; l++) {
		size_t n = strlen(s->lists[l].name);

		if (strncmp(key, s->lists[l].name, n) == 0 && key[n] == '.')
			return vx_fail(err, -EINVAL,
			               "--set %s: unknown key; no entry of '%s' has it (%zu in the "
			               "settings file)",
			               key, s->lists[l].name, s->lists[l].n_entries);
	}
	return vx_fail(err, -EINVAL, "--set %s: unknown key", key);
}

int vx_settings_sets(struct vx_settings_loader *l, struct vx_error *err)
{
	const struct vx_settings_source *from = l->from;

	for (size_t i = 0; i < from->n_sets; i++) {
		const char *equals = strchr(from->sets[i], '=');
		char near[VX_SETTING_KEY_MAX] = "", key[VX_SETTING_KEY_MAX];
		const char *where;
		struct target to;
		int rc;

		if (!equals || equals == from->sets[i])
			return vx_fail(err, -EINVAL, "--set %s: it must be KEY=VALUE",
			               from->sets[i]);
		(void)snprintf(key, sizeof(key), "%.*s", (int)(equals - from->sets[i]),
		               from->sets[i]);
		to = find(l->s, key, vx_setting_shown, near);
		if (to.n == 0)
			return unknown_set(l->s, key, near, err);
		where = vx_setting_format(&l->s->arena, "--set %s", key);
		if (!where)
			return -ENOMEM;
		rc = vx_setting_assign(l, to.map, to.set, NULL, equals + 1, where, err);
		if (rc < 0)
			return rc;
	}
	return 0;
}
