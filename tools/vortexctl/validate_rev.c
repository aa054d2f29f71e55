/* validate_rev.c - `vortexctl validate REVISION`: the daemon composes all of it; see validate_i.h. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tools/vortexctl/answer.h"
#include "tools/vortexctl/findings.h"
#include "tools/vortexctl/validate_i.h"

static int print_text(const json_t *answer)
{
	struct vx_ctl_findings errors = {0};
	const json_t *item;
	size_t i;
	int rc = 0;

	json_array_foreach (json_object_get(answer, "items"), i, item) {
		const char *message = vx_ctl_str(item, "message");
		const char *at = vx_ctl_str(item, "at");

		if (rc == 0 && message)
			rc = vx_ctl_findings_add(&errors, message, strlen(message), at ? at : "");
	}
	if (rc == 0)
		rc = vx_ctl_findings_print(&errors, "error", vx_ctl_red());
	vx_ctl_findings_fini(&errors);
	if (rc == 0)
		printf("%lld configurations compose, %lld do not\n",
		       (long long)vx_ctl_int(answer, "composed"),
		       (long long)vx_ctl_int(answer, "failed"));
	return rc;
}

/* A misspelt directory looks like a revision, so both are in the sentence. */
static int explain_failure(const char *revision, int rc, struct vx_error *err)
{
	if (rc != -ENOTCONN && rc != -ENOENT && rc != -EACCES)
		return rc;
	return vx_wrap(err, rc, "there is no directory '%s' here, and as a revision", revision);
}

int vx_validate_rev(const struct vx_ctl_server *server, const char *revision, const char *app)
{
	const struct vx_ctl_param params[] = {{"rev", revision}, {"app", app}};
	const struct vx_ctl_question q = {
		.server = server, .path = "validate", .params = params, .n_params = 2};
	VX_AUTO(vx_json_put) json_t *answer = NULL;
	struct vx_error err = {0};
	int rc = vx_ctl_answer(&q, &answer, &err);

	if (rc < 0)
		return vx_ctl_fail(explain_failure(revision, rc, &err), &err);
	rc = vx_ctl_is_json(server) ? vx_ctl_print_json(answer) : print_text(answer);
	if (rc < 0)
		return vx_ctl_fail(rc, NULL);
	return vx_ctl_count(answer) ? VX_CTL_NOT_COMPOSED : VX_CTL_OK;
}
