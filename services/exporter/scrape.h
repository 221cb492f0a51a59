/*
 * Scrapes: all collectors in parallel, one page out of what they gave.
 *
 * Each collector has one thread for ever.  A run wakes them all; who is still
 * at work from an earlier run counts as down and is not started again, so a
 * target that hangs costs its own series and nothing grows.  Whoever asks
 * while a run is going on takes part in it, and is answered when what he wants
 * has come back, but not later than his own deadline (see scrape_run.c).
 */
#ifndef EXPORTER_SCRAPE_H
#define EXPORTER_SCRAPE_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/shared.h"
#include "exporter/collector.h"

#define SCRAPE_COLLECTORS_MAX 64

struct scrape;

/*
 * Somebody who waits.  Zeroed, filled and kept by the caller.
 */
struct scrape_waiter {
	int64_t deadline; /* clock_ms() value */
	uint64_t mask; /* the collectors he wants, bit by number; 0: all */
	enum page_format format;
	bool gzip; /* the page compressed (RFC 1952) */
	/*
	 * He wants to know who is up, no page: collectors only make sure that
	 * their target answers.  scrape_state() tells afterwards.
	 */
	bool brief;
	/* Called exactly once, from any thread, perhaps at once. */
	void (*ready)(void *ctx);
	void *ctx;
	/* Then: the page, held by the waiter; NULL: no page is to be had. */
	struct shared *body;
	/* Private. */
	struct scrape_waiter *next;
	bool joined; /* takes part in the run */
	bool answered;
};

/* How a collector is, for people. */
struct scrape_state {
	const char *name;
	enum {
		SCRAPE_NEVER, /* no run yet */
		SCRAPE_UP,
		SCRAPE_DOWN,
	} how;
	bool busy; /* at work right now */
	time_t last_up; /* 0: never */
	int64_t noted; /* clock_ms() when this was last found out; 0: never */
	double seconds; /* the last run took */
	char why[COLLECTOR_WHY_MAX + 1];
};

/*
 * Starts the threads.  0 with *ret, or -errno.  Takes the collectors in either
 * case.
 */
NODISCARD int scrape_start(struct collector *collectors, size_t n,
    struct scrape **ret);

/* Waits for a page; see struct scrape_waiter. */
void scrape_wait(struct scrape *scrape, struct scrape_waiter *waiter);

/* From now on nobody waits: all get no page, at once. */
void scrape_abort(struct scrape *scrape);

/*
 * Aborts, cuts all sockets off and waits for the threads to end, at most
 * `ms`.  True: all ended and all memory is free.  False: a thread hangs in a
 * library call; the process has to end by _exit(2).
 */
NODISCARD bool scrape_stop(struct scrape *scrape, int ms);

/* The number of collectors, and how each is. */
size_t scrape_count(const struct scrape *scrape);
void scrape_state(struct scrape *scrape, size_t i, struct scrape_state *ret);

#endif
