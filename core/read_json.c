/* read_json.c - JSON as RFC 8259 says, into raw values.
 *
 * Ours rather than jansson's, because a number has to keep its author's text (`1.10`, forty digits)
 * and every value its line; jansson converts numbers and forgets lines. The reader descends once
 * per collection, as deep as the limits allow. The bytes were found to be UTF-8 before. */
#include <errno.h>
#include <string.h>

#include "core/read_i.h"
#include "core/utf8.h"

struct json {
	struct vx_reader *r;
	const char *at, *end;
	uint32_t line;
};

static int bad(const struct json *j, const char *why)
{
	return vx_fail(j->r->err, -EBADMSG, "line %u: %s", j->line, why);
}

/* The next byte that is no blank, or 0 at the end (a NUL byte is nowhere allowed either). */
static char peek(struct json *j)
{
	while (j->at < j->end &&
	       (*j->at == ' ' || *j->at == '\t' || *j->at == '\r' || *j->at == '\n'))
		j->line += *j->at++ == '\n';
	return j->at < j->end ? *j->at : '\0';
}

static int hex4(struct json *j, uint32_t *ret)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++, j->at++) {
		char c = j->at < j->end ? *j->at : '\0';

		if (c >= '0' && c <= '9')
			v = v * 16 + (uint32_t)(c - '0');
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			v = v * 16 + (uint32_t)((c | 32) - 'a') + 10;
		else
			return bad(j, "\\u needs four hexadecimal digits");
	}
	*ret = v;
	return 0;
}

/* The character after `\u`, a pair of surrogates included. */
static int read_unicode(struct json *j, uint32_t *ret)
{
	uint32_t high = 0, low = 0; /* gcc -O3 does not see that hex4 sets them */
	int rc = hex4(j, &high);

	if (rc < 0)
		return rc;
	*ret = high;
	if (high < 0xd800 || high > 0xdfff)
		return 0;
	if (high > 0xdbff || j->end - j->at < 2 || j->at[0] != '\\' || j->at[1] != 'u')
		return bad(j, "half of a surrogate pair: write both halves, \\ud83d\\ude00");
	j->at += 2;
	rc = hex4(j, &low);
	if (rc < 0)
		return rc;
	if (low < 0xdc00 || low > 0xdfff)
		return bad(j, "half of a surrogate pair: write both halves, \\ud83d\\ude00");
	*ret = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
	return 0;
}

static int read_escape(struct json *j, char **out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	char c = ++j->at < j->end ? *j->at : '\0';
	const char *which = c ? strchr(from, c) : NULL;
	uint32_t cp;
	int rc;

	if (c == 'u') {
		j->at++;
		rc = read_unicode(j, &cp);
		if (rc == 0)
			*out += vx_utf8_put(cp, *out);
		return rc;
	}
	if (!which)
		return bad(j, "a backslash is followed by none of \" \\ / b f n r t u");
	*(*out)++ = to[which - from];
	j->at++;
	return 0;
}

/* The bytes up to the closing quote: no escape gets longer by being read. */
static size_t room(const struct json *j)
{
	const char *c = j->at;

	while (c < j->end && *c != '"')
		c += *c == '\\' && c + 1 < j->end ? 2 : 1;
	return (size_t)(c - j->at) + 1;
}

static int read_string(struct json *j, const char **ret, size_t *ret_len)
{
	char *text, *out;
	int rc;

	j->at++;
	text = out = vx_arena_alloc(&j->r->docs->arena, room(j));
	if (!text)
		return -ENOMEM;
	while (j->at < j->end && *j->at != '"') {
		if ((unsigned char)*j->at < 0x20)
			return bad(
				j,
				"a string has a line end or a control character in it: close its "
				"quote, or write \\n");
		if (*j->at != '\\') {
			*out++ = *j->at++;
			continue;
		}
		rc = read_escape(j, &out);
		if (rc < 0)
			return rc;
	}
	if (j->at == j->end)
		return bad(j, "the text ends inside a string");
	j->at++;
	*ret = text;
	*ret_len = (size_t)(out - text);
	return 0;
}

static bool digits(struct json *j)
{
	const char *from = j->at;

	while (j->at < j->end && *j->at >= '0' && *j->at <= '9')
		j->at++;
	return j->at > from;
}

static bool take(struct json *j, const char *any)
{
	if (j->at == j->end || !*j->at || !strchr(any, *j->at))
		return false;
	j->at++;
	return true;
}

