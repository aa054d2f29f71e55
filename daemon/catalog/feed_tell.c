/* feed_tell.c - what is said of a source: lines in the log, problems, events, and its state for
 * people.
 *
 * Two things can be wrong. Silence is the whole source's and has the key "backend <name>"; content
 * that does not parse is one question's own, with the question behind it. A backend that is asked
 * for news (a mirror) says how that goes by its status, under the first key as well. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/buf.h"
#include "core/log.h"
#include "daemon/catalog/feed_i.h"

/* "backend <name> <coordinates>": coordinates' texts are at most some 3 KiB. */
#define KEY_MAX 4096

/* How often the progress of a first arrival is worth a line: a clone may take minutes. */
#define PROGRESS_NS (5 * VX_SEC)

/* A `changed` event names at most this many applications: beyond, it is a change of everything. */
#define APPS_TOLD 32

static const char *key_of(const struct vx_feed *f, const char *what, char key[KEY_MAX])
{
	(void)snprintf(key, KEY_MAX, "backend %s%s%s", f->name, what ? " " : "", what ? what : "");
	return key;
}

void vx_feed_heard(struct vx_feed *f, int rc)
{
	if (rc != -ETIMEDOUT && rc != -EAGAIN && rc != -ECANCELED && rc != -ENOMEM)
		f->good_ns = vx_mono_ns(f->clock);
}

static void tell_well(struct vx_feed *f, struct vx_known *k, const char *what)
{
	char key[KEY_MAX];

	if (k->failing || f->silent)
		vx_log(VX_LOG_INFO, VX_FIELDS({"backend", f->name}), "%s is well again",
		       k->failing ? what : "the source");
	if (k->failing)
		(void)vx_problems_clear(f->events.problems, key_of(f, what, key));
	if (f->silent && !f->away.code)
		(void)vx_problems_clear(f->events.problems, key_of(f, NULL, key));
	k->failing = false;
	f->silent = false;
}

/* Whether @rc is the whole source's, not this question's: it is silent, or nothing of a mirror has
 * come yet, for the same reason (a refused password). The lock is held; a status is a leaf. */
static bool is_silence(const struct vx_feed *f, int rc)
{
	struct vx_backend_status s = {0};

	if (rc == -ETIMEDOUT || rc == -EAGAIN)
		return true;
	if (rc >= 0 || !f->ops->status)
		return false;
	f->ops->status(f->backend, &s);
	return s.first && s.rc == rc;
}

void vx_feed_tell(struct vx_feed *f, struct vx_known *k, int rc, const char *text, const char *what,
                  const char *kept)
{
	bool silence = is_silence(f, rc);
	char key[KEY_MAX], sentence[VX_ERROR_MAX + 128];

	if (rc == -ECANCELED)
		return;
	if (rc >= 0) {
		tell_well(f, k, what);
		return;
	}
	if (silence ? f->silent : k->failing && strcmp(k->err.msg, text) == 0)
		return;
	(void)snprintf(sentence, sizeof(sentence), "%s; %s%s", text,
	               kept ? "still serving revision " : "nothing of it is served",
	               kept ? kept : "");
	vx_log(VX_LOG_WARN, VX_FIELDS({"backend", f->name}, {"rc", vx_error_info(rc)->name}),
	       "%s: %s", what, sentence);
	if (silence)
		(void)vx_fail(&f->silence, rc, "%s", text);
	if (!silence || !f->away.code) /* else its status has said it already */
		(void)vx_problems_raise(f->events.problems,
		                        kept || f->optional ? VX_PROBLEM_WARNING : VX_PROBLEM_ERROR,
		                        key_of(f, silence ? NULL : what, key),
		                        silence ? text : sentence);
	*(silence ? &f->silent : &k->failing) = true;
}

void vx_feed_tell_over(struct vx_feed *f, struct vx_known *k, const char *what)
{
	char key[KEY_MAX];

	if (k->failing)
		(void)vx_problems_clear(f->events.problems, key_of(f, what, key));
	k->failing = false;
}

void vx_feed_tell_changed(struct vx_feed *f, const char *const *apps, size_t n_apps)
{
	struct vx_buf list = VX_BUF_INIT;
	bool known = apps && n_apps <= APPS_TOLD;

	for (size_t i = 0; known && i < n_apps; i++)
		vx_buf_printf(&list, "%s%s", i ? "," : "", apps[i]);
	vx_events_add(f->events.tell, "changed",
	              (const struct vx_event_field[]){
			      {"backend", f->name},
			      {"apps", known && !list.failed ? list.data : NULL},
			      {NULL, NULL},
		      });
	vx_buf_fini(&list);
}

/* --- the status of a source that is asked for news ------------------------------------------- */

