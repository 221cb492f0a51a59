#include "cachemon/collector.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cachemon/advice.h"
#include "cachemon/link.h"
#include "cachemon/own.h"
#include "cachemon/probe.h"
#include "cachemon/scan.h"
#include "cachemon/slowlog.h"
#include "run/clock.h"
#include "run/log.h"
#include "run/thread.h"

#define BACKOFF_FIRST_MS 1000
#define BACKOFF_MOST_MS 10000
/* Samples further apart do not say what happened when: no counts of them. */
#define SPAN_MOST_MS (3 * STATUS_INTERVAL_MS)
#define MINUTE_S 60
/* How often rarely changing settings of Redis are asked for. */
#define SETTINGS_MS 60000
/* How often what changes slowly, or costs more, is asked for. */
#define SLOWLOG_MS 2000
#define SERVER_MS 5000
#define ADVICE_MS 2000
#define PLUGIN_MS 10000
#define KEEP_MS 10000
#define JSON_MOST (1024 * 1024)
/* The library makes some thirty bytes of memory out of each that comes. */
#define REPLY_MOST (1024UL * 1024)
#define THREAD_STACK (256 * 1024)

/* Commands that an ACL may forbid; each is then done without. */
enum refusable {
	ASK_NAME,
	ASK_SLOWLOG,
	ASK_CONFIG,
	ASK_SCAN,
	ASK_SERVER,
	ASK_PLUGIN,
	ASK_STREAM,
	ASK_COUNT,
};

/* What is done every so often: clock_ms() of the next time. */
enum duty {
	DUTY_SETTINGS,
	DUTY_SLOWLOG,
	DUTY_SERVER,
	DUTY_ADVICE,
	DUTY_PLUGIN,
	DUTY_KEEP,
	DUTY_COUNT,
};

struct collector {
	const struct settings *settings;
	struct board *board;
	struct history *history;
	struct grouplog *grouplog;
	struct feed *feed;
	struct ledger *ledger;
	struct link *link;
	struct scan *scan;
	struct own own;
	struct buf scratch;

	pthread_t thread;
	pthread_mutex_t lock; /* guards the next two */
	pthread_cond_t changed;
	bool stopping;
	bool ended;
	atomic_int_fast64_t beat; /* clock_ms() */

	/* The thread's own. */
	struct status status;
	int64_t next_ms; /* clock_ms() of the next attempt or sample */
	int backoff_ms;
	int failing; /* the last logged failure, -errno */
	int history_error; /* logged */
	bool refused[ASK_COUNT]; /* logged */
	int64_t due[DUTY_COUNT];
	uint64_t activity_shown; /* its count of changes */
	struct groups *groups; /* of the last pass; one reference */
	int64_t threshold_us;
	/* The last sample of this connection. */
	bool before_known;
	int64_t before_ms;
	struct sample before;
	struct own_use before_used;
	struct slowlog slowlog;
	bool slowlog_known;
};

/* Whether a duty is due; then the next time is after `every_ms`. */
static bool
is_due(struct collector *c, enum duty duty, int64_t every_ms)
{
	int64_t now = clock_ms();

	if (now < c->due[duty]) {
		return false;
	}
	/* A little early is better than a second late. */
	c->due[duty] = now + every_ms - STATUS_INTERVAL_MS / 4;
	return true;
}

static void
check_published(int r)
{
	if (r < 0) {
		log_say(LOG_ERROR, "publish_failed", "%s", strerror(-r));
	}
}

/* Publishes what stands in the scratch buffer. */
static void
publish_scratch(struct collector *c, enum board_part part)
{
	int r = buf_error(&c->scratch);

	if (r == 0) {
		r = board_publish_json(c->board, part, buf_view(&c->scratch));
	}
	check_published(r);
}

