/*
 * cachemon: what WordPress's object cache in Redis does, in a browser.
 *
 *	link        the connection to Redis
 *	probe, sample, slowlog, groups, scan
 *	            what is read from it
 *	point, history, chart
 *	            what happened over time
 *	collector   the thread that does all this
 *	status, board
 *	            what is known now, published as immutable snapshots
 *	web, events, page_metrics, assets
 *	            HTTP: handlers only read the board and the history
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
	{ .name = "CACHEMON_SCAN_PERCENT",
	    .help = "most of Redis' time that passes over the keys may take, "
		    "in percent; 0: no passes",
	    .type = CONF_NUMBER,
	    .offset = offsetof(struct settings, scan_percent),
	    .fallback = "3",
	    .min = 0,
	    .max = 100 },
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
