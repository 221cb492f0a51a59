/*
 * Memory that a process shares with all that it forks, and that others, who
 * are given its descriptor, can only read.
 */
#ifndef RUN_SHMEM_H
#define RUN_SHMEM_H

#include <stddef.h>

/*
 * `n` zero bytes, and their descriptor (close-on-exec), by which nobody can
 * write, grow or cut them; `name` shows in /proc.  NULL when there are none.
 */
void *shmem_new(const char *name, size_t n, int *ret_fd);

/* The same memory, for reading only; NULL when `fd` is none of that size. */
const void *shmem_open(int fd, size_t n);

#endif
