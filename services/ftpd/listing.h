/*
 * Lines of listings: LIST in the nine columns of `ls -l`, which clients and
 * WordPress parse, MLSx facts (RFC 3659), NLST names.  Pure.  All times are
 * UTC.  Control characters of names are written as `?`, so that no name can
 * forge a line.
 */
#ifndef FTPD_LISTING_H
#define FTPD_LISTING_H

#include <stdbool.h>
#include <sys/stat.h>
#include <time.h>

#include "base/buf.h"
#include "base/view.h"

enum listing_format { LISTING_UNIX, LISTING_FACTS, LISTING_NAMES };

struct listing_entry {
	struct view name;
	struct stat st; /* the entry's own (lstat) */
	struct view link; /* a link's target, for LISTING_UNIX */
	/* For LISTING_FACTS: what the link leads to, if inside. */
	bool resolved;
	struct stat target;
	unsigned without; /* facts that are left out: bits by listing_fact() */
	unsigned lacks; /* rights that the user has not (users.h) */
	bool part; /* of an upload: can be continued, not be had */
};

/* Appends the entry's line with CR LF. */
void listing_line(struct buf *b, enum listing_format format,
    const struct listing_entry *e, time_t now);

/* The name of fact number `i` of LISTING_FACTS, NULL behind the last. */
const char *listing_fact(unsigned i);

/* The facts and the name without the line end, for MLST. */
void listing_facts(struct buf *b, const struct listing_entry *e);

/*
 * Parses the argument of SITE UTIME: "YYYYMMDDHHMM[SS] name", or "name T T T
 * UTC", whose second time counts.  -EINVAL when it is neither.
 */
NODISCARD int listing_parse_utime(struct view arg, struct view *ret_name,
    time_t *ret);

/* What a LIST argument says: its options, then a path. */
struct listing_request {
	bool all; /* -a: `.` and `..` too */
	struct view path; /* empty: the current folder */
};

/* Options are words that begin with `-`; all but `a` are ignored. */
void listing_parse(struct view arg, struct listing_request *ret);

#endif
