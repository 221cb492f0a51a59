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
#include "cachemon/plugin.h"
#include "cachemon/sample.h"
#include "cachemon/server.h"
#include "cachemon/slowlog.h"
#include "cachemon/status.h"

/* Entries are trimmed to about PROBE_STREAM_MOST, an hour of them. */
#define PROBE_STREAM "cachemon:live"
#define PROBE_STREAM_MOST 360

/* How long a PING takes, in microseconds. */
NODISCARD int probe_ping(struct link *link, uint32_t *ret);

/*
 * CLIENT LIST, LATENCY LATEST and MEMORY STATS; what the ACL forbids is empty.
 */
NODISCARD int probe_server(struct link *link, struct server *ret);

/* The newest entries of the Redis Object Cache plugin's metrics at `key`. */
NODISCARD int probe_plugin(struct link *link, const char *key,
    struct plugin *ret);

/* Adds the sample to the capped stream PROBE_STREAM, for who follows it. */
NODISCARD int probe_stream(struct link *link, const struct status *status);

/* INFO. */
NODISCARD int probe_info(struct link *link, struct sample *ret);

/* From which duration on commands stand in the slow log; -1: not known. */
NODISCARD int probe_threshold(struct link *link, int64_t *ret_us);

/* The slow log; leaves ret->threshold_us as it is. */
NODISCARD int probe_slowlog(struct link *link, struct slowlog *ret);

#endif
