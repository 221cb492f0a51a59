/*
 * Path arguments of strangers.  Pure.
 *
 * What is done with the strings here gives paths their meaning for a client
 * (what its current folder is called, what `..` of a folder is).  It protects
 * nothing: that a path stays beneath a root is up to run/fsroot.h, which asks
 * the kernel.
 */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>

#include "base/view.h"

/* Room for any path, with its NUL. */
#define PATH_SIZE 4096
#define PATH_DEPTH_MAX 64

/* Control characters (NUL, CR, LF, ESC, DEL, ...) in it? */
bool path_has_control(struct view v);

/*
 * The path `arg` seen from the folder `cwd`, as "/a/b": one slash between
 * names, none at the end, no `.`, and `..` of the root is the root.  -EILSEQ:
 * control characters; -EINVAL: empty; -ENAMETOOLONG: longer than PATH_SIZE,
 * deeper than PATH_DEPTH_MAX, or a name beyond 255 bytes.
 */
NODISCARD int path_join(struct view cwd, struct view arg, char ret[PATH_SIZE]);

#endif
