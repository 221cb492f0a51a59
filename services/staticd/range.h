/*
 * The Range field (RFC 9110 section 14).  Pure.
 */
#ifndef STATICD_RANGE_H
#define STATICD_RANGE_H

#include <stdint.h>

#include "base/view.h"

/* More parts than this in one request are not worth serving. */
#define RANGE_MAX 16

struct range {
	uint64_t first; /* both inclusive and inside the representation */
	uint64_t last;
};

enum range_result {
	RANGE_WHOLE, /* no range asked for, or one to be ignored: send all */
	RANGE_PARTS, /* send the parts */
	RANGE_NEVER, /* none can be satisfied: 416 */
};

/*
 * Resolves the field against a representation of `size` bytes into `out`, with
 * their number in *ret_n.  A field that is malformed, of another unit than
 * bytes, with more than RANGE_MAX parts, or whose parts together are more than
 * the whole, is ignored: it could only serve to make the server work.
 */
enum range_result range_resolve(struct view field, uint64_t size,
    struct range out[RANGE_MAX], size_t *ret_n);

#endif
