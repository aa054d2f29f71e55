/* render_env.c - application.env: NAME='value' lines for `set -a; . ./application.env` in any POSIX
 * shell, and for readers of environment files that know single quotes.
 *
 * Names are lossy (`a.b`, `a-b` and `a_b` are all A_B), so two keys may clash: the first is
 * written, each later one becomes a comment and a note. The same happens to a name that a shell
 * keeps for itself, since assigning it ends the reading of the file or worse, and to a value with a
 * NUL, which no environment holds. */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/arena.h"
#include "core/render_i.h"
#include "core/utf8.h"

/* Read-only, or evaluated as arithmetic when assigned (which may run commands: a[$(...)]), in one
 * of bash, dash, ksh93, mksh and zsh. Sorted. */
static const char *const reserved[] = {
	"ARGC",       "BASHOPTS",    "BASHPID", "BASH_VERSINFO", "COLUMNS",    "EGID",    "ERRNO",
	"EUID",       "GID",         "HISTCMD", "HISTSIZE",      "KEYTIMEOUT", "KSHEGID", "KSHGID",
	"KSHUID",     "KSH_VERSION", "LINENO",  "LINES",         "MAILCHECK",  "OPTIND",  "PGRP",
	"PIPESTATUS", "PPID",        "RANDOM",  "SECONDS",       "SHELLOPTS",  "SHLVL",   "SRANDOM",
	"TMOUT",      "TTYIDLE",     "UID",     "USER_ID",
};

struct env {
	struct vx_buf *b;
	struct vx_buf *notes; /* nullable */
	struct vx_buf name;   /* of the line being written */
	struct vx_buf why;    /* there is no such line */
	struct vx_arena arena;
	struct vx_value *taken; /* name -> the key that has it */
};

/* The index that begins at @s, "[12]", as its length, or 0. */
static size_t index_at(const char *s, size_t n)
{
	size_t i = 1;

	if (n < 3 || s[0] != '[')
		return 0;
	while (i < n && isdigit((unsigned char)s[i]))
		i++;
	return i > 1 && i < n && s[i] == ']' ? i + 1 : 0;
}

/* SERVER_PORTS_0_NAME from server.ports[0].name. No character and no index gets longer by it, so
 * the key is copied first and then written over. */
static void make_name(struct vx_buf *name, const char *key, size_t len)
{
	size_t w;
	char *to;

	vx_buf_truncate(name, 0);
	if (isdigit((unsigned char)key[0]))
		vx_buf_putc(name, '_');
	w = name->len;
	vx_buf_put(name, key, len);
	if (name->failed)
		return;
	to = name->data + w;
	for (size_t i = 0; i < len; i += w) {
		unsigned char c = (unsigned char)key[i];

		w = index_at(key + i, len - i);
		if (w) {
			*to++ = '_';
			to = mempcpy(to, key + i + 1, w - 2);
			continue;
		}
		*to++ = c < 0x80 && isalnum(c) ? (char)toupper(c) : '_';
		w = c < 0x80 ? 1 : vx_utf8_width(key + i, len - i);
		if (w == 0)
			w = 1;
	}
	vx_buf_truncate(name, (size_t)(to - name->data));
}

/* The key on one line, whatever its characters. */
static void put_key(struct vx_buf *b, const char *key, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)key[i];

		if (c < 0x20 || c == 0x7f)
			vx_buf_printf(b, "%%%02X", c);
		else
			vx_buf_putc(b, (char)c);
	}
}

/* Say, in place of @key's line, why there is none. */
static void leave_out(struct env *e, const char *key, size_t len)
{
	struct vx_buf *to[] = {e->b, e->notes};

	vx_buf_puts(e->b, "# ");
	if (e->notes)
		vx_buf_puts(e->notes, "application.env leaves out ");
	for (size_t i = 0; i < 2 && to[i]; i++) {
		put_key(to[i], key, len);
		vx_buf_puts(to[i], ": ");
		vx_buf_put(to[i], e->why.data, e->why.len);
		vx_buf_putc(to[i], '\n');
	}
}

static int by_name(const void *name, const void *entry)
{
	return strcmp(name, *(const char *const *)entry);
}

static bool is_reserved(const char *name)
{
	return bsearch(name, reserved, sizeof(reserved) / sizeof(*reserved), sizeof(*reserved),
	               by_name) != NULL;
}

/* Inside single quotes a shell interprets nothing; a quote itself is '\''. */
static void put_quoted(struct vx_buf *b, const char *s, size_t n)
{
	const char *end = s + n, *quote;

	vx_buf_putc(b, '\'');
	while ((quote = memchr(s, '\'', (size_t)(end - s)))) {
		vx_buf_put(b, s, (size_t)(quote - s));
		vx_buf_puts(b, "'\\''");
		s = quote + 1;
	}
	vx_buf_put(b, s, (size_t)(end - s));
	vx_buf_puts(b, "'\n");
}

/* Whether @key cannot have its line; e->why says the reason. */
static bool refused(struct env *e, const char *key, size_t len, const struct vx_value *v)
{
	const struct vx_value *owner = vx_value_child(e->taken, e->name.data, e->name.len);
	struct vx_value *mine;

	vx_buf_truncate(&e->why, 0);
	if (is_reserved(e->name.data)) {
		vx_buf_printf(&e->why, "a shell keeps %s for itself", e->name.data);
	} else if (owner) {
		vx_buf_printf(&e->why, "%s already stands for ", e->name.data);
		put_key(&e->why, owner->text, owner->len);
	} else if (memchr(v->text, '\0', v->len)) {
		vx_buf_puts(&e->why, "its value holds a NUL");
	} else {
		mine = vx_value_scalar(&e->arena, VX_STRING, key, len, 0);
		if (!mine || !vx_value_set(&e->arena, e->taken, e->name.data, e->name.len, mine))
			e->b->failed = true;
	}
	return e->why.len > 0;
}

static void put_line(void *arg, const char *key, size_t len, const struct vx_value *v)
{
	struct env *e = arg;

	if (!vx_is_leaf(v))
		return;
	make_name(&e->name, key, len);
	if (e->name.failed)
		return;
	if (refused(e, key, len, v)) {
		leave_out(e, key, len);
		return;
	}
	vx_buf_put(e->b, e->name.data, e->name.len);
	vx_buf_putc(e->b, '=');
	put_quoted(e->b, v->text,
	           v->type == VX_NULL ? 0 : v->len); /* lists and maps have no text */
}

void vx_render_env(struct vx_buf *b, const struct vx_value *root, struct vx_buf *notes)
{
	struct env e = {.b = b, .notes = notes};

	e.taken = vx_value_new(&e.arena, VX_MAP, 0);
	if (!e.taken || !vx_flat_each(root, put_line, &e) || e.name.failed || e.why.failed)
		b->failed = true;
	vx_buf_fini(&e.name);
	vx_buf_fini(&e.why);
	vx_arena_fini(&e.arena);
}
