#include "cachemon/web.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "cachemon/assets.h"
#include "cachemon/chart.h"
#include "cachemon/events.h"
#include "cachemon/json.h"
#include "cachemon/page_metrics.h"
#include "http/http.h"
#include "metrics/metrics.h"
#include "run/clock.h"

/* Streams of live updates at one time. */
#define STREAMS_MOST 50
#define CONNECTIONS_MOST 200
/*
 * A collector this long silent hangs.  A name look-up may take half a minute
 * while a name server is away, and is no reason for a restart.
 */
#define SILENCE_MOST_MS 120000
#define BODY_MOST (1024 * 1024)
#define PATH_MOST 160
#define ROUTES (2 + ASSETS_COUNT + 4)
#define JSON_TYPE "application/json"

#define CSP \
	"default-src 'none'; script-src 'self'; style-src 'self'; " \
	"img-src 'self'; connect-src 'self'; base-uri 'none'; " \
	"form-action 'none'; frame-ancestors 'none'"

static const struct http_header common[] = { { "Content-Security-Policy", CSP },
	{ "X-Content-Type-Options", "nosniff" },
	{ "Referrer-Policy", "no-referrer" },
	{ "Cross-Origin-Resource-Policy", "same-origin" }, { NULL, NULL } };

static const struct http_header no_store[] = { { "Cache-Control", "no-store" },
	{ NULL, NULL } };

struct page {
	char path[PATH_MOST];
	char etag[24];
	struct MHD_Response *response; /* shared by all requests */
};

struct web {
	struct http_server *server;
	struct events *events;
	struct board *board;
	struct history *history;
	const struct collector *collector;
	struct page pages[ASSETS_COUNT];
	char bare[PATH_MOST]; /* the prefix without its slash */
	char prefix[PATH_MOST];
	char snapshot_path[PATH_MOST];
	char history_path[PATH_MOST];
	char events_path[PATH_MOST];
	struct http_route routes[ROUTES];
	size_t route_count;
};

/* Does If-None-Match name this tag?  RFC 9110 section 13.1.2. */
static bool
has_etag(struct http_request *rq, struct view etag)
{
	struct view rest = http_header_value(rq, "If-None-Match");

	while (rest.p != NULL) {
		struct view tag = view_trim(view_cut(&rest, ','));

		(void)view_take(&tag, VIEW("W/"));
		if (view_eq(tag, etag) || view_eq(tag, VIEW("*"))) {
			return true;
		}
	}
	return false;
}

static enum MHD_Result
serve_page(struct http_request *rq, void *ctx)
{
	const struct web *web = ctx;

	for (size_t i = 0; i < ASSETS_COUNT; i++) {
		const struct page *page = &web->pages[i];

		if (!view_eq(http_path(rq), view_str(page->path))) {
			continue;
		}
		if (has_etag(rq, view_str(page->etag))) {
			struct http_header again[] = { { "ETag", page->etag },
				{ "Cache-Control", "no-cache" },
				{ NULL, NULL } };

			return http_reply_copy(rq, MHD_HTTP_NOT_MODIFIED,
			    asset_get(i).type, VIEW(""), again);
		}
		return http_reply_response(rq, MHD_HTTP_OK, page->response);
	}
	return http_reply_error(rq, MHD_HTTP_NOT_FOUND);
}

static enum MHD_Result
serve_bare(struct http_request *rq, void *ctx)
{
	const struct web *web = ctx;
	struct http_header to[] = { { "Location", web->prefix },
		{ NULL, NULL } };

	return http_reply_copy(rq, MHD_HTTP_MOVED_PERMANENTLY, HTTP_TEXT,
	    VIEW("301 Moved Permanently\n"), to);
}

static enum MHD_Result
serve_snapshot(struct http_request *rq, void *ctx)
{
	struct web *web = ctx;
	struct snapshot *now = board_get(web->board);
	struct buf body;

	buf_init(&body, BODY_MOST);
	json_open(&body, NULL, '{');
	json_u64(&body, "api", 1);
	json_i64(&body, "now_ms", clock_wall_ms());
	for (size_t i = 0; i < PART_COUNT; i++) {
		const char *name = board_part_name((enum board_part)i);

		if (now->parts[i].serial == 0) {
			json_null(&body, name);
		} else {
			json_raw(&body, name, now->parts[i].json);
		}
	}
	json_close(&body, '}');
	snapshot_unref(now);
	return http_reply_take(rq, MHD_HTTP_OK, JSON_TYPE, &body, no_store);
}

static enum MHD_Result
serve_history(struct http_request *rq, void *ctx)
{
	struct web *web = ctx;
	struct view range = http_query_value(rq, "range");
	struct buf body;
	int r;

	buf_init(&body, BODY_MOST);
	r = chart_json(web->history, range.p == NULL ? VIEW("1h") : range,
	    clock_wall_ms(), &body);
	if (r == -ENOENT) {
		return http_reply_copy(rq, MHD_HTTP_BAD_REQUEST, JSON_TYPE,
		    VIEW("{\"error\":\"range is one of 10m, 1h, 6h, 24h, 7d, "
			 "30d, 1y\"}"),
		    no_store);
	}
	if (r < 0) {
		return http_reply_error(rq, MHD_HTTP_INTERNAL_SERVER_ERROR);
	}
	return http_reply_take(rq, MHD_HTTP_OK, JSON_TYPE, &body, no_store);
}

