/*
 * Taking cachemon's own lookups out of Redis' keyspace counters.
 *
 * A question for a key's time to live counts as a hit or a miss like any other
 * lookup.  So own ones are counted and subtracted from each sample, all since
 * Redis began to count: a small file keeps the sum over restarts of cachemon.
 */
#ifndef CACHEMON_OWN_H
#define CACHEMON_OWN_H

#include <stdint.h>

#include "cachemon/point.h"
#include "cachemon/sample.h"

struct own_record {
	char run_id[48]; /* of the Redis that counted */
	uint64_t hits;
	uint64_t misses;
	uint64_t check;
};

struct own {
	int fd; /* -1: not kept */
	struct own_record kept; /* as it stands in the file, or would */
	uint64_t base_hits; /* of the ledger, when counting began */
	uint64_t base_misses;
	uint64_t start_hits; /* counted before that by a former process */
	uint64_t start_misses;
	uint64_t raw_hits; /* Redis' own counters in the sample before */
	uint64_t raw_misses;
};

/* Opens DIR/own.use or makes it; without it the sum is this process' alone. */
void own_open(struct own *own, const char *dir);
/* After own_save(), if what was counted last is to be kept. */
void own_close(struct own *own);

/* Takes what `used` says out of the sample's hits and misses. */
void own_correct(struct own *own, const struct own_use *used,
    struct sample *sample);

/* Writes the sum when it changed. */
void own_save(struct own *own, const struct own_use *used);

#endif
