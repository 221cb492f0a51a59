/*
 * Percent-encoding (RFC 3986 section 2.1).  Pure.
 */
#ifndef STATICD_URI_H
#define STATICD_URI_H

#include "base/buf.h"
#include "base/view.h"

/*
 * Appends a path (or any word of a request line) with everything encoded that
 * may not stand in a path as it is: blanks, quotes, backslashes, controls and
 * bytes outside ASCII among it.
 */
void uri_encode(struct buf *b, struct view path);

#endif
