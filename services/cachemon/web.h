/*
 * What cachemon serves.  PREFIX is CACHEMON_PREFIX, "/cache/" by default.
 *
 *	PREFIX                  the dashboard; style.css, app.js, icon.svg
 *	PREFIX api/v1/snapshot  all that is known now
 *	PREFIX api/v1/history   ?range=10m|1h|6h|24h|7d|30d|1y
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
 *	snapshot = {"api": 1, "now_ms", "live", "groups", "slowlog"}
 *
 *	live = {"tried_ms", "interval_ms", "scan_progress": 0..1 | null,
 *	 "history_kept", "redis": {"state": "starting" | "up" | "down",
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
 *	cachemon's own commands, bytes and connection are taken out of
 *	commands, net_in, net_out and connected.
 *
 *	groups = null before the first full pass over the keys, then
 *	 {"started_ms", "finished_ms", "keys", "measured",
 *	 "rows": [{"name", "kind": "group" | "none" | "other", "keys",
 *	  "measured", "bytes", "bytes_error", "largest"}], most bytes first,
 *	 "largest": [{"key", "cut", "bytes"}]}
 *	bytes is exact when measured = keys, else an estimate with the half
 *	width of its 95 % interval in bytes_error.
 *
 *	slowlog = null or {"length", "threshold_us", "entries": [{"id", "time",
 *	 "usec", "command", "key", "hidden": number of arguments not shown,
 *	 "client"}]}
 *
 *	history = {"api": 1, "range", "step_s", "from", "now_ms",
 *	 "series": {"hit_ratio": [], "commands": [], "evicted": [],
 *	  "memory_used": [], "memory_limit": [], "keys": [], "clients": [],
 *	  "answer_us": []}}
 *	Element i of each array is the stretch from + i * step_s; commands and
 *	evicted are per second; null is a gap.
 *
 *	events: "live", "groups", "slowlog", each with that object as its data.
 */
#ifndef CACHEMON_WEB_H
#define CACHEMON_WEB_H

#include "base/macros.h"
#include "cachemon/board.h"
#include "cachemon/collector.h"
#include "cachemon/history.h"

struct web;

/*
 * Starts to serve.  0 with *ret, or -errno.  `collector`, `board`, `history`
 * have to outlive the server; start it before the collector, and stop it when
 * that has ended, as each publication wakes the streams.
 */
NODISCARD int web_start(uint16_t port, const char *prefix, struct board *board,
    struct history *history, const struct collector *collector,
    struct web **ret);

/* To be called about every second. */
void web_tick(struct web *web);

/* Ends all streams, then serving.  NULL is fine. */
void web_stop(struct web *web, int drain_ms);

#endif
