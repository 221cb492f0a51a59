/*
 * A blocking Redis connection with a deadline on every step (hiredis 0.14 to
 * 1.3).  For collector threads only, never for HTTP handlers.
 */
#ifndef REDIS_CLIENT_H
#define REDIS_CLIENT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <hiredis/hiredis.h>

#include "base/buf.h"

/* A longer reply ends the connection (-EMSGSIZE), unless asked otherwise. */
#define REDIS_REPLY_MAX (16 * 1024 * 1024)

struct redis_target {
	const char *host;
	uint16_t port;
	const char *user;
	const char *password;
	int timeout_ms; /* for connecting, and for each command as a whole */
	size_t reply_max; /* bytes of one reply; 0: REDIS_REPLY_MAX */
};

struct redis_client;

/*
 * Connects and logs in.  0 with *ret, or -errno: -EACCES when Redis refused
 * the login, -EHOSTUNREACH for a name that does not resolve, -ETIMEDOUT.
 */
NODISCARD int redis_open(const struct redis_target *target,
    struct redis_client **ret);

/* NULL is fine. */
void redis_close(struct redis_client *client);

/*
 * Sends one command (a hiredis format: %s, %b with pointer and length) and
 * waits for its answer.  0 with *ret, which the caller gives to
 * freeReplyObject(); -EPERM when ACL forbids it (NOPERM); -EREMOTEIO for any
 * other error answer; else -errno, and then the connection is unusable and has
 * to be closed.
 */
NODISCARD int redis_ask(struct redis_client *client, redisReply **ret,
    const char *fmt, ...);

/* The same with the arguments in a va_list. */
NODISCARD int redis_vask(struct redis_client *client, redisReply **ret,
    const char *fmt, va_list args);

/*
 * Pipelining: send several commands, then take as many answers, in order.
 * redis_vsend() only fails for want of memory; redis_next() as redis_ask().
 */
NODISCARD int redis_vsend(struct redis_client *client, const char *fmt,
    va_list args);
NODISCARD int redis_next(struct redis_client *client, redisReply **ret);

/*
 * After SUBSCRIBE or MONITOR: sends what redis_vsend() left, then takes the
 * next message that Redis sends by itself.  0 with *ret; -EAGAIN when none has
 * come whole before `deadline` (a clock_ms() value), and then the connection
 * stays usable; else -errno.
 */
NODISCARD int redis_push(struct redis_client *client, int64_t deadline,
    redisReply **ret);

/* Is the connection still usable after a failed redis_ask()? */
bool redis_usable(const struct redis_client *client);

/* From now on each command has this much time. */
void redis_set_timeout(struct redis_client *client, int timeout_ms);

/* The underlying connection, for pipelines. */
redisContext *redis_context(struct redis_client *client);

#endif
