/*
 * What cachemon serves.  PREFIX is CACHEMON_PREFIX, "/cache/" by default.
 *
 *	PREFIX                  the dashboard; style.css, app.js, icon.svg, ...
 *	PREFIX uplot.js         and uplot.css, uplot-licence.txt: what it draws
 *	                        with, from CACHEMON_CHARTS_DIR
 *	PREFIX api/v1/snapshot  all that is known now
 *	PREFIX api/v1/history   ?range=10m|1h|6h|24h|7d|30d|1y or ?from=&to=,
 *	                        Unix seconds
 *	PREFIX api/v1/groups    how groups grew; ?range=24h|7d, ?name=GROUP
 *	PREFIX api/v1/control   what may be ordered, and the token for it
 *	PREFIX api/v1/...       POST, see control.h: flush-group?group=,
 *	                        flush-site, delete-key?key=, monitor?seconds=
 *	PREFIX events           the parts of the snapshot, as they change
 *	/metrics                Prometheus
 *	/healthz                200 while cachemon itself works
 *
 * /healthz says whether the *daemon* works: it answers and its collector
 * still goes round.  A Redis that is down is shown, not a reason to restart
 * cachemon.
 *
 * The API, version 1.  Fields may be added, none is removed or changes its
 * meaning.  Times ending in _ms are Unix milliseconds, others Unix seconds;
 * sizes are bytes; null is "not known".
 *
 *	snapshot = {"api": 1, "now_ms", "live", "groups", "slowlog", "server",
 *	 "activity", "plugin", "advice", "job", "monitor"}; null before it is
 *	 known
 *
 *	live = {"tried_ms", "interval_ms", "scan_progress": 0..1 | null,
 *	 "history_kept", "feed": whether what Redis tells by itself is heard,
 *	 "redis": {"state": "starting" | "up" | "down",
 *	 "since_ms", "answered_ms", "error", "version", "uptime_s", "loading"},
 *	and once Redis has answered
 *	 "hit_ratio": {"interval", "minute", "total"}, each 0..1,
 *	 "per_second": {"hits", "misses", "commands", "evicted", "expired",
 *	  "net_in", "net_out"}, of the last interval,
 *	 "memory": {"used", "limit" (0: none), "peak", "rss", "dataset",
 *	  "policy"},
 *	 "keys": {"total", "expiring", "avg_ttl_ms"}, of database 0,
 *	 "clients": {"connected", "blocked", "limit"},
 *	 "totals": {"hits", "misses", "evicted", "expired", "rejected"},
 *	 "answer_us": how long a PING took}
 *	cachemon's own commands, bytes, lookups and connections are taken out
 *	of all figures.
 *
 *	groups = null before the first full pass over the keys, then
 *	 {"started_ms", "finished_ms", "keys", "measured",
 *	 "rows": [{"name", "kind": "group" | "none" | "other", "keys",
 *	  "measured", "bytes", "bytes_error", "largest",
 *	  "ttl": [up to a minute, hour, day, week, longer, for ever]: keys of a
 *	  sample}], most bytes first,
 *	 "largest": [{"key", "cut", "bytes"}]}
 *	bytes is exact when measured = keys, else an estimate with the half
 *	width of its 95 % interval in bytes_error.
 *
 *	slowlog = null or {"length", "threshold_us", "entries": [{"id", "time",
 *	 "usec", "command", "key", "hidden": number of arguments not shown,
 *	 "client"}]}
 *
 *	activity = what happens between the passes: {"window_s", "page_us":
 *	 time of the window's requests, "key_events", "window": tally, "total":
 *	 tally, "rows": [{"name", "kind", "moved": keys come less keys gone
 *	 since the pass, "expired", "evicted", "removed", "window", "total"}]}
 *	tally = {"views": requests, "memory_hits": found in PHP's memory,
 *	 "hits": found in Redis, "misses", "writes", "us": waiting for Redis};
 *	 "total" since cachemon's start, as the drop-in reports
 *
 *	server = {"clients_all", "clients": [{"address", "name", "user",
 *	 "command", "age_s", "idle_s", "memory"}], "memory": {"peak", "total",
 *	 "startup", "clients", "overhead", "dataset", "bytes_per_key",
 *	 "fragmentation"}, "latency": [{"event", "time", "last_ms",
 *	 "highest_ms"}]}
 *
 *	plugin = what the Redis Object Cache plugin keeps, if there is one:
 *	 {"requests": that were read, "kept", "set_bytes", "newest",
 *	 "hit_ratio"; on average of a request "hits", "misses", "bytes", "us",
 *	 "calls"}
 *
 *	advice = {"items": [{"id", "level": "note" | "warn" | "bad", "text"}],
 *	 "thresholds": {"hit_ratio", "memory", "evictions", "answer"},
 *	 "alerts": names of the thresholds that are passed}
 *
 *	job = the last removal: {"id", "kind", "target", "who", "state":
 *	 "running" | "done" | "failed", "started_ms", "now_ms", "expected",
 *	 "looked_at", "removed", "error"}
 *	monitor = the last burst: {"id", "who", "state", "started_ms",
 *	 "took_ms", "seconds", "error", "commands", "by_command": [{"name",
 *	 "count"}], "by_group", "lines": [{"us": since the first, "command",
 *	 "key", "hidden": arguments not shown, "client"}]}
 *
 *	history = {"api": 1, "range", "step_s", "from", "now_ms",
 *	 "series": {"hit_ratio": [], "commands": [], "evicted": [],
 *	  "memory_used": [], "memory_limit": [], "keys": [], "clients": [],
 *	  "answer_us": []}}
 *	Element i of each array is the stretch from + i * step_s; commands and
 *	evicted are per second; null is a gap.
 *
 *	group history = {"api": 1, "step_s", "from", "rows": [{"name", "kind",
 *	 "keys": [], "bytes": [], "hits": [], "misses": [], "writes": []}]}
 *
 *	Each ten seconds the sums of the last minute are also added to the
 *	stream "cachemon:live" in Redis (XREAD), which keeps about an hour:
 *	span_ms, hits, misses, hit_ratio ("" without lookups), commands,
 *	evicted; memory_used, memory_limit, keys, clients, answer_us.
 *
 *	events: each part of the snapshot, with that object as its data.
 */
#ifndef CACHEMON_WEB_H
#define CACHEMON_WEB_H

#include "base/macros.h"
#include "cachemon/board.h"
#include "cachemon/collector.h"
#include "cachemon/control.h"
#include "cachemon/history.h"

struct web;

/* What is served; all of it has to outlive the server. */
struct web_parts {
	const struct settings *settings;
	struct board *board;
	struct history *history;
	struct grouplog *grouplog;
	struct feed *feed;
	struct control *control;
	const struct collector *collector;
};

/*
 * Starts to serve.  0 with *ret, or -errno.  Start it before the collector,
 * and stop it when that has ended, as each publication wakes the streams.
 */
NODISCARD int web_start(const struct web_parts *parts, struct web **ret);

/* To be called about every second. */
void web_tick(struct web *web);

/* Ends all streams, then serving.  NULL is fine. */
void web_stop(struct web *web, int drain_ms);

#endif
