/* caller.c - who is at the other end of a socket, and what they may see.
 *
 * The groups are those that the process had when it connected (SO_PEERGROUPS), not those of the user
 * database: what the kernel would let it read is what we show it. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/http/http_i.h"

/* Linux allows 65,536 supplementary groups (NGROUPS_MAX). */
static int read_groups(int fd, struct vx_http_caller *who)
{
	socklen_t len = 0; /* how much there is to read? */
	gid_t none;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, &none, &len) == 0)
		return 0; /* none */
	if (errno != ERANGE)
		return -errno;
	who->groups = malloc(len);
	if (!who->groups)
		return -ENOMEM;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, who->groups, &len) < 0)
		return -errno;
	who->n_groups = len / sizeof(*who->groups);
	return 0;
}

static bool is_member(const struct vx_http_caller *who, gid_t group)
{
	if (who->gid == group)
		return true;
	for (size_t i = 0; i < who->n_groups; i++)
		if (who->groups[i] == group)
			return true;
	return false;
}

int vx_caller_of(int fd, gid_t control, struct vx_http_caller *ret, struct vx_error *err)
{
	struct vx_http_caller who = {0};
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int rc;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return vx_fail(err, -errno, "asking who is at the other end: %s", strerror(errno));
	who.uid = peer.uid;
	who.gid = peer.gid;
	rc = read_groups(fd, &who);
	if (rc < 0) {
		vx_caller_fini(&who);
		return vx_fail(err, rc, "asking for the caller's groups: %s", strerror(-rc));
	}
	who.commands = who.uid == 0 || who.uid == geteuid() ||
	               (control != (gid_t)-1 && is_member(&who, control));
	*ret = who;
	return 0;
}

void vx_caller_fini(struct vx_http_caller *who)
{
	free(who->groups);
	who->groups = NULL;
	who->n_groups = 0;
}

bool vx_caller_may_read(const struct vx_http_caller *who, const struct vx_mode *mode)
{
	if (who->uid == 0)
		return true;
	if (who->uid == mode->uid)
		return mode->perm & 0400;
	return mode->perm & (is_member(who, mode->gid) ? 0040 : 0004);
}

/* The coordinates of @at with another @label (NULL: none): 0 and *ret (free it). */
static int relabel(const struct vx_coords *at, const char *label, struct vx_coords **ret)
{
	const char *profiles = strchr(at->text, '/') + 1;
	VX_AUTO(vx_freep) char *list = strndup(profiles, strcspn(profiles, "/"));

	return list ? vx_coords_new(at->app, list, label, ret, NULL) : -ENOMEM;
}

static bool may_read(const struct vx_http_request *rq, const struct vx_coords *at)
{
	struct vx_mode mode = vx_catalog_access(rq->parts->catalog, at);

	return vx_caller_may_read(&rq->caller, &mode);
}

/* As may_read. What cannot be checked is not shown. */
static bool may_read_label(const struct vx_http_request *rq, const struct vx_coords *at,
                           const char *label)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *there = NULL;

	return relabel(at, label, &there) == 0 && may_read(rq, there);
}

/* In the mount, the folder of a label is in that of the default one, whose rule may keep it shut. And
 * another branch may have another rule: whoever may not read its files is not shown it as a revision
 * either. */
bool vx_may_see(const struct vx_http_request *rq, const struct vx_coords *at, const char *rev)
{
	if (rq->caller.uid == 0)
		return true;
	return may_read(rq, at) && (!at->label || may_read_label(rq, at, NULL)) &&
	       (!rev || may_read_label(rq, at, rev));
}

int vx_must_see(const struct vx_http_request *rq, const struct vx_coords *at, const char *rev,
                struct vx_error *err)
{
	if (vx_may_see(rq, at, rev))
		return 0;
	return vx_fail(err, -EACCES,
	               "the access rules do not let uid %u read %s%s%s; ask whoever keeps the "
	               "rules (setting access), or root",
	               (unsigned)rq->caller.uid, at->text, rev ? " at " : "", rev ? rev : "");
}

/* Whether @n bytes of @text are coordinates that the caller may not see. */
static bool is_hidden(const struct vx_http_request *rq, const char *text, size_t n)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	VX_AUTO(vx_freep) char *copy = strndup(text, n);

	if (!copy)
		return true;
	return vx_at_parse(copy, &at, NULL) == 0 && !vx_may_see(rq, at, NULL);
}

/* A key names who has the problem and, behind a blank, the coordinates: "track payment/prod note env",
 * "backend repo payment/prod" (daemon/catalog/track_tell.c, feed_tell.c). Names may hold blanks, too,
 * so whatever can be read as coordinates has to be seen. */
bool vx_may_hear(const struct vx_http_request *rq, const char *key)
{
	static const char note[] = " note";
	const char *end = NULL;

	if (rq->caller.uid == 0)
		return true;
	for (const char *c = key; (c = strstr(c, note)); c++)
		end = c;
	for (const char *at = key; (at = strchr(at, ' ')); at++)
		if (is_hidden(rq, at + 1, strlen(at + 1)) ||
		    (end > at && is_hidden(rq, at + 1, (size_t)(end - at) - 1)))
			return false;
	return true;
}