static void
publish_status(struct collector *c)
{
	int r;

	c->status.feed_open = feed_is_open(c->feed);
	if (volume_measure(c->settings->dir, &c->status.volume) < 0) {
		c->status.volume = (struct volume){ 0 };
	}
	c->status.history_kept = history_error(c->history) == 0;
	c->status.scan_progress = scan_progress(c->scan);
	r = board_publish_status(c->board, &c->status, &c->scratch);
	check_published(r);
}

/* Closes the connection and notes why; logs it unless it is known. */
static void
went_down(struct collector *c, int r)
{
	struct status *s = &c->status;
	bool was_up = s->state == REDIS_UP;

	link_close(c->link);
	scan_restart(c->scan);
	c->before_known = false;
	s->failures++;
	link_explain(c->link, r, s->error, sizeof(s->error));
	if (s->state != REDIS_DOWN) {
		s->state = REDIS_DOWN;
		s->since_ms = clock_wall_ms();
	}
	/* What was true at the last answer stays; what moved is not known. */
	s->interval.span_ms = 0;
	s->interval.hits = 0;
	s->interval.misses = 0;
	c->backoff_ms = was_up || c->backoff_ms == 0 ? BACKOFF_FIRST_MS
						     : c->backoff_ms * 2;
	if (c->backoff_ms > BACKOFF_MOST_MS) {
		c->backoff_ms = BACKOFF_MOST_MS;
	}
	c->next_ms = clock_ms() + c->backoff_ms;
	if (c->failing != r) {
		struct log_line l;

		c->failing = r;
		log_open(&l, LOG_WARN, "redis_down");
		log_str(&l, "host", c->settings->redis_host);
		log_num(&l, "port", (int64_t)c->settings->redis_port);
		log_str(&l, "message", s->error);
		log_close(&l);
	}
	publish_status(c);
}

static void
went_up(struct collector *c)
{
	struct status *s = &c->status;
	struct log_line l;

	c->backoff_ms = 0;
	c->failing = 0;
	if (s->state == REDIS_UP) {
		return;
	}
	log_open(&l, LOG_INFO, "redis_up");
	log_str(&l, "host", c->settings->redis_host);
	log_num(&l, "port", (int64_t)c->settings->redis_port);
	log_str(&l, "version", s->sample.version);
	if (s->state == REDIS_DOWN) {
		log_num(&l, "down_ms", clock_wall_ms() - s->since_ms);
	}
	log_close(&l);
	s->state = REDIS_UP;
	s->since_ms = clock_wall_ms();
	s->error[0] = '\0';
}

/*
 * A failure of something that cachemon can do without.  0 to go on; else the
 * connection is lost and the failure stands.
 */
static int
tolerate(struct collector *c, enum refusable what, int r)
{
	static const char *const names[ASK_COUNT] = { "CLIENT SETNAME",
		"SLOWLOG", "CONFIG GET", "SCAN, MEMORY USAGE or PTTL",
		"CLIENT LIST", "ZREVRANGE", "XADD" };

	if (r == 0 || !link_is_open(c->link)) {
		return r;
	}
	if (!c->refused[what]) {
		c->refused[what] = true;
		log_say(LOG_WARN, "command_refused",
		    "%s: %s; going on "
		    "without",
		    names[what],
		    r == -EPERM ? "forbidden by Redis' ACL" : strerror(-r));
	}
	return 0;
}

static int
ask_settings(struct collector *c)
{
	if (!is_due(c, DUTY_SETTINGS, SETTINGS_MS)) {
		return 0;
	}
	return tolerate(c, ASK_CONFIG,
	    probe_threshold(c->link, &c->threshold_us));
}

