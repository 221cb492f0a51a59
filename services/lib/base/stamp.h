/*
 * Moments as fourteen digits, 20261124081500, in UTC.  Pure.
 */
#ifndef BASE_STAMP_H
#define BASE_STAMP_H

#include <time.h>

#include "base/buf.h"
#include "base/view.h"

/* Appends it; a moment beyond the year 9999 is written as the first of all. */
void stamp_add(struct buf *b, time_t t);

/*
 * Parses one; a fraction behind a dot is taken and dropped.  -EINVAL when there
 * is no such moment (month 13, 30 February, a year before 1970).
 */
NODISCARD int stamp_parse(struct view v, time_t *ret);

#endif
