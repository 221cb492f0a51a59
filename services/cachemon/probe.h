/*
 * What the collector asks Redis each time, but for the pass over the keys.
 *
 * All return 0 with *ret, or -errno as link_ask() does; -EPROTO for an answer
 * of another shape.
 */
#ifndef CACHEMON_PROBE_H
#define CACHEMON_PROBE_H

#include <stdint.h>

#include "base/macros.h"
#include "cachemon/link.h"
#include "cachemon/sample.h"
#include "cachemon/slowlog.h"

/* How long a PING takes, in microseconds. */
NODISCARD int probe_ping(struct link *link, uint32_t *ret);

/* INFO. */
NODISCARD int probe_info(struct link *link, struct sample *ret);

/* From which duration on commands stand in the slow log; -1: not known. */
NODISCARD int probe_threshold(struct link *link, int64_t *ret_us);

/* The slow log; leaves ret->threshold_us as it is. */
NODISCARD int probe_slowlog(struct link *link, struct slowlog *ret);

#endif
