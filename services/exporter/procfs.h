/*
 * Reading files of /proc and /sys.  The parsers are pure.
 */
#ifndef EXPORTER_PROCFS_H
#define EXPORTER_PROCFS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/view.h"

/*
 * Appends the file at `path`, at most what `out` holds.  0, or -errno.
 */
NODISCARD int procfs_read(const char *path, struct buf *out);

/* The file as one number.  0, or -errno ("max" is -ERANGE). */
NODISCARD int procfs_u64(const char *path, uint64_t *ret);

/*
 * The word behind `key` in lines of "key value" (cpu.stat, memory.stat) or
 * "Key:	value kB" (status).  0, or -ENOENT.
 */
NODISCARD int procfs_field(struct view text, const char *key, uint64_t *ret);

/* What /proc/self/stat tells. */
struct procfs_stat {
	uint64_t user_ticks;
	uint64_t system_ticks;
	uint64_t threads;
	uint64_t start_ticks; /* since boot */
	uint64_t virtual_bytes;
	uint64_t resident_pages;
};
NODISCARD int procfs_stat_parse(struct view text, struct procfs_stat *ret);

/* The mount that holds `path`, out of /proc/self/mountinfo. */
struct procfs_mount {
	struct view point;
	struct view type;
	struct view device;
};
NODISCARD int procfs_mount_find(struct view mountinfo, struct view path,
    struct procfs_mount *ret);

#endif
