/*
 * Uploads in the making, "parts": in a hidden folder of the root, on the same
 * volume as all targets.  An upload is written there and renamed over its
 * target when it is complete, so that whoever reads the target sees the old
 * file or the new one and never a part.
 *
 *	HIDDEN/USER/FOLDER/name
 *
 * is the part of the upload to `name`, by one user, into one folder of his;
 * USER and FOLDER are digests of these two, the former of where the account
 * comes from, too: a name in one list of users and the same one in another may
 * be two people.  So a part is found again by its user and path alone, whoever
 * was killed meanwhile, and can be continued.
 *
 * A part is locked (flock(2)) by the session that writes it, and by whoever
 * removes it, which the kernel undoes when the process ends.
 */
#ifndef FILES_STAGE_H
#define FILES_STAGE_H

#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/macros.h"
#include "run/fsroot.h"

/* How long a part may be continued after its last byte. */
#define STAGE_KEEP_SECONDS (24 * 3600)
#define STAGE_KEY 33

struct stage {
	int dir; /* the folder, later the user's in it; -1: no room for it */
	/* Private: the folder of the last part. */
	int folder; /* -1: none */
	char key[STAGE_KEY];
};

struct upload {
	int fd; /* the part, locked; -1: none */
	uint64_t size; /* of what an earlier upload left of it */
	struct timespec written; /* when that had its last byte */
	char name[FSROOT_NAME_MAX + 1];
};

/*
 * Makes the hidden folder of that name if need be, opens it and hides it in
 * `root`.  -EPERM when it is not ours, -EACCES when the root cannot be written,
 * ...
 */
NODISCARD int stage_open(struct stage *stage, struct fsroot *root,
    const char *name);

/*
 * From now on, keeps to the folder of the user of this source (a number of the
 * caller's), name and root.  A full disk is no error here, so that one can
 * log in to make room; uploads then fail.  0, or -errno with nothing changed.
 */
NODISCARD int stage_enter(struct stage *stage, unsigned source,
    const char *user, const struct fsroot *root);

/* Closes the folder of the last part, and removes it if it is empty. */
void stage_leave(struct stage *stage);

/*
 * Opens or makes the part for `path` (absolute, see path.h), and locks it: 0
 * with *ret, -EAGAIN when somebody is writing it, or -errno.
 */
NODISCARD int stage_begin(struct stage *stage, const char *path,
    struct upload *ret);

/* Makes the part its first `n` bytes; what is written goes behind them. */
NODISCARD int stage_cut(struct upload *u, uint64_t n);

/* Appends the first `n` bytes of `from`.  -EIO when `from` is shorter. */
NODISCARD int stage_copy(struct upload *u, int from, uint64_t n);

/*
 * Gives the part its mode and puts it in the place of `name` in the folder
 * `dir`; with `sync`, on the disk.  On failure it is still to be released.
 */
NODISCARD int stage_commit(struct stage *stage, struct upload *u, int dir,
    const char *name, mode_t mode, bool sync);

/* Ends the writing, if it has begun; only what has bytes can be kept. */
void stage_release(struct stage *stage, struct upload *u, bool keep);

/* What there is of `path`: 0 with *ret, -ENOENT, or -errno. */
NODISCARD int stage_stat(struct stage *stage, const char *path,
    struct stat *ret);

/* Removes it: 0, -ENOENT, -EAGAIN when somebody is writing it, or -errno. */
NODISCARD int stage_remove(struct stage *stage, const char *path);

/*
 * The names of all parts of the folder `path`: opens it for reading, for the
 * caller.  -ENOENT when there is none.
 */
NODISCARD int stage_list(struct stage *stage, const char *path, int *ret_fd);

/*
 * Removes all users' parts whose last byte is older than `seconds` and that
 * nobody is writing; returns how many.
 */
unsigned stage_sweep(const struct stage *stage, int64_t seconds);

#endif
