/*
 * A part: a process of a daemon's that does one thing for it.  It ends when
 * its parent does.  Where it needs libraries that nobody else does, it becomes
 * a program of its own, which stands beside the daemon's in the same folder:
 * no other process loads them, and it shares no memory with any.  What such a
 * program needs it is given as arguments, and as open descriptors from PART_FD
 * on.
 */
#ifndef RUN_PART_H
#define RUN_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/macros.h"

#define PART_FD 3
#define PART_FDS_MOST 4
#define PART_WORDS_MOST 8

/* fork(2), but for the end that it shares; -1 with errno. */
pid_t part_fork(void);

/*
 * The same with a pair of connected sockets for packets, one end for each of
 * the two as *ret_fd.  The process, 0 in the child, or -errno.
 */
NODISCARD pid_t part_fork_pair(int *ret_fd);

/*
 * Becomes the program that argv[0] names; argv ends with NULL.  It gets `fds`
 * in this order, and nothing else that is closed on exec.  Returns only when
 * that failed, with -errno.
 */
NODISCARD int part_exec(const char *const argv[], const int fds[], size_t n);

/*
 * The beginning of such a program's main(): log lines bear the daemon's name,
 * the `n` descriptors are not inherited further.
 * False, after a word on stderr, when these are not there: it is not to be
 * started by hand.
 */
NODISCARD bool part_begin(const char *daemon, size_t n);

#endif
