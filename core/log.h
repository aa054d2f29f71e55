/* log.h - structured lines on standard error, text or JSON.
 *
 * core/, backends/ and fs/ return errors and log at debug only; the daemon logs each failure once
 * and says what it did next. A configuration value is never logged.
 *
 *	vx_log(VX_LOG_WARN, VX_FIELDS({"backend", name}, {"label", label}),
 *	       "%s; still serving revision %s", vx_error_text(&err, rc), revision);
 *
 * prints `WARN backend=repo label=main: ...`. Threads: any; a line is one write(2). */
#pragma once

#include <stdbool.h>

enum vx_log_level { VX_LOG_DEBUG, VX_LOG_INFO, VX_LOG_WARN, VX_LOG_ERROR };

struct vx_log_field {
	const char *key;
	const char *value; /* NULL: the field is left out */
};

/* clang-format off */
#define VX_FIELDS(...) ((const struct vx_log_field[]){__VA_ARGS__, {NULL, NULL}})
/* clang-format on */
#define VX_NO_FIELDS NULL

/* Set once at start and on reload; atomic. */
void vx_log_setup(enum vx_log_level least, bool json);
bool vx_log_enabled(enum vx_log_level level);

/* @fields: NULL, or an array that ends with a NULL key. */
void vx_log(enum vx_log_level level, const struct vx_log_field *fields, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
