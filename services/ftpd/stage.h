/*
 * Uploads in the making: a hidden folder in the root, on the same volume as
 * all targets.  An upload is written there and renamed over its target when it
 * is complete, so that whoever reads the target sees the old file or the new
 * one and never a part.
 *
 * A staged file's name begins with its session's process id, which lets the
 * listener remove what a session left that was killed.
 */
#ifndef FTPD_STAGE_H
#define FTPD_STAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/macros.h"
#include "run/fsroot.h"

#define STAGE_FOLDER ".ftpd-staging"

struct stage {
	int dir; /* the folder */
	unsigned made; /* by this process */
};

struct upload {
	int fd; /* -1: none */
	char name[32];
};

/*
 * Makes the folder if need be, opens it and hides it in `root`.  -EPERM when
 * it is not ours, -EACCES when the root cannot be written, ...
 */
NODISCARD int stage_open(struct stage *stage, struct fsroot *root);

/*
 * From now on, stages in a folder within the folder: for users who may not
 * touch what others upload.  0, or -errno with nothing changed.
 */
NODISCARD int stage_enter_uploads(struct stage *stage);

/* Removes what process `pid` left, or everything (0); returns how many. */
unsigned stage_sweep(const struct stage *stage, pid_t pid);

/* A new, empty staged file.  0 with *ret, or -errno. */
NODISCARD int stage_begin(struct stage *stage, struct upload *ret);

/* Copies the first `n` bytes of `from` into it.  -EIO when `from` is shorter.
 */
NODISCARD int stage_copy(struct upload *u, int from, uint64_t n);

/*
 * Gives it its mode and puts it in the place of `name` in the folder `dir`;
 * with `sync`, on the disk before that.  On failure the upload is still to be
 * discarded, and the target is what it was.
 */
NODISCARD int stage_commit(struct stage *stage, struct upload *u, int dir,
    const char *name, mode_t mode, bool sync);

/* Removes the staged file, if there is one. */
void stage_discard(struct stage *stage, struct upload *u);

#endif
