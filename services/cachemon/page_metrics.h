/*
 * What /metrics says (Prometheus text format).
 */
#ifndef CACHEMON_PAGE_METRICS_H
#define CACHEMON_PAGE_METRICS_H

#include "base/buf.h"
#include "cachemon/activity.h"
#include "cachemon/board.h"
#include "cachemon/settings.h"
#include "http/http.h"

/* What it is made of. */
struct page_facts {
	const struct snapshot *snapshot;
	const struct settings *settings;
	const struct activity *activity;
	const struct http_stats *http;
	unsigned streams;
};

/*
 * Appends the page.  What Redis has not answered yet, or does not answer now,
 * is left out rather than written as zero.
 */
void page_metrics(const struct page_facts *facts, struct buf *out);

#endif
