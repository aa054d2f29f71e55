/* log.c - the two shapes of a log line. The level and shape are the only global state. */
#include "core/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/buf.h"

static atomic_int log_least = VX_LOG_INFO;
static atomic_bool log_json;

static const char *const names[] = {"debug", "info", "warn", "error"};

void vx_log_setup(enum vx_log_level least, bool json)
{
	atomic_store(&log_least, (int)least);
	atomic_store(&log_json, json);
}

bool vx_log_enabled(enum vx_log_level level)
{
	return (int)level >= atomic_load(&log_least);
}

static void put_time(struct vx_buf *b)
{
	char text[32];
	struct timespec ts;
	struct tm tm;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	(void)gmtime_r(&ts.tv_sec, &tm);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	vx_buf_printf(b, "%s.%03ldZ", text, ts.tv_nsec / 1000000);
}

static void put_text(struct vx_buf *b, enum vx_log_level level, const struct vx_log_field *fields,
                     const char *msg)
{
	put_time(b);
	vx_buf_printf(b, " %s ", names[level]);
	for (const struct vx_log_field *f = fields; f && f->key; f++) {
		if (!f->value)
			continue;
		vx_buf_printf(b, "%s=", f->key);
		if (f->value[0] && !strpbrk(f->value, " \t\r\n\"="))
			vx_buf_puts(b, f->value);
		else
			vx_buf_json(b, f->value, strlen(f->value));
		vx_buf_puts(b, f[1].key ? " " : ": ");
	}
	for (const char *c = msg; *c; c++) /* one line a message, whatever a source put into it */
		vx_buf_putc(b, (unsigned char)*c < 0x20 || *c == 0x7f ? ' ' : *c);
}

static void put_json(struct vx_buf *b, enum vx_log_level level, const struct vx_log_field *fields,
                     const char *msg)
{
	vx_buf_puts(b, "{\"time\":\"");
	put_time(b);
	vx_buf_printf(b, "\",\"level\":\"%s\"", names[level]);
	for (const struct vx_log_field *f = fields; f && f->key; f++) {
		if (!f->value)
			continue;
		vx_buf_printf(b, ",\"%s\":", f->key);
		vx_buf_json(b, f->value, strlen(f->value));
	}
	vx_buf_puts(b, ",\"msg\":");
	vx_buf_json(b, msg, strlen(msg));
	vx_buf_putc(b, '}');
}

void vx_log(enum vx_log_level level, const struct vx_log_field *fields, const char *fmt, ...)
{
	struct vx_buf line = VX_BUF_INIT;
	char msg[2048];
	va_list ap;

	if (!vx_log_enabled(level))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(msg, sizeof(msg), fmt, ap);
	va_end(ap);
	if (atomic_load(&log_json))
		put_json(&line, level, fields, msg);
	else
		put_text(&line, level, fields, msg);
	vx_buf_putc(&line, '\n');
	if (!vx_buf_failed(&line))
		(void)!write(STDERR_FILENO, line.data, line.len); /* nowhere to report it */
	vx_buf_fini(&line);
}
