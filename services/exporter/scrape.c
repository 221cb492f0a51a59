#include "exporter/scrape.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exporter/scrape_parts.h"
#include "run/clock.h"
#include "run/thread.h"

/* OpenSSL and name look-ups need more than musl's 128 KiB. */
#define THREAD_STACK (512 * 1024)

/* --- asking -------------------------------------------------------------- */

/* All collectors. */
static uint64_t
whole_mask(const struct scrape *scrape)
{
	return scrape->count == 64 ? UINT64_MAX
				   : ((uint64_t)1 << scrape->count) - 1;
}

void
scrape_wait(struct scrape *scrape, struct scrape_waiter *waiter)
{
	bool aborted;

	(void)pthread_mutex_lock(&scrape->lock);
	aborted = scrape->aborted;
	if (!aborted) {
		struct scrape_waiter **at = &scrape->waiters;

		waiter->mask &= whole_mask(scrape);
		if (waiter->mask == 0) {
			waiter->mask = whole_mask(scrape);
		}
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

void
scrape_thread_ended(struct scrape *scrape)
{
	scrape->alive--;
	(void)pthread_cond_broadcast(&scrape->ended);
	(void)pthread_mutex_unlock(&scrape->lock);
}

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
		(void)pthread_mutex_init(&slot->go_lock, NULL);
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

		slot_forget(slot);
		collector_done(&slot->collector);
		cutoff_done(&slot->cutoff);
		(void)pthread_cond_destroy(&slot->go);
		(void)pthread_mutex_destroy(&slot->go_lock);
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
		slot_end(&scrape->slots[i]);
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
	runner_send_away(scrape);
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
		.noted = slot->noted,
		.seconds = slot->seconds };
	memcpy(ret->why, slot->why, sizeof(ret->why));
	(void)pthread_mutex_unlock(&scrape->lock);
}
