#include "exporter/exporter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <mysql.h>

#include "exporter/budget.h"
#include "exporter/collector.h"
#include "exporter/landing.h"
#include "exporter/scrape.h"
#include "http/http.h"
#include "run/clock.h"
#include "run/log.h"
#include "run/sig.h"

#define HTTP_CONNECTIONS 64
#define LANDING_MAX (256 * 1024)
/* Together less than the 10 s that Docker waits by default. */
#define DRAIN_MS 3000
#define STOP_MS 3000

struct exporter {
	struct scrape *scrape;
};

/* One request for /metrics, from its coming in to its end. */
struct pending {
	struct scrape_waiter waiter;
	struct MHD_Connection *connection;
};

static const struct http_header common_headers[] = {
	{ "Cache-Control", "no-store" },
	{ "X-Content-Type-Options", "nosniff" },
	{ NULL, NULL },
};

static const struct http_header page_headers[] = {
	{ "Content-Security-Policy",
	    "default-src 'none'; style-src 'unsafe-inline'" },
	{ NULL, NULL },
};

static void
ready(void *data)
{
	struct pending *pending = data;

	http_resume(pending->connection);
}

static void
finished(void *ctx, void *state)
{
	struct pending *pending = state;

	(void)ctx;
	scrape_body_unref(pending->waiter.body);
	free(pending);
}

static void
stopping(void *ctx)
{
	struct exporter *exporter = ctx;

	scrape_abort(exporter->scrape);
}