static int read_number(struct json *j, enum vx_type *ret)
{
	enum vx_type type = VX_INT;

	(void)take(j, "-");
	if (take(j, "0")) {
		if (j->at < j->end && *j->at >= '0' && *j->at <= '9')
			return bad(j,
			           "a number begins with a needless zero: remove it, or quote it");
	} else if (!digits(j)) {
		return bad(j, "a value is expected here");
	}
	if (take(j, ".")) {
		type = VX_FLOAT;
		if (!digits(j))
			return bad(j, "digits are missing after the dot of a number");
	}
	if (take(j, "eE")) {
		type = VX_FLOAT;
		(void)take(j, "+-");
		if (!digits(j))
			return bad(j, "digits are missing in the exponent of a number");
	}
	*ret = type;
	return 0;
}

static int read_scalar(struct json *j, struct vx_value **ret)
{
	/* clang-format off */
	static const struct {
		const char *text;
		enum vx_type type;
	} words[] = {
		{"true", VX_BOOL},
		{"false", VX_BOOL},
		{"null", VX_NULL},
	};
	/* clang-format on */
	enum vx_type type = VX_STRING;
	const char *from = j->at;
	struct vx_value *v;
	int rc;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i].text);

		if ((size_t)(j->end - from) >= n && memcmp(from, words[i].text, n) == 0) {
			j->at += n;
			type = words[i].type;
		}
	}
	if (type == VX_STRING) {
		rc = read_number(j, &type);
		if (rc < 0)
			return rc;
	}
	v = vx_value_scalar(&j->r->docs->arena, type, from, (size_t)(j->at - from), j->line);
	if (!v)
		return -ENOMEM;
	*ret = v;
	return 0;
}

static int read_value(struct json *j, uint32_t depth, struct vx_value **ret);

static int read_array(struct json *j, uint32_t depth, struct vx_value *list)
{
	j->at++;
	if (peek(j) == ']') {
		j->at++;
		return 0;
	}
	for (;;) {
		struct vx_value *item = NULL;
		int rc = read_value(j, depth + 1, &item);
		char c;

		if (rc == 0)
			rc = vx_reader_append(j->r, list, item);
		if (rc < 0)
			return rc;
		c = peek(j);
		if (c != ',' && c != ']')
			return bad(j, "',' or ']' is expected in a list");
		j->at++;
		if (c == ']')
			return 0;
		if (peek(j) == ']')
			return bad(j, "a comma stands before ']': remove it");
	}
}

static int read_member(struct json *j, uint32_t depth, struct vx_value *map)
{
	struct vx_value *value = NULL;
	uint32_t line;
	const char *key = NULL;
	size_t len = 0;
	int rc;

	if (peek(j) != '"')
		return bad(j, peek(j) == '}' ? "a comma stands before '}': remove it"
		                             : "a key in double quotes is expected");
	line = j->line;
	rc = read_string(j, &key, &len);
	if (rc < 0)
		return rc;
	if (peek(j) != ':')
		return bad(j, "':' is expected after a key");
	j->at++;
	rc = read_value(j, depth + 1, &value);
	if (rc < 0)
		return rc;
	value->line = line;
	return vx_reader_set(j->r, map, key, len, value, line);
}

static int read_object(struct json *j, uint32_t depth, struct vx_value *map)
{
	j->at++;
	if (peek(j) == '}') {
		j->at++;
		return 0;
	}
	for (;;) {
		int rc = read_member(j, depth, map);
		char c;

		if (rc < 0)
			return rc;
		c = peek(j);
		if (c != ',' && c != '}')
			return bad(j, "',' or '}' is expected in a map");
		j->at++;
		if (c == '}')
			return 0;
	}
}

static int read_value(struct json *j, uint32_t depth, struct vx_value **ret)
{
	struct vx_value *v;
	const char *text = NULL;
	size_t len = 0;
	char c = peek(j);
	int rc = vx_reader_count(j->r, 1, j->line);

	if (rc < 0)
		return rc;
	if (c != '{' && c != '[' && c != '"')
		return read_scalar(j, ret);
	v = vx_value_new(&j->r->scratch,
	                 c == '{'   ? VX_MAP
	                 : c == '[' ? VX_LIST
	                            : VX_STRING,
	                 j->line);
	if (!v)
		return -ENOMEM;
	if (c == '"') {
		rc = read_string(j, &text, &len);
		if (rc == 0) {
			v->text = text;
			v->len = len;
		}
	} else {
		rc = vx_reader_deep(j->r, depth, j->line);
		if (rc == 0)
			rc = c == '{' ? read_object(j, depth, v) : read_array(j, depth, v);
	}
	*ret = v;
	return rc;
}

int vx_read_json(struct vx_reader *r)
{
	struct json j = {r, r->bytes, r->bytes + r->len, 1};
	struct vx_value *root = NULL;
	int rc;

	(void)peek(&j);
	if (j.at == j.end)
		return 0; /* an empty file has no documents */
	rc = read_value(&j, 1, &root);
	if (rc < 0)
		return rc;
	(void)peek(&j);
	if (j.at < j.end)
		return bad(&j, "text follows the end of the value");
	return vx_reader_document(r, root);
}
