#include "exporter/scrape.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "metrics/metrics.h"
#include "run/clock.h"
#include "run/log.h"

/* OpenSSL and name look-ups need more than musl's 128 KiB. */
#define THREAD_STACK (512 * 1024)
#define BODY_MAX (16 * 1024 * 1024)
#define FORMATS 2

/* A collector with its thread. */
struct slot {
	struct scrape *scrape;
	struct collector collector;
	struct watch watch;
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

struct scrape_body {
	atomic_uint refs;
	size_t n;
	char *bytes;
};

struct view
scrape_body_view(const struct scrape_body *body)
{
	return (struct view){ body->bytes, body->n };
}

void
scrape_body_unref(void *data)
{
	struct scrape_body *body = data;

	if (body != NULL && atomic_fetch_sub(&body->refs, 1) == 1) {
		free(body->bytes);
		free(body);
	}
}

static struct scrape_body *
body_new(struct buf *text)
{
	struct scrape_body *body = calloc(1, sizeof(*body));

	if (body == NULL) {
		buf_done(text);
		return NULL;
	}
	body->bytes = buf_take(text, &body->n);
	if (body->bytes == NULL) {
		free(body);
		return NULL;
	}
	atomic_init(&body->refs, 1);
	return body;
}

/* --- a collector's thread ------------------------------------------------ */

/* Why a collector is down, once for each time it changes. */
static void
log_change(const struct slot *slot, bool was_up, bool was_ever)
{
	struct log_line l;

	if (was_ever && was_up == slot->up) {
		return;
	}
	if (slot->up && !was_ever) {
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

static double
precise_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* One run, without the lock.  True: up. */
static bool
collect(struct slot *slot, struct buf *why, double *ret_seconds)
{
	struct collection c = { .deadline = slot->deadline,
		.watch = &slot->watch,
		.out = &slot->out,
		.foreign = &slot->foreign,
		.why = why };
	double start = precise_now();
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
	*ret_seconds = precise_now() - start;
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

/* --- the page ------------------------------------------------------------ */

/* The state of a slot when a page is made. */
struct shot {
	bool done;
	bool up;
	double seconds;
	size_t dropped;
};

static void
write_each(struct metrics *m, const struct scrape *scrape,
    const struct shot *shots, double (*value)(const struct shot *))
{
	for (size_t i = 0; i < scrape->count; i++) {
		metrics_label(m, "collector",
		    view_str(scrape->slots[i].collector.name));
		metrics_double(m, value(&shots[i]));
	}
}

static double
shot_success(const struct shot *shot)
{
	return shot->done && shot->up;
}

static double
shot_seconds(const struct shot *shot)
{
	return shot->seconds;
}

static double
shot_dropped(const struct shot *shot)
{
	return (double)shot->dropped;
}

/* What the exporter says about itself. */
static void
write_summary(struct buf *out, const struct scrape *scrape,
    const struct shot *shots, uint64_t runs, double seconds)
{
	struct metrics m;

	metrics_init(&m, out);
	metrics_family(&m, "exporter_build_info", METRICS_GAUGE,
	    "Version of the exporter.");
	metrics_label(&m, "version", view_str(VERSION));
	metrics_u64(&m, 1);
	metrics_family(&m, "exporter_scrapes_total", METRICS_COUNTER,
	    "Runs of all collectors.");
	metrics_u64(&m, runs);
	metrics_one(&m, "exporter_scrape_duration_seconds", METRICS_GAUGE,
	    "How long this run took.", seconds);
	metrics_family(&m, "exporter_collector_success", METRICS_GAUGE,
	    "Whether the collector came back in time with an answer.");
	write_each(&m, scrape, shots, shot_success);
	metrics_family(&m, "exporter_collector_duration_seconds", METRICS_GAUGE,
	    "How long the collector took.");
	write_each(&m, scrape, shots, shot_seconds);
	metrics_family(&m, "exporter_collector_dropped_lines", METRICS_GAUGE,
	    "Lines of this run that were left out: invalid, of another type "
	    "than the family has, or a series that is there already.");
	write_each(&m, scrape, shots, shot_dropped);
}

static void
write_downs(struct buf *out, const struct scrape *scrape,
    const struct shot *shots)
{
	struct metrics m;

	metrics_init(&m, out);
	for (size_t i = 0; i < scrape->count; i++) {
		const struct collector *c = &scrape->slots[i].collector;

		if (!shots[i].done || !shots[i].up) {
			c->class->down(c->self, &m);
		}
	}
}

/* Adds what the collectors gave: first all of our own, then foreign text. */
static void
fill_page(struct page *page, const struct scrape *scrape, struct shot *shots)
{
	static const struct page_source own = { .foreign = false };

	for (size_t i = 0; i < scrape->count; i++) {
		if (shots[i].done && shots[i].up) {
			shots[i].dropped += page_add(page,
			    buf_view(&scrape->slots[i].out), &own);
		}
	}
	for (size_t i = 0; i < scrape->count; i++) {
		if (shots[i].done && shots[i].up) {
			shots[i].dropped += page_add(page,
			    buf_view(&scrape->slots[i].foreign),
			    &scrape->slots[i].collector.source);
		}
	}
}

/* Makes the wanted formats of the page.  Without the lock. */
static void
make_bodies(const struct scrape *scrape, struct shot *shots, uint64_t runs,
    double seconds, const bool wanted[FORMATS],
    struct scrape_body *bodies[FORMATS])
{
	static const struct page_source own = { .foreign = false };
	struct page *page = page_new();
	struct buf downs, summary;

	buf_init(&downs, COLLECTION_MAX);
	buf_init(&summary, COLLECTION_MAX);
	if (page != NULL) {
		write_downs(&downs, scrape, shots);
		(void)page_add(page, buf_view(&downs), &own);
		fill_page(page, scrape, shots);
		write_summary(&summary, scrape, shots, runs, seconds);
		(void)page_add(page, buf_view(&summary), &own);
	}
	for (size_t i = 0; i < FORMATS; i++) {
		struct buf text;

		bodies[i] = NULL;
		if (page != NULL && wanted[i]) {
			buf_init(&text, BODY_MAX);
			page_write(page, (enum page_format)i, &text);
			bodies[i] = body_new(&text);
		}
	}
	page_free(page);
	buf_done(&downs);
	buf_done(&summary);
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
hand_out(struct scrape_waiter *due, struct scrape_body *bodies[FORMATS])
{
	while (due != NULL) {
		struct scrape_waiter *next = due->next;
		struct scrape_body *body = bodies[due->format];

		if (body != NULL) {
			atomic_fetch_add(&body->refs, 1);
		}
		due->body = body;
		due->ready(due->ctx);
		due = next;
	}
	for (size_t i = 0; i < FORMATS; i++) {
		scrape_body_unref(bodies[i]);
	}
}

/* Answers a list of waiters with what is there.  Locked; unlocks meanwhile. */
static void
answer(struct scrape *scrape, struct scrape_waiter *due)
{
	struct shot shots[SCRAPE_COLLECTORS_MAX] = { { .done = false } };
	struct scrape_body *bodies[FORMATS] = { NULL };
	bool wanted[FORMATS] = { false };
	uint64_t runs = scrape->runs;
	double seconds = seconds_since(scrape->run_start);

	if (due == NULL) {
		return;
	}
	for (size_t i = 0; i < scrape->count; i++) {
		const struct slot *slot = &scrape->slots[i];

		shots[i] = (struct shot){ .done = slot->done,
			.up = slot->up,
			.seconds = slot->done ? slot->seconds : seconds };
	}
	for (struct scrape_waiter *w = due; w != NULL; w = w->next) {
		wanted[w->format] = true;
	}
	(void)pthread_mutex_unlock(&scrape->lock);
	make_bodies(scrape, shots, runs, seconds, wanted, bodies);
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
		watch_reset(&slot->watch);
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
			watch_cut(&slot->watch);
			note(slot, false, "no answer in time",
			    seconds_since(scrape->run_start));
		}
	}
}

static void
wait_until(struct scrape *scrape, int64_t when)
{
	struct timespec ts = { .tv_sec = when / 1000,
		.tv_nsec = when % 1000 * 1000000L };

	(void)pthread_cond_timedwait(&scrape->wake, &scrape->lock, &ts);
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
		wait_until(scrape, next);
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

static void
cond_init(pthread_cond_t *cond)
{
	pthread_condattr_t attr;

	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(cond, &attr);
	(void)pthread_condattr_destroy(&attr);
}

static int
start_thread(struct scrape *scrape, pthread_t *thread, void *(*fn)(void *),
    void *data)
{
	pthread_attr_t attr;
	int r;

	(void)pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, THREAD_STACK);
	(void)pthread_mutex_lock(&scrape->lock);
	r = pthread_create(thread, &attr, fn, data);
	if (r == 0) {
		scrape->alive++;
	}
	(void)pthread_mutex_unlock(&scrape->lock);
	(void)pthread_attr_destroy(&attr);
	return -r;
}

static struct scrape *
scrape_new(struct collector *collectors, size_t n)
{
	struct scrape *scrape = calloc(1,
	    sizeof(*scrape) + n * sizeof(scrape->slots[0]));

	if (scrape == NULL || n > SCRAPE_COLLECTORS_MAX) {
		for (size_t i = 0; i < n; i++) {
			collectors[i].class->done(collectors[i].self);
		}
		free(scrape);
		return NULL;
	}
	(void)pthread_mutex_init(&scrape->lock, NULL);
	cond_init(&scrape->wake);
	cond_init(&scrape->ended);
	scrape->count = n;
	for (size_t i = 0; i < n; i++) {
		struct slot *slot = &scrape->slots[i];

		slot->scrape = scrape;
		slot->collector = collectors[i];
		watch_init(&slot->watch);
		cond_init(&slot->go);
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
		slot->collector.class->done(slot->collector.self);
		watch_done(&slot->watch);
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
	struct timespec ts = { .tv_sec = deadline / 1000,
		.tv_nsec = deadline % 1000 * 1000000L };
	bool all;

	(void)pthread_mutex_lock(&scrape->lock);
	scrape->stop = true;
	(void)pthread_cond_broadcast(&scrape->wake);
	for (size_t i = 0; i < scrape->count; i++) {
		watch_cut(&scrape->slots[i].watch);
		(void)pthread_cond_broadcast(&scrape->slots[i].go);
	}
	while (scrape->alive > 0
	    && pthread_cond_timedwait(&scrape->ended, &scrape->lock, &ts)
		!= ETIMEDOUT) {
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
	struct scrape_body *none[FORMATS] = { NULL };
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
