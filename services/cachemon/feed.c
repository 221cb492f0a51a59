#include "cachemon/feed.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "redis/reply.h"
#include "run/clock.h"
#include "run/thread.h"

#define RETRY_MS 2000
/* Asked after this silence whether it is still there, and given up on. */
#define SILENCE_MS 10000
#define SILENCE_MOST_MS 20000
#define TURN_MS 500
/* Messages that are taken before the ledger is settled. */
#define BATCH 2000
#define MESSAGE_MOST (256UL * 1024)
#define THREAD_STACK (128 * 1024)
#define EVENT_CHANNEL "__keyevent@0__:"

struct feed {
	const struct settings *settings;
	struct link *link;
	pthread_t thread;
	bool started;
	int64_t heard_ms; /* clock_ms(); the thread's own, as the next */
	bool asked;
	pthread_mutex_t lock; /* guards all below */
	pthread_cond_t changed;
	bool stopping;
	bool ended;
	bool open;
	struct activity activity;
};

static void
take_event(struct feed *feed, struct view what, struct view key, int64_t now_s)
{
	static const struct {
		struct view name;
		enum key_event event;
	} events[] = {
		{ { "new", 3 }, KEY_NEW },
		{ { "del", 3 }, KEY_REMOVED },
		{ { "rename_from", 11 }, KEY_REMOVED },
		{ { "expired", 7 }, KEY_EXPIRED },
		{ { "evicted", 7 }, KEY_EVICTED },
	};

	for (size_t i = 0; i < ARRAY_LEN(events); i++) {
		if (view_eq(what, events[i].name)) {
			activity_key(&feed->activity, events[i].event, key,
			    now_s);
			return;
		}
	}
}

static void
take_message(struct feed *feed, const redisReply *reply)
{
	struct view kind = reply_text(reply_element(reply, 0));
	struct view channel = reply_text(reply_element(reply, 1));
	struct view text = reply_text(reply_element(reply, 2));
	int64_t now_s = clock_wall_ms() / 1000;

	if (!view_eq(kind, VIEW("message")) || text.p == NULL) {
		return;
	}
	(void)pthread_mutex_lock(&feed->lock);
	if (view_take(&channel, VIEW(EVENT_CHANNEL))) {
		take_event(feed, channel, text, now_s);
	} else {
		activity_report(&feed->activity, text, now_s);
	}
	(void)pthread_mutex_unlock(&feed->lock);
}

static void
set_open(struct feed *feed, bool open)
{
	(void)pthread_mutex_lock(&feed->lock);
	feed->open = open;
	(void)pthread_mutex_unlock(&feed->lock);
}

static int
open_link(struct feed *feed)
{
	int r = link_open(feed->link);

	if (r == 0) {
		r = link_send(feed->link, "CLIENT SETNAME cachemon");
	}
	if (r == 0) {
		r = link_send(feed->link,
		    "SUBSCRIBE %s " EVENT_CHANNEL "new " EVENT_CHANNEL
		    "del " EVENT_CHANNEL "rename_from " EVENT_CHANNEL
		    "expired " EVENT_CHANNEL "evicted",
		    feed->settings->channel);
	}
	if (r == 0) {
		redisReply *reply = NULL;

		/* Writes both; the answers to SUBSCRIBE come as messages. */
		r = link_next(feed->link, &reply);
		if (r == 0) {
			freeReplyObject(reply);
		}
	}
	if (r < 0) {
		link_close(feed->link);
		return r;
	}
	feed->heard_ms = clock_ms();
	feed->asked = false;
	set_open(feed, true);
	return 0;
}

/* A peer that vanished without a word is noticed only when asked. */
static int
check_silence(struct feed *feed)
{
	int64_t silent = clock_ms() - feed->heard_ms;

	if (silent > SILENCE_MOST_MS) {
		return -ETIMEDOUT;
	}
	if (silent > SILENCE_MS && !feed->asked) {
		feed->asked = true;
		return link_send(feed->link, "PING");
	}
	return 0;
}

