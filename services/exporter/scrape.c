#include "exporter/scrape.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exporter/run_page.h"
#include "run/clock.h"
#include "run/log.h"
#include "run/thread.h"

/* OpenSSL and name look-ups need more than musl's 128 KiB. */
#define THREAD_STACK (512 * 1024)

/* A collector with its thread. */
struct slot {
	struct scrape *scrape;
	struct collector collector;
	struct cutoff cutoff;
	pthread_t thread;
	pthread_cond_t go;
	/* Under the scrape's lock. */
	bool wanted; /* the thread is to begin */
	bool busy; /* from the start of a run until collect() came back */
	bool done; /* came back in time, in this run */
	bool late; /* the run is over, and it has not come back */
	bool up; /* of the last run */
	bool ever;
	time_t last_up;
	double seconds;
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
	uint64_t runs;
	int64_t run_start;
	size_t count;
	struct slot slots[];
};

/* --- a collector's thread ------------------------------------------------ */

/* Why a collector is down, once for each time it changes. */
static void
log_change(const struct slot *slot, bool was_up, bool was_ever)
{
	struct log_line l;

	/* That it is up at first is what one expects. */
	if (slot->up == (was_ever ? was_up : true)) {
		return;
	}
	log_open(&l, slot->up ? LOG_INFO : LOG_WARN,
	    slot->up ? "collector_up" : "collector_down");
	log_str(&l, "collector", slot->collector.name);
	if (!slot->up) {
		log_str(&l, "why", slot->why);
	}
	log_close(&l);
}

/* Notes how a run ended for a collector.  Locked. */
static void
note(struct slot *slot, bool up, const char *why, double seconds)
{
	bool was_up = slot->up, was_ever = slot->ever;

	slot->up = up;
	slot->ever = true;
	slot->seconds = seconds;
	(void)snprintf(slot->why, sizeof(slot->why), "%s", why);
	if (up) {
		slot->last_up = time(NULL);
	}
	log_change(slot, was_up, was_ever);
}

static double
seconds_since(int64_t start)
{
	return (double)(clock_ms() - start) / 1000;
}

/* One run, without the lock.  True: up. */
static bool
collect(struct slot *slot, struct buf *why, double *ret_seconds)
{
	struct collection c = { .deadline = slot->deadline,
		.cutoff = &slot->cutoff,
		.out = &slot->out,
		.foreign = &slot->foreign,
		.why = why };
	int64_t start = clock_us();
	int r = slot->collector.class->collect(slot->collector.self, &c);

	if (r == 0) {
		r = buf_error(&slot->out);
	}
	if (r == 0) {
		r = buf_error(&slot->foreign);
	}
	if (r < 0 && buf_size(why) == 0) {
		buf_add_str(why, strerror(-r));
	}
	*ret_seconds = (double)(clock_us() - start) / 1e6;
	return r == 0;
}

static void
forget_output(struct slot *slot)
{
	buf_done(&slot->out);
	buf_done(&slot->foreign);
}

/* Counts a thread out, so that scrape_stop() can wait with a limit. */
static void
thread_ended(struct scrape *scrape)
{
	scrape->alive--;
	(void)pthread_cond_broadcast(&scrape->ended);
	(void)pthread_mutex_unlock(&scrape->lock);
}

static void *
slot_thread(void *data)
{
	struct slot *slot = data;
	struct scrape *scrape = slot->scrape;

	(void)pthread_mutex_lock(&scrape->lock);
	while (!scrape->stop) {
		struct buf why;
		double seconds;
		bool up;

		if (!slot->wanted) {
			(void)pthread_cond_wait(&slot->go, &scrape->lock);
			continue;
		}
		slot->wanted = false;
		(void)pthread_mutex_unlock(&scrape->lock);
		buf_init(&why, COLLECTOR_WHY_MAX);
		up = collect(slot, &why, &seconds);
		(void)pthread_mutex_lock(&scrape->lock);
		slot->busy = false;
		if (slot->late) {
			forget_output(slot);
		} else {
			slot->done = true;
			note(slot, up, buf_cstr(&why), seconds);
		}
		buf_done(&why);
		(void)pthread_cond_signal(&scrape->wake);
	}
	thread_ended(scrape);
	return NULL;
}

