/* search.c - normalising, expanding and matching search paths. */
#include "backends/search.h"

#include <errno.h>
#include <string.h>

#include "core/buf.h"

static const char app_word[] = "{application}";
static const char profile_word[] = "{profile}";
static const char label_word[] = "{label}";

static bool begins(const char *s, const char *word)
{
	return strncmp(s, word, strlen(word)) == 0;
}

static size_t placeholder_at(const char *s)
{
	return begins(s, app_word)       ? strlen(app_word)
	       : begins(s, profile_word) ? strlen(profile_word)
	       : begins(s, label_word)   ? strlen(label_word)
	                                 : 0;
}

static int check_segment(const char *path, const char *segment, size_t n, struct vx_error *err)
{
	if (n == 2 && memcmp(segment, "..", 2) == 0)
		return vx_fail(err, -EINVAL, "search path '%s' leaves the tree", path);
	if (segment[0] == '.' || segment[0] == '@')
		return vx_fail(err, -EINVAL,
		               "search path '%s': names that begin with '%c' are never looked at",
		               path, segment[0]);
	for (size_t i = 0; i < n; i++) {
		size_t word = placeholder_at(segment + i);

		if (word)
			i += word - 1;
		else if (segment[i] == '{' || segment[i] == '}')
			return vx_fail(err, -EINVAL,
			               "search path '%s': only {application}, {profile} and "
			               "{label} are replaced",
			               path);
	}
	return 0;
}

int vx_search_check(struct vx_arena *a, const char *path, const char **ret, struct vx_error *err)
{
	char *clean = vx_arena_alloc(a, strlen(path) + 1);
	size_t len = 0;

	if (!clean)
		return vx_fail(err, -ENOMEM, "out of memory");
	for (const char *s = path; *s;) {
		size_t n = strcspn(s, "/");
		int rc;

		if (n && !(n == 1 && *s == '.')) {
			rc = check_segment(path, s, n, err);
			if (rc < 0)
				return rc;
			if (len)
				clean[len++] = '/';
			memcpy(clean + len, s, n);
			len += n;
		}
		s += n + (s[n] == '/');
	}
	*ret = clean;
	return 0;
}

char *vx_search_expand(struct vx_arena *a, const char *pattern, const char *app,
                       const char *profile, const char *label)
{
	struct vx_buf out = VX_BUF_INIT;
	char *expanded = NULL;

	for (const char *s = pattern; *s;) {
		const char *value = begins(s, app_word)       ? app
		                    : begins(s, profile_word) ? profile
		                    : begins(s, label_word)   ? label
		                                              : NULL;

		if (value) {
			vx_buf_puts(&out, value);
			s += placeholder_at(s);
		} else {
			vx_buf_putc(&out, *s++);
		}
	}
	if (!vx_buf_failed(&out))
		expanded = vx_arena_strndup(a, out.data ? out.data : "", out.len);
	vx_buf_fini(&out);
	return expanded;
}

/* Bind @word's placeholder in @b to @n bytes at @s; false if it is bound to something else. */
static bool bind(struct vx_binding *b, const char *word, const char *s, size_t n)
{
	const char **text = begins(word, app_word) ? &b->app : &b->profile;
	size_t *len = begins(word, app_word) ? &b->app_len : &b->profile_len;

	if (begins(word, label_word))
		return true;
	if (*text)
		return *len == n && memcmp(*text, s, n) == 0;
	*text = s;
	*len = n;
	return true;
}

bool vx_search_matches(const char *pattern, const char *path, size_t n, struct vx_binding *bound)
{
	size_t word = placeholder_at(pattern);

	if (!*pattern)
		return n == 0;
	if (!word)
		return n && *pattern == *path &&
		       vx_search_matches(pattern + 1, path + 1, n - 1, bound);
	for (size_t len = 1; len <= n && path[len - 1] != '/'; len++) {
		struct vx_binding tried = *bound;

		if (bind(&tried, pattern, path, len) &&
		    vx_search_matches(pattern + word, path + len, n - len, &tried)) {
			*bound = tried;
			return true;
		}
	}
	return false;
}