/* Takes what comes for a moment.  0, or -errno when the connection is lost. */
static int
listen_a_while(struct feed *feed)
{
	int64_t until = clock_ms() + TURN_MS;
	int r = check_silence(feed);

	for (int i = 0; i < BATCH && r == 0; i++) {
		redisReply *reply = NULL;

		r = link_push(feed->link, until, &reply);
		if (r == 0) {
			feed->heard_ms = clock_ms();
			feed->asked = false;
			take_message(feed, reply);
			freeReplyObject(reply);
		}
	}
	link_settle(feed->link);
	return r == -EAGAIN ? 0 : r;
}

/* False when it is time to end. */
static bool
wait_for_retry(struct feed *feed, int64_t until)
{
	bool go_on;

	(void)pthread_mutex_lock(&feed->lock);
	while (!feed->stopping && clock_ms() < until
	    && thread_cond_wait(&feed->changed, &feed->lock, until)) {
		continue;
	}
	go_on = !feed->stopping;
	(void)pthread_mutex_unlock(&feed->lock);
	return go_on;
}

static void *
work(void *ctx)
{
	struct feed *feed = ctx;
	int64_t retry = 0;

	while (wait_for_retry(feed, retry)) {
		int r = link_is_open(feed->link) ? listen_a_while(feed)
						 : open_link(feed);

		retry = 0;
		if (r < 0) {
			/* The collector says what is wrong with Redis. */
			link_close(feed->link);
			set_open(feed, false);
			retry = clock_ms() + RETRY_MS;
		}
		(void)pthread_mutex_lock(&feed->lock);
		activity_turn(&feed->activity, clock_wall_ms() / 1000);
		(void)pthread_mutex_unlock(&feed->lock);
	}
	link_close(feed->link);
	(void)pthread_mutex_lock(&feed->lock);
	feed->ended = true;
	(void)pthread_cond_broadcast(&feed->changed);
	(void)pthread_mutex_unlock(&feed->lock);
	return NULL;
}

struct feed *
feed_new(const struct settings *settings, struct ledger *ledger)
{
	const struct redis_target target = { .host = settings->redis_host,
		.port = (uint16_t)settings->redis_port,
		.user = settings->redis_user,
		.password = settings->redis_password,
		.timeout_ms = LINK_TIMEOUT_MS,
		.reply_max = MESSAGE_MOST };
	struct feed *feed = calloc(1, sizeof(*feed));

	if (feed == NULL) {
		return NULL;
	}
	feed->settings = settings;
	(void)pthread_mutex_init(&feed->lock, NULL);
	thread_cond_init(&feed->changed);
	feed->link = link_new(&target, ledger);
	if (feed->link == NULL) {
		feed_free(feed);
		return NULL;
	}
	return feed;
}

void
feed_free(struct feed *feed)
{
	if (feed != NULL) {
		link_free(feed->link);
		(void)pthread_cond_destroy(&feed->changed);
		(void)pthread_mutex_destroy(&feed->lock);
		free(feed);
	}
}

int
feed_start(struct feed *feed)
{
	int r = thread_start(&feed->thread, THREAD_STACK, work, feed);

	feed->started = r == 0;
	return r;
}

bool
feed_stop(struct feed *feed, int timeout_ms)
{
	int64_t until = clock_ms() + timeout_ms;
	bool ended;

	if (!feed->started) {
		return true;
	}
	link_abort(feed->link);
	(void)pthread_mutex_lock(&feed->lock);
	feed->stopping = true;
	(void)pthread_cond_broadcast(&feed->changed);
	while (!feed->ended
	    && thread_cond_wait(&feed->changed, &feed->lock, until)) {
		continue;
	}
	ended = feed->ended;
	(void)pthread_mutex_unlock(&feed->lock);
	if (ended) {
		(void)pthread_join(feed->thread, NULL);
	}
	return ended;
}

void
feed_counted(struct feed *feed)
{
	(void)pthread_mutex_lock(&feed->lock);
	activity_counted(&feed->activity);
	(void)pthread_mutex_unlock(&feed->lock);
}

const struct activity *
feed_hold(struct feed *feed)
{
	(void)pthread_mutex_lock(&feed->lock);
	return &feed->activity;
}

void
feed_release(struct feed *feed)
{
	(void)pthread_mutex_unlock(&feed->lock);
}

bool
feed_is_open(struct feed *feed)
{
	bool open;

	(void)pthread_mutex_lock(&feed->lock);
	open = feed->open;
	(void)pthread_mutex_unlock(&feed->lock);
	return open;
}
