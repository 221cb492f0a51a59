#include "cachemon/page_metrics.h"

#include <math.h>
#include <stddef.h>

#include "cachemon/advice.h"
#include "metrics/metrics.h"
#include "metrics/volume.h"

static void
add_self(struct metrics *m, const struct status *s,
    const struct http_stats *http, unsigned streams)
{
	metrics_family(m, "cachemon_build_info", METRICS_GAUGE,
	    "Version of cachemon; always 1.");
	metrics_label(m, "version", VIEW(VERSION));
	metrics_u64(m, 1);
	metrics_one(m, "cachemon_redis_up", METRICS_GAUGE,
	    "Whether Redis answered the last time it was asked.",
	    s->state == REDIS_UP ? 1 : 0);
	metrics_one(m, "cachemon_redis_answered_timestamp_seconds",
	    METRICS_GAUGE, "When Redis last answered; 0: never.",
	    (double)s->answered_ms / 1000);
	metrics_one(m, "cachemon_samples_total", METRICS_COUNTER,
	    "Readings of Redis.", (double)s->samples);
	metrics_one(m, "cachemon_failures_total", METRICS_COUNTER,
	    "Attempts to reach or read Redis that failed.",
	    (double)s->failures);
	metrics_one(m, "cachemon_history_kept", METRICS_GAUGE,
	    "Whether history is written to the volume.",
	    s->history_kept ? 1 : 0);
	metrics_one(m, "cachemon_event_streams", METRICS_GAUGE,
	    "Open streams of live updates.", streams);
	metrics_one(m, "cachemon_http_connections", METRICS_GAUGE,
	    "Open HTTP connections.", http->connections);
	metrics_family(m, "cachemon_http_requests_total", METRICS_COUNTER,
	    "HTTP requests by class of status.");
	for (size_t i = 0; i < HTTP_CLASSES; i++) {
		metrics_label(m, "code", view_str(http_class_name(i)));
		metrics_u64(m, http->requests[i]);
	}
}

/* A ratio of no lookups is no number and is left out. */
static void
add_ratio(struct metrics *m, struct view over, double ratio)
{
	if (!isnan(ratio)) {
		metrics_label(m, "over", over);
		metrics_double(m, ratio);
	}
}

static void
add_cache(struct metrics *m, const struct status *s)
{
	const struct sample *r = &s->sample;

	metrics_family(m, "cachemon_hit_ratio", METRICS_GAUGE,
	    "Hits of all lookups in Redis, by stretch of time.");
	add_ratio(m, VIEW("minute"), point_hit_ratio(&s->minute));
	add_ratio(m, VIEW("total"), status_total_hit_ratio(r));
	metrics_one(m, "cachemon_hits_total", METRICS_COUNTER,
	    "Lookups that found their key.", (double)r->hits);
	metrics_one(m, "cachemon_misses_total", METRICS_COUNTER,
	    "Lookups that did not.", (double)r->misses);
	metrics_one(m, "cachemon_evicted_keys_total", METRICS_COUNTER,
	    "Keys removed for want of memory.", (double)r->evicted);
	metrics_one(m, "cachemon_expired_keys_total", METRICS_COUNTER,
	    "Keys whose time was over.", (double)r->expired);
	metrics_one(m, "cachemon_memory_used_bytes", METRICS_GAUGE,
	    "Memory that Redis counts against its limit.",
	    (double)r->memory_used);
	metrics_one(m, "cachemon_memory_limit_bytes", METRICS_GAUGE,
	    "Redis' maxmemory; 0: none.", (double)r->memory_limit);
	metrics_one(m, "cachemon_keys", METRICS_GAUGE, "Keys of database 0.",
	    (double)r->keys);
	metrics_one(m, "cachemon_clients", METRICS_GAUGE,
	    "Connections to Redis besides cachemon's own.",
	    s->interval.clients);
	metrics_one(m, "cachemon_answer_seconds", METRICS_GAUGE,
	    "How long Redis' last answer to PING took.",
	    (double)s->answer_us / 1000000);
}

static void
label_group(struct metrics *m, const struct group *row)
{
	metrics_label(m, "db", VIEW("db0"));
	metrics_label(m, "key_group", group_label(row));
}

/* The names are redis_exporter's, so that its dashboards work. */
static void
add_groups(struct metrics *m, const struct groups *g,
    const struct activity *activity)
{
	size_t named = 0;

	metrics_family(m, "redis_key_group_count", METRICS_GAUGE,
	    "Keys by WordPress cache group: the last full pass, and what came "
	    "and went since.");
	for (size_t i = 0; i < g->n; i++) {
		label_group(m, &g->rows[i]);
		metrics_u64(m, activity_keys(activity, &g->rows[i]));
		named += g->rows[i].kind == GROUP_NAMED;
	}
	metrics_family(m, "redis_key_group_memory_usage_bytes", METRICS_GAUGE,
	    "Bytes by WordPress cache group, at the last full pass; estimated "
	    "from a sample where there are many keys.");
	for (size_t i = 0; i < g->n; i++) {
		label_group(m, &g->rows[i]);
		metrics_u64(m, (uint64_t)group_bytes(&g->rows[i]));
	}
	metrics_family(m, "redis_number_of_distinct_key_groups", METRICS_GAUGE,
	    "Groups that were told apart.");
	metrics_label(m, "db", VIEW("db0"));
	metrics_u64(m, named);
	metrics_one(m, "redis_last_key_groups_scrape_duration_milliseconds",
	    METRICS_GAUGE, "How long the last full pass took.",
	    (double)(g->finished_ms - g->started_ms));
	metrics_one(m, "cachemon_key_pass_timestamp_seconds", METRICS_GAUGE,
	    "When the last full pass over the keys ended.",
	    (double)g->finished_ms / 1000);
}

