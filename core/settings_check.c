/* settings_check.c - the checks that need more than one value.
 *
 * Names of entries, what an entry must have, what its type takes, what is not built in, and at last
 * the secrets, which are read here so that only those in force are. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/settings_i.h"

#define NAME_MAX_LEN 64

/* Names stand in paths, metrics and variables, so they are plain words. */
static bool is_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");

	return n && n <= NAME_MAX_LEN && name[n] == '\0' && *name != '-' && *name != '_';
}

static int check_names(const struct vx_settings_list *l, struct vx_error *err)
{
	for (size_t i = 0; i < l->n_entries; i++) {
		const struct vx_settings_map *m = &l->entries[i];
		const struct vx_setting *name = vx_setting_find(m, "name");

		if (!name || !name->where)
			continue;
		if (!is_name(name->text))
			return vx_fail(
				err, -EINVAL,
				"%s: '%s' is no name for an entry of '%s'; it must be letters, "
				"digits, '-' and '_', beginning with a letter or digit, at most "
				"%d",
				name->where, name->text, l->name, NAME_MAX_LEN);
		for (size_t k = 0; k < i; k++)
			if (strcmp(l->entries[k].label, m->label) == 0)
				return vx_fail(
					err, -EINVAL,
					"%s: '%s' has two entries called '%s'; the other is at "
					"%s",
					name->where, l->name, m->label, l->entries[k].where);
	}
	return 0;
}

/* What is said to be not built in: the whole section if nothing of it is, else the key alone. */
static const char *unbuilt_name(const struct vx_settings *s, const struct vx_setting_row *row,
                                char ret[VX_SETTING_KEY_MAX])
{
	size_t section = strcspn(row->key, ".[");
	bool all = true;

	for (size_t i = 0; i < s->n_rows; i++)
		if (strncmp(s->rows[i].key, row->key, section) == 0 &&
		    strcspn(s->rows[i].key, ".[") == section)
			all = all && (s->rows[i].flags & VX_SET_UNBUILT);
	(void)snprintf(ret, VX_SETTING_KEY_MAX, "%.*s", (int)(all ? section : strlen(row->key)),
	               row->key);
	return ret;
}

static void warn_unbuilt(struct vx_settings_loader *l, const struct vx_setting *set,
                         char last[VX_SETTING_KEY_MAX])
{
	char name[VX_SETTING_KEY_MAX];

	unbuilt_name(l->s, set->row, name);
	if (strcmp(name, last) == 0)
		return; /* once a section is enough */
	memcpy(last, name, sizeof(name));
	vx_settings_warn(l, "%s: '%s' is not built in: ignored", set->where, name);
}

/* A setting that is not of the entry's type: rather the type is misspelt, if no setting has it. */
static int refuse_other_type(const struct vx_settings_map *m, const struct vx_setting *set,
                             const char *shown, struct vx_error *err)
{
	const char *type = vx_setting_find(m, "type")->text;
	bool known = false;

	for (size_t i = 0; i < m->list->n_rows; i++)
		known |= m->list->rows[i]->only && vx_setting_applies(m, m->list->rows[i]);
	if (known)
		return vx_fail(err, -EINVAL, "%s: '%s' is not a setting of type '%s', only of: %s",
		               set->where, shown, type, set->row->only);
	return vx_fail(err, -EINVAL, "%s: there is no type '%s'; '%s' is a setting of: %s",
	               set->where, type, shown, set->row->only);
}

/* One value, now that all are known. @last: the section that was last said to be unbuilt. */
static int check_value(struct vx_settings_loader *l, const struct vx_settings_map *m,
                       struct vx_setting *set, char last[VX_SETTING_KEY_MAX], struct vx_error *err)
{
	bool applies = vx_setting_applies(m, set->row);
	char shown[VX_SETTING_KEY_MAX];
	int rc;

	vx_setting_shown(m, set->key, shown);
	if (!set->where) {
		if (!(set->row->flags & VX_SET_REQUIRED) || !applies)
			return 0;
		return vx_fail(err, -EINVAL, "%s%s'%s' is missing: %s", m->where,
		               *m->where ? ": " : "", shown, set->row->help);
	}
	if (!applies)
		return refuse_other_type(m, set, shown, err);
	if (set->row->flags & VX_SET_UNBUILT) {
		warn_unbuilt(l, set, last);
		return 0;
	}
	rc = vx_setting_resolve(l, m, set, err);
	return rc < 0 && rc != -ENOMEM ? vx_wrap(err, rc, "%s", set->where) : rc;
}

int vx_settings_check_names(const struct vx_settings *s, struct vx_error *err)
{
	int rc = 0;

	for (size_t i = 1; rc == 0 && i < s->n_lists; i++)
		rc = check_names(&s->lists[i], err);
	return rc;
}

int vx_settings_check(struct vx_settings_loader *l, struct vx_error *err)
{
	char last[VX_SETTING_KEY_MAX] = "";

	for (size_t k = 0; k < l->s->n_lists; k++) {
		const struct vx_settings_list *list = &l->s->lists[k];

		for (size_t e = 0; e < list->n_entries; e++) {
			for (size_t i = 0; i < list->n_rows; i++) {
				struct vx_settings_map *m = &list->entries[e];
				int rc = check_value(l, m, &m->values[i], last, err);

				if (rc < 0)
					return rc;
			}
		}
	}
	return 0;
}
