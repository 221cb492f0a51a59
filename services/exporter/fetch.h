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

/*
 * Reads a page and writes its families.  0, or -errno when it is none of the
 * kind.
 */
typedef int (*fetch_page_fn)(struct view page, struct metrics *m);

/*
 * A collector that is one small page (at most FETCH_PAGE_MAX bytes): fetches
 * it, hands it to `read` and explains in c->why that it is no `what`.
 */
#define FETCH_PAGE_MAX 4096
NODISCARD int fetch_page(struct collection *c, const struct target *target,
    fetch_page_fn read, const char *what);

#endif
