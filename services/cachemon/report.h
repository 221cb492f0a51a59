/*
 * What the object cache drop-in says at the end of each request (see the
 * design note of object-cache.php): text, one line for the request, then one
 * for each group.  Pure: bytes in, numbers out.
 *
 *	stack1 PAGE_US REDIS_US ROUND_TRIPS
 *	MEMORY_HITS REDIS_HITS MISSES WRITES REDIS_US GROUP
 */
#ifndef CACHEMON_REPORT_H
#define CACHEMON_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/view.h"

/* A longer message is none of the drop-in's. */
#define REPORT_MOST 16384

struct report_page {
	uint64_t page_us; /* from the request's begin to its end */
	uint64_t redis_us; /* of it, waiting for Redis */
	uint64_t round_trips;
};

struct report_group {
	uint64_t memory_hits; /* found in the request's own memory */
	uint64_t hits; /* found in Redis */
	uint64_t misses;
	uint64_t writes;
	uint64_t us; /* waiting for Redis */
	struct view name; /* of the message's bytes */
};

/*
 * Takes the first line off the front of `*rest`.  0 with *ret, or -EPROTO for
 * a message of another form or version.
 */
NODISCARD int report_begin(struct view *rest, struct report_page *ret);

/* Takes the next group off the front; false at the end.  What is no such line
 * is passed over. */
bool report_next(struct view *rest, struct report_group *ret);

#endif
