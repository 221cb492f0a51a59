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
#include "run/log.h"

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
#define PATHS 9
#define POSTS 4
#define PAGES (ASSETS_COUNT + ASSETS_FETCHED)
#define ROUTES (5 + PAGES + 3)
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
	const char *type;
	struct MHD_Response *response; /* shared by all requests */
};

struct web {
	struct http_server *server;
	struct events *events;
	struct web_parts parts;
	struct page pages[PAGES];
	size_t page_count; /* while they are made */
	char bare[PATH_MOST]; /* the prefix without its slash */
	char prefix[PATH_MOST];
	char paths[PATHS][PATH_MOST];
	struct http_route routes[ROUTES];
	size_t route_count;
	struct http_route posts[POSTS];
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

	for (size_t i = 0; i < PAGES; i++) {
		const struct page *page = &web->pages[i];

		if (!view_eq(http_path(rq), view_str(page->path))) {
			continue;
		}
		if (has_etag(rq, view_str(page->etag))) {
			struct http_header again[] = { { "ETag", page->etag },
				{ "Cache-Control", "no-cache" },
				{ NULL, NULL } };

			return http_reply_copy(rq, MHD_HTTP_NOT_MODIFIED,
			    page->type, VIEW(""), again);
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
	struct snapshot *now = board_get(web->parts.board);
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
	struct view from = http_query_value(rq, "from");
	struct view to = http_query_value(rq, "to");
	int64_t from_s = 0, to_s = 0;
	struct buf body;
	int r;

	buf_init(&body, BODY_MOST);
	if (from.p != NULL || to.p != NULL) {
		r = view_i64(from, &from_s) < 0 || view_i64(to, &to_s) < 0
		    ? -ENOENT
		    : chart_part_json(web->parts.history, from_s, to_s,
			clock_wall_ms(), &body);
	} else {
		r = chart_json(web->parts.history,
		    range.p == NULL ? VIEW("1h") : range, clock_wall_ms(),
		    &body);
	}
	if (r == -ENOENT) {
		buf_done(&body);
		return http_reply_copy(rq, MHD_HTTP_BAD_REQUEST, JSON_TYPE,
		    VIEW("{\"error\":\"range is one of 10m, 1h, 6h, 24h, 7d, "
			 "30d, 1y; from and to are Unix seconds, at least a "
			 "minute apart\"}"),
		    no_store);
	}
	if (r < 0) {
		return http_reply_error(rq, MHD_HTTP_INTERNAL_SERVER_ERROR);
	}
	return http_reply_take(rq, MHD_HTTP_OK, JSON_TYPE, &body, no_store);
}

/* How groups grew. */
static enum MHD_Result
serve_groups(struct http_request *rq, void *ctx)
{
	struct web *web = ctx;
	struct view name = http_query_value(rq, "name");
	struct view range = http_query_value(rq, "range");
	bool week = view_eq(range, VIEW("7d"));
	struct buf body;

	buf_init(&body, BODY_MOST);
	/* A week of all groups would be more than anybody reads at once. */
	grouplog_json(web->parts.grouplog, name,
	    week && name.p != NULL ? GROUPLOG_POINTS : 86400 / GROUPLOG_STEP,
	    clock_wall_ms() / 1000, &body);
	return http_reply_take(rq, MHD_HTTP_OK, JSON_TYPE, &body, no_store);
}

static enum MHD_Result
serve_control(struct http_request *rq, void *ctx)
{
	const struct web *web = ctx;

	return control_serve(web->parts.control, rq);
}

static enum MHD_Result
flush_group(struct http_request *rq, void *ctx)
{
	const struct web *web = ctx;

	return control_order(web->parts.control, rq, JOB_FLUSH_GROUP);
}

static enum MHD_Result
flush_site(struct http_request *rq, void *ctx)
{
	const struct web *web = ctx;

	return control_order(web->parts.control, rq, JOB_FLUSH_SITE);
}

static enum MHD_Result
delete_key(struct http_request *rq, void *ctx)
{
	const struct web *web = ctx;

	return control_order(web->parts.control, rq, JOB_DELETE_KEY);
}

static enum MHD_Result
start_monitor(struct http_request *rq, void *ctx)
{
	const struct web *web = ctx;

	return control_order(web->parts.control, rq, JOB_MONITOR);
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
	struct snapshot *now = board_get(web->parts.board);
	struct http_stats stats;
	struct buf body;

	http_stats(http_server_of(rq), &stats);
	buf_init(&body, BODY_MOST);
	page_metrics(&(struct page_facts){ .snapshot = now,
			 .settings = web->parts.settings,
			 .activity = feed_hold(web->parts.feed),
			 .http = &stats,
			 .streams = events_count(web->events) },
	    &body);
	feed_release(web->parts.feed);
	snapshot_unref(now);
	return http_reply_take(rq, MHD_HTTP_OK, METRICS_CONTENT_TYPE, &body,
	    no_store);
}

static enum MHD_Result
serve_health(struct http_request *rq, void *ctx)
{
	const struct web *web = ctx;

	if (collector_silence_ms(web->parts.collector) > SILENCE_MOST_MS) {
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

/* The next page; `mode` says who keeps the asset's bytes, also on failure. */
static int
make_page(struct web *web, struct asset asset, enum MHD_ResponseMemoryMode mode)
{
	struct page *page = &web->pages[web->page_count];
	const struct http_header headers[] = { { "Content-Type", asset.type },
		{ "ETag", page->etag },
		/* Ask each time; a new version shows at once. */
		{ "Cache-Control", "no-cache" }, { NULL, NULL } };

	join(page->path, web->parts.settings->prefix, asset.path);
	page->type = asset.type;
	(void)snprintf(page->etag, sizeof(page->etag), "\"%016llx\"",
	    (unsigned long long)hash_of(asset.body));
	/* The library does not write, but takes a plain pointer. */
	page->response = MHD_create_response_from_buffer(asset.body.n,
	    (void *)(uintptr_t)asset.body.p, mode);
	if (page->response == NULL) {
		if (mode == MHD_RESPMEM_MUST_FREE) {
			free((void *)(uintptr_t)asset.body.p);
		}
		return -ENOMEM;
	}
	web->page_count++;
	return http_add_headers(page->response, headers) < 0
		|| http_add_headers(page->response, common) < 0
	    ? -ENOMEM
	    : 0;
}

static void
log_absent(const char *folder, const char *path, int r)
{
	struct log_line l;

	log_open(&l, LOG_WARN, "chart_file_absent");
	log_str(&l, "folder", folder);
	log_str(&l, "wanted_for", path);
	log_err(&l, r);
	log_close(&l);
}

/* uPlot's file number `i`, or what takes its place. */
static int
make_fetched(struct web *web, size_t i)
{
	const char *folder = web->parts.settings->charts_dir;
	struct asset asset = asset_absent(i);
	struct buf body;
	int r;

	buf_init(&body, ASSETS_FETCHED_MOST);
	r = asset_fetch(i, folder, &body, &asset);
	if (r == 0) {
		asset.body.p = buf_take(&body, &asset.body.n);
		return asset.body.p == NULL
		    ? -ENOMEM
		    : make_page(web, asset, MHD_RESPMEM_MUST_FREE);
	}
	buf_done(&body);
	log_absent(folder, asset.path, r);
	return make_page(web, asset, MHD_RESPMEM_PERSISTENT);
}

static void
add_route(struct web *web, const char *path, http_handler handle)
{
	web->routes[web->route_count++] = (struct http_route){ path, handle };
}

static const struct http_route served[] = { { "events", serve_events },
	{ "api/v1/snapshot", serve_snapshot },
	{ "api/v1/history", serve_history }, { "api/v1/groups", serve_groups },
	{ "api/v1/control", serve_control } };

static const struct http_route posted[POSTS] = {
	{ "api/v1/flush-group", flush_group },
	{ "api/v1/flush-site", flush_site },
	{ "api/v1/delete-key", delete_key }, { "api/v1/monitor", start_monitor }
};

_Static_assert(ARRAY_LEN(served) + POSTS == PATHS, "room for each path");

static void
add_routes(struct web *web, const char *prefix)
{
	size_t n = view_str(prefix).n;

	join(web->prefix, prefix, "");
	(void)snprintf(web->bare, sizeof(web->bare), "%.*s", (int)n - 1,
	    prefix);
	for (size_t i = 0; i < ARRAY_LEN(served); i++) {
		join(web->paths[i], prefix, served[i].path);
		add_route(web, web->paths[i], served[i].handle);
	}
	for (size_t i = 0; i < POSTS; i++) {
		char *path = web->paths[ARRAY_LEN(served) + i];

		join(path, prefix, posted[i].path);
		web->posts[i] = (struct http_route){ path, posted[i].handle };
	}
	for (size_t i = 0; i < PAGES; i++) {
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
	for (size_t i = 0; i < PAGES; i++) {
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
		.posts = web->posts,
		.post_count = POSTS,
		.headers = common,
		.ctx = web,
		.suspending = true,
		.stopping = end_streams };

	return http_start(&conf, &web->server);
}

int
web_start(const struct web_parts *parts, struct web **ret)
{
	const char *prefix = parts->settings->prefix;
	struct board *board = parts->board;
	struct web *web = calloc(1, sizeof(*web));
	int r = 0;

	if (web == NULL) {
		return -ENOMEM;
	}
	web->parts = *parts;
	web->events = events_new(board, STREAMS_MOST);
	if (web->events == NULL) {
		r = -ENOMEM;
	}
	for (size_t i = 0; r == 0 && i < ASSETS_COUNT; i++) {
		r = make_page(web, asset_get(i), MHD_RESPMEM_PERSISTENT);
	}
	for (size_t i = 0; r == 0 && i < ASSETS_FETCHED; i++) {
		r = make_fetched(web, i);
	}
	add_routes(web, prefix);
	board_on_publish(board, wake, web);
	if (r == 0) {
		r = start_server(web, (uint16_t)parts->settings->port);
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