/* Reads the slow log and publishes it when it changed. */
static int
ask_slowlog(struct collector *c)
{
	struct slowlog now = { .threshold_us = c->threshold_us };
	int r;

	if (!is_due(c, DUTY_SLOWLOG, SLOWLOG_MS)) {
		return 0;
	}
	r = probe_slowlog(c->link, &now);
	if (r < 0) {
		return tolerate(c, ASK_SLOWLOG, r);
	}
	if (c->slowlog_known && slowlog_same(&now, &c->slowlog)) {
		return 0;
	}
	c->slowlog = now;
	c->slowlog_known = true;
	buf_clear(&c->scratch);
	slowlog_json(&now, &c->scratch);
	publish_scratch(c, PART_SLOWLOG);
	return 0;
}

static int
ask_server(struct collector *c)
{
	struct server server;
	int r;

	if (!is_due(c, DUTY_SERVER, SERVER_MS)) {
		return 0;
	}
	r = probe_server(c->link, &server);
	if (r < 0) {
		return tolerate(c, ASK_SERVER, r);
	}
	buf_clear(&c->scratch);
	server_json(&server, &c->scratch);
	publish_scratch(c, PART_SERVER);
	return 0;
}

/* What the Redis Object Cache plugin keeps, where somebody uses it. */
static int
ask_plugin(struct collector *c)
{
	struct plugin plugin = { .requests = 0 };
	int r;

	if (c->groups == NULL || c->groups->plugin_key[0] == '\0'
	    || !is_due(c, DUTY_PLUGIN, PLUGIN_MS)) {
		return 0;
	}
	r = probe_plugin(c->link, c->groups->plugin_key, &plugin);
	if (r < 0) {
		return tolerate(c, ASK_PLUGIN, r);
	}
	plugin.set_bytes = c->groups->plugin_bytes;
	buf_clear(&c->scratch);
	plugin_json(&plugin, &c->scratch);
	publish_scratch(c, PART_PLUGIN);
	return 0;
}

static void
save_own(struct collector *c)
{
	struct own_use used;

	ledger_read(c->ledger, &used);
	own_save(&c->own, &used);
}

/* What is kept: on the volume, and in Redis for who follows the stream. */
static int
keep_all(struct collector *c)
{
	if (!is_due(c, DUTY_KEEP, KEEP_MS)) {
		return 0;
	}
	save_own(c);
	if (c->groups != NULL) {
		grouplog_add(c->grouplog, c->groups, feed_hold(c->feed),
		    clock_wall_ms() / 1000);
		feed_release(c->feed);
	}
	return tolerate(c, ASK_STREAM, probe_stream(c->link, &c->status));
}

static void
publish_activity(struct collector *c)
{
	const struct activity *activity = feed_hold(c->feed);
	bool news = activity->changes != c->activity_shown;

	c->activity_shown = activity->changes;
	buf_clear(&c->scratch);
	if (news) {
		activity_json(activity, &c->scratch);
	}
	feed_release(c->feed);
	if (news) {
		publish_scratch(c, PART_ACTIVITY);
	}
}

static void
publish_advice(struct collector *c)
{
	struct advice_facts facts = { .settings = c->settings,
		.status = &c->status,
		.groups = c->groups };
	int64_t now_s = clock_wall_ms() / 1000;

	if (!is_due(c, DUTY_ADVICE, ADVICE_MS)) {
		return;
	}
	history_sum(c->history, now_s - ADVICE_LATELY_S, &facts.lately);
	history_sum(c->history, now_s - ADVICE_BEFORE_S, &facts.before);
	facts.activity = feed_hold(c->feed);
	buf_clear(&c->scratch);
	advice_json(&facts, &c->scratch);
	feed_release(c->feed);
	publish_scratch(c, PART_ADVICE);
}

/* The loss of the history's file is said once. */
static void
watch_history(struct collector *c)
{
	int r = history_error(c->history);

	if (r != 0 && c->history_error == 0) {
		log_say(LOG_WARN, "history_not_kept",
		    "cannot use the history "
		    "file in %s: %s; the last hour is kept in memory only",
		    c->settings->dir, strerror(-r));
	}
	c->history_error = r;
}

