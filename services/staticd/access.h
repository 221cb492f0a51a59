/*
 * The access log: one line for each answer, none, or in one of two formats.
 *
 *	common		the Common Log Format on standard output, which the
 *			usual tools read; the path stands percent-encoded and
 *			without its query
 *	keyvalue	an event like all others, on standard error
 *
 * What a peer sent is escaped, so that it cannot forge a line or a field.
 */
#ifndef STATICD_ACCESS_H
#define STATICD_ACCESS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/view.h"

enum access_format { ACCESS_OFF, ACCESS_COMMON, ACCESS_KEYVALUE };

/* The longest line in the Common Log Format; longer paths are cut. */
#define ACCESS_LINE_MAX 4096

struct access {
	const char *addr; /* of the peer, as text */
	struct view method;
	struct view path; /* decoded */
	struct view version;
	unsigned status;
	uint64_t bytes; /* of the body */
};

/* Appends the line with its newline; `now` is in Unix seconds, UTC. */
void access_common(struct buf *b, const struct access *access, int64_t now);

/* Writes one line in the format. */
void access_log(enum access_format format, const struct access *access);

#endif
