/*
 * How redis_exporter names what INFO says.  Pure.
 */
#ifndef EXPORTER_REDIS_NAMES_H
#define EXPORTER_REDIS_NAMES_H

#include <stdint.h>

#include "base/view.h"
#include "metrics/metrics.h"

/* More databases than this are not filled up with zeros. */
#define REDIS_DATABASES_MAX 64

/*
 * Writes all families that an answer of INFO ALL gives.  `databases` is the
 * number of databases that exist: those without a key are shown with 0.  `now`
 * is the time of day.
 */
void redis_names_write(struct metrics *m, struct view info, uint64_t databases,
    int64_t now);

#endif