static void tell_away(struct vx_feed *f, const struct vx_backend_status *s)
{
	const char *text = s->message[0] ? s->message : vx_error_text(NULL, s->rc);
	const char *then = s->first ? "nothing of it is known yet" : "still serving what was known";
	char key[KEY_MAX], sentence[VX_ERROR_MAX + 128];
	bool said;

	vx_lock(&f->lock);
	said = f->away.code && strcmp(f->away.msg, text) == 0;
	(void)vx_fail(&f->away, s->rc, "%s", text);
	vx_unlock(&f->lock);
	if (said)
		return;
	(void)snprintf(sentence, sizeof(sentence), "%s; %s", text, then);
	vx_log(VX_LOG_WARN, VX_FIELDS({"backend", f->name}, {"rc", vx_error_info(s->rc)->name}),
	       "%s", sentence);
	(void)vx_problems_raise(f->events.problems,
	                        s->first && !f->optional ? VX_PROBLEM_ERROR : VX_PROBLEM_WARNING,
	                        key_of(f, NULL, key), sentence);
}

static void tell_back(struct vx_feed *f)
{
	char key[KEY_MAX];
	bool silent;

	vx_lock(&f->lock);
	f->away = (struct vx_error){0};
	silent = f->silent;
	if (!silent)
		(void)vx_problems_clear(f->events.problems, key_of(f, NULL, key));
	vx_unlock(&f->lock);
	if (!silent) /* else whoever is answered next says it */
		vx_log(VX_LOG_INFO, VX_FIELDS({"backend", f->name}), "the source is well again");
}

static void tell_progress(struct vx_feed *f, const char *message, int64_t now_ns)
{
	bool due;

	vx_lock(&f->lock);
	due = f->progress_ns == 0 || now_ns - f->progress_ns >= PROGRESS_NS;
	if (due)
		f->progress_ns = now_ns;
	vx_unlock(&f->lock);
	if (due)
		vx_log(VX_LOG_INFO, VX_FIELDS({"backend", f->name}), "%s", message);
}

void vx_feed_tell_status(struct vx_feed *f, int64_t now_ns)
{
	struct vx_backend_status s = {0};
	bool away;

	if (!f->ops->status)
		return;
	f->ops->status(f->backend, &s);
	vx_lock(&f->lock);
	away = f->away.code != 0;
	vx_unlock(&f->lock);
	if (s.rc < 0 && s.rc != -ECANCELED)
		tell_away(f, &s);
	else if (away && s.rc == 0 && !s.busy) /* while it tries again, nothing has ended */
		tell_back(f);
	else if (s.first && s.busy && s.message[0])
		tell_progress(f, s.message, now_ns);
}

/* --- the revision of the default label ------------------------------------------------------- */

static int run_revision(struct vx_feed_call *call, struct vx_backend *b,
                        const struct vx_backend_ops *ops, const struct vx_ctx *ctx, int rc)
{
	struct vx_feed *f = call->feed;
	char revision[VX_REVISION_MAX] = "";

	if (rc == 0)
		rc = ops->revision(b, ctx, NULL, revision, NULL);
	vx_lock(&f->lock);
	if (rc == 0)
		memcpy(f->revision, revision, sizeof(f->revision));
	f->revision_asked = false;
	vx_unlock(&f->lock);
	return rc;
}

/* Asked once a change, and never of a source in trouble: it is for people to look at. */
void vx_feed_ask_revision(struct vx_feed *f)
{
	bool ask;

	vx_lock(&f->lock);
	ask = f->revision_old && !f->revision_asked && f->good_ns != 0 && !f->silent &&
	      f->breaker.open_until_ns == 0 && !f->ending;
	if (ask) {
		f->revision_old = false;
		f->revision_asked = true;
	}
	vx_unlock(&f->lock);
	if (!ask)
		return;
	f->revision_call.run = run_revision;
	vx_feed_call(f, &f->revision_call);
}

/* --- for people ------------------------------------------------------------------------------ */

void vx_feed_look(struct vx_feed *f, struct vx_feed_state *ret)
{
	struct vx_backend_status s = {0};
	const char *message = "";
	bool resting;

	if (f->ops->status)
		f->ops->status(f->backend, &s);
	ret->type = f->ops->type;
	ret->source = f->ops->source ? f->ops->source(f->backend) : NULL;
	VX_LOCKED(&f->lock);
	resting = f->breaker.open_until_ns != 0;
	ret->good_ns = s.good_ns ? s.good_ns : f->good_ns;
	ret->next_ns = s.next_ns ? s.next_ns : f->breaker.open_until_ns;
	ret->state = resting                                           ? "resting"
	             : s.rc < 0 || f->silent || f->away.code           ? "failing"
	             : s.first || (!f->ops->status && f->good_ns == 0) ? "starting"
	                                                               : "ok";
	if (s.rc < 0 || s.busy)
		message = s.message;
	else if (f->silent)
		message = f->silence.msg;
	(void)snprintf(ret->message, sizeof(ret->message), "%s", message);
	memcpy(ret->revision, f->revision, sizeof(ret->revision));
}
