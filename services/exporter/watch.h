/*
 * A socket that somebody else may cut off.
 *
 * A collector's thread may be inside a library call whose own time-outs are
 * coarse, or start anew with each byte that trickles in.  It leaves its socket
 * here; at the deadline the scrape cuts it, and every read and write on it
 * ends at once.
 */
#ifndef EXPORTER_WATCH_H
#define EXPORTER_WATCH_H

#include <pthread.h>
#include <stdbool.h>

struct watch {
	/* Private. */
	pthread_mutex_t lock;
	int fd;
	bool cut;
};

void watch_init(struct watch *watch);
void watch_done(struct watch *watch);

/* Before a run: nothing is watched and nothing is cut. */
void watch_reset(struct watch *watch);

/* Watches `fd`; when the watch was cut before, cuts it at once. */
void watch_set(struct watch *watch, int fd);

/* Has to come before the descriptor is closed. */
void watch_clear(struct watch *watch);

/* Shuts down what is watched, now or later in this run.  Closes nothing. */
void watch_cut(struct watch *watch);

#endif
