/*
 * A folder that paths from strangers cannot leave.
 *
 * The kernel itself resolves each path beneath the root's descriptor
 * (openat2(2): RESOLVE_BENEATH, RESOLVE_NO_MAGICLINKS), so neither `..` nor a
 * symbolic link nor a rename in the middle of it leads out, and no string is
 * ever trusted.  A link inside is followed only if it stays beneath.
 *
 * One folder directly in the root may be hidden: for these functions it, and
 * everything in it down to the third level, does not exist, by whatever path
 * somebody comes (it is known by its inode, not by its name).
 *
 * Paths are relative to the root; slashes at their front are skipped and the
 * empty path is the root.
 */
#ifndef RUN_FSROOT_H
#define RUN_FSROOT_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/macros.h"

#define FSROOT_NAME_MAX 255

struct fsroot {
	/* Private but `fd`, the root's descriptor (O_PATH). */
	int fd;
	bool hides;
	dev_t hidden_dev;
	ino_t hidden_ino;
};

/*
 * Opens the folder and makes sure that the kernel keeps paths beneath it.
 * -ENOSYS: the kernel has no openat2 (it came with Linux 5.6); -EPERM: a
 * seccomp profile around us forbids it; -ENOTDIR, -EACCES, ... as for open(2).
 */
NODISCARD int fsroot_open(struct fsroot *root, const char *path);
void fsroot_close(struct fsroot *root);

/*
 * Makes a folder beneath the root the root; what is hidden stays so.  0, or
 * -errno with the root as it was.
 */
NODISCARD int fsroot_enter(struct fsroot *root, const char *path);

/* Hides the folder that `fd` is open on. */
NODISCARD int fsroot_hide(struct fsroot *root, int fd);

/* Is this the hidden folder? */
bool fsroot_is_hidden(const struct fsroot *root, const struct stat *st);

/*
 * open(2) beneath the root.  O_CLOEXEC, O_NOCTTY and O_NONBLOCK are added, so
 * that no FIFO or device can make us wait.  -EXDEV: the path leads out.
 */
NODISCARD int fsroot_openat(const struct fsroot *root, const char *path,
    int flags, mode_t mode, int *ret_fd);

/*
 * Opens (O_PATH) the folder that holds the last name of `path`, for the *at()
 * calls that change things: give them *ret_name, which points into `path`,
 * and never let them follow a link.  -EBUSY when the path is the root itself;
 * -ENOENT also when the name is that of the hidden folder.
 */
NODISCARD int fsroot_parent(const struct fsroot *root, const char *path,
    int *ret_dir, const char **ret_name);

/* stat(2) and lstat(2) beneath the root; the latter not of the root itself. */
NODISCARD int fsroot_stat(const struct fsroot *root, const char *path,
    struct stat *ret);
NODISCARD int fsroot_lstat(const struct fsroot *root, const char *path,
    struct stat *ret);

/*
 * Changes to the last name of a path, by fsroot_parent() and so with its
 * errors; none follows a link.  `flags` as for unlinkat(2).
 */
NODISCARD int fsroot_mkdir(const struct fsroot *root, const char *path,
    mode_t mode);
NODISCARD int fsroot_unlink(const struct fsroot *root, const char *path,
    int flags);
NODISCARD int fsroot_rename(const struct fsroot *root, const char *from,
    const char *to);
NODISCARD int fsroot_set_mtime(const struct fsroot *root, const char *path,
    time_t mtime);
/*
 * The mode of a file or folder; a folder's set-group-id bit stays.  -ENXIO for
 * anything else, -EBUSY for the root.
 */
NODISCARD int fsroot_chmod(const struct fsroot *root, const char *path,
    mode_t mode);

#endif
