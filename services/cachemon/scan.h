/*
 * The paced pass over all keys: SCAN in small steps, MEMORY USAGE for all keys
 * of a small database and a sample of a large one.  Both commands leave the
 * keyspace's hits and misses alone, unlike TTL, TYPE, OBJECT and STRLEN.
 *
 * A step that took t milliseconds of waiting for Redis is followed by a pause
 * so long that waiting is at most `percent` of the time.  As waiting is longer
 * than Redis' work, and grows when Redis is busy, the cost is below that.
 */
#ifndef CACHEMON_SCAN_H
#define CACHEMON_SCAN_H

#include <stdint.h>

#include "cachemon/groups.h"
#include "cachemon/link.h"

struct scan;

/* `percent` 0: no passes.  NULL when memory is short. */
struct scan *scan_new(unsigned percent);
/* NULL is fine. */
void scan_free(struct scan *scan);

/* Forgets the running pass (the connection was lost); begins anew. */
void scan_restart(struct scan *scan);
/*
 * The database has so many keys now: when that differs much from the last
 * pass, the next one begins at once.
 */
void scan_hint(struct scan *scan, uint64_t keys);

/* When the next step is due, a clock_ms() time. */
int64_t scan_due(const struct scan *scan);
/*
 * Does one step.  0; 1 with *ret_groups when a pass is complete, which the
 * caller owns; or -errno: the pass is forgotten, and the link may be unusable.
 */
NODISCARD int scan_step(struct scan *scan, struct link *link,
    struct groups **ret_groups);

/* 0..1 of the running pass; negative between passes. */
double scan_progress(const struct scan *scan);

#endif
