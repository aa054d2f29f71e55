/* doctor.c - `vortexctl doctor`: what is wrong with this machine, and how to mend it.
 *
 * Each check finds out by trying, not by comparing version numbers, and says one thing: that it is
 * fine, or what is wrong together with what to do. Nothing is changed. Here: the list of checks and
 * the output. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/clock.h"
#include "tools/vortexctl/ctl.h"
#include "tools/vortexctl/doctor_i.h"
#include "tools/vortexctl/options.h"
#include "tools/vortexctl/text.h"

#define CHECK_MS 5000 /* what a check of this machine may take; most need a millisecond */

static const struct {
	const char *name;
	doctor_check_fn *fn;
} checks[] = {
	{"kernel", doctor_check_kernel},
	{"device", doctor_check_device},
	{"fuse", doctor_check_fuse},
	{"privileges", doctor_check_privileges},
	{"fusermount3", doctor_check_fusermount},
	{"confinement", doctor_check_confinement},
	{"state", doctor_check_state},
	{"limits", doctor_check_limits},
	{"mount point", doctor_check_mount_point},
	{"clock", doctor_check_clock},
};

/* --- output ------------------------------------------------------------------------------------ */

static const char *const names[] = {"ok", "note", "warning", "problem"};

static const char *colour(enum doctor_verdict verdict)
{
	switch (verdict) {
	case DOCTOR_OK:
		return vx_ctl_green();
	case DOCTOR_NOTE:
		return vx_ctl_bold();
	case DOCTOR_WARNING:
		return vx_ctl_yellow();
	case DOCTOR_PROBLEM:
		return vx_ctl_red();
	}
	return ""; /* not reached: the switch names every verdict */
}

static void put_member(struct vx_buf *b, const char *name, const char *text)
{
	vx_buf_printf(b, ", \"%s\": ", name);
	vx_buf_json(b, text, strlen(text));
}

static void put_json(struct vx_buf *b, const struct doctor *d, const size_t *n)
{
	vx_buf_puts(b, "{\n  \"checks\": [");
	for (size_t i = 0; i < d->n; i++) {
		const struct doctor_finding *f = &d->findings[i];

		vx_buf_printf(b, "%s\n    {\"verdict\": \"%s\"", i ? "," : "", names[f->verdict]);
		put_member(b, "check", f->check);
		put_member(b, "message", f->message);
		if (f->fix)
			put_member(b, "fix", f->fix);
		vx_buf_putc(b, '}');
	}
	vx_buf_printf(b,
	              "\n  ],\n  \"problems\": %zu,\n  \"warnings\": %zu,\n  \"notes\": %zu\n}\n",
	              n[DOCTOR_PROBLEM], n[DOCTOR_WARNING], n[DOCTOR_NOTE]);
}

static void put_text(struct vx_buf *b, const struct doctor *d, const size_t *n)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct doctor_finding *f = &d->findings[i];

		vx_buf_printf(b, "%s%-8s%s %-12s ", colour(f->verdict), names[f->verdict],
		              vx_ctl_plain(), f->check);
		vx_ctl_put(b, f->message);
		if (f->fix) {
			vx_buf_printf(b, "\n%21s  fix: ", "");
			vx_ctl_put(b, f->fix);
		}
		vx_buf_putc(b, '\n');
	}
	vx_buf_printf(b, "%zu problem%s, %zu warning%s, %zu note%s\n", n[DOCTOR_PROBLEM],
	              vx_ctl_plural(n[DOCTOR_PROBLEM]), n[DOCTOR_WARNING],
	              vx_ctl_plural(n[DOCTOR_WARNING]), n[DOCTOR_NOTE],
	              vx_ctl_plural(n[DOCTOR_NOTE]));
}

static int print(const struct doctor *d)
{
	VX_AUTO(vx_buf_fini) struct vx_buf out = VX_BUF_INIT;
	size_t n[DOCTOR_PROBLEM + 1] = {0};

	for (size_t i = 0; i < d->n; i++)
		n[d->findings[i].verdict]++;
	if (d->json)
		put_json(&out, d, n);
	else
		put_text(&out, d, n);
	if (vx_buf_failed(&out)) {
		(void)fputs("vortexctl: out of memory\n", stderr);
		return VX_CTL_UNHEALTHY;
	}
	(void)fwrite(out.data, 1, out.len, stdout); /* main.c looks at ferror */
	return n[DOCTOR_PROBLEM] ? VX_CTL_UNHEALTHY : VX_CTL_OK;
}

/* --- the verb ---------------------------------------------------------------------------------- */

static int diagnose(struct doctor *d)
{
	int code;

	d->real_ns = vx_wall_ns(vx_clock_system());
	d->mono_ns = vx_mono_ns(vx_clock_system());
	doctor_check_settings(d);
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		doctor_run(d, checks[i].name, checks[i].fn, NULL, CHECK_MS);
	doctor_check_mounts(d);
	doctor_check_backends(d);
	code = print(d);
	for (size_t i = 0; i < d->n; i++) {
		free(d->findings[i].check);
		free(d->findings[i].message);
		free(d->findings[i].fix);
	}
	free(d->findings);
	vx_settings_put(d->settings);
	return code;
}

static int run(const struct vx_ctl_verb *verb, int argc, char **argv)
{
	struct doctor d = {.root = geteuid() == 0, .pipe = -1};
	const char *format = "text";
	const struct vx_ctl_option options[] = {
		{.name = "config", .letter = 'c', .text = &d.config},
		{.name = "output", .letter = 'o', .text = &format, .words = vx_ctl_formats}};
	int first;
	int code = vx_ctl_options(verb, options, argc, argv, &first);

	if (code >= 0)
		return code;
	if (argc != first)
		return vx_ctl_usage(verb, "doctor takes options only");
	d.json = strcmp(format, "json") == 0;
	return diagnose(&d);
}

const struct vx_ctl_verb vx_ctl_doctor = {
	.name = "doctor",
	.group = VX_CTL_CHECK,
	.usage = "[-c FILE] [-o FORMAT]",
	.summary = "Say what on this machine keeps Vortex from working, and the fix for each.",
	.help = "Run it as the user that runs vortexd. It changes nothing, and takes at most a "
		"few\n"
		"seconds for what does not answer. Exit status 1 when there is a problem; "
		"warnings\n"
		"and notes are none. docs/kernels.md explains what the kernel is asked for.\n"
		"\n"
		"  -c, --config FILE    vortexd's settings; else where vortexd looks for them\n"
		"  -o, --output FORMAT  text (the default) or json: {checks: [{verdict: ok | note "
		"|\n"
		"                       warning | problem, check, message, fix?}], problems,\n"
		"                       warnings, notes}\n"
		"\n"
		"Examples:\n"
		"  vortexctl doctor\n"
		"  sudo vortexctl doctor -c /etc/vortex/vortexd.yaml\n",
	.run = run,
};
