/*
 * The page at /: what the exporter is, and how each collector is, in words.
 */
#ifndef EXPORTER_LANDING_H
#define EXPORTER_LANDING_H

#include <time.h>

#include "base/buf.h"
#include "exporter/scrape.h"

/* Begins the page. */
void landing_open(struct buf *out);
/* One collector's row; `now` is the time of day. */
void landing_row(struct buf *out, const struct scrape_state *state, time_t now);
/* Ends the page. */
void landing_close(struct buf *out);

#endif
