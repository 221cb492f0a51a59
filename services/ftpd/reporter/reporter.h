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

struct reporter_parts {
	uint16_t port;
	const struct stats *stats;
	const char *root; /* FTPD_ROOT, and open: for the volume's size */
	int root_fd;
	int life_fd;
};

/* Serves until `life_fd` ends.  Returns the exit status. */
int reporter_run(const struct reporter_parts *parts);

#endif
