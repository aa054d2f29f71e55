/* doctor.c - `vortexctl doctor`: what is wrong with this machine, and how to mend it.
 *
 * Each check finds out by trying, not by comparing version numbers, and says one thing: that it is
 * fine, or what is wrong together with what to do. Nothing is changed. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tools/vortexctl/ctl.h"
#include "tools/vortexctl/doctor_i.h"
#include "tools/vortexctl/options.h"

static void (*const checks[])(struct doctor *d) = {
	doctor_check_device,     doctor_check_kernel,      doctor_check_privileges,
	doctor_check_fusermount, doctor_check_settings,    doctor_check_backends,
	doctor_check_state,      doctor_check_mount_point, doctor_check_mounts,
};

static const char *verdict_name(enum doctor_verdict verdict)
{
	switch (verdict) {
	case DOCTOR_FINE:
		return "ok";
	case DOCTOR_WARNING:
		return "warning";
	case DOCTOR_BAD:
		return "bad";
	}
	return "bad"; /* not reached: the switch names every verdict */
}

static const char *verdict_colour(enum doctor_verdict verdict)
{
	if (verdict == DOCTOR_FINE)
		return vx_ctl_green();
	return verdict == DOCTOR_BAD ? vx_ctl_red() : vx_ctl_yellow();
}

static void put_member(struct vx_buf *b, const char *name, const char *text)
{
	vx_buf_printf(b, ", \"%s\": ", name);
	vx_buf_json(b, text, strlen(text));
}

void doctor_say(struct doctor *d, enum doctor_verdict verdict, const char *what, const char *fix,
                const char *fmt, ...)
{
	char sentence[VX_ERROR_MAX];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(sentence, sizeof(sentence), fmt, ap); /* a cut sentence still helps */
	va_end(ap);
	if (d->json) {
		bool first = d->n[DOCTOR_FINE] + d->n[DOCTOR_WARNING] + d->n[DOCTOR_BAD] == 0;

		vx_buf_printf(&d->out, "%s\n    {\"verdict\": \"%s\"", first ? "" : ",",
		              verdict_name(verdict));
		put_member(&d->out, "check", what);
		put_member(&d->out, "message", sentence);
		if (fix)
			put_member(&d->out, "fix", fix);
		vx_buf_putc(&d->out, '}');
	} else {
		vx_buf_printf(&d->out, "%s%-8s%s %-12s %s\n", verdict_colour(verdict),
		              verdict_name(verdict), vx_ctl_plain(), what, sentence);
		if (fix)
			vx_buf_printf(&d->out, "%21s  fix: %s\n", "", fix);
	}
	d->n[verdict]++;
}

static int diagnose(struct doctor *d)
{
	if (d->json)
		vx_buf_puts(&d->out, "{\n  \"checks\": [");
	for (size_t i = 0; i < sizeof(checks) / sizeof(*checks); i++)
		checks[i](d);
	if (d->json)
		vx_buf_printf(&d->out, "\n  ],\n  \"bad\": %zu,\n  \"warnings\": %zu\n}\n",
		              d->n[DOCTOR_BAD], d->n[DOCTOR_WARNING]);
	else
		vx_buf_printf(&d->out, "%zu bad, %zu warnings\n", d->n[DOCTOR_BAD],
		              d->n[DOCTOR_WARNING]);
	if (vx_buf_failed(&d->out)) {
		(void)fputs("vortexctl: out of memory\n", stderr);
		return VX_CTL_UNHEALTHY;
	}
	(void)fwrite(d->out.data, 1, d->out.len, stdout); /* main.c looks at ferror */
	return d->n[DOCTOR_BAD] ? VX_CTL_UNHEALTHY : VX_CTL_OK;
}

static int run(const struct vx_ctl_verb *verb, int argc, char **argv)
{
	struct doctor d = {.root = geteuid() == 0, .out = VX_BUF_INIT};
	const char *format = "text";
	const struct vx_ctl_option options[] = {
		{.name = "config", .letter = 'c', .text = &d.config},
		{.name = "output", .letter = 'o', .text = &format, .words = vx_ctl_formats}};
	int first;
	int code = vx_ctl_options(verb, options, sizeof(options) / sizeof(*options), argc, argv,
	                          &first);

	if (code >= 0)
		return code;
	if (argc != first)
		return vx_ctl_usage(verb, "doctor takes options only");
	d.json = strcmp(format, "json") == 0;
	code = diagnose(&d);
	vx_settings_put(d.settings);
	vx_buf_fini(&d.out);
	return code;
}

const struct vx_ctl_verb vx_ctl_doctor = {
	.name = "doctor",
	.group = VX_CTL_CHECK,
	.usage = "[-c FILE] [-o FORMAT]",
	.summary = "Say what on this machine keeps Vortex from working, and the fix for each.",
	.help = "Run it as the user that runs vortexd. Exit status 1 when something is bad.\n"
		"\n"
		"  -c, --config FILE    vortexd's settings; else where vortexd looks for them\n"
		"  -o, --output FORMAT  text (the default) or json\n"
		"\n"
		"Examples:\n"
		"  vortexctl doctor\n"
		"  sudo vortexctl doctor -c /etc/vortex/vortexd.yaml\n",
	.run = run,
};
