/*
 * Compressing a page (RFC 1952), and whether a client wants that.
 */
#ifndef EXPORTER_GZIP_H
#define EXPORTER_GZIP_H

#include <stdbool.h>

#include "base/shared.h"
#include "base/view.h"

/* Does an Accept-Encoding header (RFC 9110, 12.5.3) take gzip?  Pure. */
bool gzip_accepted(struct view accept_encoding);

/*
 * The same bytes compressed, quickly rather than well; lets go of `plain`.
 * NULL when out of memory.
 */
struct shared *gzip_take(struct shared *plain);

#endif
