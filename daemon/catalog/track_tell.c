/* track_tell.c - what is said of a track: lines in the log, problems and events.
 *
 * The keys are "track <coordinates>" for what keeps it from being the newest, or from being served
 * at all, and the same with "note", "note names" and "note env" behind for what is odd about it: files
 * hidden by other backends' files, names hidden by names of a higher rank, keys that .env leaves out. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "daemon/catalog/catalog_i.h"

/* Coordinates' texts are at most some 3 KiB. */
#define KEY_MAX 4096

/* A note of many lines is cut: it is the first ones that matter. */
#define NOTE_MAX 2048

static const char *const notes[] = {"note", "note names", "note env"};

static const char *key_of(const char *at, const char *note, char key[KEY_MAX])
{
	(void)snprintf(key, KEY_MAX, "track %s%s%s", at, note ? " " : "", note ? note : "");
	return key;
}

void tell_failure(struct track *t, int rc, const struct vx_error *err)
{
	const struct vx_log_field fields[] = {
		{"track", t->at->text}, {"rc", vx_error_info(rc)->name}, {NULL, NULL}};
	char key[KEY_MAX], sentence[VX_ERROR_MAX + 128];

	if (rc == -ENOENT || rc == -ECANCELED)
		return; /* a name that is not there is an answer */
	(void)snprintf(sentence, sizeof(sentence), "%s; %s%s", vx_error_text(err, rc),
	               t->snapshot ? "still serving version " : "it cannot be served",
	               t->snapshot ? t->snapshot->version : "");
	if (!t->failing || t->rc != rc) /* the rest was said already */
		vx_log(VX_LOG_WARN, fields, "%s", sentence);
	if (!t->probe)
		(void)vx_problems_raise(t->catalog->tells.problems,
		                        t->snapshot ? VX_PROBLEM_WARNING : VX_PROBLEM_ERROR,
		                        key_of(t->at->text, NULL, key), sentence);
	t->failing = true;
}

void tell_well(struct track *t)
{
	char key[KEY_MAX];

	if ((t->failing || t->orphaned_told) && !t->probe &&
	    vx_problems_clear(t->catalog->tells.problems, key_of(t->at->text, NULL, key)))
		vx_log(VX_LOG_INFO, VX_FIELDS({"track", t->at->text}), "is well again");
	t->failing = false;
	t->orphaned_told = false;
}

void tell_orphaned(struct track *t)
{
	char key[KEY_MAX], sentence[160];

	(void)snprintf(
		sentence, sizeof(sentence),
		"orphaned: no source has it any more; version %s is served until tree.retain "
		"is over",
		t->snapshot->version);
	vx_log(VX_LOG_WARN, VX_FIELDS({"track", t->at->text}), "%s", sentence);
	(void)vx_problems_raise(t->catalog->tells.problems, VX_PROBLEM_WARNING,
	                        key_of(t->at->text, NULL, key), sentence);
	vx_events_add(t->catalog->tells.events, "orphaned",
	              (const struct vx_event_field[]){
			      {"at", t->at->text},
			      {"version", t->snapshot->version},
			      {NULL, NULL},
		      });
	t->orphaned_told = true;
}

/* Raise or, where @text is empty, clear a note. */
static void tell_note(struct vx_catalog *c, const char *at, const char *note, const char *text)
{
	char key[KEY_MAX];

	if (*text)
		(void)vx_problems_raise(c->tells.problems, VX_PROBLEM_NOTE, key_of(at, note, key),
		                        text);
	else
		(void)vx_problems_clear(c->tells.problems, key_of(at, note, key));
}

/* "one; two", from the lines of @text, cut. */
static const char *one_line(const char *text, char ret[NOTE_MAX])
{
	size_t n = 0;

	for (; *text && n + 3 < NOTE_MAX; text++) {
		if (*text != '\n')
			ret[n++] = *text;
		else if (text[1])
			n += (size_t)sprintf(ret + n, "; ");
	}
	ret[n] = '\0';
	return ret;
}

void tell_published(struct track *t)
{
	const struct vx_snapshot *s = t->snapshot;
	struct vx_buf lines = VX_BUF_INIT;
	char number[24], note[NOTE_MAX];

	(void)snprintf(number, sizeof(number), "%" PRIu64, t->number);
	vx_events_add(t->catalog->tells.events, "published",
	              (const struct vx_event_field[]){
			      {"at", t->at->text},
			      {"version", s->version},
			      {"number", number},
			      {NULL, NULL},
		      });
	for (size_t i = 0; i < s->n_notes; i++)
		vx_buf_printf(&lines, "%s\n", s->notes[i].text);
	tell_note(t->catalog, t->at->text, notes[0], one_line(lines.data ? lines.data : "", note));
	vx_buf_fini(&lines);
}

void tell_hidden(struct track *t, const char *lines)
{
	char note[NOTE_MAX];

	tell_note(t->catalog, t->at->text, notes[1], one_line(lines, note));
}

void tell_env(struct vx_catalog *c, const struct vx_coords *at, const char *lines)
{
	char note[NOTE_MAX];

	tell_note(c, at->text, notes[2], one_line(lines, note));
}

void tell_forgotten(struct track *t)
{
	char key[KEY_MAX];

	for (size_t i = 0; i < t->catalog->n_feeds; i++)
		vx_feed_forget(t->catalog->feeds[i], t->at->text);
	if (t->probe)
		return;
	(void)vx_problems_clear(t->catalog->tells.problems, key_of(t->at->text, NULL, key));
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++)
		tell_note(t->catalog, t->at->text, notes[i], "");
}
