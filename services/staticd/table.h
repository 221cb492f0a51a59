/*
 * From the files of a site to all request paths that lead to them; load.h says
 * which these are.
 */
#ifndef STATICD_TABLE_H
#define STATICD_TABLE_H

#include "base/buf.h"
#include "base/macros.h"
#include "staticd/load.h"
#include "staticd/site.h"

/*
 * Completes a site that has an entry for each file, with the prefix before the
 * file's name, and nothing else.  0, or -errno with a line in `fault`.
 */
NODISCARD int table_complete(struct site *site, const struct load *load,
    struct buf *fault);

#endif