/* Notes what happened since the sample before. */
static void
digest(struct collector *c, const struct sample *now, int64_t now_ms,
    const struct own_use *used)
{
	struct status *s = &c->status;
	int64_t span = now_ms - c->before_ms;
	struct point p;

	if (c->before_known && span > 0 && span <= SPAN_MOST_MS) {
		struct own_use own = {
			.commands = used->commands - c->before_used.commands,
			.bytes_sent = used->bytes_sent
			    - c->before_used.bytes_sent,
			.bytes_received = used->bytes_received
			    - c->before_used.bytes_received,
			.connections = used->connections,
		};

		point_between(&c->before, now, (uint32_t)span, &own, &p);
	} else {
		point_of_states(now, used->connections, &p);
	}
	c->before = *now;
	c->before_ms = now_ms;
	c->before_used = *used;
	c->before_known = true;

	p.time = clock_wall_ms() / 1000;
	p.answer_us = s->answer_us;
	history_add(c->history, &p);
	watch_history(c);
	s->sample = *now;
	s->known = true;
	s->interval = p;
	history_sum(c->history, p.time - MINUTE_S, &s->minute);
}

/* What is asked for less often.  As read_redis(). */
static int
ask_more(struct collector *c)
{
	static int (*const duties[])(struct collector * c) = { ask_settings,
		ask_slowlog, ask_server, ask_plugin, keep_all };
	int r = 0;

	for (size_t i = 0; i < ARRAY_LEN(duties) && r == 0; i++) {
		r = duties[i](c);
	}
	return r;
}

/* One reading of Redis.  0, or -errno when the connection is to be closed. */
static int
read_redis(struct collector *c)
{
	struct status *s = &c->status;
	struct own_use used;
	struct sample now;
	int64_t at;
	int r;

	s->tried_ms = clock_wall_ms();
	r = probe_ping(c->link, &s->answer_us);
	if (r < 0) {
		return r;
	}
	/* The account and the counters of the same moment. */
	link_settle(c->link);
	ledger_read(c->ledger, &used);
	at = clock_ms();
	r = probe_info(c->link, &now);
	if (r < 0) {
		return r;
	}
	own_correct(&c->own, &used, &now);
	s->answered_ms = clock_wall_ms();
	s->samples++;
	digest(c, &now, at, &used);
	went_up(c);
	scan_hint(c->scan, now.keys);
	publish_status(c);
	publish_activity(c);
	publish_advice(c);
	return ask_more(c);
}

/* Connects and says who this is, so that own commands can be told apart. */
static int
open_link(struct collector *c)
{
	redisReply *reply = NULL;
	int r = link_open(c->link);

	if (r < 0) {
		return r;
	}
	r = link_ask(c->link, &reply, "CLIENT SETNAME %s", SLOWLOG_OWN_NAME);
	if (r == 0) {
		freeReplyObject(reply);
	}
	return tolerate(c, ASK_NAME, r);
}

static void
sample_due(struct collector *c)
{
	int64_t begun = clock_ms();
	int r = 0;

	if (!link_is_open(c->link)) {
		c->status.tried_ms = clock_wall_ms();
		r = open_link(c);
	}
	if (r == 0) {
		r = read_redis(c);
	}
	if (r < 0) {
		went_down(c, r);
		return;
	}
	c->next_ms = begun + STATUS_INTERVAL_MS;
}

static void
scan_due_now(struct collector *c)
{
	struct groups *groups = NULL;
	int r = scan_step(c->scan, c->link, &groups);

	if (r < 0) {
		r = tolerate(c, ASK_SCAN, r);
		if (r < 0) {
			went_down(c, r);
		}
		return;
	}
	c->refused[ASK_SCAN] = false;
	if (r > 0) {
		save_own(c);
		feed_counted(c->feed);
		groups_unref(c->groups);
		c->groups = groups_ref(groups);
		r = board_publish_groups_take(c->board, groups, &c->scratch);
		check_published(r);
		/* Its rows say how much moved since the pass. */
		publish_activity(c);
	}
}

