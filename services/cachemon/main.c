/*
 * cachemon: what WordPress's object cache in Redis does, in a browser.
 *
 *	link, own   a connection to Redis, and taking out what it costs
 *	probe, sample, slowlog, server, groups, scan, plugin
 *	            what is read from it
 *	feed, report, activity
 *	            the thread that hears what Redis and the drop-in tell
 *	point, history, chart, grouplog
 *	            what happened over time
 *	advice      what follows from the figures, in plain words
 *	collector   the thread that asks, and publishes all this
 *	jobs, remove, monitor
 *	            the thread that does what people ask for
 *	status, board
 *	            what is known now, published as immutable snapshots
 *	web, control, events, page_metrics, assets
 *	            HTTP: handlers only read, or hand a job over
 */
#include <stddef.h>

#include "cachemon/daemon.h"
#include "cachemon/settings.h"
#include "run/program.h"

static const struct conf_item items[] = {
	{ .name = "CACHEMON_PORT",
	    .help = "port to serve HTTP on",
	    .type = CONF_NUMBER,
	    .offset = offsetof(struct settings, port),
	    .fallback = "8081",
	    .min = 1,
	    .max = 65535 },
	{ .name = "CACHEMON_PREFIX",
	    .help = "path that the dashboard is under",
	    .type = CONF_TEXT,
	    .offset = offsetof(struct settings, prefix),
	    .fallback = "/cache/" },
	{ .name = "CACHEMON_DIR",
	    .help = "folder of the history file",
	    .type = CONF_TEXT,
	    .offset = offsetof(struct settings, dir),
	    .fallback = "/var/lib/cachemon" },
	{ .name = "CACHEMON_CHARTS_DIR",
	    .help = "folder of uPlot's files; without them the page shows "
		    "tables instead of charts",
	    .type = CONF_TEXT,
	    .offset = offsetof(struct settings, charts_dir),
	    .fallback = "/usr/local/share/cachemon" },
	{ .name = "CACHEMON_SCAN_PERCENT",
	    .help = "most of Redis' time that passes over the keys may take, "
		    "in percent; 0: no passes",
	    .type = CONF_NUMBER,
	    .offset = offsetof(struct settings, scan_percent),
	    .fallback = "3",
	    .min = 0,
	    .max = 100 },
	{ .name = "CACHEMON_CHANNEL",
	    .help =
		"channel on which the drop-in reports what each request did",
	    .type = CONF_TEXT,
	    .offset = offsetof(struct settings, channel),
	    .fallback = "wp:stack:report" },
	{ .name = "CACHEMON_MONITOR",
	    .help = "whether live commands may be shown for moments",
	    .type = CONF_BOOL,
	    .offset = offsetof(struct settings, monitor),
	    .fallback = "on" },
	{ .name = "CACHEMON_ACTIONS",
	    .help = "whether keys may be removed from the dashboard",
	    .type = CONF_BOOL,
	    .offset = offsetof(struct settings, actions),
	    .fallback = "off" },
	{ .name = "CACHEMON_ACTIONS_PREFIX",
	    .help = "what the keys begin with that may be removed",
	    .type = CONF_TEXT,
	    .offset = offsetof(struct settings, actions_prefix),
	    .fallback = "wp:" },
	{ .name = "CACHEMON_PROXY",
	    .help = "host whose X-Forwarded-User is believed; only requests "
		    "from there can change anything",
	    .type = CONF_TEXT,
	    .offset = offsetof(struct settings, proxy),
	    .fallback = "nginx" },
	{ .name = "CACHEMON_WARN_HIT_PERCENT",
	    .help = "warn when fewer lookups of a minute find their key",
	    .type = CONF_NUMBER,
	    .offset = offsetof(struct settings, warn_hit_percent),
	    .fallback = "70",
	    .min = 0,
	    .max = 100 },
	{ .name = "CACHEMON_WARN_MEMORY_PERCENT",
	    .help = "warn when more of the memory limit is used",
	    .type = CONF_NUMBER,
	    .offset = offsetof(struct settings, warn_memory_percent),
	    .fallback = "90",
	    .min = 1,
	    .max = 100 },
	{ .name = "CACHEMON_WARN_EVICTIONS",
	    .help = "warn when more keys a second are evicted, over a minute",
	    .type = CONF_NUMBER,
	    .offset = offsetof(struct settings, warn_evictions),
	    .fallback = "1",
	    .min = 0,
	    .max = 1000000 },
	{ .name = "CACHEMON_WARN_ANSWER_MS",
	    .help = "warn when Redis takes longer to answer PING",
	    .type = CONF_NUMBER,
	    .offset = offsetof(struct settings, warn_answer_ms),
	    .fallback = "50",
	    .min = 1,
	    .max = 10000 },
	{ .name = "REDIS_HOST",
	    .help = "Redis' name or address",
	    .type = CONF_TEXT,
	    .offset = offsetof(struct settings, redis_host),
	    .fallback = "redis" },
	{ .name = "REDIS_PORT",
	    .help = "Redis' port",
	    .type = CONF_NUMBER,
	    .offset = offsetof(struct settings, redis_port),
	    .fallback = "6379",
	    .min = 1,
	    .max = 65535 },
	{ .name = "REDIS_USER",
	    .help = "user to log in to Redis as",
	    .type = CONF_TEXT,
	    .offset = offsetof(struct settings, redis_user),
	    .fallback = "cachemon" },
	{ .name = "REDIS_PASSWORD",
	    .help = "that user's password",
	    .type = CONF_SECRET,
	    .offset = offsetof(struct settings, redis_password) },
	{ .name = "REDIS_ACTIONS_USER",
	    .help = "user that removes keys",
	    .type = CONF_TEXT,
	    .offset = offsetof(struct settings, actions_user),
	    .fallback = "cachemon_actions" },
	{ .name = "REDIS_ACTIONS_PASSWORD",
	    .help = "that user's password; needed with CACHEMON_ACTIONS=on",
	    .type = CONF_SECRET,
	    .offset = offsetof(struct settings, actions_password),
	    .fallback = "" },
};

int
main(int argc, char **argv)
{
	static struct settings settings;
	static const struct program program = {
		.name = "cachemon",
		.summary = "what WordPress's object cache in Redis does",
		.items = items,
		.item_count = sizeof(items) / sizeof(items[0]),
		.conf = &settings,
		.check = daemon_check,
		.health_port = daemon_health_port,
		.run = daemon_run,
	};

	return program_main(&program, argc, argv);
}