static enum MHD_Result
serve_events(struct http_request *rq, void *ctx)
{
	const struct web *web = ctx;

	return events_serve(web->events, rq);
}

static enum MHD_Result
serve_metrics(struct http_request *rq, void *ctx)
{
	struct web *web = ctx;
	struct snapshot *now = board_get(web->board);
	struct http_stats stats;
	struct buf body;

	http_stats(http_server_of(rq), &stats);
	buf_init(&body, BODY_MOST);
	page_metrics(now, &stats, events_count(web->events), &body);
	snapshot_unref(now);
	return http_reply_take(rq, MHD_HTTP_OK, METRICS_CONTENT_TYPE, &body,
	    no_store);
}

static enum MHD_Result
serve_health(struct http_request *rq, void *ctx)
{
	const struct web *web = ctx;

	if (collector_silence_ms(web->collector) > SILENCE_MOST_MS) {
		return http_reply_copy(rq, MHD_HTTP_SERVICE_UNAVAILABLE,
		    HTTP_TEXT, VIEW("the collector hangs\n"), no_store);
	}
	return http_reply_copy(rq, MHD_HTTP_OK, HTTP_TEXT, VIEW("ok\n"),
	    no_store);
}

static void
join(char out[PATH_MOST], const char *prefix, const char *path)
{
	(void)snprintf(out, PATH_MOST, "%s%s", prefix, path);
}

static int
make_page(struct page *page, const char *prefix, struct asset asset)
{
	const struct http_header headers[] = { { "Content-Type", asset.type },
		{ "ETag", page->etag },
		/* Ask each time; a new version shows at once. */
		{ "Cache-Control", "no-cache" }, { NULL, NULL } };

	join(page->path, prefix, asset.path);
	(void)snprintf(page->etag, sizeof(page->etag), "\"%016llx\"",
	    (unsigned long long)hash_of(asset.body));
	/* The library does not write, but takes a plain pointer. */
	page->response = MHD_create_response_from_buffer(asset.body.n,
	    (void *)(uintptr_t)asset.body.p, MHD_RESPMEM_PERSISTENT);
	if (page->response == NULL) {
		return -ENOMEM;
	}
	return http_add_headers(page->response, headers) < 0
		|| http_add_headers(page->response, common) < 0
	    ? -ENOMEM
	    : 0;
}

static void
add_route(struct web *web, const char *path, http_handler handle)
{
	web->routes[web->route_count++] = (struct http_route){ path, handle };
}

static void
add_routes(struct web *web, const char *prefix)
{
	size_t n = view_str(prefix).n;

	join(web->prefix, prefix, "");
	join(web->snapshot_path, prefix, "api/v1/snapshot");
	join(web->history_path, prefix, "api/v1/history");
	join(web->events_path, prefix, "events");
	(void)snprintf(web->bare, sizeof(web->bare), "%.*s", (int)n - 1,
	    prefix);
	add_route(web, web->events_path, serve_events);
	add_route(web, web->snapshot_path, serve_snapshot);
	add_route(web, web->history_path, serve_history);
	for (size_t i = 0; i < ASSETS_COUNT; i++) {
		add_route(web, web->pages[i].path, serve_page);
	}
	add_route(web, "/metrics", serve_metrics);
	add_route(web, "/healthz", serve_health);
	if (n > 1) {
		add_route(web, web->bare, serve_bare);
	}
}

static void
wake(void *ctx)
{
	const struct web *web = ctx;

	events_wake(web->events);
}

static void
end_streams(void *ctx)
{
	const struct web *web = ctx;

	events_stop(web->events);
}

static void
free_parts(struct web *web)
{
	for (size_t i = 0; i < ASSETS_COUNT; i++) {
		if (web->pages[i].response != NULL) {
			MHD_destroy_response(web->pages[i].response);
		}
	}
	events_free(web->events);
	free(web);
}

static int
start_server(struct web *web, uint16_t port)
{
	struct http_conf conf = { .port = port,
		.threads = 1,
		.connections = CONNECTIONS_MOST,
		.routes = web->routes,
		.route_count = web->route_count,
		.headers = common,
		.ctx = web,
		.suspending = true,
		.stopping = end_streams };

	return http_start(&conf, &web->server);
}

int
web_start(uint16_t port, const char *prefix, struct board *board,
    struct history *history, const struct collector *collector,
    struct web **ret)
{
	struct web *web = calloc(1, sizeof(*web));
	int r = 0;

	if (web == NULL) {
		return -ENOMEM;
	}
	web->board = board;
	web->history = history;
	web->collector = collector;
	web->events = events_new(board, STREAMS_MOST);
	if (web->events == NULL) {
		r = -ENOMEM;
	}
	for (size_t i = 0; r == 0 && i < ASSETS_COUNT; i++) {
		r = make_page(&web->pages[i], prefix, asset_get(i));
	}
	add_routes(web, prefix);
	board_on_publish(board, wake, web);
	if (r == 0) {
		r = start_server(web, port);
	}
	if (r < 0) {
		board_on_publish(board, NULL, NULL);
		free_parts(web);
		return r;
	}
	*ret = web;
	return 0;
}

void
web_tick(struct web *web)
{
	events_tick(web->events);
}

void
web_stop(struct web *web, int drain_ms)
{
	if (web != NULL) {
		http_stop(web->server, drain_ms);
		free_parts(web);
	}
}
