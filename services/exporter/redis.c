/*
 * Redis, under the names of redis_exporter.
 *
 * CONFIG, SLOWLOG and LATENCY may be forbidden to our user: then their
 * families are missing, and INFO still counts.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exporter/collector.h"
#include "exporter/redis_names.h"
#include "redis/client.h"
#include "redis/reply.h"
#include "run/clock.h"

/* INFO ALL is some 20 KB; its lines are gone over again and again. */
#define REPLY_MAX (256UL * 1024)
/* Redis' default, where CONFIG does not tell. */
#define DATABASES_DEFAULT 16

struct redis {
	const struct exporter_conf *conf;
	atomic_uint_fast64_t scrapes;
	/* Of the scrapes that went well; only collect() touches them. */
	double seconds;
	uint64_t successes;
};

/* One run. */
struct session {
	struct redis_client *client;
	int64_t deadline;
};

static void
write_up(struct metrics *m, uint64_t up, uint64_t scrapes, const char *err)
{
	metrics_family(m, "redis_up", METRICS_GAUGE,
	    "Information about the Redis instance");
	metrics_u64(m, up);
	metrics_family(m, "redis_exporter_scrapes_total", METRICS_COUNTER,
	    "Current total redis scrapes.");
	metrics_u64(m, scrapes);
	metrics_family(m, "redis_exporter_last_scrape_error", METRICS_GAUGE,
	    "The last scrape error status.");
	metrics_label(m, "err", view_str(err));
	metrics_u64(m, !up);
}

static int
open_session(const struct redis *redis, struct collection *c, struct session *s)
{
	const struct exporter_conf *conf = redis->conf;
	const struct redis_target target = { .host = conf->redis_host,
		.port = (uint16_t)conf->redis_port,
		.user = conf->redis_user,
		.password = conf->redis_password,
		.timeout_ms = clock_left(c->deadline) + 1,
		.reply_max = REPLY_MAX };
	int r = redis_open(&target, &s->client);

	switch (r) {
	case 0:
		s->deadline = c->deadline;
		cutoff_set(c->cutoff, redis_context(s->client)->fd);
		return 0;
	case -EACCES:
		return collection_fail(c, r, "Redis refuses the login of %s",
		    conf->redis_user);
	case -EHOSTUNREACH:
		return collection_fail(c, r, "no host %s", conf->redis_host);
	default:
		return collection_fail(c, r, "cannot connect: %s",
		    strerror(-r));
	}
}

static void
close_session(struct session *s, struct collection *c)
{
	cutoff_clear(c->cutoff);
	redis_close(s->client);
}

/* All questions of a scrape, sent in one piece and answered in this order. */
static const char *const questions[] = { "CONFIG GET *", "INFO ALL",
	"LATENCY LATEST", "SLOWLOG LEN", "SLOWLOG GET 1" };

static int
send_one(struct session *s, const char *fmt, ...)
{
	va_list args;
	int r;

	va_start(args, fmt);
	r = redis_vsend(s->client, fmt, args);
	va_end(args);
	return r;
}

static int
send_all(struct session *s)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_LEN(questions); i++) {
		r = send_one(s, questions[i]);
	}
	return r;
}

/*
 * Takes the next answer.  0 with *ret; 1 when the question is forbidden or
 * unknown to this Redis; -errno when the connection is of no use any more.
 */
static int
next(struct session *s, redisReply **ret)
{
	int r;

	redis_set_timeout(s->client, clock_left(s->deadline) + 1);
	r = redis_next(s->client, ret);
	return r == -EPERM || r == -EREMOTEIO ? 1 : r;
}

/* --- CONFIG -------------------------------------------------------------- */

static void
write_config_value(struct metrics *m, struct view key, struct view value)
{
	static const struct {
		const char *key;
		const char *family;
		const char *help;
	} shown[] = {
		{ "maxmemory", "redis_config_maxmemory",
		    "config_maxmemory metric" },
		{ "maxclients", "redis_config_maxclients",
		    "config_maxclients metric" },
		{ "io-threads", "redis_config_io_threads",
		    "config_io_threads metric" },
	};
	double number;

	for (size_t i = 0; i < ARRAY_LEN(shown); i++) {
		if (view_eq(key, view_str(shown[i].key))
		    && view_double(value, &number) == 0) {
			metrics_family(m, shown[i].family, METRICS_GAUGE,
			    shown[i].help);
			metrics_text(m, value);
		}
	}
}

static int
write_config(struct session *s, struct metrics *m, uint64_t *ret_databases)
{
	redisReply *reply = NULL;
	int r = next(s, &reply);

	if (r != 0) {
		return r < 0 ? r : 0;
	}
	for (size_t i = 0; reply_element(reply, i + 1) != NULL; i += 2) {
		struct view key = reply_text(reply_element(reply, i));
		struct view value = reply_text(reply_element(reply, i + 1));

		write_config_value(m, key, value);
		if (view_eq(key, VIEW("databases"))
		    && view_u64(value, ret_databases) < 0) {
			*ret_databases = DATABASES_DEFAULT;
		}
	}
	freeReplyObject(reply);
	return 0;
}

/* --- INFO ---------------------------------------------------------------- */

static int
write_info(struct session *s, struct metrics *m, uint64_t databases)
{
	redisReply *reply = NULL;
	int r = next(s, &reply);

	if (r != 0) {
		return r < 0 ? r : -EPERM;
	}
	if (reply_text(reply).p == NULL) {
		r = -EPROTO;
	} else {
		redis_names_write(m, reply_text(reply), databases,
		    (int64_t)time(NULL));
	}
	freeReplyObject(reply);
	return r;
}

