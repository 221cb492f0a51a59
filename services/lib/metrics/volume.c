#include "metrics/volume.h"

#include <errno.h>
#include <stddef.h>
#include <sys/statvfs.h>

static struct volume
volume_of(const struct statvfs *fs)
{
	return (struct volume){ .size = (uint64_t)fs->f_blocks * fs->f_frsize,
		.free = (uint64_t)fs->f_bfree * fs->f_frsize,
		.avail = (uint64_t)fs->f_bavail * fs->f_frsize };
}

int
volume_measure(const char *path, struct volume *ret)
{
	struct statvfs fs;

	if (statvfs(path, &fs) < 0) {
		return -errno;
	}
	*ret = volume_of(&fs);
	return 0;
}

int
volume_measure_fd(int fd, struct volume *ret)
{
	struct statvfs fs;

	if (fstatvfs(fd, &fs) < 0) {
		return -errno;
	}
	*ret = volume_of(&fs);
	return 0;
}

void
volume_write(struct metrics *m, const struct volume *volume,
    const char *mountpoint, const char *device, const char *fstype)
{
	const struct {
		const char *name;
		const char *help;
		uint64_t value;
	} families[] = {
		{ "node_filesystem_size_bytes", "Filesystem size in bytes.",
		    volume->size },
		{ "node_filesystem_free_bytes",
		    "Filesystem free space in bytes.", volume->free },
		{ "node_filesystem_avail_bytes",
		    "Filesystem space available to non-root users in bytes.",
		    volume->avail },
	};

	for (size_t i = 0; i < ARRAY_LEN(families) && volume->size > 0; i++) {
		metrics_family(m, families[i].name, METRICS_GAUGE,
		    families[i].help);
		if (device != NULL) {
			metrics_label(m, "device", view_str(device));
		}
		if (fstype != NULL) {
			metrics_label(m, "fstype", view_str(fstype));
		}
		metrics_label(m, "mountpoint", view_str(mountpoint));
		metrics_u64(m, families[i].value);
	}
}
