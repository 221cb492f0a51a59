/*
 * Messages with an open descriptor, over a socket for packets (SCM_RIGHTS).
 */
#ifndef RUN_FDPASS_H
#define RUN_FDPASS_H

#include <stddef.h>

#include "base/macros.h"

/* Sends `n` bytes with `passed`, without waiting.  0, or -errno. */
NODISCARD int fdpass_send(int fd, const void *bytes, size_t n, int passed);

/*
 * Takes a message of exactly `n` bytes and one descriptor (of several, the
 * first), without waiting: the descriptor (close-on-exec), or -1.  A message
 * without one is in `ret` all the same, which is left as it was when there is
 * no message.
 */
NODISCARD int fdpass_receive(int fd, void *ret, size_t n);

#endif
