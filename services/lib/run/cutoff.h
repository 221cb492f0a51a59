/*
 * A socket that another thread may cut off.
 *
 * A thread may be inside a library call whose own time-outs are coarse, or
 * start anew with each byte that trickles in.  It leaves its socket here; who
 * wants it back (at a deadline, at the end) cuts it, and every read and write
 * on the socket ends at once.
 */
#ifndef RUN_CUTOFF_H
#define RUN_CUTOFF_H

#include <pthread.h>
#include <stdbool.h>

struct cutoff {
	/* Private. */
	pthread_mutex_t lock;
	int fd; /* -1: none */
	bool cut;
};

void cutoff_init(struct cutoff *cutoff);
void cutoff_done(struct cutoff *cutoff);

/* Begins anew: no socket, and nothing is cut. */
void cutoff_reset(struct cutoff *cutoff);

/* Leaves `fd` here, which is borrowed; when it was cut before, cuts at once. */
void cutoff_set(struct cutoff *cutoff, int fd);

/* Takes it back.  Has to come before the descriptor is closed. */
void cutoff_clear(struct cutoff *cutoff);

/*
 * Cuts: shuts down the socket that is here, and each that comes before the
 * next cutoff_reset().  Closes nothing.
 */
void cutoff_now(struct cutoff *cutoff);

#endif
