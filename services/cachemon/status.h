/*
 * What cachemon knows about Redis at a moment, and how the API says it.
 */
#ifndef CACHEMON_STATUS_H
#define CACHEMON_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "cachemon/point.h"
#include "cachemon/sample.h"
#include "metrics/volume.h"

/* How often Redis is read. */
#define STATUS_INTERVAL_MS 1000

enum redis_state {
	REDIS_STARTING, /* no answer yet, no failure either */
	REDIS_UP,
	REDIS_DOWN,
};

struct status {
	enum redis_state state;
	int64_t since_ms; /* Unix time; when this state began */
	int64_t tried_ms; /* last attempt */
	int64_t answered_ms; /* last answer; 0: never */
	char error[256]; /* why it is down, for people; else empty */
	bool known; /* `sample` holds the last answer */
	struct sample sample;
	/* A span of 0: not known. */
	struct point interval;
	struct point minute;
	uint32_t answer_us; /* of PING */
	uint64_t samples;
	uint64_t failures;
	/* The running pass over the keys: 0..1, or negative between passes. */
	double scan_progress;
	bool feed_open; /* what Redis tells by itself is heard */
	bool history_kept; /* on disk */
	struct volume volume; /* where; of size 0: not known */
};

/* Hits of all lookups since Redis began to count; NAN without any. */
double status_total_hit_ratio(const struct sample *sample);

/* The "live" object of the API; see web.c. */
void status_json(const struct status *status, struct buf *out);

#endif
