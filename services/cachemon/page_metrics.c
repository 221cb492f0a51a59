#include "cachemon/page_metrics.h"

#include <math.h>

#include "metrics/metrics.h"

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
add_groups(struct metrics *m, const struct groups *g)
{
	size_t named = 0;

	metrics_family(m, "redis_key_group_count", METRICS_GAUGE,
	    "Keys by WordPress cache group, at the last full pass.");
	for (size_t i = 0; i < g->n; i++) {
		label_group(m, &g->rows[i]);
		metrics_u64(m, g->rows[i].keys);
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

void
page_metrics(const struct snapshot *snapshot, const struct http_stats *http,
    unsigned streams, struct buf *out)
{
	const struct status *s = &snapshot->status;
	struct metrics m;

	metrics_init(&m, out);
	add_self(&m, s, http, streams);
	if (s->state == REDIS_UP && s->known) {
		add_cache(&m, s);
		if (snapshot->groups != NULL) {
			add_groups(&m, snapshot->groups);
		}
	}
}