/* --- the runner ---------------------------------------------------------- */

/* Takes the waiters that are due off the list. */
static struct scrape_waiter *
take_due(struct scrape *scrape, int64_t now)
{
	struct scrape_waiter **at = &scrape->waiters, *due = NULL;

	while (*at != NULL) {
		struct scrape_waiter *waiter = *at;

		if (waiter->deadline <= now) {
			*at = waiter->next;
			waiter->next = due;
			due = waiter;
		} else {
			at = &waiter->next;
		}
	}
	return due;
}

/* Gives each of the list its body; the list is gone afterwards. */
static void
hand_out(struct scrape_waiter *due, struct shared *bodies[PAGE_FORMATS])
{
	while (due != NULL) {
		struct scrape_waiter *next = due->next;

		due->body = shared_hold(bodies[due->format]);
		due->ready(due->ctx);
		due = next;
	}
	for (size_t i = 0; i < PAGE_FORMATS; i++) {
		shared_let_go(bodies[i]);
	}
}

/* The state of all collectors.  Locked. */
static void
take_shots(const struct scrape *scrape, double seconds, struct run_shot *shots)
{
	for (size_t i = 0; i < scrape->count; i++) {
		const struct slot *slot = &scrape->slots[i];

		shots[i] = (struct run_shot){ .collector = &slot->collector,
			.up = slot->done && slot->up,
			.seconds = slot->done ? slot->seconds : seconds };
		if (slot->done) {
			shots[i].out = buf_view(&slot->out);
			shots[i].foreign = buf_view(&slot->foreign);
		}
	}
}

static bool
is_wanted(const struct scrape_waiter *due, enum page_format format)
{
	while (due != NULL && due->format != format) {
		due = due->next;
	}
	return due != NULL;
}

/* Answers a list of waiters with what is there.  Locked; unlocks meanwhile. */
static void
answer(struct scrape *scrape, struct scrape_waiter *due)
{
	struct run_shot shots[SCRAPE_COLLECTORS_MAX];
	struct shared *bodies[PAGE_FORMATS] = { NULL };
	struct run_page run;
	uint64_t runs = scrape->runs;
	double seconds = seconds_since(scrape->run_start);

	if (due == NULL) {
		return;
	}
	take_shots(scrape, seconds, shots);
	(void)pthread_mutex_unlock(&scrape->lock);
	run_page_init(&run, shots, scrape->count, runs, seconds);
	for (size_t i = 0; i < PAGE_FORMATS; i++) {
		if (is_wanted(due, (enum page_format)i)) {
			bodies[i] = run_page_body(&run, (enum page_format)i);
		}
	}
	run_page_done(&run);
	hand_out(due, bodies);
	(void)pthread_mutex_lock(&scrape->lock);
}

/* Wakes all collectors that are not at work. */
static void
begin_run(struct scrape *scrape, int64_t deadline)
{
	scrape->runs++;
	scrape->run_start = clock_ms();
	for (size_t i = 0; i < scrape->count; i++) {
		struct slot *slot = &scrape->slots[i];

		slot->done = false;
		if (slot->busy) {
			note(slot, false, "still busy with an earlier scrape",
			    slot->seconds);
			continue;
		}
		cutoff_reset(&slot->cutoff);
		slot->busy = true;
		slot->late = false;
		slot->deadline = deadline;
		slot->wanted = true;
		(void)pthread_cond_signal(&slot->go);
	}
}

/* Is nobody of this run at work any more? */
static bool
run_complete(const struct scrape *scrape)
{
	for (size_t i = 0; i < scrape->count; i++) {
		if (scrape->slots[i].busy && !scrape->slots[i].late) {
			return false;
		}
	}
	return true;
}

