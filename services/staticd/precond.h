/*
 * Conditional requests (RFC 9110 section 13) for GET and HEAD.  Pure.
 */
#ifndef STATICD_PRECOND_H
#define STATICD_PRECOND_H

#include <stdint.h>

#include "base/view.h"

/* The fields of the request; p == NULL when absent. */
struct precond {
	struct view if_match;
	struct view if_unmodified_since;
	struct view if_none_match;
	struct view if_modified_since;
	struct view if_range;
};

enum precond_result {
	PRECOND_SEND,
	PRECOND_NOT_MODIFIED, /* 304 */
	PRECOND_FAILED, /* 412 */
};

/*
 * Evaluates all but If-Range in the order of section 13.2.2.  `etag` is the
 * representation's, strong and with its quotes; `modified` and `now` are
 * seconds since 1970.
 */
enum precond_result precond_check(const struct precond *precond,
    struct view etag, int64_t modified, int64_t now);

/*
 * Does a Range field count?  Yes without If-Range, or if that names this very
 * representation: by its strong tag, or by its date when that is old enough to
 * be a strong validator.
 */
bool precond_range(const struct precond *precond, struct view etag,
    int64_t modified, int64_t now);

#endif
