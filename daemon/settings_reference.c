/* settings_reference.c - the table of settings for people: a page, an example file, a manual page.
 *
 * Nothing is said here that a row does not say; a test fails when the files in docs/ and examples/
 * are not what this prints. */
#include <string.h>

#include "core/buf.h"
#include "core/cleanup.h"
#include "daemon/settings.h"
#include "daemon/settings_rows.h"

/* Whether @row belongs to @section: "cache" or a key below it. */
static bool is_in(const struct vx_setting_row *row, const struct vx_settings_section *section)
{
	size_t n = strlen(section->name);

	return strncmp(row->key, section->name, n) == 0 &&
	       (row->key[n] == '.' || row->key[n] == '[');
}

/* "duration, from 1s to 1d", "one of text | json". */
static void put_kind(struct vx_buf *b, const struct vx_setting_row *row)
{
	size_t before;

	if (row->choices) {
		vx_buf_printf(b, "one of %s", row->choices);
		return;
	}
	vx_buf_printf(b, "%s, ", vx_setting_type_name(row->type));
	before = b->len;
	vx_setting_put_range(b, row);
	if (b->len == before && !vx_buf_failed(b))
		vx_buf_truncate(b, before - strlen(", "));
}

/* What holds besides the kind, each after a comma: "; required; only of git". */
static void put_remarks(struct vx_buf *b, const struct vx_setting_row *row)
{
	if (row->flags & VX_SET_REQUIRED)
		vx_buf_puts(b, "; required");
	if (row->only)
		vx_buf_printf(b, "; only of %s", row->only);
	if (row->flags & VX_SET_HOT)
		vx_buf_puts(b, "; reloadable");
	if (row->flags & VX_SET_UNBUILT)
		vx_buf_puts(b, "; not built in yet");
	if (row->replaced_by)
		vx_buf_printf(b, "; now called %s", row->replaced_by);
}

/* The default as it would be written. */
static const char *default_of(const struct vx_setting_row *row)
{
	if (row->def)
		return row->def;
	switch (row->type) {
	case VX_SET_STRINGS:
	case VX_SET_SECRETS:
		return "[]";
	case VX_SET_MAP:
		return "{}";
	case VX_SET_STRING:
	case VX_SET_SECRET:
		return "\"\"";
	case VX_SET_BOOL:
	case VX_SET_INT:
	case VX_SET_DURATION:
	case VX_SET_SIZE:
	case VX_SET_PERCENT:
	case VX_SET_FACTOR:
	case VX_SET_CHOICE:
		return "";
	}
	return "";
}

/* A default that YAML would take for something else is quoted: an octal mode. */
static void put_default(struct vx_buf *b, const struct vx_setting_row *row)
{
	const char *def = default_of(row);

	if (row->type == VX_SET_STRING && *def >= '0' && *def <= '9')
		vx_buf_json(b, def, strlen(def));
	else
		vx_buf_puts(b, def);
}

/* In a cell of a table a bar would end it. */
static void put_cell(struct vx_buf *b, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			vx_buf_putc(b, '\\');
		vx_buf_putc(b, *text);
	}
}

static void put_markdown_row(struct vx_buf *b, const struct vx_setting_row *row)
{
	struct vx_buf kind = VX_BUF_INIT;

	put_kind(&kind, row);
	put_remarks(&kind, row);
	vx_buf_printf(b, "| `%s` | ", row->key);
	if (vx_buf_failed(&kind))
		b->failed = true;
	else
		put_cell(b, kind.data);
	vx_buf_puts(b, row->flags & VX_SET_REQUIRED || !*default_of(row) ? " | " : " | `");
	if (!(row->flags & VX_SET_REQUIRED) && *default_of(row)) {
		put_default(b, row);
		vx_buf_puts(b, "` | ");
	} else {
		vx_buf_puts(b, "| ");
	}
	put_cell(b, row->help);
	vx_buf_puts(b, " |\n");
	vx_buf_fini(&kind);
}

