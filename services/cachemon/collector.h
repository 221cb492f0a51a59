/*
 * The collector: one thread that alone talks to Redis.
 *
 * It reads Redis every second, makes the passes over the keys in between,
 * keeps the history and publishes on the board.  Each step has a deadline; a
 * lost connection is made anew after 1, 2, 4, 8, then every 10 seconds.  What
 * goes wrong is logged when it begins and when it ends, not at each attempt.
 */
#ifndef CACHEMON_COLLECTOR_H
#define CACHEMON_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "cachemon/board.h"
#include "cachemon/feed.h"
#include "cachemon/grouplog.h"
#include "cachemon/history.h"
#include "cachemon/settings.h"

struct collector;

/* What the collector works with; all of it has to outlive it. */
struct collector_parts {
	const struct settings *settings;
	struct board *board;
	struct history *history;
	struct grouplog *grouplog;
	struct feed *feed;
	struct ledger *ledger;
};

/*
 * A collector without a thread yet, its first status on the board.  NULL when
 * memory is short.
 */
struct collector *collector_new(const struct collector_parts *parts);
/* Before it was started or after it has ended.  NULL is fine. */
void collector_free(struct collector *collector);

/* Starts the thread.  0, or -errno. */
NODISCARD int collector_start(struct collector *collector);

/*
 * Ends the thread.  False when it did not end in time, as a name look-up
 * cannot be broken off: then nothing that it uses may be freed, and the
 * process is to be ended.
 */
NODISCARD bool collector_stop(struct collector *collector, int timeout_ms);

/* Milliseconds since the thread last went through its loop. */
int64_t collector_silence_ms(const struct collector *collector);

#endif
