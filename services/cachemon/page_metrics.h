/*
 * What /metrics says (Prometheus text format).
 */
#ifndef CACHEMON_PAGE_METRICS_H
#define CACHEMON_PAGE_METRICS_H

#include "base/buf.h"
#include "cachemon/board.h"
#include "http/http.h"

/*
 * Appends the page.  What Redis has not answered yet, or does not answer now,
 * is left out rather than written as zero.
 */
void page_metrics(const struct snapshot *snapshot,
    const struct http_stats *http, unsigned streams, struct buf *out);

#endif
