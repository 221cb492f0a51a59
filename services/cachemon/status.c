#include "cachemon/status.h"

#include <math.h>

#include "cachemon/json.h"

static const char *
state_name(enum redis_state state)
{
	static const char *const names[] = { "starting", "up", "down" };

	return names[state];
}

double
status_total_hit_ratio(const struct sample *sample)
{
	struct point all = { .hits = sample->hits, .misses = sample->misses };

	return point_hit_ratio(&all);
}

static void
redis_json(const struct status *s, struct buf *out)
{
	json_open(out, "redis", '{');
	json_str(out, "state", view_str(state_name(s->state)));
	json_i64(out, "since_ms", s->since_ms);
	if (s->answered_ms > 0) {
		json_i64(out, "answered_ms", s->answered_ms);
	} else {
		json_null(out, "answered_ms");
	}
	if (s->error[0] != '\0') {
		json_str(out, "error", view_str(s->error));
	} else {
		json_null(out, "error");
	}
	if (s->known) {
		json_str(out, "version", view_str(s->sample.version));
		json_u64(out, "uptime_s", s->sample.uptime_s);
		json_bool(out, "loading", s->sample.loading != 0);
	}
	json_close(out, '}');
}

static void
rates_json(const struct point *p, struct buf *out)
{
	json_open(out, "per_second", '{');
	json_num(out, "hits", point_rate(p, p->hits), 2);
	json_num(out, "misses", point_rate(p, p->misses), 2);
	json_num(out, "commands", point_rate(p, p->commands), 2);
	json_num(out, "evicted", point_rate(p, p->evicted), 2);
	json_num(out, "expired", point_rate(p, p->expired), 2);
	json_num(out, "net_in", point_rate(p, p->net_in), 0);
	json_num(out, "net_out", point_rate(p, p->net_out), 0);
	json_close(out, '}');
}

static void
known_json(const struct status *s, struct buf *out)
{
	const struct sample *r = &s->sample;

	json_open(out, "hit_ratio", '{');
	json_num(out, "interval", point_hit_ratio(&s->interval), 5);
	json_num(out, "minute", point_hit_ratio(&s->minute), 5);
	json_num(out, "total", status_total_hit_ratio(r), 5);
	json_close(out, '}');
	rates_json(&s->interval, out);
	json_open(out, "memory", '{');
	json_u64(out, "used", r->memory_used);
	json_u64(out, "limit", r->memory_limit);
	json_u64(out, "peak", r->memory_peak);
	json_u64(out, "rss", r->memory_rss);
	json_u64(out, "dataset", r->memory_dataset);
	json_str(out, "policy", view_str(r->policy));
	json_close(out, '}');
	json_open(out, "keys", '{');
	json_u64(out, "total", r->keys);
	json_u64(out, "expiring", r->keys_expiring);
	json_u64(out, "avg_ttl_ms", r->avg_ttl_ms);
	json_close(out, '}');
	json_open(out, "clients", '{');
	json_u64(out, "connected", s->interval.clients);
	json_u64(out, "blocked", r->clients_blocked);
	json_u64(out, "limit", r->clients_limit);
	json_close(out, '}');
	json_open(out, "totals", '{');
	json_u64(out, "hits", r->hits);
	json_u64(out, "misses", r->misses);
	json_u64(out, "evicted", r->evicted);
	json_u64(out, "expired", r->expired);
	json_u64(out, "rejected", r->rejected);
	json_close(out, '}');
	json_u64(out, "answer_us", s->answer_us);
}

void
status_json(const struct status *s, struct buf *out)
{
	json_open(out, NULL, '{');
	json_i64(out, "tried_ms", s->tried_ms);
	json_u64(out, "interval_ms", STATUS_INTERVAL_MS);
	redis_json(s, out);
	if (s->known) {
		known_json(s, out);
	}
	if (s->scan_progress >= 0) {
		json_num(out, "scan_progress", s->scan_progress, 3);
	} else {
		json_null(out, "scan_progress");
	}
	json_bool(out, "history_kept", s->history_kept);
	json_bool(out, "feed", s->feed_open);
	json_close(out, '}');
}