/* The page has come: a reply that shares its memory. */
static enum MHD_Result
reply_body(struct http_request *rq, struct pending *pending)
{
	struct scrape_body *body = pending->waiter.body;
	struct MHD_Response *response;
	enum MHD_Result result = MHD_NO;
	const struct http_header type[] = {
		{ "Content-Type", page_content_type(pending->waiter.format) },
		{ "Vary", "Accept" },
		{ NULL, NULL },
	};

	if (body == NULL) {
		return http_reply_error(rq, MHD_HTTP_SERVICE_UNAVAILABLE);
	}
	response = MHD_create_response_from_buffer_with_free_callback_cls(
	    scrape_body_view(body).n,
	    (void *)(uintptr_t)scrape_body_view(body).p, scrape_body_unref,
	    body);
	if (response == NULL) {
		return MHD_NO;
	}
	/* The response has the reference now. */
	pending->waiter.body = NULL;
	if (http_add_headers(response, type) == 0
	    && http_add_headers(response, common_headers) == 0) {
		result = http_reply_response(rq, MHD_HTTP_OK, response);
	}
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result
serve_metrics(struct http_request *rq, void *ctx)
{
	struct exporter *exporter = ctx;
	struct pending *pending = *http_state(rq);

	if (pending != NULL) {
		return reply_body(rq, pending);
	}
	pending = calloc(1, sizeof(*pending));
	if (pending == NULL) {
		return http_reply_error(rq, MHD_HTTP_SERVICE_UNAVAILABLE);
	}
	pending->waiter.deadline = clock_ms()
	    + budget_ms(
		http_header_value(rq, "X-Prometheus-Scrape-Timeout-Seconds"));
	pending->waiter.format = page_negotiate(
	    http_header_value(rq, "Accept"));
	pending->waiter.ready = ready;
	pending->waiter.ctx = pending;
	*http_state(rq) = pending;
	pending->connection = http_suspend(rq);
	scrape_wait(exporter->scrape, &pending->waiter);
	return MHD_YES;
}

static enum MHD_Result
serve_landing(struct http_request *rq, void *ctx)
{
	struct exporter *exporter = ctx;
	struct buf out;

	buf_init(&out, LANDING_MAX);
	landing_open(&out);
	for (size_t i = 0; i < scrape_count(exporter->scrape); i++) {
		struct scrape_state state;

		scrape_state(exporter->scrape, i, &state);
		landing_row(&out, &state, time(NULL));
	}
	landing_close(&out);
	return http_reply_take(rq, MHD_HTTP_OK, "text/html; charset=utf-8",
	    &out, page_headers);
}

static enum MHD_Result
serve_health(struct http_request *rq, void *ctx)
{
	(void)ctx;
	return http_reply_copy(rq, MHD_HTTP_OK, "text/plain; charset=utf-8",
	    VIEW("ok\n"), NULL);
}

static const struct http_route routes[] = {
	{ "/metrics", serve_metrics },
	{ "/healthz", serve_health },
	{ "/", serve_landing },
};

/* --- collectors ---------------------------------------------------------- */

struct list {
	struct collector items[SCRAPE_COLLECTORS_MAX];
	size_t n;
};

/* Makes one more by `call`; leaves the function on failure. */
#define MAKE(call) \
	do { \
		int r_ = (call); \
		if (r_ < 0) { \
			return r_; \
		} \
		list->n++; \
	} while (0)

typedef int (*target_collector)(const struct exporter_conf *conf,
    const struct target *target, struct collector *ret);

/* One collector for each target of a setting. */
static int
add_targets(struct list *list, const struct exporter_conf *conf,
    const char *setting, target_collector make)
{
	struct view rest = exporter_conf_list(setting), word;
	struct target target;

	while (target_next(&rest, &word)) {
		/* The settings were checked before. */
		if (target_parse(word, &target) < 0
		    || list->n == SCRAPE_COLLECTORS_MAX) {
			return -EINVAL;
		}
		MAKE(make(conf, &target, &list->items[list->n]));
	}
	return 0;
}

static int
add_all_targets(struct list *list, const struct exporter_conf *conf)
{
	int r = add_targets(list, conf, conf->nginx_url, nginx_collector);

	if (r == 0) {
		r = add_targets(list, conf, conf->phpfpm_url, phpfpm_collector);
	}
	if (r == 0) {
		r = add_targets(list, conf, conf->tls_targets, tls_collector);
	}
	if (r == 0) {
		r = add_targets(list, conf, conf->merge_targets,
		    merge_collector);
	}
	return r;
}

static int
add_collectors(struct list *list, const struct exporter_conf *conf)
{
	if (conf->db_host[0] != '\0') {
		MAKE(mariadb_collector(conf, &list->items[list->n]));
		MAKE(wordpress_collector(conf, &list->items[list->n]));
	}
	if (conf->redis_host[0] != '\0') {
		MAKE(redis_collector(conf, &list->items[list->n]));
	}
	MAKE(self_collector(conf, &list->items[list->n]));
	MAKE(textfile_collector(conf, &list->items[list->n]));
	return add_all_targets(list, conf);
}

static int
start_scrape(const struct exporter_conf *conf, struct scrape **ret)
{
	struct list *list = calloc(1, sizeof(*list));
	int r;

	if (list == NULL) {
		return -ENOMEM;
	}
	r = add_collectors(list, conf);
	if (r < 0) {
		while (list->n > 0) {
			list->n--;
			list->items[list->n].class->done(
			    list->items[list->n].self);
		}
	} else {
		r = scrape_start(list->items, list->n, ret);
	}
	free(list);
	return r;
}

/* --- life ---------------------------------------------------------------- */

static int
fail(const char *event, int err)
{
	struct log_line l;

	log_open(&l, LOG_ERROR, event);
	log_err(&l, err);
	log_close(&l);
	return EXIT_FAILURE;
}

static void
wait_for_stop(int sig_fd)
{
	enum sig_event event;

	do {
		event = sig_wait(sig_fd, -1);
		if (event == SIG_EVENT_RELOAD) {
			log_say(LOG_INFO, "reload",
			    "nothing to read again: every scrape is fresh");
		}
	} while (event != SIG_EVENT_STOP);
}

static int
serve(const struct exporter_conf *conf, struct exporter *exporter, int sig_fd)
{
	const struct http_conf http = {
		.port = (uint16_t)conf->port,
		.connections = HTTP_CONNECTIONS,
		.routes = routes,
		.route_count = ARRAY_LEN(routes),
		.headers = common_headers,
		.ctx = exporter,
		.suspending = true,
		.finished = finished,
		.stopping = stopping,
	};
	struct http_server *server;
	struct log_line l;
	int r = http_start(&http, &server);

	if (r < 0) {
		return fail("cannot_listen", r);
	}
	log_open(&l, LOG_INFO, "started");
	log_num(&l, "port", (int64_t)conf->port);
	log_num(&l, "collectors", (int64_t)scrape_count(exporter->scrape));
	log_close(&l);
	wait_for_stop(sig_fd);
	log_say(LOG_INFO, "stopping", "asked to");
	http_stop(server, DRAIN_MS);
	return EXIT_SUCCESS;
}

/* One scrape touches little memory at a time: give it back right away. */
static void
tune_memory(void)
{
#ifdef __GLIBC__
	(void)mallopt(M_ARENA_MAX, 1);
	(void)mallopt(M_MMAP_THRESHOLD, 64 * 1024);
	(void)mallopt(M_TRIM_THRESHOLD, 64 * 1024);
#endif
}

int
exporter_run(const struct exporter_conf *conf)
{
	struct exporter exporter = { NULL };
	int sig_fd, status, r;

	tune_memory();
	sig_fd = sig_open();
	if (sig_fd < 0) {
		return fail("cannot_take_signals", sig_fd);
	}
	/* Before there are threads: it is not safe among them. */
	if (mysql_library_init(0, NULL, NULL) != 0) {
		return fail("cannot_start_database_library", -ENOMEM);
	}
	r = start_scrape(conf, &exporter.scrape);
	if (r < 0) {
		return fail("cannot_start_collectors", r);
	}
	status = serve(conf, &exporter, sig_fd);
	if (!scrape_stop(exporter.scrape, STOP_MS)) {
		log_say(LOG_WARN, "stopped",
		    "a collector hangs in a library call; left behind");
		/* exit(3) would tear the libraries down under its feet. */
		_exit(status);
	}
	mysql_library_end();
	(void)close(sig_fd);
	log_say(LOG_INFO, "stopped", "all collectors have ended");
	return status;
}
