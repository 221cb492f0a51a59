/*
 * The feed: a thread that hears what Redis tells by itself (pub/sub).
 *
 *	what the drop-in says after each request, on CACHEMON_CHANNEL
 *	which keys came, were removed, expired or were evicted (keyspace
 *	events; Redis needs notify-keyspace-events Egxen)
 *
 * Neither asks Redis for anything, and nothing is stored there.  What was said
 * while the connection was away is missing; the next pass over the keys mends
 * the counts.
 */
#ifndef CACHEMON_FEED_H
#define CACHEMON_FEED_H

#include <stdbool.h>
#include <stdint.h>

#include "base/macros.h"
#include "cachemon/activity.h"
#include "cachemon/link.h"
#include "cachemon/settings.h"

struct feed;

/* Without a thread yet; `settings` and `ledger` have to outlive it.  NULL when
 * memory is short. */
struct feed *feed_new(const struct settings *settings, struct ledger *ledger);
/* Before it was started or after it has ended.  NULL is fine. */
void feed_free(struct feed *feed);

/* Starts the thread.  0, or -errno. */
NODISCARD int feed_start(struct feed *feed);
/* As collector_stop(). */
NODISCARD bool feed_stop(struct feed *feed, int timeout_ms);

/* A pass over the keys has just been completed. */
void feed_counted(struct feed *feed);

/*
 * What was heard so far, locked until feed_release(): for a moment only, as
 * the thread waits for that.
 */
const struct activity *feed_hold(struct feed *feed);
void feed_release(struct feed *feed);

/* Is the connection there? */
bool feed_is_open(struct feed *feed);

#endif
