/*
 * Threads, and waiting for each other until a deadline.
 */
#ifndef RUN_THREAD_H
#define RUN_THREAD_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

/*
 * Starts a thread with so many bytes of stack (musl's default of 128 KiB is
 * small for name look-ups and the like).  0 with *ret, or -errno.
 */
NODISCARD int thread_start(pthread_t *ret, size_t stack, void *(*fn)(void *),
    void *arg);

/* A condition whose deadlines are clock_ms() values. */
void thread_cond_init(pthread_cond_t *cond);

/*
 * Waits with `lock` held.  True when woken, perhaps for nothing; false when
 * the deadline has come.
 */
bool thread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *lock,
    int64_t deadline);

#endif