/* Cuts off who has not come back. */
static void
end_run(struct scrape *scrape)
{
	for (size_t i = 0; i < scrape->count; i++) {
		struct slot *slot = &scrape->slots[i];

		if (slot->busy && !slot->late) {
			slot->late = true;
			cutoff_now(&slot->cutoff);
			note(slot, false, "no answer in time",
			    seconds_since(scrape->run_start));
		}
	}
}

/* One run from its first waiter to its last. */
static void
run_once(struct scrape *scrape)
{
	int64_t deadline = scrape->waiters->deadline;

	begin_run(scrape, deadline);
	while (!scrape->aborted && !run_complete(scrape)
	    && clock_ms() < deadline) {
		struct scrape_waiter *due = take_due(scrape, clock_ms());
		int64_t next = deadline;

		if (due != NULL) {
			answer(scrape, due);
			continue;
		}
		for (struct scrape_waiter *w = scrape->waiters; w != NULL;
		     w = w->next) {
			next = w->deadline < next ? w->deadline : next;
		}
		(void)thread_cond_wait(&scrape->wake, &scrape->lock, next);
	}
	end_run(scrape);
	if (!scrape->aborted) {
		answer(scrape, take_due(scrape, INT64_MAX));
	}
	for (size_t i = 0; i < scrape->count; i++) {
		if (scrape->slots[i].done) {
			forget_output(&scrape->slots[i]);
			scrape->slots[i].done = false;
		}
	}
}

static void *
runner_thread(void *data)
{
	struct scrape *scrape = data;

	(void)pthread_mutex_lock(&scrape->lock);
	while (!scrape->stop) {
		if (scrape->waiters == NULL || scrape->aborted) {
			(void)pthread_cond_wait(&scrape->wake, &scrape->lock);
		} else {
			run_once(scrape);
		}
	}
	thread_ended(scrape);
	return NULL;
}

void
scrape_wait(struct scrape *scrape, struct scrape_waiter *waiter)
{
	bool aborted;

	(void)pthread_mutex_lock(&scrape->lock);
	aborted = scrape->aborted;
	if (!aborted) {
		struct scrape_waiter **at = &scrape->waiters;

		/* The first who came decides the run's deadline. */
		while (*at != NULL) {
			at = &(*at)->next;
		}
		waiter->next = NULL;
		*at = waiter;
		(void)pthread_cond_signal(&scrape->wake);
	}
	(void)pthread_mutex_unlock(&scrape->lock);
	if (aborted) {
		waiter->body = NULL;
		waiter->ready(waiter->ctx);
	}
}

/* --- life ---------------------------------------------------------------- */

static int
start_thread(struct scrape *scrape, pthread_t *thread, void *(*fn)(void *),
    void *data)
{
	int r;

	(void)pthread_mutex_lock(&scrape->lock);
	r = thread_start(thread, THREAD_STACK, fn, data);
	if (r == 0) {
		scrape->alive++;
	}
	(void)pthread_mutex_unlock(&scrape->lock);
	return r;
}

static struct scrape *
scrape_new(struct collector *collectors, size_t n)
{
	struct scrape *scrape = calloc(1,
	    sizeof(*scrape) + n * sizeof(scrape->slots[0]));

	if (scrape == NULL || n > SCRAPE_COLLECTORS_MAX) {
		for (size_t i = 0; i < n; i++) {
			collector_done(&collectors[i]);
		}
		free(scrape);
		return NULL;
	}
	(void)pthread_mutex_init(&scrape->lock, NULL);
	thread_cond_init(&scrape->wake);
	thread_cond_init(&scrape->ended);
	scrape->count = n;
	for (size_t i = 0; i < n; i++) {
		struct slot *slot = &scrape->slots[i];

		slot->scrape = scrape;
		slot->collector = collectors[i];
		cutoff_init(&slot->cutoff);
		thread_cond_init(&slot->go);
		buf_init(&slot->out, COLLECTION_MAX);
		buf_init(&slot->foreign, COLLECTION_MAX);
	}
	return scrape;
}

