/*
 * Ending connections that take too long as a whole.
 *
 * libmicrohttpd's time-out begins anew with each byte, so a peer that sends or
 * reads a byte now and then holds a connection for as long as it likes.  Here
 * each connection has one deadline, whatever moves on it meanwhile.  A thread
 * looks once a second, and not at all while there is no connection.
 */
#ifndef HTTP_WATCHDOG_H
#define HTTP_WATCHDOG_H

#include <stdint.h>

#include "base/macros.h"

#define WATCHDOG_NEVER INT64_MAX

struct watchdog;
/* One connection. */
struct watched;

/* 0 with *ret, or -errno. */
NODISCARD int watchdog_start(struct watchdog **ret);
/* Ends the thread; nothing may be watched any more.  NULL is fine. */
void watchdog_stop(struct watchdog *dog);

/*
 * Watches the socket `fd` from now on, which has to stay open until
 * watchdog_remove().  `deadline` is a clock_ms() value.  NULL when out of
 * memory.
 */
struct watched *watchdog_add(struct watchdog *dog, int fd, int64_t deadline);
/* NULL is fine. */
void watchdog_remove(struct watchdog *dog, struct watched *watched);

/*
 * A file of which `end` bytes are being sent: cuts the connection off, too,
 * when it has fewer.  `fd` has to stay open until it is -1 here, which means
 * none.
 */
void watched_file(struct watchdog *dog, struct watched *watched, int fd,
    uint64_t end);

/*
 * Another deadline, by the one thread that serves the connection.  When it
 * has come the socket is shut down in both directions and what was not sent
 * yet is dropped; closing it is left to its owner.
 */
void watched_until(struct watched *watched, int64_t deadline);

#endif
