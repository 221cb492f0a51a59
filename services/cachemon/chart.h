/*
 * History as the API shows it: a range cut into equal stretches.
 */
#ifndef CACHEMON_CHART_H
#define CACHEMON_CHART_H

#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/view.h"
#include "cachemon/history.h"

/*
 * Appends the "history" object (see web.h) for the range with this name that
 * ends at `now_ms`.  0; -ENOENT for an unknown name; -ENOMEM.
 */
NODISCARD int chart_json(struct history *h, struct view range, int64_t now_ms,
    struct buf *out);

/*
 * The same for a part of the past, from the finest tier that goes back so far,
 * its `range` "part".  -ENOENT when it is shorter than a minute, longer than
 * two years, or in the future.
 */
NODISCARD int chart_part_json(struct history *h, int64_t from_s, int64_t to_s,
    int64_t now_ms, struct buf *out);

#endif