static void
scrape_free(struct scrape *scrape)
{
	for (size_t i = 0; i < scrape->count; i++) {
		struct slot *slot = &scrape->slots[i];

		forget_output(slot);
		collector_done(&slot->collector);
		cutoff_done(&slot->cutoff);
		(void)pthread_cond_destroy(&slot->go);
	}
	(void)pthread_cond_destroy(&scrape->ended);
	(void)pthread_cond_destroy(&scrape->wake);
	(void)pthread_mutex_destroy(&scrape->lock);
	free(scrape);
}

/* Tells all threads to end and waits for that. */
static bool
end_threads(struct scrape *scrape, int64_t deadline)
{
	bool all;

	(void)pthread_mutex_lock(&scrape->lock);
	scrape->stop = true;
	(void)pthread_cond_broadcast(&scrape->wake);
	for (size_t i = 0; i < scrape->count; i++) {
		cutoff_now(&scrape->slots[i].cutoff);
		(void)pthread_cond_broadcast(&scrape->slots[i].go);
	}
	while (scrape->alive > 0
	    && thread_cond_wait(&scrape->ended, &scrape->lock, deadline)) {
		continue;
	}
	all = scrape->alive == 0;
	(void)pthread_mutex_unlock(&scrape->lock);
	return all;
}

/* Joins the runner and the first `n` collectors' threads. */
static void
join_threads(struct scrape *scrape, size_t n)
{
	(void)pthread_join(scrape->runner, NULL);
	for (size_t i = 0; i < n; i++) {
		(void)pthread_join(scrape->slots[i].thread, NULL);
	}
}

int
scrape_start(struct collector *collectors, size_t n, struct scrape **ret)
{
	struct scrape *scrape = scrape_new(collectors, n);
	size_t started = 0;
	int r;

	if (scrape == NULL) {
		return -ENOMEM;
	}
	r = start_thread(scrape, &scrape->runner, runner_thread, scrape);
	if (r < 0) {
		scrape_free(scrape);
		return r;
	}
	while (r == 0 && started < n) {
		struct slot *slot = &scrape->slots[started];

		r = start_thread(scrape, &slot->thread, slot_thread, slot);
		started += r == 0;
	}
	if (r == 0) {
		*ret = scrape;
		return 0;
	}
	/* Nobody has anything to do yet, so all end at once. */
	while (!end_threads(scrape, clock_ms() + 1000)) {
		continue;
	}
	join_threads(scrape, started);
	scrape_free(scrape);
	return r;
}

void
scrape_abort(struct scrape *scrape)
{
	struct shared *none[PAGE_FORMATS] = { NULL };
	struct scrape_waiter *due;

	(void)pthread_mutex_lock(&scrape->lock);
	scrape->aborted = true;
	due = take_due(scrape, INT64_MAX);
	(void)pthread_cond_signal(&scrape->wake);
	(void)pthread_mutex_unlock(&scrape->lock);
	hand_out(due, none);
}

bool
scrape_stop(struct scrape *scrape, int ms)
{
	scrape_abort(scrape);
	if (!end_threads(scrape, clock_ms() + ms)) {
		return false;
	}
	join_threads(scrape, scrape->count);
	scrape_free(scrape);
	return true;
}

size_t
scrape_count(const struct scrape *scrape)
{
	return scrape->count;
}

void
scrape_state(struct scrape *scrape, size_t i, struct scrape_state *ret)
{
	const struct slot *slot = &scrape->slots[i];

	(void)pthread_mutex_lock(&scrape->lock);
	*ret = (struct scrape_state){ .name = slot->collector.name,
		.how = !slot->ever ? SCRAPE_NEVER
		    : slot->up     ? SCRAPE_UP
				   : SCRAPE_DOWN,
		.busy = slot->busy,
		.last_up = slot->last_up,
		.seconds = slot->seconds };
	memcpy(ret->why, slot->why, sizeof(ret->why));
	(void)pthread_mutex_unlock(&scrape->lock);
}
