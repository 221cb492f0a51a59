/*
 * The five conditions, one a line: `*` always matches, a list with our own tag
 * does, and a bad date never makes a 304.
 */

#include <stddef.h>
#include <stdint.h>

#include "staticd/precond.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct view
line(struct view *rest)
{
	struct view v = view_cut(rest, '\n');

	return v.n == 0 ? (struct view){ NULL, 0 } : v;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct view etag = VIEW("\"0123\"");
	struct view rest = { (const char *)data, size };
	struct precond p = { .if_match = line(&rest) };
	enum precond_result result;

	p.if_unmodified_since = line(&rest);
	p.if_none_match = line(&rest);
	p.if_modified_since = line(&rest);
	p.if_range = line(&rest);
	result = precond_check(&p, etag, 784111777, 1790000000);
	if (result == PRECOND_FAILED && p.if_match.p == NULL
	    && p.if_unmodified_since.p == NULL) {
		__builtin_trap();
	}
	if (result == PRECOND_NOT_MODIFIED && p.if_none_match.p == NULL
	    && p.if_modified_since.p == NULL) {
		__builtin_trap();
	}
	if (result == PRECOND_FAILED && p.if_match.p != NULL
	    && view_eq(view_trim(p.if_match), VIEW("*"))) {
		__builtin_trap();
	}
	if (result == PRECOND_SEND && p.if_none_match.p != NULL
	    && view_eq(view_trim(p.if_none_match), etag)) {
		__builtin_trap();
	}
	if (precond_range(&p, etag, 784111777, 1790000000)
	    && p.if_range.p != NULL && view_starts(p.if_range, VIEW("W/"))) {
		__builtin_trap();
	}
	return 0;
}
