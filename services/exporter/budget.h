/*
 * How long a scrape may take.  Pure.
 */
#ifndef EXPORTER_BUDGET_H
#define EXPORTER_BUDGET_H

#include "base/view.h"

/*
 * Milliseconds for the collectors: X-Prometheus-Scrape-Timeout-Seconds less
 * half a second for the way back, between 0.5 and 59.5 s; 9.5 s without that
 * header, or with one that is no number.
 */
int budget_ms(struct view timeout);

#endif
