/*
 * Runs: the collectors that somebody waits for, once each, in parallel.
 *
 * Who comes while a run is going on joins it; what he wants and nobody else
 * has wanted so far is started for him.  He is answered when all of his
 * collectors have come back or have used up their time, and not later than at
 * his own deadline.  So a collector that hangs delays only who asks for it.
 */
#include "exporter/gzip.h"
#include "exporter/run_page.h"
#include "exporter/scrape_parts.h"
#include "run/clock.h"
#include "run/thread.h"

static bool
in_mask(uint64_t mask, size_t i)
{
	return (mask >> i & 1) != 0;
}

/* The slots at work whose time is not over.  Locked. */
static uint64_t
pending(const struct scrape *scrape)
{
	uint64_t mask = 0;

	for (size_t i = 0; i < scrape->count; i++) {
		if (slot_pending(&scrape->slots[i])) {
			mask |= (uint64_t)1 << i;
		}
	}
	return mask;
}

/* --- who waits ----------------------------------------------------------- */

bool
runner_is_due(const struct scrape *scrape)
{
	uint64_t open = pending(scrape);

	for (const struct scrape_waiter *w = scrape->waiters; w != NULL;
	     w = w->next) {
		if (w->joined && (w->mask & open) == 0) {
			return true;
		}
	}
	return open == 0;
}

/* Takes the waiters that are to be answered now off the list.  Locked. */
static struct scrape_waiter *
take_due(struct scrape *scrape, int64_t now)
{
	struct scrape_waiter **at = &scrape->waiters, *due = NULL;
	uint64_t open = pending(scrape);

	while (*at != NULL) {
		struct scrape_waiter *waiter = *at;

		if (waiter->deadline <= now
		    || (waiter->joined && (waiter->mask & open) == 0)) {
			*at = waiter->next;
			waiter->next = due;
			due = waiter;
		} else {
			at = &waiter->next;
		}
	}
	return due;
}

/* Tells each of the list that its body is there; the list is gone then. */
static void
hand_out(struct scrape_waiter *due)
{
	while (due != NULL) {
		struct scrape_waiter *next = due->next;

		due->ready(due->ctx);
		due = next;
	}
}

/* Do both want the same bytes? */
static bool
same_page(const struct scrape_waiter *a, const struct scrape_waiter *b)
{
	return a->mask == b->mask && a->format == b->format
	    && a->gzip == b->gzip && a->brief == b->brief
	    && a->joined == b->joined;
}

/* --- pages --------------------------------------------------------------- */

/* The state of the collectors of a mask; returns their number.  Locked. */
static size_t
take_shots(const struct scrape *scrape, uint64_t mask, struct run_shot *shots)
{
	int64_t now = clock_ms();
	size_t n = 0;

	for (size_t i = 0; i < scrape->count; i++) {
		const struct slot *slot = &scrape->slots[i];

		if (!in_mask(mask, i)) {
			continue;
		}
		shots[n] = (struct run_shot){ .collector = &slot->collector,
			.up = slot->done && slot->up,
			.seconds = slot->done
			    ? slot->seconds
			    : (double)(now - slot->started) / 1000 };
		if (slot->done) {
			shots[n].out = buf_view(&slot->out);
			shots[n].foreign = buf_view(&slot->foreign);
		}
		n++;
	}
	return n;
}

/*
 * The page that a waiter wants; NULL when there is none.  Locked; unlocks
 * meanwhile: what has come back does not change before the run ends.
 */
static struct shared *
make_page(struct scrape *scrape, const struct scrape_waiter *waiter)
{
	struct run_shot shots[SCRAPE_COLLECTORS_MAX];
	uint64_t runs = scrape->runs;
	double seconds = (double)(clock_ms() - scrape->run_start) / 1000;
	struct run_page run;
	struct shared *body;
	size_t n;

	if (waiter->brief || !waiter->joined) {
		return NULL;
	}
	n = take_shots(scrape, waiter->mask, shots);
	(void)pthread_mutex_unlock(&scrape->lock);
	run_page_init(&run, shots, n, runs, seconds);
	body = run_page_body(&run, waiter->format);
	run_page_done(&run);
	if (body != NULL && waiter->gzip) {
		body = gzip_take(body);
	}
	(void)pthread_mutex_lock(&scrape->lock);
	return body;
}

