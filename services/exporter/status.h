/*
 * Which services of the stack are up, for everybody: what the public page
 * shows.  It tells nothing but up and down.
 *
 * A service is up when the collector that talks to it came back with an
 * answer.  nginx stands between the exporter and php-fpm, WordPress's and
 * Adminer's: while nginx is down, so are these two, as for any visitor.
 */
#ifndef EXPORTER_STATUS_H
#define EXPORTER_STATUS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/buf.h"
#include "exporter/scrape.h"

/* What is known for no longer than this need not be asked again. */
#define STATUS_FRESH_MS 5000

/* The collectors that tell about a service, as scrape_waiter.mask; 0: none. */
uint64_t status_mask(struct scrape *scrape);

/* Was each of them asked less than STATUS_FRESH_MS ago? */
bool status_fresh(struct scrape *scrape, uint64_t mask, int64_t now_ms);

/*
 * Writes {"time": ..., "services": {"nginx": "up", ...}}: the services that
 * have a collector, and the exporter itself.  `time` is when the oldest of
 * these states was found out; `now` and `now_ms` (clock_ms()) are the same
 * moment.
 */
void status_write(struct scrape *scrape, time_t now, int64_t now_ms,
    struct buf *out);

#endif
