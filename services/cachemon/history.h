/*
 * History: what happened over the last hour in memory, and over a year on the
 * volume, in one file of fixed size.
 *
 * Four tiers of rings: 1 s for an hour (memory); 10 s for 6 hours, 1 minute
 * for 7 days, 1 hour for a year (file).  A point's slot follows from its time,
 * so there is no write position to lose; each record carries a checksum and is
 * written by one pwrite(2) that crosses no page, so that a killed writer or a
 * lost machine costs at most the records being written.  The growing points
 * are written with each sample, and taken up again by the next process.
 *
 * One thread adds; any thread reads.  When the file cannot be used, the hour
 * in memory still works and history_error() says why.
 */
#ifndef CACHEMON_HISTORY_H
#define CACHEMON_HISTORY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "cachemon/point.h"

enum history_tier {
	TIER_LIVE,
	TIER_10S,
	TIER_MINUTE,
	TIER_HOUR,
	TIER_COUNT,
};

struct history;

/*
 * Opens DIR/history.ring or makes it; a file of another kind is moved aside to
 * history.ring.old.  NULL only when memory is short.
 */
struct history *history_open(const char *dir);
/* Writes what is growing.  NULL is fine. */
void history_close(struct history *h);

/* 0 while the file is in use, else the -errno that ended that. */
int history_error(const struct history *h);

/* Adds what happened until `p->time`.  From one thread only. */
void history_add(struct history *h, const struct point *p);

/*
 * Calls `fn` for each point of the tier with from <= time < to.  Times grow,
 * unless the clock was set back.
 */
void history_read(struct history *h, enum history_tier tier, int64_t from,
    int64_t to, void (*fn)(void *ctx, const struct point *p), void *ctx);

/* The sum of the live points with time > `after`; span 0 when there are none.
 */
void history_sum(struct history *h, int64_t after, struct point *ret);

#endif
