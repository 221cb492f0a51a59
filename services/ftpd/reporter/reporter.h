/*
 * The reporter: a process that serves /metrics and /healthz from the shared
 * counters, and nothing else.
 */
#ifndef FTPD_REPORTER_REPORTER_H
#define FTPD_REPORTER_REPORTER_H

#include <stdint.h>

#include "ftpd/stats.h"

/* The program and the descriptors that it is given, from PART_FD on. */
#define REPORTER_PROGRAM "ftpd-reporter"
enum { REPORTER_STATS, REPORTER_ROOT, REPORTER_LIFE, REPORTER_FDS };

/*
 * Serves at `port` until `life_fd` ends.  `root_fd` is the volume, for its
 * size.  Returns the exit status.
 */
int reporter_run(uint16_t port, const struct stats *stats, int root_fd,
    int life_fd);

#endif
