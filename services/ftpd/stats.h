/*
 * Counters in memory that all processes share: sessions and the listener add,
 * the reporter reads.
 */
#ifndef FTPD_STATS_H
#define FTPD_STATS_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/buf.h"
#include "metrics/volume.h"

enum stats_login {
	STATS_LOGIN_OK,
	STATS_LOGIN_FAILED,
	STATS_LOGIN_THROTTLED,
	STATS_LOGIN_REFUSED,
	STATS_LOGIN_UNAVAILABLE,
	STATS_LOGIN_COUNT
};
enum stats_direction {
	STATS_UPLOAD,
	STATS_DOWNLOAD,
	STATS_LISTING,
	STATS_DIRECTION_COUNT
};
enum stats_result { STATS_OK, STATS_ABORTED, STATS_FAILED, STATS_RESULT_COUNT };
enum stats_version { STATS_TLS12, STATS_TLS13, STATS_VERSION_COUNT };
enum stats_refusal {
	STATS_FULL,
	STATS_PER_ADDRESS,
	STATS_FOREIGN,
	STATS_BANNED,
	STATS_EVICTED,
	STATS_REFUSAL_COUNT
};
enum stats_data {
	STATS_DATA_PEER,
	STATS_DATA_SESSION,
	STATS_DATA_TIMEOUT,
	STATS_DATA_PORTS,
	STATS_DATA_COUNT
};
/* Buckets of transfers' durations; the last one has no end. */
#define STATS_BUCKET_COUNT 8

enum stats_layer {
	STATS_LAYER_FILES,
	STATS_LAYER_PORTS,
	STATS_LAYER_SCOPE,
	STATS_LAYER_SECCOMP,
	STATS_LAYER_COUNT
};

/* The listener's heart beats at least this often; silence is ill health. */
#define STATS_BEAT_MS 2000
#define STATS_SILENCE_MS 10000

typedef atomic_uint_fast64_t stats_counter;

struct stats {
	/* Set by the listener. */
	stats_counter sessions_max;
	stats_counter sessions_active;
	stats_counter sessions_total;
	stats_counter sessions_crashed;
	stats_counter heartbeat_ms; /* clock_ms() of its last turn */
	stats_counter landlock_abi;
	stats_counter layers[STATS_LAYER_COUNT];
	stats_counter certificate_loaded; /* Unix time */
	stats_counter bans_total;
	stats_counter bans_active;
	/* Added to by sessions. */
	stats_counter refusals[STATS_REFUSAL_COUNT];
	stats_counter logins[STATS_LOGIN_COUNT];
	stats_counter transfers[STATS_DIRECTION_COUNT][STATS_RESULT_COUNT];
	stats_counter bytes[STATS_DIRECTION_COUNT][STATS_RESULT_COUNT];
	/* Each counted once, in the first bucket that it fits. */
	stats_counter durations[STATS_DIRECTION_COUNT][STATS_BUCKET_COUNT];
	stats_counter duration_ms[STATS_DIRECTION_COUNT];
	stats_counter tls_sessions[STATS_VERSION_COUNT];
	stats_counter tls_failures;
	stats_counter data_refused[STATS_DATA_COUNT];
	stats_counter data_resumed;
	stats_counter commands;
};

/*
 * The shared memory, zeroed, and a descriptor of it that stats_open() takes in
 * another program (close-on-exec); NULL when there is none.
 */
struct stats *stats_new(int *ret_fd);

/* The same memory, for reading only; NULL when `fd` is none of it. */
const struct stats *stats_open(int fd);

static inline void
stats_add(stats_counter *counter, uint64_t n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static inline void
stats_set(stats_counter *counter, uint64_t n)
{
	atomic_store_explicit(counter, n, memory_order_relaxed);
}

static inline uint64_t
stats_get(const stats_counter *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

/* A transfer has ended, after so many bytes and milliseconds. */
void stats_transfer(struct stats *s, enum stats_direction direction,
    enum stats_result result, uint64_t bytes, int64_t ms);

/* The text of /metrics.  `volume` is that of the folder `root`. */
void stats_write(const struct stats *s, const struct volume *volume,
    const char *root, struct buf *out);

#endif
