/*
 * A point of history: what happened in one stretch of time.
 *
 * Counts are sums and states are the last or the highest of the stretch, so
 * that points merge into a longer stretch without losing exactness: a ratio
 * or a rate is computed from the sums only when it is shown.
 */
#ifndef CACHEMON_POINT_H
#define CACHEMON_POINT_H

#include <stdint.h>

#include "cachemon/sample.h"

/* Laid out as it stands in the history file: 96 bytes, no padding. */
struct point {
	int64_t time; /* Unix seconds */
	uint32_t check; /* of the file's record; see history.c */
	uint32_t span_ms; /* time that the counts cover; 0: counts unknown */
	uint64_t hits;
	uint64_t misses;
	uint64_t commands;
	uint64_t net_in;
	uint64_t net_out;
	uint32_t evicted;
	uint32_t expired;
	uint64_t memory_used; /* last */
	uint64_t memory_limit; /* last */
	uint64_t keys; /* last */
	uint32_t clients; /* last */
	uint32_t answer_us; /* highest */
};

_Static_assert(sizeof(struct point) == 96, "the file's record size");

/* What cachemon itself asked of Redis, to be taken out of the counts. */
struct own_use {
	uint64_t commands;
	uint64_t bytes_sent; /* Redis' net_in */
	uint64_t bytes_received;
	uint64_t hits; /* of lookups that cachemon's questions count as */
	uint64_t misses;
	unsigned connections; /* open at the end of the time */
};

/* How far a counter moved; one that fell began again at zero. */
uint64_t point_delta(uint64_t before, uint64_t now);

/*
 * What happened between two samples that lie `span_ms` apart.  When Redis was
 * restarted in between, its counters began at zero.  `own` is the use between
 * the same moments; its hits and misses are not looked at, as they are taken
 * out of the samples already (see own.h).
 */
void point_between(const struct sample *before, const struct sample *now,
    uint32_t span_ms, const struct own_use *own, struct point *ret);

/* A point of states only, its counts unknown. */
void point_of_states(const struct sample *now, unsigned own_connections,
    struct point *ret);

/* Adds the stretch `next`, which follows; keeps `sum`'s time. */
void point_merge(struct point *sum, const struct point *next);

/* hits / (hits + misses); NAN when nothing was looked up. */
double point_hit_ratio(const struct point *p);
/* `count` of the stretch per second; NAN when the counts are unknown. */
double point_rate(const struct point *p, uint64_t count);

#endif
