#include "cachemon/daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cachemon/board.h"
#include "cachemon/collector.h"
#include "cachemon/history.h"
#include "cachemon/settings.h"
#include "cachemon/web.h"
#include "http/check.h"
#include "run/log.h"
#include "run/sig.h"

#define PREFIX_MOST 64
#define TICK_MS 1000
#define DRAIN_MS 1000
#define COLLECTOR_STOP_MS 3000

struct parts {
	struct board *board;
	struct history *history;
	struct collector *collector;
	int signals;
};

void
daemon_check(const void *conf, struct buf *faults)
{
	const struct settings *s = conf;
	struct view prefix = view_str(s->prefix);

	if (prefix.n > PREFIX_MOST || !http_prefix_valid(prefix)) {
		buf_addf(faults,
		    "CACHEMON_PREFIX: begins and ends with a "
		    "slash, has letters, digits, - _ ~ between, and at most "
		    "%d characters, as in /cache/\n",
		    PREFIX_MOST);
	}
}

uint16_t
daemon_health_port(const void *conf)
{
	const struct settings *s = conf;

	return (uint16_t)s->port;
}

static void
wait_for_stop(int signals, struct web *web)
{
	bool stop_requested = false;

	while (!stop_requested) {
		/* Nothing that cachemon reads changes, so HUP is only heard. */
		stop_requested = sig_wait(signals, TICK_MS) == SIG_EVENT_STOP;
		web_tick(web);
	}
}

static int
fail(const char *what, int r)
{
	struct log_line l;

	log_open(&l, LOG_ERROR, "start_failed");
	log_str(&l, "what", what);
	log_err(&l, r);
	log_close(&l);
	return EXIT_FAILURE;
}

static void
log_started(const struct settings *s)
{
	struct log_line l;

	log_open(&l, LOG_INFO, "started");
	log_num(&l, "port", (int64_t)s->port);
	log_str(&l, "prefix", s->prefix);
	log_str(&l, "redis_host", s->redis_host);
	log_num(&l, "redis_port", (int64_t)s->redis_port);
	log_close(&l);
}

/* Serves until a signal says stop. */
static int
serve(const struct settings *s, const struct parts *parts)
{
	struct web *web = NULL;
	int r = web_start((uint16_t)s->port, s->prefix, parts->board,
	    parts->history, parts->collector, &web);

	if (r < 0) {
		return fail("http", r);
	}
	r = collector_start(parts->collector);
	if (r < 0) {
		web_stop(web, 0);
		return fail("collector", r);
	}
	log_started(s);
	wait_for_stop(parts->signals, web);
	log_say(LOG_INFO, "stopping", "draining");
	if (!collector_stop(parts->collector, COLLECTOR_STOP_MS)) {
		/* It hangs in a name look-up and uses what would be freed. */
		_exit(EXIT_SUCCESS);
	}
	web_stop(web, DRAIN_MS);
	return EXIT_SUCCESS;
}

int
daemon_run(void *conf)
{
	const struct settings *s = conf;
	struct parts parts = { .signals = sig_open() };
	int status;

	if (parts.signals < 0) {
		return fail("signals", parts.signals);
	}
	parts.board = board_new();
	parts.history = history_open(s->dir);
	if (parts.board != NULL && parts.history != NULL) {
		parts.collector = collector_new(s, parts.board, parts.history);
	}
	status = parts.collector == NULL ? fail("memory", -ENOMEM)
					 : serve(s, &parts);
	collector_free(parts.collector);
	history_close(parts.history);
	board_free(parts.board);
	(void)close(parts.signals);
	return status;
}
