/*
 * The dashboard's files: ours are part of the program (assets/ beside this
 * file), uPlot's, which draws the charts, lie in a folder that the image's
 * build fills.
 */
#ifndef CACHEMON_ASSETS_H
#define CACHEMON_ASSETS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/view.h"

struct asset {
	const char *path; /* below the prefix; "" for the page itself */
	const char *type;
	struct view body;
};

#define ASSETS_COUNT 10

/* Asset number `i` of ASSETS_COUNT. */
struct asset asset_get(size_t i);

#define ASSETS_FETCHED 3
#define ASSETS_FETCHED_MOST (512 * 1024)

/*
 * File number `i` of ASSETS_FETCHED, read from `folder` into `body`, which is
 * empty, may hold ASSETS_FETCHED_MOST and has to outlive the asset.  0, or
 * -errno: -ENOENT, it is not there; -ENOBUFS, it is larger than that.
 */
NODISCARD int asset_fetch(size_t i, const char *folder, struct buf *body,
    struct asset *ret);

/* What takes that file's place when it is not there: a comment. */
struct asset asset_absent(size_t i);

#endif