static const char markdown_head[] =
	"<!-- Generated from daemon/settings_rows.c by tools/settings-reference; do not edit. -->\n"
	"# Settings\n"
	"\n"
	"vortexd reads one YAML file: the one given with `-c`, else `/etc/vortex/vortexd.yaml`, "
	"else\n"
	"`$XDG_CONFIG_HOME/vortex/vortexd.yaml`. A file has to name `backends`. Without any file "
	"it\n"
	"serves `/etc/vortex/config`, or `./config` when not root.\n"
	"\n"
	"- An environment variable overrides the file: `VORTEX_CACHE_TTL=60s` for `cache.ttl`, "
	"and\n"
	"  `VORTEX_BACKENDS_REPO_URI` for the `uri` of the backend named `repo`: upper case, `.` "
	"and `-`\n"
	"  written `_`. Entries of lists are made in the file only; one without a `name` is called "
	"by\n"
	"  its position from 0, `VORTEX_ACCESS_0_MODE`. Lists and maps are written in YAML flow,\n"
	"  `[a, b]`.\n"
	"- `--set KEY=VALUE` overrides both: `--set cache.ttl=60s`, `--set "
	"backends.repo.refresh=1m`.\n"
	"- A duration has its unit, `300s`, `5m`, `1h30m` (ms, s, m, h, d); a bare number is "
	"refused.\n"
	"  A size is bytes or has a unit, `64MiB`, `1GB`. A percentage ends with `%`, a factor "
	"with\n"
	"  `x`.\n"
	"- A secret is `file:PATH` (the file's content without the newline at its end) or "
	"`env:NAME`.\n"
	"  Plain text is accepted with a warning, and refused from a file that every user can "
	"read. It\n"
	"  is shown as `***` everywhere.\n"
	"- An unknown key, a bad value or a secret that cannot be read stops the start; an "
	"unknown\n"
	"  `VORTEX_` variable warns. On SIGHUP a bad file leaves the old settings in force; what "
	"is not\n"
	"  *reloadable* takes effect at the next start.\n"
	"- What is *not built in yet* is checked, and ignored with a warning.\n"
	"\n"
	"`vortexd --print-settings` shows the settings in force and where each comes from;\n"
	"`vortexd --check` only checks them. `examples/vortexd.yaml` holds every setting.\n";

static void put_markdown(struct vx_buf *b)
{
	vx_buf_puts(b, markdown_head);
	for (size_t i = 0; i < vx_daemon_n_sections; i++) {
		const struct vx_settings_section *section = &vx_daemon_sections[i];

		vx_buf_printf(b, "\n## %s\n\n%s\n\n", section->name, section->help);
		vx_buf_puts(b, "| key | value | default | meaning |\n| --- | --- | --- | --- |\n");
		for (size_t k = 0; k < vx_daemon_n_rows; k++)
			if (is_in(&vx_daemon_rows[k], section))
				put_markdown_row(b, &vx_daemon_rows[k]);
	}
}

/* Lines of at most 96 columns, each after @prefix. */
static void put_wrapped(struct vx_buf *b, const char *prefix, const char *text)
{
	size_t width = 96 - strlen(prefix);

	while (*text) {
		size_t n = strlen(text), cut = width;

		if (n > width) {
			while (cut && text[cut] != ' ')
				cut--;
			n = cut ? cut : width;
		}
		vx_buf_puts(b, prefix);
		vx_buf_put(b, text, n);
		vx_buf_putc(b, '\n');
		text += n;
		text += strspn(text, " ");
	}
}

/* "# Memory for them at most. (size, from 0B to 1TiB; reloadable)" */
static void put_comment(struct vx_buf *b, const char *prefix, const char *name,
                        const struct vx_setting_row *row)
{
	struct vx_buf text = VX_BUF_INIT;

	vx_buf_printf(&text, "%s%s (", name, row->help);
	put_kind(&text, row);
	put_remarks(&text, row);
	if (*name && *default_of(row) && !(row->flags & VX_SET_REQUIRED)) {
		vx_buf_puts(&text, "; default ");
		put_default(&text, row);
	}
	vx_buf_putc(&text, ')');
	if (vx_buf_failed(&text))
		b->failed = true;
	else
		put_wrapped(b, prefix, text.data);
	vx_buf_fini(&text);
}

/* The rows of a list are described, and its example follows them. @list ends before the "[]". */
static void put_example_list(struct vx_buf *b, const struct vx_settings_section *section,
                             const char *list, size_t len, bool active)
{
	const char *mark = active ? "" : "#";
	const char *example = section->example;

	for (size_t i = 0; i < vx_daemon_n_rows; i++) {
		const char *key = vx_daemon_rows[i].key;
		VX_AUTO(vx_buf_fini) struct vx_buf name = VX_BUF_INIT;

		if (strncmp(key, list, len) != 0 || key[len] != '[')
			continue;
		vx_buf_printf(&name, "%s: ", key + len + strlen("[]."));
		put_comment(b, active ? "  # " : "#  # ", name.data ? name.data : "",
		            &vx_daemon_rows[i]);
	}
	if (list != section->name && memchr(list, '.', len))
		vx_buf_printf(b, "%s  %.*s:\n", mark, (int)(len - strlen(section->name) - 1),
		              list + strlen(section->name) + 1);
	while (example && *example) {
		size_t n = strcspn(example, "\n") + 1;

		vx_buf_puts(b, mark);
		vx_buf_put(b, example, n);
		example += n;
	}
}

