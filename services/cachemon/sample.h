/*
 * One reading of Redis: what INFO says, as numbers.
 * Pure: INFO's text in, a struct out.
 */
#ifndef CACHEMON_SAMPLE_H
#define CACHEMON_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/view.h"

struct sample {
	/* Counters since Redis' start or its last CONFIG RESETSTAT. */
	uint64_t hits;
	uint64_t misses;
	uint64_t commands;
	uint64_t evicted;
	uint64_t expired;
	uint64_t connections;
	uint64_t rejected;
	uint64_t net_in; /* bytes */
	uint64_t net_out;
	/* States. */
	uint64_t uptime_s;
	uint64_t memory_used; /* bytes, as all memory here */
	uint64_t memory_peak;
	uint64_t memory_rss;
	uint64_t memory_dataset;
	uint64_t memory_limit; /* 0: none */
	uint64_t clients;
	uint64_t clients_blocked;
	uint64_t clients_limit;
	uint64_t loading; /* 1 while Redis reads its dump */
	uint64_t keys; /* of database 0, as the next two */
	uint64_t keys_expiring; /* that have a time to live */
	uint64_t avg_ttl_ms;
	char policy[32]; /* of eviction: "allkeys-lru" */
	char version[32];
	char run_id[48]; /* another one after each restart */
};

/*
 * Reads the answer of INFO.  0; or -EPROTO when the text is no such answer,
 * with *ret untouched.  Fields that are missing or no number are 0.
 */
NODISCARD int sample_parse(struct view info, struct sample *ret);

#endif
