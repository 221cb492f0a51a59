#include "run/log.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/escape.h"

/* One value's share of a line. */
#define FIELD_MAX (LOG_LINE_MAX / 4)
#define CUT_MARK " cut=1\n"

static const char *log_name = "daemon";
static enum log_level log_most = LOG_INFO;

static const char *const level_names[] = { "error", "warn", "info", "debug" };

void
log_init(const char *name, enum log_level most)
{
	log_name = name;
	log_most = most;
}

static void
add_time(struct buf *b)
{
	struct timespec now;
	struct tm tm;
	char text[32];

	(void)clock_gettime(CLOCK_REALTIME, &now);
	(void)gmtime_r(&now.tv_sec, &tm);
	(void)strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_addf(b, "time=%s.%03dZ", text, (int)(now.tv_nsec / 1000000));
}

void
log_open(struct log_line *l, enum log_level level, const char *event)
{
	l->wanted = level <= log_most;
	/* With its end a line is at most what a pipe takes as one piece. */
	buf_init(&l->text, LOG_LINE_MAX - sizeof(CUT_MARK));
	if (!l->wanted) {
		return;
	}
	add_time(&l->text);
	buf_addf(&l->text, " level=%s daemon=%s pid=%d event=%s",
	    level_names[level], log_name, (int)getpid(), event);
}

void
log_view(struct log_line *l, const char *key, struct view value)
{
	size_t before = buf_size(&l->text);
	struct buf field;

	if (!l->wanted) {
		return;
	}
	/* One long value must not push the other fields out of the line. */
	if (value.n > FIELD_MAX) {
		value.n = FIELD_MAX;
	}
	buf_init(&field, FIELD_MAX + 2);
	escape_log(&field, value);
	if (buf_error(&field) == -ENOBUFS) {
		/* A byte may have become four. */
		value.n = FIELD_MAX / 4;
		buf_clear(&field);
		escape_log(&field, value);
	}
	buf_addf(&l->text, " %s=", key);
	buf_add_view(&l->text, buf_view(&field));
	if (buf_error(&l->text) != 0) {
		buf_truncate(&l->text, before);
	}
	buf_done(&field);
}

void
log_str(struct log_line *l, const char *key, const char *value)
{
	log_view(l, key, view_str(value));
}

void
log_num(struct log_line *l, const char *key, int64_t value)
{
	if (l->wanted) {
		buf_addf(&l->text, " %s=%lld", key, (long long)value);
	}
}

void
log_err(struct log_line *l, int err)
{
	log_str(l, "error", strerror(err < 0 ? -err : err));
}

void
log_close(struct log_line *l)
{
	bool cut = buf_error(&l->text) != 0;
	struct view text = buf_view(&l->text);
	struct view tail = cut ? VIEW(CUT_MARK) : VIEW("\n");
	struct iovec parts[] = {
		{ (void *)(uintptr_t)text.p, text.n },
		{ (void *)(uintptr_t)tail.p, tail.n },
	};

	/* When standard error is gone there is nowhere to complain to. */
	if (l->wanted && writev(STDERR_FILENO, parts, 2) < 0) {
		errno = 0;
	}
	buf_done(&l->text);
}

void
log_say(enum log_level level, const char *event, const char *fmt, ...)
{
	struct log_line l;
	struct buf text;
	va_list args;

	buf_init(&text, LOG_LINE_MAX / 4);
	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	log_open(&l, level, event);
	log_view(&l, "message", buf_view(&text));
	log_close(&l);
	buf_done(&text);
}
