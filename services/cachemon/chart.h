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

#endif