/* Every setting at its default, commented out; `backends` is not, so that the file can be used. */
static void put_example_section(struct vx_buf *b, const struct vx_settings_section *section)
{
	bool active = strcmp(section->name, "backends") == 0;
	const char *listed = NULL;

	vx_buf_putc(b, '\n');
	put_wrapped(b, "# ", section->help);
	vx_buf_printf(b, "%s%s:\n", active ? "" : "#", section->name);
	for (size_t i = 0; i < vx_daemon_n_rows; i++) {
		const struct vx_setting_row *row = &vx_daemon_rows[i];
		const char *brackets = strchr(row->key, '[');

		if (!is_in(row, section) || row->replaced_by)
			continue;
		if (brackets) {
			if (!listed)
				put_example_list(b, section, row->key,
				                 (size_t)(brackets - row->key), active);
			listed = row->key;
			continue;
		}
		put_comment(b, "#  # ", "", row);
		vx_buf_printf(b, "#  %s: ", row->key + strlen(section->name) + 1);
		put_default(b, row);
		vx_buf_putc(b, '\n');
	}
}

static void put_example(struct vx_buf *b)
{
	vx_buf_puts(
		b,
		"# Settings of vortexd; see docs/settings.md. Generated from "
		"daemon/settings_rows.c.\n"
		"# Everything but `backends` is commented out and shows its default, or an example "
		"of a list.\n");
	for (size_t i = 0; i < vx_daemon_n_sections; i++)
		put_example_section(b, &vx_daemon_sections[i]);
}

/* roff takes a backslash and a hyphen for its own, and a dot or quote at the start of a line. */
static void put_roff(struct vx_buf *b, const char *text)
{
	if (*text == '.' || *text == '\'')
		vx_buf_puts(b, "\\&");
	for (; *text; text++) {
		if (*text == '\\')
			vx_buf_puts(b, "\\e");
		else if (*text == '-')
			vx_buf_puts(b, "\\-");
		else
			vx_buf_putc(b, *text);
	}
	vx_buf_putc(b, '\n');
}

static void put_man_row(struct vx_buf *b, const struct vx_setting_row *row)
{
	struct vx_buf kind = VX_BUF_INIT;

	put_kind(&kind, row);
	put_remarks(&kind, row);
	if (!(row->flags & VX_SET_REQUIRED) && *default_of(row)) {
		vx_buf_puts(&kind, "; default ");
		put_default(&kind, row);
	}
	vx_buf_puts(&kind, ".");
	vx_buf_puts(b, ".TP\n.B ");
	put_roff(b, row->key);
	put_roff(b, row->help);
	vx_buf_puts(b, ".br\n");
	if (vx_buf_failed(&kind))
		b->failed = true;
	else
		put_roff(b, kind.data);
	vx_buf_fini(&kind);
}

static const char man_head[] =
	".\\\" Generated from daemon/settings_rows.c by tools/settings-reference; do not edit.\n"
	".TH VORTEXD.YAML 5 \"\" \"Vortex\" \"File formats\"\n"
	".SH NAME\n"
	"vortexd.yaml \\- settings of the configuration filesystem\n"
	".SH DESCRIPTION\n"
	".BR vortexd (8)\n"
	"reads one YAML file: the one given with\n"
	".BR \\-c ,\n"
	"else\n"
	".IR /etc/vortex/vortexd.yaml ,\n"
	"else\n"
	".IR $XDG_CONFIG_HOME/vortex/vortexd.yaml .\n"
	"It has to name\n"
	".BR backends .\n"
	"An environment variable overrides it\n"
	".RB ( VORTEX_CACHE_TTL\n"
	"for\n"
	".BR cache.ttl ,\n"
	".B VORTEX_BACKENDS_REPO_URI\n"
	"for the\n"
	".B uri\n"
	"of the backend\n"
	".BR repo ),\n"
	"and\n"
	".B \\-\\-set\n"
	"overrides both.\n"
	".PP\n"
	"A duration has its unit (ms, s, m, h, d), a size is bytes or has one (KiB, MiB, GiB, kB, "
	"MB,\n"
	"GB), a percentage ends with %, a factor with x. A secret is\n"
	".BI file: PATH\n"
	"or\n"
	".BI env: NAME\\c\n"
	"; plain text is refused from a file that every user can read.\n";

static void put_man(struct vx_buf *b)
{
	vx_buf_puts(b, man_head);
	for (size_t i = 0; i < vx_daemon_n_sections; i++) {
		const struct vx_settings_section *section = &vx_daemon_sections[i];

		vx_buf_puts(b, ".SH ");
		put_roff(b, section->name);
		put_roff(b, section->help);
		for (size_t k = 0; k < vx_daemon_n_rows; k++)
			if (is_in(&vx_daemon_rows[k], section))
				put_man_row(b, &vx_daemon_rows[k]);
	}
	vx_buf_puts(b, ".SH SEE ALSO\n.BR vortexd (8)\n");
}

char *vx_settings_reference(enum vx_reference form)
{
	struct vx_buf b = VX_BUF_INIT;

	switch (form) {
	case VX_REFERENCE_MARKDOWN:
		put_markdown(&b);
		break;
	case VX_REFERENCE_EXAMPLE:
		put_example(&b);
		break;
	case VX_REFERENCE_MAN:
		put_man(&b);
		break;
	}
	return vx_buf_steal(&b);
}
