/*
 * Logging: one event is one line of key=value pairs on standard error,
 * written by a single write(2), so that lines of several threads and processes
 * never mix.  Values from peers go through base/escape.h: no peer can forge a
 * field or a line.  Secrets are never logged.
 *
 *	struct log_line l;
 *	log_open(&l, LOG_WARN, "login_failed");
 *	log_view(&l, "user", name);
 *	log_str(&l, "addr", addr);
 *	log_close(&l);
 *
 * gives: time=2026-11-24T08:15:00.123Z level=warn daemon=ftpd pid=7
 *	event=login_failed user=bob addr=192.0.2.1
 */
#ifndef RUN_LOG_H
#define RUN_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/view.h"

/* A longer line is cut; the cut is marked by cut=1 at its end. */
#define LOG_LINE_MAX 4096

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

struct log_line {
	/* Private. */
	struct buf text;
	bool wanted;
};

/*
 * Sets the name that stands in every line and the most talkative level that is
 * written.  `name` has to live on.  Call it before threads exist.
 */
void log_init(const char *name, enum log_level most);

/* Begins a line; `event` is a literal in snake_case. */
void log_open(struct log_line *l, enum log_level level, const char *event);
/* Adds a field; keys are literals. */
void log_view(struct log_line *l, const char *key, struct view value);
void log_str(struct log_line *l, const char *key, const char *value);
void log_num(struct log_line *l, const char *key, int64_t value);
/* Adds error="text of errno value", negative or positive. */
void log_err(struct log_line *l, int err);
/* Writes the line and frees what it holds. */
void log_close(struct log_line *l);

/* A whole line with one text field named `message` (escaped). */
void log_say(enum log_level level, const char *event, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

#endif
