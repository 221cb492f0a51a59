/*
 * The collector's connection to Redis: lib/redis with an account of what it
 * costs, and a way to cut it off from another thread.
 */
#ifndef CACHEMON_LINK_H
#define CACHEMON_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "cachemon/point.h"
#include "redis/client.h"

/* Connecting and each answer may take this long. */
#define LINK_TIMEOUT_MS 1500

struct link;

/* Not connected yet; borrows the texts of `target`.  NULL when memory is short.
 */
struct link *link_new(const struct redis_target *target);
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

/* What the present connection has used so far; zero when there is none. */
void link_used(const struct link *link, struct own_use *ret);

/* Writes what a failure (-errno of the above) means, for people. */
void link_explain(const struct link *link, int r, char *out, size_t size);

/*
 * From any thread: ends a wait for Redis at once; what is asked from now on
 * fails.
 */
void link_abort(struct link *link);

#endif