/* --- LATENCY ------------------------------------------------------------- */

/* [[event, time of the last spike, its milliseconds, the longest], ...] */
static void
write_spikes(struct metrics *m, const redisReply *reply, const char *family,
    const char *help, size_t column, double scale)
{
	bool begun = false;

	for (size_t i = 0; reply_element(reply, i) != NULL; i++) {
		const redisReply *event = reply_element(reply, i);
		struct view name = reply_text(reply_element(event, 0));
		int64_t value;

		if (name.p == NULL
		    || !reply_integer(reply_element(event, column), &value)) {
			continue;
		}
		if (!begun) {
			metrics_family(m, family, METRICS_GAUGE, help);
			begun = true;
		}
		metrics_label(m, "event_name", name);
		metrics_double(m, (double)value * scale);
	}
}

static int
write_latency(struct session *s, struct metrics *m)
{
	redisReply *reply = NULL;
	int r = next(s, &reply);

	if (r != 0) {
		return r < 0 ? r : 0;
	}
	write_spikes(m, reply, "redis_latency_spike_last",
	    "When the latency spike last occurred", 1, 1);
	write_spikes(m, reply, "redis_latency_spike_duration_seconds",
	    "Length of the last latency spike in seconds", 2, 1e-3);
	freeReplyObject(reply);
	return 0;
}

/* --- SLOWLOG ------------------------------------------------------------- */

/* [[id, time, microseconds, ...]] */
static int
write_last_slow(struct session *s, struct metrics *m)
{
	redisReply *reply = NULL;
	int64_t id = 0, usec = 0;
	int r = next(s, &reply);

	if (r != 0) {
		return r < 0 ? r : 0;
	}
	if (!reply_integer(reply_element(reply_element(reply, 0), 0), &id)
	    || !reply_integer(reply_element(reply_element(reply, 0), 2),
		&usec)) {
		/* The log is empty. */
		id = 0;
		usec = 0;
	}
	freeReplyObject(reply);
	metrics_family(m, "redis_slowlog_last_id", METRICS_GAUGE,
	    "Last id of slowlog");
	metrics_i64(m, id);
	metrics_one(m, "redis_last_slow_execution_duration_seconds",
	    METRICS_GAUGE,
	    "The amount of time needed for last slow execution, in seconds",
	    (double)usec / 1e6);
	return 0;
}

static int
write_slowlog(struct session *s, struct metrics *m)
{
	redisReply *reply = NULL;
	int64_t length;
	int r = next(s, &reply);

	if (r != 0) {
		return r < 0 ? r : 0;
	}
	if (reply_integer(reply, &length)) {
		metrics_family(m, "redis_slowlog_length", METRICS_GAUGE,
		    "Total slowlog");
		metrics_i64(m, length);
	}
	freeReplyObject(reply);
	return write_last_slow(s, m);
}

/* --- the whole ----------------------------------------------------------- */

static int
ask_all(struct session *s, struct metrics *m)
{
	uint64_t databases = DATABASES_DEFAULT;
	int r = send_all(s);

	if (r == 0) {
		r = write_config(s, m, &databases);
	}
	if (r == 0) {
		r = write_info(s, m, databases);
	}
	if (r == 0) {
		r = write_latency(s, m);
	}
	if (r == 0) {
		r = write_slowlog(s, m);
	}
	return r;
}

static void
write_durations(struct redis *redis, struct metrics *m, double seconds)
{
	redis->seconds += seconds;
	redis->successes++;
	metrics_one(m, "redis_exporter_last_scrape_duration_seconds",
	    METRICS_GAUGE, "exporter_last_scrape_duration_seconds metric",
	    seconds);
	metrics_family(m, "redis_exporter_scrape_duration_seconds",
	    METRICS_SUMMARY, "Durations of scrapes by the exporter");
	metrics_suffix(m, "_sum");
	metrics_double(m, redis->seconds);
	metrics_suffix(m, "_count");
	metrics_u64(m, redis->successes);
}

static int
collect(void *self, struct collection *c)
{
	struct redis *redis = self;
	struct session session;
	struct metrics m;
	int64_t start = clock_us();
	int r;

	redis->scrapes += !c->brief;
	r = open_session(redis, c, &session);
	if (r < 0) {
		return r;
	}
	if (c->brief) {
		close_session(&session, c);
		return 0;
	}
	metrics_init(&m, c->out);
	write_up(&m, 1, redis->scrapes, "");
	metrics_one(&m, "redis_exporter_last_scrape_connect_time_seconds",
	    METRICS_GAUGE, "exporter_last_scrape_connect_time_seconds metric",
	    (double)(clock_us() - start) / 1e6);
	r = ask_all(&session, &m);
	close_session(&session, c);
	if (r == -EPERM) {
		return collection_fail(c, r, "Redis refuses INFO to %s",
		    redis->conf->redis_user);
	}
	if (r < 0) {
		return collection_fail(c, r, "Redis: %s", strerror(-r));
	}
	write_durations(redis, &m, (double)(clock_us() - start) / 1e6);
	return 0;
}

static void
down(void *self, struct metrics *m)
{
	struct redis *redis = self;

	write_up(m, 0, redis->scrapes, "down");
}

static const struct collector_class redis_class = { .collect = collect,
	.down = down,
	.done = free };

int
redis_collector(const struct exporter_conf *conf, struct collector *ret)
{
	struct redis *redis = calloc(1, sizeof(*redis));

	if (redis == NULL) {
		return -ENOMEM;
	}
	redis->conf = conf;
	collector_init(ret, &redis_class, redis, "redis", NULL);
	return 0;
}
