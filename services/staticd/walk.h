/*
 * Walking over a folder of files that strangers may see.
 *
 * Only regular files are handed out.  Names that begin with a dot, symbolic
 * links, devices, pipes, sockets and names with control characters are passed
 * over and counted; so is lost+found at the top.  Every step goes from a
 * folder's descriptor to the next without following links, so that a link put
 * in the way at the wrong moment leads nowhere.
 */
#ifndef STATICD_WALK_H
#define STATICD_WALK_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/view.h"

struct walk {
	const char *root; /* may itself be a link: its owner chose it */
	uint64_t entries_max; /* files, folders and what is passed over */
	unsigned depth_max; /* folders in folders */
	/* Called for each folder before it is read; may be NULL. */
	void (*folder)(void *ctx, int fd);
	/*
	 * Called for each file; takes `fd`.  `path` is relative to the root.
	 * Anything but 0 ends the walk with that.
	 */
	int (*file)(void *ctx, int fd, const struct stat *st, struct view path);
	void *ctx;
	/* What the walk leaves behind. */
	uint64_t entries;
	uint64_t skipped;
};

/*
 * Walks.  0, or -errno with one line in `fault` that says where and what; the
 * `file` function writes its own.
 */
NODISCARD int walk_run(struct walk *w, struct buf *fault);

#endif
