#include "exporter/web.h"

#include <stdlib.h>
#include <time.h>

#include "base/escape.h"
#include "exporter/budget.h"
#include "exporter/gzip.h"
#include "exporter/landing.h"
#include "exporter/page_format.h"
#include "exporter/status.h"
#include "run/clock.h"

#define HTTP_CONNECTIONS 64
#define LANDING_MAX (256 * 1024)
#define REFUSAL_MAX (16 * 1024)
#define STATUS_MAX 2048
/* A visitor does not wait longer than this for a service that hangs. */
#define STATUS_MS 2000

/* One request that waits for collectors, from its coming in to its end. */
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

/* --- waiting ------------------------------------------------------------- */

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
	shared_let_go(pending->waiter.body);
	free(pending);
}

static void
stopping(void *ctx)
{
	scrape_abort(ctx);
}

/* Puts the request to sleep until `waiter`'s collectors have come back. */
static enum MHD_Result
wait_for(struct http_request *rq, struct scrape *scrape,
    const struct scrape_waiter *waiter)
{
	struct pending *pending = calloc(1, sizeof(*pending));

	if (pending == NULL) {
		return http_reply_error(rq, MHD_HTTP_SERVICE_UNAVAILABLE);
	}
	pending->waiter = *waiter;
	pending->waiter.ready = ready;
	pending->waiter.ctx = pending;
	*http_state(rq) = pending;
	pending->connection = http_suspend(rq);
	scrape_wait(scrape, &pending->waiter);
	return MHD_YES;
}

/* --- /metrics ------------------------------------------------------------ */

/* The collectors that collect[] names. */
struct choice {
	struct scrape *scrape;
	uint64_t mask;
	struct buf unknown; /* names that no collector has */
};

/* "tls nginx:443" is one collector, "tls" all of that kind. */
static bool
is_named(struct view collector, struct view name)
{
	return view_eq(collector, name)
	    || (view_starts(collector, name) && collector.p[name.n] == ' ');
}

static void
choose(void *ctx, struct view key, struct view value)
{
	struct choice *choice = ctx;
	bool found = false;

	if (!view_eq(key, VIEW("collect[]"))) {
		return;
	}
	for (size_t i = 0; i < scrape_count(choice->scrape); i++) {
		struct scrape_state state;

		scrape_state(choice->scrape, i, &state);
		if (is_named(view_str(state.name), value)) {
			choice->mask |= (uint64_t)1 << i;
			found = true;
		}
	}
	if (!found) {
		buf_add_str(&choice->unknown, "collect[]: no collector ");
		escape_log(&choice->unknown, value);
		buf_add_char(&choice->unknown, '\n');
	}
}

/* 400, with the names that there are. */
static enum MHD_Result
refuse_choice(struct http_request *rq, struct choice *choice)
{
	struct buf *text = &choice->unknown;

	buf_add_str(text, "There are:\n");
	for (size_t i = 0; i < scrape_count(choice->scrape); i++) {
		struct scrape_state state;

		scrape_state(choice->scrape, i, &state);
		buf_addf(text, "%s\n", state.name);
	}
	return http_reply_take(rq, MHD_HTTP_BAD_REQUEST, HTTP_TEXT, text, NULL);
}

/* The page has come: a reply that shares its memory. */
static enum MHD_Result
reply_body(struct http_request *rq, struct pending *pending)
{
	const struct http_header headers[] = {
		{ "Vary", "Accept, Accept-Encoding" },
		{ pending->waiter.gzip ? "Content-Encoding" : NULL, "gzip" },
		{ NULL, NULL },
	};
	struct shared *body = pending->waiter.body;

	if (body == NULL) {
		return http_reply_error(rq, MHD_HTTP_SERVICE_UNAVAILABLE);
	}
	return http_reply_response_take(rq, MHD_HTTP_OK,
	    page_content_type(pending->waiter.format),
	    http_response_shared(body, 0, shared_view(body).n), headers);
}

static enum MHD_Result
serve_metrics(struct http_request *rq, void *ctx)
{
	struct choice choice = { .scrape = ctx };
	struct scrape_waiter waiter = { .deadline = clock_ms() };
	enum MHD_Result result;

	if (*http_state(rq) != NULL) {
		return reply_body(rq, *http_state(rq));
	}
	buf_init(&choice.unknown, REFUSAL_MAX);
	http_query_each(rq, choose, &choice);
	if (buf_size(&choice.unknown) > 0 || buf_error(&choice.unknown) < 0) {
		result = refuse_choice(rq, &choice);
	} else {
		waiter.mask = choice.mask;
		waiter.deadline += budget_ms(http_header_value(rq,
		    "X-Prometheus-Scrape-Timeout-Seconds"));
		waiter.format = page_negotiate(http_header_value(rq, "Accept"));
		waiter.gzip = gzip_accepted(
		    http_header_value(rq, "Accept-Encoding"));
		result = wait_for(rq, ctx, &waiter);
	}
	buf_done(&choice.unknown);
	return result;
}

/* --- the other pages ----------------------------------------------------- */

static enum MHD_Result
serve_status(struct http_request *rq, void *ctx)
{
	const struct scrape_waiter waiter = { .deadline = clock_ms()
		    + STATUS_MS,
		.mask = status_mask(ctx),
		.brief = true };
	struct buf out;

	if (*http_state(rq) == NULL && waiter.mask != 0
	    && !status_fresh(ctx, waiter.mask, clock_ms())) {
		return wait_for(rq, ctx, &waiter);
	}
	buf_init(&out, STATUS_MAX);
	status_write(ctx, time(NULL), clock_ms(), &out);
	return http_reply_take(rq, MHD_HTTP_OK, "application/json", &out, NULL);
}

static enum MHD_Result
serve_landing(struct http_request *rq, void *ctx)
{
	struct scrape *scrape = ctx;
	struct buf out;

	buf_init(&out, LANDING_MAX);
	landing_open(&out);
	for (size_t i = 0; i < scrape_count(scrape); i++) {
		struct scrape_state state;

		scrape_state(scrape, i, &state);
		landing_row(&out, &state, time(NULL));
	}
	landing_close(&out);
	return http_reply_take(rq, MHD_HTTP_OK, "text/html; charset=utf-8",
	    &out, page_headers);
}

static const struct http_route routes[] = {
	{ "/metrics", serve_metrics },
	{ "/status.json", serve_status },
	{ "/healthz", http_serve_ok },
	{ "/", serve_landing },
};

int
web_start(uint16_t port, struct scrape *scrape, struct http_server **ret)
{
	const struct http_conf http = {
		.port = port,
		.connections = HTTP_CONNECTIONS,
		.routes = routes,
		.route_count = ARRAY_LEN(routes),
		.headers = common_headers,
		.ctx = scrape,
		.suspending = true,
		.finished = finished,
		.stopping = stopping,
	};

	return http_start(&http, ret);
}
