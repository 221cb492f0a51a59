/*
 * What a scrape is made of; only scrape.c (life), scrape_slot.c (a collector's
 * thread) and scrape_run.c (runs and who waits for them) look inside.
 */
#ifndef EXPORTER_SCRAPE_PARTS_H
#define EXPORTER_SCRAPE_PARTS_H

#include <pthread.h>
#include <stdbool.h>

#include "exporter/scrape.h"
#include "run/cutoff.h"

/* A collector with its thread. */
struct slot {
	struct scrape *scrape;
	struct collector collector;
	struct cutoff cutoff;
	pthread_t thread;
	/*
	 * How the thread is woken: with a lock of its own, so that those woken
	 * together do not wait for each other.
	 */
	pthread_mutex_t go_lock;
	pthread_cond_t go;
	bool wanted; /* it is to begin; under go_lock */
	bool end; /* it is to end; under go_lock */
	/* Under the scrape's lock; the thread reads brief and deadline. */
	bool busy; /* from the start of a run until collect() came back */
	bool done; /* came back in time, in this run */
	bool late; /* its time is over, and it has not come back */
	bool brief; /* asked whether it is up, no more */
	bool up; /* of the last run */
	bool ever;
	time_t last_up;
	int64_t noted; /* clock_ms() of the last note */
	double seconds;
	int64_t started; /* clock_ms() value */
	int64_t deadline;
	char why[COLLECTOR_WHY_MAX + 1];
	/* Of the thread while busy, else of the run. */
	struct buf out;
	struct buf foreign;
};

struct scrape {
	pthread_mutex_t lock;
	pthread_cond_t wake; /* the runner: somebody waits, or came back */
	pthread_cond_t ended; /* a thread has ended */
	pthread_t runner;
	size_t alive;
	bool stop; /* threads end */
	bool aborted; /* nobody waits any more */
	struct scrape_waiter *waiters;
	uint64_t runs; /* without the brief ones */
	int64_t run_start;
	bool run_brief;
	uint64_t run_mask; /* the slots that were started in this run */
	size_t count;
	struct slot slots[];
};

/* A collector's thread; `data` is its struct slot. */
void *slot_thread(void *data);
/* Wakes it, unless it is still at work: then it is down.  Locked. */
void slot_begin(struct slot *slot, int64_t deadline, bool brief);
/* Tells the thread to end, when it is not at work. */
void slot_end(struct slot *slot);
/* Cuts it off when its time is over.  Locked. */
void slot_expire(struct slot *slot, int64_t now);
/* At work, and its time is not over?  Locked. */
bool slot_pending(const struct slot *slot);
/* Frees what it gave. */
void slot_forget(struct slot *slot);

/* The runner's thread; `data` is the struct scrape. */
void *runner_thread(void *data);
/* Has the runner something to do since a collector came back?  Locked. */
bool runner_is_due(const struct scrape *scrape);
/* Gives everybody no page.  Takes the lock. */
void runner_send_away(struct scrape *scrape);

/* Counts a thread out, so that scrape_stop() can wait with a limit.  Unlocks.
 */
void scrape_thread_ended(struct scrape *scrape);

#endif
