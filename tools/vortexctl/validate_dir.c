/* validate_dir.c - `vortexctl validate DIR`: would a daemon that serves this directory serve all of it?
 *
 * Composes every application, profile and label of a directory, and says what fails. One document
 * that does not parse fails many configurations in the same words, so findings are gathered by
 * their sentence and printed once each, with where they were met first. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/buf.h"
#include "tools/vortexctl/ctl.h"
#include "tools/vortexctl/findings.h"
#include "tools/vortexctl/folder.h"
#include "tools/vortexctl/validate_i.h"

struct validation {
	struct vx_ctl_folder *folder;
	size_t composed, failed;
	struct vx_ctl_findings errors, notes;
};

static int add_error(struct validation *v, const char *where, int rc, const struct vx_error *err)
{
	const char *sentence = vx_error_text(err, rc);

	return vx_ctl_findings_add(&v->errors, sentence, strlen(sentence), where);
}

static int add_notes(struct validation *v, const char *where, const struct vx_buf *notes)
{
	const char *line = notes->data;
	int rc = vx_buf_failed(notes) ? -ENOMEM : 0;

	while (rc == 0 && line && *line) {
		size_t len = strcspn(line, "\n");

		rc = vx_ctl_findings_add(&v->notes, line, len, where);
		line += line[len] ? len + 1 : len;
	}
	return rc;
}

/* From here on a function returns 0 also when it found errors, and -ENOMEM alone ends the work. */

static int check_one(struct validation *v, const struct vx_coords *at)
{
	VX_AUTO(vx_buf_fini) struct vx_buf notes = VX_BUF_INIT;
	struct vx_error err = {0};
	int rc = vx_ctl_folder_check(v->folder, at, &notes, &err);

	if (rc == -ENOMEM)
		return rc;
	if (rc < 0)
		v->failed++;
	else
		v->composed++;
	if (rc < 0 && add_error(v, at->text, rc, &err) < 0)
		return -ENOMEM;
	return add_notes(v, at->text, &notes);
}

static int check_profile(struct validation *v, const char *app, const char *profile,
                         const char *label)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	VX_AUTO(vx_freep) char *spelled = label ? vx_label_encode(label) : NULL;
	struct vx_error err = {0};
	int rc;

	if (label && !spelled)
		return -ENOMEM;
	rc = vx_coords_new(app, profile, spelled, &at, &err);
	if (rc == -ENOMEM)
		return rc;
	return rc < 0 ? add_error(v, app, rc, &err) : check_one(v, at);
}

static int check_app(struct validation *v, const char *app, const char *label)
{
	VX_AUTO(vx_list_fini) struct vx_list profiles = {0};
	struct vx_error err = {0};
	bool has_default = false;
	int rc = vx_ctl_folder_list(v->folder, VX_LIST_PROFILES, app, label, &profiles, &err);

	if (rc < 0 && (rc == -ENOMEM || add_error(v, app, rc, &err) < 0))
		return -ENOMEM;
	for (size_t i = 0; i < profiles.n; i++) {
		has_default |= strcmp(profiles.names[i], "default") == 0;
		if (check_profile(v, app, profiles.names[i], label) < 0)
			return -ENOMEM;
	}
	return has_default ? 0 : check_profile(v, app, "default", label);
}

static int check_label(struct validation *v, const char *label)
{
	VX_AUTO(vx_list_fini) struct vx_list apps = {0};
	struct vx_error err = {0};
	int rc = vx_ctl_folder_list(v->folder, VX_LIST_APPS, NULL, label, &apps, &err);

	if (rc < 0)
		return rc == -ENOMEM ? rc : add_error(v, label ? label : "", rc, &err);
	for (size_t i = 0; i < apps.n; i++)
		if (check_app(v, apps.names[i], label) < 0)
			return -ENOMEM;
	return 0;
}

static int check_all(struct validation *v, bool label_folders)
{
	VX_AUTO(vx_list_fini) struct vx_list labels = {0};
	struct vx_error err = {0};
	int rc = check_label(v, NULL);

	if (rc < 0 || !label_folders)
		return rc;
	rc = vx_ctl_folder_list(v->folder, VX_LIST_LABELS, NULL, NULL, &labels, &err);
	if (rc < 0)
		return rc == -ENOMEM ? rc : add_error(v, "", rc, &err);
	for (size_t i = 0; i < labels.n; i++)
		if (check_label(v, labels.names[i]) < 0)
			return -ENOMEM;
	return 0;
}