static void
add_thresholds(struct metrics *m, const struct settings *settings,
    const struct status *status)
{
	metrics_family(m, "cachemon_threshold", METRICS_GAUGE,
	    "From where on a figure is worth a warning, from the settings; "
	    "ratios, a rate per second, seconds.");
	for (int i = 0; i < ALERT_COUNT; i++) {
		metrics_label(m, "figure", alert_name((enum alert)i));
		metrics_double(m, alert_threshold(settings, (enum alert)i));
	}
	metrics_family(m, "cachemon_alert", METRICS_GAUGE,
	    "Whether the figure is past its threshold.");
	for (int i = 0; i < ALERT_COUNT; i++) {
		metrics_label(m, "figure", alert_name((enum alert)i));
		metrics_u64(m, alert_is_on(settings, status, (enum alert)i));
	}
}

struct tally_family {
	const char *name;
	const char *help;
	size_t offset; /* in struct tally */
};

static const struct tally_family tallies[] = {
	{ "redis_key_group_hits_total",
	    "Lookups by WordPress that found their key in Redis, by group, as "
	    "the object cache drop-in reports.",
	    offsetof(struct tally, hits) },
	{ "redis_key_group_memory_hits_total",
	    "Lookups by WordPress that PHP's own memory answered, by group.",
	    offsetof(struct tally, memory_hits) },
	{ "redis_key_group_misses_total",
	    "Lookups by WordPress that found nothing, by group.",
	    offsetof(struct tally, misses) },
	{ "redis_key_group_writes_total",
	    "Values that WordPress wrote or removed, by group.",
	    offsetof(struct tally, writes) },
	{ "redis_key_group_views_total",
	    "Requests of WordPress that used the group.",
	    offsetof(struct tally, views) },
	{ "redis_key_group_wait_seconds_total",
	    "Time that WordPress waited for Redis, by group.",
	    offsetof(struct tally, us) },
};

/* A value of a tally; what is kept in microseconds is said in seconds. */
static void
add_tally(struct metrics *m, const struct tally *tally, size_t offset)
{
	const void *value = (const char *)tally + offset;
	uint64_t number = *(const uint64_t *)value;

	if (offset == offsetof(struct tally, us)) {
		metrics_double(m, (double)number / 1e6);
	} else {
		metrics_u64(m, number);
	}
}

static void
add_activity(struct metrics *m, const struct activity *a)
{
	for (size_t f = 0; f < ARRAY_LEN(tallies); f++) {
		metrics_family(m, tallies[f].name, METRICS_COUNTER,
		    tallies[f].help);
		for (size_t i = 0; i < a->n; i++) {
			const struct activity_row *row = &a->rows[i];

			if (row->total.views > 0) {
				metrics_label(m, "db", VIEW("db0"));
				metrics_label(m, "key_group",
				    row->other ? VIEW("overflow")
					       : (struct view){ row->name,
						   row->name_n });
				add_tally(m, &row->total, tallies[f].offset);
			}
		}
	}
	metrics_one_u64(m, "cachemon_reports_total", METRICS_COUNTER,
	    "Requests of WordPress that the drop-in reported.", a->total.views);
	metrics_one_u64(m, "cachemon_reports_bad_total", METRICS_COUNTER,
	    "Reports of another form.", a->reports_bad);
	metrics_one(m, "cachemon_page_seconds_total", METRICS_COUNTER,
	    "Time that reported requests took.", (double)a->page_us / 1e6);
	metrics_one(m, "cachemon_page_wait_seconds_total", METRICS_COUNTER,
	    "Time of it that they waited for Redis.",
	    (double)a->total.us / 1e6);
	metrics_one_u64(m, "cachemon_page_round_trips_total", METRICS_COUNTER,
	    "Round trips to Redis of reported requests.", a->round_trips);
	metrics_one_u64(m, "cachemon_key_events_total", METRICS_COUNTER,
	    "Keys that came or went, as Redis told.", a->key_events);
}

void
page_metrics(const struct page_facts *facts, struct buf *out)
{
	const struct snapshot *snapshot = facts->snapshot;
	const struct status *s = &snapshot->status;
	struct metrics m;

	metrics_init(&m, out);
	add_self(&m, s, facts->http, facts->streams);
	volume_write(&m, &s->volume, facts->settings->dir, NULL, NULL);
	add_thresholds(&m, facts->settings, s);
	if (s->state == REDIS_UP && s->known) {
		add_cache(&m, s);
		add_activity(&m, facts->activity);
		if (snapshot->groups != NULL) {
			add_groups(&m, snapshot->groups, facts->activity);
		}
	}
}
