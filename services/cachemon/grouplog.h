/*
 * How groups grew: for each group, a week in half hours, in one file of fixed
 * size (GROUPLOG_SLOTS groups; the one that was gone longest makes room).
 *
 * As history.h: a point's place follows from its time, each record has a
 * checksum and is written by one pwrite(2), so that a killed writer costs at
 * most what it was writing.  The group's name goes into the checksum: points
 * of a group that had the slot before count for nothing.
 *
 * One thread adds; any thread reads.
 */
#ifndef CACHEMON_GROUPLOG_H
#define CACHEMON_GROUPLOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/view.h"
#include "cachemon/activity.h"
#include "cachemon/groups.h"

#define GROUPLOG_SLOTS 128
#define GROUPLOG_STEP 1800 /* seconds */
#define GROUPLOG_POINTS 336 /* a week */

/* Laid out as it stands in the file: 32 bytes, no padding. */
struct group_point {
	uint32_t time; /* Unix seconds, a multiple of the step */
	uint32_t check;
	uint64_t bytes; /* last */
	uint32_t keys; /* last */
	uint32_t hits; /* in the stretch, in Redis or memory */
	uint32_t misses;
	uint32_t writes;
};

_Static_assert(sizeof(struct group_point) == 32, "the file's record size");

struct grouplog;

/* Opens DIR/groups.ring or makes it.  NULL when memory is short; without a
 * file nothing is kept. */
struct grouplog *grouplog_open(const char *dir);
/* NULL is fine. */
void grouplog_close(struct grouplog *log);

/* Notes how the groups stand, from a full pass and what happens since. */
void grouplog_add(struct grouplog *log, const struct groups *groups,
    const struct activity *activity, int64_t now_s);

/*
 * Appends the "group history" object (see web.h): the last `count` stretches
 * of the group with this name, or of all when name.p is NULL.
 */
void grouplog_json(struct grouplog *log, struct view name, int64_t count,
    int64_t now_s, struct buf *out);

#endif