/* Sleeps until `until` or the stop.  False when it is time to end. */
static bool
sleep_until(struct collector *c, int64_t until)
{
	bool go_on;

	(void)pthread_mutex_lock(&c->lock);
	while (!c->stopping && clock_ms() < until
	    && thread_cond_wait(&c->changed, &c->lock, until)) {
		continue;
	}
	go_on = !c->stopping;
	(void)pthread_mutex_unlock(&c->lock);
	return go_on;
}

static void *
work(void *ctx)
{
	struct collector *c = ctx;
	int64_t until = 0;

	while (sleep_until(c, until)) {
		int64_t now = clock_ms();

		atomic_store(&c->beat, now);
		if (now >= c->next_ms) {
			sample_due(c);
		} else if (link_is_open(c->link) && now >= scan_due(c->scan)) {
			scan_due_now(c);
		}
		until = c->next_ms;
		if (link_is_open(c->link) && scan_due(c->scan) < until) {
			until = scan_due(c->scan);
		}
	}
	link_close(c->link);
	save_own(c);
	(void)pthread_mutex_lock(&c->lock);
	c->ended = true;
	(void)pthread_cond_broadcast(&c->changed);
	(void)pthread_mutex_unlock(&c->lock);
	return NULL;
}

void
collector_free(struct collector *c)
{
	if (c == NULL) {
		return;
	}
	groups_unref(c->groups);
	own_close(&c->own);
	link_free(c->link);
	scan_free(c->scan);
	buf_done(&c->scratch);
	(void)pthread_cond_destroy(&c->changed);
	(void)pthread_mutex_destroy(&c->lock);
	free(c);
}

struct collector *
collector_new(const struct collector_parts *parts)
{
	const struct settings *settings = parts->settings;
	const struct redis_target target = { .host = settings->redis_host,
		.port = (uint16_t)settings->redis_port,
		.user = settings->redis_user,
		.password = settings->redis_password,
		.timeout_ms = LINK_TIMEOUT_MS,
		.reply_max = REPLY_MOST };
	struct collector *c = calloc(1, sizeof(*c));

	if (c == NULL) {
		return NULL;
	}
	c->settings = settings;
	c->board = parts->board;
	c->history = parts->history;
	c->grouplog = parts->grouplog;
	c->feed = parts->feed;
	c->ledger = parts->ledger;
	own_open(&c->own, settings->dir);
	c->threshold_us = -1;
	c->status.since_ms = clock_wall_ms();
	buf_init(&c->scratch, JSON_MOST);
	(void)pthread_mutex_init(&c->lock, NULL);
	thread_cond_init(&c->changed);
	atomic_init(&c->beat, clock_ms());
	c->link = link_new(&target, parts->ledger);
	c->scan = scan_new((unsigned)settings->scan_percent);
	if (c->link == NULL || c->scan == NULL) {
		collector_free(c);
		return NULL;
	}
	watch_history(c);
	publish_status(c);
	return c;
}

int
collector_start(struct collector *c)
{
	return thread_start(&c->thread, THREAD_STACK, work, c);
}

bool
collector_stop(struct collector *c, int timeout_ms)
{
	int64_t until = clock_ms() + timeout_ms;
	bool ended;

	link_abort(c->link);
	(void)pthread_mutex_lock(&c->lock);
	c->stopping = true;
	(void)pthread_cond_broadcast(&c->changed);
	while (!c->ended && thread_cond_wait(&c->changed, &c->lock, until)) {
		continue;
	}
	ended = c->ended;
	(void)pthread_mutex_unlock(&c->lock);
	if (ended) {
		(void)pthread_join(c->thread, NULL);
	}
	return ended;
}

int64_t
collector_silence_ms(const struct collector *c)
{
	return clock_ms() - (int64_t)atomic_load(&c->beat);
}
