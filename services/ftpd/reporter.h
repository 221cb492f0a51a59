/*
 * The reporter: a process that serves /metrics and /healthz from the shared
 * counters, and nothing else.
 */
#ifndef FTPD_REPORTER_H
#define FTPD_REPORTER_H

#include "ftpd/settings.h"
#include "ftpd/stats.h"

/* The listener's heart beats at least this often; silence is ill health. */
#define REPORTER_BEAT_MS 2000
#define REPORTER_SILENCE_MS 10000

/*
 * Serves until `life_fd` ends.  `root_fd` is the volume, for its size.
 * Returns the exit status.
 */
int reporter_run(const struct settings *settings, struct stats *stats,
    int root_fd, int life_fd);

#endif
