/*
 * GET over plain HTTP with one deadline for everything.
 */
#ifndef EXPORTER_FETCH_H
#define EXPORTER_FETCH_H

#include "base/buf.h"
#include "exporter/collector.h"
#include "exporter/target.h"

/*
 * Asks `target` and appends the body to `body`.  0 when the status is 200;
 * else -errno with words in c->why.  A body larger than `most` is a failure.
 */
NODISCARD int fetch(struct collection *c, const struct target *target,
    size_t most, struct buf *body);

#endif
