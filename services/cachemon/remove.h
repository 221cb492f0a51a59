/*
 * Removing keys: SCAN in small steps, and UNLINK of those that are meant.
 *
 * Only keys that begin with the site's prefix, and never those of the group
 * "stack", where the drop-in keeps its count of changes.
 */
#ifndef CACHEMON_REMOVE_H
#define CACHEMON_REMOVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/macros.h"
#include "base/view.h"
#include "cachemon/link.h"

struct removal {
	struct view prefix; /* of the keys */
	struct view group; /* p == NULL: all groups */
	char cursor[24]; /* "0" at the start */
	uint64_t expected; /* keys in the database, when it began */
	uint64_t looked_at;
	uint64_t removed;
	int64_t rest_us; /* how long Redis is to be left alone now */
};

/* May this key be removed? */
bool remove_is_meant(const struct removal *removal, struct view key);

/* Appends SCAN's pattern for the removal: its glob characters are escaped. */
void remove_pattern(const struct removal *removal, struct buf *out);

/*
 * One step.  0 to go on after `rest_us`, 1 when it is done, or -errno.
 */
NODISCARD int remove_step(struct removal *removal, struct link *link);

/* Removes one key.  0 or 1: how many there were; or -errno. */
NODISCARD int remove_key(struct link *link, struct view key);

#endif
