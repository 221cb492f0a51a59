#include "cachemon/daemon.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cachemon/board.h"
#include "cachemon/collector.h"
#include "cachemon/control.h"
#include "cachemon/feed.h"
#include "cachemon/grouplog.h"
#include "cachemon/history.h"
#include "cachemon/jobs.h"
#include "cachemon/settings.h"
#include "cachemon/web.h"
#include "http/check.h"
#include "run/log.h"
#include "run/sig.h"

#define PREFIX_MOST 64
#define TICK_MS 1000
#define DRAIN_MS 1000
#define THREAD_STOP_MS 3000

struct parts {
	struct board *board;
	struct history *history;
	struct grouplog *grouplog;
	struct ledger ledger;
	struct feed *feed;
	struct jobs *jobs;
	struct control control;
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
	if (s->actions && s->actions_password[0] == '\0') {
		buf_addf(faults,
		    "REDIS_ACTIONS_PASSWORD_FILE is not set: "
		    "CACHEMON_ACTIONS=on needs it\n");
	}
	if (s->actions && s->actions_prefix[0] == '\0') {
		buf_addf(faults,
		    "CACHEMON_ACTIONS_PREFIX is empty: then every key could "
		    "be removed\n");
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

/* Ends the threads that publish. */
static void
stop_threads(const struct parts *parts)
{
	/* Each is told before the next is waited for at length. */
	bool ended = feed_stop(parts->feed, THREAD_STOP_MS);

	ended &= jobs_stop(parts->jobs, THREAD_STOP_MS);
	ended &= collector_stop(parts->collector, THREAD_STOP_MS);
	if (!ended) {
		/* It hangs in a name look-up and uses what would be freed. */
		_exit(EXIT_SUCCESS);
	}
}

/* 0, or -errno; then those that were started have ended again. */
static int
start_threads(const struct parts *parts)
{
	int r = feed_start(parts->feed);

	if (r == 0) {
		r = jobs_start(parts->jobs);
	}
	if (r == 0) {
		r = collector_start(parts->collector);
	}
	if (r < 0
	    && (!feed_stop(parts->feed, THREAD_STOP_MS)
		|| !jobs_stop(parts->jobs, THREAD_STOP_MS))) {
		_exit(EXIT_FAILURE);
	}
	return r;
}

/* Serves until a signal says stop. */
static int
serve(const struct settings *s, struct parts *parts)
{
	const struct web_parts served = { .settings = s,
		.board = parts->board,
		.history = parts->history,
		.grouplog = parts->grouplog,
		.feed = parts->feed,
		.control = &parts->control,
		.collector = parts->collector };
	struct web *web = NULL;
	int r = control_init(&parts->control, s, parts->jobs);

	if (r < 0) {
		return fail("random", r);
	}
	r = web_start(&served, &web);
	if (r < 0) {
		return fail("http", r);
	}
	r = start_threads(parts);
	if (r < 0) {
		web_stop(web, 0);
		return fail("threads", r);
	}
	log_started(s);
	wait_for_stop(parts->signals, web);
	log_say(LOG_INFO, "stopping", "draining");
	stop_threads(parts);
	web_stop(web, DRAIN_MS);
	return EXIT_SUCCESS;
}

/* All parts, without a thread yet.  False when memory is short. */
static bool
make_parts(struct parts *parts, const struct settings *s)
{
	parts->board = board_new();
	parts->history = history_open(s->dir);
	parts->grouplog = grouplog_open(s->dir);
	parts->feed = feed_new(s, &parts->ledger);
	if (parts->board == NULL || parts->history == NULL
	    || parts->grouplog == NULL || parts->feed == NULL) {
		return false;
	}
	parts->jobs = jobs_new(s, parts->board, &parts->ledger);
	parts->collector = collector_new(
	    &(struct collector_parts){ .settings = s,
		.board = parts->board,
		.history = parts->history,
		.grouplog = parts->grouplog,
		.feed = parts->feed,
		.ledger = &parts->ledger });
	return parts->jobs != NULL && parts->collector != NULL;
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
	status = make_parts(&parts, s) ? serve(s, &parts)
				       : fail("memory", -ENOMEM);
	collector_free(parts.collector);
	jobs_free(parts.jobs);
	feed_free(parts.feed);
	grouplog_close(parts.grouplog);
	history_close(parts.history);
	board_free(parts.board);
	(void)close(parts.signals);
	return status;
}