/* Answers a list with what is there.  Locked; unlocks meanwhile. */
static void
answer(struct scrape *scrape, struct scrape_waiter *due)
{
	for (struct scrape_waiter *w = due; w != NULL; w = w->next) {
		if (w->answered) {
			continue;
		}
		w->body = make_page(scrape, w);
		for (struct scrape_waiter *v = w->next; v != NULL;
		     v = v->next) {
			if (!v->answered && same_page(v, w)) {
				v->body = shared_hold(w->body);
				v->answered = true;
			}
		}
	}
	(void)pthread_mutex_unlock(&scrape->lock);
	hand_out(due);
	(void)pthread_mutex_lock(&scrape->lock);
}

/* --- a run --------------------------------------------------------------- */

/* May a waiter take part in this run? */
static bool
may_join(const struct scrape *scrape, const struct scrape_waiter *waiter)
{
	return waiter->brief || !scrape->run_brief;
}

/* How long those who come now would wait for a collector: the longest counts.
 */
static int64_t
patience(const struct scrape *scrape, size_t i)
{
	int64_t deadline = 0;

	for (const struct scrape_waiter *w = scrape->waiters; w != NULL;
	     w = w->next) {
		if (in_mask(w->mask, i) && may_join(scrape, w)
		    && w->deadline > deadline) {
			deadline = w->deadline;
		}
	}
	return deadline;
}

/* Lets a waiter take part: what he wants is started, if it is not.  Locked. */
static void
join(struct scrape *scrape, struct scrape_waiter *waiter)
{
	waiter->joined = true;
	for (size_t i = 0; i < scrape->count; i++) {
		if (in_mask(waiter->mask & ~scrape->run_mask, i)) {
			slot_begin(&scrape->slots[i], patience(scrape, i),
			    scrape->run_brief);
		}
	}
	scrape->run_mask |= waiter->mask;
}

/* Who asks only who is up goes with anybody, others not with him.  Locked. */
static void
join_all(struct scrape *scrape)
{
	for (struct scrape_waiter *w = scrape->waiters; w != NULL;
	     w = w->next) {
		if (!w->joined && may_join(scrape, w)) {
			join(scrape, w);
		}
	}
}

static void
begin_run(struct scrape *scrape)
{
	scrape->run_start = clock_ms();
	scrape->run_mask = 0;
	scrape->run_brief = true;
	for (const struct scrape_waiter *w = scrape->waiters; w != NULL;
	     w = w->next) {
		scrape->run_brief = scrape->run_brief && w->brief;
	}
	scrape->runs += !scrape->run_brief;
	join_all(scrape);
}

/* Cuts off whose time is over.  Returns when the next one's will be. */
static int64_t
expire(struct scrape *scrape)
{
	int64_t now = clock_ms(), next = INT64_MAX;

	for (size_t i = 0; i < scrape->count; i++) {
		struct slot *slot = &scrape->slots[i];

		slot_expire(slot, now);
		if (slot_pending(slot) && slot->deadline < next) {
			next = slot->deadline;
		}
	}
	for (const struct scrape_waiter *w = scrape->waiters; w != NULL;
	     w = w->next) {
		next = w->deadline < next ? w->deadline : next;
	}
	return next;
}

static void
end_run(struct scrape *scrape)
{
	for (size_t i = 0; i < scrape->count; i++) {
		struct slot *slot = &scrape->slots[i];

		/* Only an abort ends a run before its time. */
		slot_expire(slot, INT64_MAX);
		if (slot->done) {
			slot_forget(slot);
			slot->done = false;
		}
	}
}

/* One run from its first waiter to its last.  Locked; unlocks meanwhile. */
static void
run_once(struct scrape *scrape)
{
	struct scrape_waiter *due;

	begin_run(scrape);
	while (!scrape->aborted) {
		int64_t next;

		/* Nobody joins at the end, or it might never come. */
		if (pending(scrape) != 0) {
			join_all(scrape);
		}
		next = expire(scrape);
		due = take_due(scrape, clock_ms());
		if (due != NULL) {
			answer(scrape, due);
			continue;
		}
		if (pending(scrape) == 0) {
			break;
		}
		(void)thread_cond_wait(&scrape->wake, &scrape->lock, next);
	}
	end_run(scrape);
}

void *
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
	scrape_thread_ended(scrape);
	return NULL;
}

void
runner_send_away(struct scrape *scrape)
{
	struct scrape_waiter *due;

	(void)pthread_mutex_lock(&scrape->lock);
	scrape->aborted = true;
	due = take_due(scrape, INT64_MAX);
	(void)pthread_cond_signal(&scrape->wake);
	(void)pthread_mutex_unlock(&scrape->lock);
	hand_out(due);
}
