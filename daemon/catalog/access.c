/* access.c - matching `access` rules. */
#include "daemon/catalog/access.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/log.h"

struct rule {
	char *match;
	struct vx_mode mode;
};

struct vx_access {
	size_t n;
	struct rule rule[];
};

/* Whether @text is a number that an owner or group can have; -1 means "none" to the kernel. */
static bool is_id(const char *text, unsigned long *ret)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*ret = strtoul(text, &end, 10);
	return !*end && *ret < UINT32_MAX;
}

/* A name or a number. The static results of getpwnam are fine: rules are read by one thread. */
static int find_owner(const char *text, uid_t *ret)
{
	unsigned long id;
	const struct passwd *pw = is_id(text, &id) ? NULL : getpwnam(text);

	if (!pw && !is_id(text, &id))
		return -EINVAL;
	*ret = pw ? pw->pw_uid : (uid_t)id;
	return 0;
}

static int find_group(const char *text, gid_t *ret)
{
	unsigned long id;
	const struct group *gr = is_id(text, &id) ? NULL : getgrnam(text);

	if (!gr && !is_id(text, &id))
		return -EINVAL;
	*ret = gr ? gr->gr_gid : (gid_t)id;
	return 0;
}

static int read_rule(const struct vx_settings_map *m, struct rule *r, struct vx_error *err)
{
	const char *owner = vx_map_str(m, "owner"), *group = vx_map_str(m, "group");
	const char *mode = vx_map_str(m, "mode");
	char *end;
	unsigned long perm = strtoul(mode, &end, 8);

	if (find_owner(owner, &r->mode.uid) < 0)
		return vx_fail(err, -EINVAL, "%s: this machine has no user '%s'", vx_map_where(m),
		               owner);
	if (find_group(group, &r->mode.gid) < 0)
		return vx_fail(err, -EINVAL, "%s: this machine has no group '%s'", vx_map_where(m),
		               group);
	if (!*mode || *end || (perm & ~0444UL))
		return vx_fail(err, -EINVAL,
		               "%s: mode '%s' is not one of read bits only, such as \"0440\"",
		               vx_map_where(m), mode);
	r->mode.perm = (mode_t)perm;
	r->match = strdup(vx_map_str(m, "match"));
	return r->match ? 0 : -ENOMEM;
}

int vx_access_new(const struct vx_settings *s, struct vx_access **ret, struct vx_error *err)
{
	size_t n = geteuid() == 0 ? vx_settings_count(s, "access") : 0;
	struct vx_access *a = calloc(1, sizeof(*a) + n * sizeof(a->rule[0]));
	int rc = a ? 0 : -ENOMEM;

	for (; rc == 0 && a->n < n; a->n++) {
		rc = read_rule(vx_settings_at(s, "access", a->n), &a->rule[a->n], err);
		if (rc < 0)
			break;
	}
	if (rc < 0) {
		vx_access_free(a);
		return rc;
	}
	if (geteuid() != 0 && vx_settings_count(s, "access") > 0)
		vx_log(VX_LOG_WARN, VX_NO_FIELDS,
		       "the access rules are ignored: only root can show files as others'");
	*ret = a;
	return 0;
}

void vx_access_free(struct vx_access *a)
{
	for (size_t i = 0; a && i < a->n; i++)
		free(a->rule[i].match);
	free(a);
}

/* What @a and @b have in common. */
static struct vx_mode both(struct vx_mode a, struct vx_mode b)
{
	if (a.uid != b.uid || a.gid != b.gid)
		return (struct vx_mode){0, 0, 0400};
	a.perm &= b.perm;
	return a;
}

static struct vx_mode member_mode(const struct vx_access *a, const char *app, const char *profile,
                                  const char *label)
{
	for (size_t i = 0; i < a->n; i++)
		if (vx_pattern_match(a->rule[i].match, app, profile, label))
			return a->rule[i].mode;
	return (struct vx_mode){geteuid(), getegid(), 0444};
}

/* A commit may be any branch's, also one that a rule keeps from others: of the rules that can be the
 * first for some label, what all have in common. */
static struct vx_mode commit_mode(const struct vx_access *a, const char *app, const char *profile)
{
	struct vx_mode all = {0}; /* of the rules so far, where there are @any */
	bool any = false;

	for (size_t i = 0; i < a->n; i++) {
		if (!vx_pattern_match(a->rule[i].match, app, profile, NULL))
			continue;
		all = any ? both(all, a->rule[i].mode) : a->rule[i].mode;
		any = true;
		if (vx_pattern_any_label(a->rule[i].match))
			return all;
	}
	if (any)
		return both(all, (struct vx_mode){geteuid(), getegid(), 0444});
	return (struct vx_mode){geteuid(), getegid(), 0444};
}

struct vx_mode vx_access_file(const struct vx_access *a, const struct vx_coords *at,
                              const char *default_label)
{
	const char *label = at->label ? at->label : default_label;
	const bool commit = at->label && vx_label_may_be_commit(label);
	struct vx_mode all = {0};

	for (size_t i = 0; i < at->n_profiles; i++) {
		struct vx_mode one = commit ? commit_mode(a, at->app, at->profiles[i])
		                            : member_mode(a, at->app, at->profiles[i], label);

		all = i ? both(all, one) : one;
	}
	return all;
}

struct vx_mode vx_access_dir(struct vx_mode file)
{
	file.perm |= (file.perm & 0444) >> 2;
	return file;
}
