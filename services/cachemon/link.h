/*
 * A connection to Redis of cachemon's: lib/redis with an account of what it
 * costs, and a way to cut it off from another thread.
 *
 * What all connections did is added up in one ledger, so that it can be taken
 * out of what Redis counts.
 */
#ifndef CACHEMON_LINK_H
#define CACHEMON_LINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cachemon/point.h"
#include "redis/client.h"

/* Connecting and each answer may take this long. */
#define LINK_TIMEOUT_MS 1500

/* Sums over all connections since the start; any thread adds and reads. */
struct ledger {
	atomic_uint_fast64_t commands;
	atomic_uint_fast64_t bytes_sent;
	atomic_uint_fast64_t bytes_received;
	atomic_uint_fast64_t hits;
	atomic_uint_fast64_t misses;
	atomic_uint connections; /* open now */
};

struct link;

/*
 * Not connected yet; borrows the texts of `target`, and the ledger.  NULL when
 * memory is short.
 */
struct link *link_new(const struct redis_target *target, struct ledger *ledger);
/* NULL is fine. */
void link_free(struct link *link);

/* As redis_open(), redis_close(), redis_usable(), redis_ask(). */
NODISCARD int link_open(struct link *link);
void link_close(struct link *link);
bool link_is_open(const struct link *link);
NODISCARD int link_ask(struct link *link, redisReply **ret, const char *fmt,
    ...);

/* Pipelining: send several, then take as many answers, in order. */
NODISCARD int link_send(struct link *link, const char *fmt, ...);
NODISCARD int link_next(struct link *link, redisReply **ret);

/* After SUBSCRIBE or MONITOR, as redis_push(). */
NODISCARD int link_push(struct link *link, int64_t deadline, redisReply **ret);

/* An answer that Redis counts as a lookup that found its key, or did not. */
void link_looked_up(struct link *link, bool found);

/* Brings the ledger up to date with what this connection sent and got. */
void link_settle(struct link *link);

/* The text of this end's address without its port; "" when not connected. */
void link_own_address(const struct link *link, char *out, size_t size);

void ledger_read(const struct ledger *ledger, struct own_use *ret);

/* Writes what a failure (-errno of the above) means, for people. */
void link_explain(const struct link *link, int r, char *out, size_t size);

/*
 * From any thread: ends a wait for Redis at once; what is asked from now on
 * fails.
 */
void link_abort(struct link *link);

#endif
