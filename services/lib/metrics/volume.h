/*
 * A volume's room under the names of Prometheus's node_exporter
 * (collector/filesystem_common.go), so that its alerts and dashboards see ours.
 */
#ifndef METRICS_VOLUME_H
#define METRICS_VOLUME_H

#include <stdint.h>

#include "base/macros.h"
#include "metrics/metrics.h"

/* All in bytes. */
struct volume {
	uint64_t size;
	uint64_t free;
	uint64_t avail; /* of which for others than root */
};

/*
 * Measure the file system that holds `path`, or the open file `fd`
 * (statvfs(3)). 0 with *ret, or -errno.
 */
NODISCARD int volume_measure(const char *path, struct volume *ret);
NODISCARD int volume_measure_fd(int fd, struct volume *ret);

/*
 * Writes node_filesystem_{size,free,avail}_bytes with the label mountpoint; a
 * volume of size 0 is one that could not be measured and is left out.  `device`
 * and `fstype` are two more labels, or NULL where they are not known.
 */
void volume_write(struct metrics *m, const struct volume *volume,
    const char *mountpoint, const char *device, const char *fstype);

#endif