/* --- the report ----------------------------------------------------------------------------- */

static void put_json(struct vx_buf *b, const char *name, const struct vx_ctl_findings *f)
{
	vx_buf_printf(b, "  \"%s\": [", name);
	for (size_t i = 0; i < f->n; i++) {
		const struct vx_ctl_finding *e = &f->entries[i];

		vx_buf_puts(b, i ? ",\n    {\"message\": " : "\n    {\"message\": ");
		vx_buf_json(b, e->sentence, strlen(e->sentence));
		vx_buf_puts(b, ", \"at\": ");
		vx_buf_json(b, e->first, strlen(e->first));
		vx_buf_printf(b, ", \"times\": %zu}", e->times);
	}
	vx_buf_puts(b, f->n ? "\n  ]" : "]");
}

static int report(const struct validation *v, bool json)
{
	VX_AUTO(vx_buf_fini) struct vx_buf b = VX_BUF_INIT;

	if (!json) {
		if (vx_ctl_findings_print(&v->errors, "error", vx_ctl_red()) < 0 ||
		    vx_ctl_findings_print(&v->notes, "note", vx_ctl_yellow()) < 0)
			return -ENOMEM;
		printf("%zu configurations compose, %zu do not\n", v->composed, v->failed);
		return 0;
	}
	vx_buf_printf(&b, "{\n  \"composed\": %zu,\n  \"failed\": %zu,\n", v->composed, v->failed);
	put_json(&b, "errors", &v->errors);
	vx_buf_puts(&b, ",\n");
	put_json(&b, "notes", &v->notes);
	vx_buf_puts(&b, "\n}\n");
	if (vx_buf_failed(&b))
		return -ENOMEM;
	(void)fwrite(b.data, 1, b.len, stdout); /* main.c looks at ferror */
	return 0;
}

/* --- the whole ------------------------------------------------------------------------------ */

static int check_chosen(struct validation *v, const struct vx_validate_dir *r, struct vx_error *err)
{
	for (int i = 0; i < r->n_coordinates; i++) {
		VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
		int rc = vx_ctl_coords(r->coordinates[i], &at, err);

		if (rc == 0)
			rc = check_one(v, at);
		if (rc < 0)
			return rc;
	}
	return 0;
}

static int print_graph(struct vx_ctl_folder *folder, const struct vx_validate_dir *r,
                       struct vx_error *err)
{
	VX_AUTO(vx_coords_free_p) struct vx_coords *at = NULL;
	VX_AUTO(vx_bytes_put_p) struct vx_bytes *graph = NULL;
	int rc = vx_ctl_coords(r->coordinates[0], &at, err);

	if (rc == 0)
		rc = vx_ctl_folder_graph(folder, at, r->graph, &graph, err);
	if (rc == 0)
		(void)fwrite(graph->data, 1, graph->len, stdout); /* main.c looks at ferror */
	return rc;
}

int vx_validate_dir(const struct vx_validate_dir *r)
{
	VX_AUTO(vx_ctl_folder_close_p) struct vx_ctl_folder *folder = NULL;
	struct validation v = {0};
	struct vx_error err = {0};
	bool broken;
	int rc = vx_ctl_folder_open(r->dir, r->search_paths->texts, r->search_paths->n,
	                            r->label_folders, &folder, &err);

	if (rc == 0 && r->graph)
		rc = print_graph(folder, r, &err);
	if (rc < 0 || r->graph)
		return rc < 0 ? vx_ctl_fail(rc, &err) : VX_CTL_OK;
	v.folder = folder;
	rc = r->n_coordinates ? check_chosen(&v, r, &err) : check_all(&v, r->label_folders);
	if (rc == 0)
		rc = report(&v, r->json);
	broken = v.errors.n > 0;
	vx_ctl_findings_fini(&v.errors);
	vx_ctl_findings_fini(&v.notes);
	if (rc < 0)
		return vx_ctl_fail(rc, &err);
	return broken ? VX_CTL_NOT_COMPOSED : VX_CTL_OK;
}
