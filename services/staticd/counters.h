/*
 * What staticd counts.  Any thread counts; a reader sees each number at some
 * moment, not all of them at the same one.
 */
#ifndef STATICD_COUNTERS_H
#define STATICD_COUNTERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/view.h"

/* The statuses that answers have; [COUNTERS_STATUSES] counts all others. */
#define COUNTERS_STATUSES 14
extern const unsigned counters_statuses[COUNTERS_STATUSES];

/* GET, HEAD, OPTIONS, all others. */
#define COUNTERS_METHODS 4
extern const char *const counters_methods[COUNTERS_METHODS];

struct counters {
	atomic_uint_fast64_t requests[COUNTERS_METHODS][COUNTERS_STATUSES + 1];
	atomic_uint_fast64_t body_bytes;
	/* Written by the thread that reloads. */
	atomic_uint_fast64_t reloads_good;
	atomic_uint_fast64_t reloads_failed;
	atomic_bool last_good;
	atomic_int_fast64_t last_time; /* of the last success */
	atomic_int_fast64_t last_ms; /* what it took */
	atomic_uint_fast64_t volume_size;
	atomic_uint_fast64_t volume_free;
	atomic_uint_fast64_t volume_avail;
};

/* Counts one answer with `bytes` of body. */
void counters_answer(struct counters *c, struct view method, unsigned status,
    uint64_t bytes);

#endif
