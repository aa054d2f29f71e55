/* fuzz_settings.c - a settings file, variables and --set of arbitrary bytes.
 *
 * The input is three parts, each ended by a NUL: the file, one variable, one --set; what is missing
 * is empty. Whatever they hold, a load answers, and what loads can be printed, read again and then
 * is the same. No row is a secret, so that no input reads files. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/assert.h"
#include "core/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* clang-format off */
static const struct vx_setting_row rows[] = {
	{.key = "s", .type = VX_SET_STRING, .help = "A string."},
	{.key = "b", .type = VX_SET_BOOL, .def = "true", .help = "A boolean."},
	{.key = "n.i", .type = VX_SET_INT, .def = "1", .min = -5, .max = 5, .help = "A number."},
	{.key = "n.d", .type = VX_SET_DURATION, .def = "1s", .flags = VX_SET_HOT,
	 .help = "A time."},
	{.key = "n.b", .type = VX_SET_SIZE, .def = "1B", .max = INT64_MAX, .help = "A size."},
	{.key = "n.p", .type = VX_SET_PERCENT, .def = "1%", .help = "A percentage."},
	{.key = "n.f", .type = VX_SET_FACTOR, .help = "A factor."},
	{.key = "c", .type = VX_SET_CHOICE, .def = "x", .choices = "x | yy", .help = "A choice."},
	{.key = "l", .type = VX_SET_STRINGS, .help = "A list."},
	{.key = "m", .type = VX_SET_MAP, .help = "A map."},
	{.key = "old", .type = VX_SET_STRING, .replaced_by = "s", .help = "Renamed."},
	{.key = "e[].name", .type = VX_SET_STRING, .flags = VX_SET_REQUIRED, .help = "A name."},
	{.key = "e[].type", .type = VX_SET_CHOICE, .def = "x", .choices = "x | yy",
	 .help = "A type."},
	{.key = "e[].q.i", .type = VX_SET_INT, .only = "yy", .help = "Of one type."},
	{.key = "a[].s", .type = VX_SET_STRING, .flags = VX_SET_UNBUILT, .help = "Without a name."},
};
/* clang-format on */
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* The part at *at, ended by a NUL or the input's end; *at moves behind it. The caller frees. */
static char *part(const uint8_t **at, const uint8_t *end)
{
	const uint8_t *nul = memchr(*at, '\0', (size_t)(end - *at));
	size_t n = (size_t)((nul ? nul : end) - *at);
	char *copy = malloc(n + 1);

	vx_assert(copy);
	memcpy(copy, *at, n);
	copy[n] = '\0';
	*at += n + (nul != NULL);
	return copy;
}

static void differs(void *arg, const char *key, bool hot)
{
	(void)arg;
	(void)key;
	(void)hot;
	vx_assert_failed(__FILE__, __LINE__, "what is printed reads back as the same");
}

static void read_again(const struct vx_settings *s)
{
	VX_AUTO(vx_freep) char *text = vx_settings_print(s);
	VX_AUTO(vx_settings_put_p) struct vx_settings *again = NULL;
	struct vx_settings_source from = {.path = "printed", .text = text};
	struct vx_error err;

	vx_assert(text);
	/* A password in a URL is masked, and so does not come back. */
	if (strstr(text, "***"))
		return;
	from.len = strlen(text);
	vx_assert(vx_settings_load(rows, N_ROWS, &from, NULL, NULL, &again, &err) == 0);
	vx_settings_diff(s, again, differs, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t nothing[1];
	const uint8_t *at = size ? data : nothing, *end = at + size; /* data may be NULL */
	VX_AUTO(vx_freep) char *file = part(&at, end);
	VX_AUTO(vx_freep) char *variable = part(&at, end);
	VX_AUTO(vx_freep) char *set = part(&at, end);
	VX_AUTO(vx_settings_put_p) struct vx_settings *s = NULL;
	const char *environment[] = {variable, NULL};
	const char *sets[] = {set};
	struct vx_settings_source from = {
		.path = "fuzz.yaml",
		.text = file,
		.len = strlen(file),
		.environ = environment,
		.sets = sets,
		.n_sets = *set != '\0',
	};
	struct vx_error err = {0};
	int rc = vx_settings_load(rows, N_ROWS, &from, NULL, NULL, &s, &err);

	if (rc == 0)
		read_again(s);
	else
		vx_assert(err.msg[0] != '\0');
	return 0;
}
