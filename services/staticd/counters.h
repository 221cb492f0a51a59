/*
 * What staticd counts.  Any thread counts; a reader sees each number at some
 * moment, not all of them at the same one.
 */
#ifndef STATICD_COUNTERS_H
#define STATICD_COUNTERS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* The statuses that serve.c answers with. */
#define COUNTERS_STATUSES 7
extern const unsigned counters_statuses[COUNTERS_STATUSES];

struct counters {
	/* [0]: GET, [1]: HEAD */
	atomic_uint_fast64_t requests[2][COUNTERS_STATUSES];
	atomic_uint_fast64_t body_bytes;
	/* Written by the thread that reloads. */
	atomic_uint_fast64_t reloads_good;
	atomic_uint_fast64_t reloads_failed;
	atomic_bool last_good;
	atomic_int_fast64_t last_time; /* of the last success */
	atomic_int_fast64_t last_ms; /* what it took */
	atomic_uint_fast64_t volume_size;
	atomic_uint_fast64_t volume_free;
};

/* Counts one answer with `bytes` of body (none are sent for HEAD). */
void counters_answer(struct counters *c, bool head, unsigned status,
    uint64_t bytes);

#endif
