/*
 * A collector's thread: waits, collects, notes how it went.
 */
#include <stdio.h>
#include <string.h>

#include "exporter/scrape_parts.h"
#include "run/clock.h"
#include "run/log.h"

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

/*
 * Notes how a run ended for a collector.  A brief one that went well says
 * nothing about what a whole one takes or remarks.  Locked.
 */
static void
note(struct slot *slot, bool up, const char *why, double seconds)
{
	bool was_up = slot->up, was_ever = slot->ever;

	if (!slot->brief || !up || !was_up) {
		slot->seconds = seconds;
		(void)snprintf(slot->why, sizeof(slot->why), "%s", why);
	}
	slot->up = up;
	slot->ever = true;
	slot->noted = clock_ms();
	if (up) {
		slot->last_up = time(NULL);
	}
	log_change(slot, was_up, was_ever);
}

/* One run, without the lock.  True: up. */
static bool
collect(struct slot *slot, struct buf *why, double *ret_seconds)
{
	struct collection c = { .deadline = slot->deadline,
		.brief = slot->brief,
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

void
slot_forget(struct slot *slot)
{
	buf_done(&slot->out);
	buf_done(&slot->foreign);
}

/* Waits to be woken.  False: it is time to end. */
static bool
wait_for_work(struct slot *slot)
{
	bool end;

	(void)pthread_mutex_lock(&slot->go_lock);
	while (!slot->wanted && !slot->end) {
		(void)pthread_cond_wait(&slot->go, &slot->go_lock);
	}
	slot->wanted = false;
	end = slot->end;
	(void)pthread_mutex_unlock(&slot->go_lock);
	return !end;
}

static void
wake(struct slot *slot, bool *what)
{
	(void)pthread_mutex_lock(&slot->go_lock);
	*what = true;
	(void)pthread_cond_signal(&slot->go);
	(void)pthread_mutex_unlock(&slot->go_lock);
}

void *
slot_thread(void *data)
{
	struct slot *slot = data;
	struct scrape *scrape = slot->scrape;

	while (wait_for_work(slot)) {
		struct buf why;
		double seconds;
		bool up;

		buf_init(&why, COLLECTOR_WHY_MAX);
		up = collect(slot, &why, &seconds);
		(void)pthread_mutex_lock(&scrape->lock);
		slot->busy = false;
		if (slot->late) {
			slot_forget(slot);
		} else {
			slot->done = true;
			note(slot, up, buf_cstr(&why), seconds);
		}
		if (runner_is_due(scrape)) {
			(void)pthread_cond_signal(&scrape->wake);
		}
		(void)pthread_mutex_unlock(&scrape->lock);
		buf_done(&why);
	}
	(void)pthread_mutex_lock(&scrape->lock);
	scrape_thread_ended(scrape);
	return NULL;
}

void
slot_begin(struct slot *slot, int64_t deadline, bool brief)
{
	slot->done = false;
	if (slot->busy) {
		note(slot, false, "still busy with an earlier scrape",
		    slot->seconds);
		return;
	}
	cutoff_reset(&slot->cutoff);
	slot->busy = true;
	slot->late = false;
	slot->brief = brief;
	slot->started = clock_ms();
	slot->deadline = deadline;
	wake(slot, &slot->wanted);
}

void
slot_end(struct slot *slot)
{
	wake(slot, &slot->end);
}

bool
slot_pending(const struct slot *slot)
{
	return slot->busy && !slot->late;
}

void
slot_expire(struct slot *slot, int64_t now)
{
	if (slot_pending(slot) && slot->deadline <= now) {
		slot->late = true;
		cutoff_now(&slot->cutoff);
		note(slot, false, "no answer in time",
		    (double)(now - slot->started) / 1000);
	}
}
