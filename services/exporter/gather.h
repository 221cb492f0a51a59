/*
 * Families whose samples come mixed.  A family is written once, all its samples
 * together (metrics/metrics.h), so each gathers in a buffer of its own.
 */
#ifndef EXPORTER_GATHER_H
#define EXPORTER_GATHER_H

#include <stddef.h>

#include "base/buf.h"
#include "base/macros.h"
#include "metrics/metrics.h"

#define GATHER_MAX 8

struct gather {
	/* Private. */
	size_t n;
	struct buf texts[GATHER_MAX];
	struct metrics writers[GATHER_MAX];
};

void gather_init(struct gather *g);

/* One more family, at most GATHER_MAX; they are numbered from 0. */
void gather_add(struct gather *g, const char *name, enum metrics_type type,
    const char *help);

/* What writes the samples of family `i`. */
struct metrics *gather_at(struct gather *g, size_t i);

/*
 * Writes all of them, unless `r` is an error already, and frees them.  Returns
 * `r`, or the -errno of a buffer (-ENOMEM, -ENOBUFS beyond 1 MiB).
 */
NODISCARD int gather_done(struct gather *g, int r, struct metrics *m);

#endif
