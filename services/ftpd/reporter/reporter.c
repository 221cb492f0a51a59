#include "ftpd/reporter/reporter.h"

#include <errno.h>
#include <poll.h>

#include "http/http.h"
#include "metrics/metrics.h"
#include "run/clock.h"
#include "run/log.h"

#define PAGE_MAX (64 * 1024)
#define CONNECTIONS 32
#define DRAIN_MS 500

static enum MHD_Result
serve_metrics(struct http_request *rq, void *ctx)
{
	const struct reporter_parts *reporter = ctx;
	struct volume volume;
	struct buf out;

	if (volume_measure_fd(reporter->root_fd, &volume) < 0) {
		volume.size = 0;
	}
	buf_init(&out, PAGE_MAX);
	stats_write(reporter->stats, &volume, reporter->root, &out);
	return http_reply_take(rq, MHD_HTTP_OK, METRICS_CONTENT_TYPE, &out,
	    NULL);
}

static enum MHD_Result
serve_health(struct http_request *rq, void *ctx)
{
	const struct reporter_parts *reporter = ctx;
	/* A session may have written anything there. */
	uint64_t beat = stats_get(&reporter->stats->heartbeat_ms);

	if (beat == 0 || (uint64_t)clock_ms() - beat > STATS_SILENCE_MS) {
		return http_reply_error(rq, MHD_HTTP_SERVICE_UNAVAILABLE);
	}
	return http_reply_copy(rq, MHD_HTTP_OK, "text/plain; charset=utf-8",
	    VIEW("ok\n"), NULL);
}

int
reporter_run(const struct reporter_parts *parts)
{
	static const struct http_route routes[] = {
		{ "/metrics", serve_metrics }, { "/healthz", serve_health }
	};
	static const struct http_header headers[] = {
		{ "X-Content-Type-Options", "nosniff" },
		{ "Cache-Control", "no-store" }, { NULL, NULL }
	};
	struct reporter_parts reporter = *parts;
	struct http_conf conf = { .port = parts->port,
		.connections = CONNECTIONS,
		.routes = routes,
		.route_count = ARRAY_LEN(routes),
		.headers = headers,
		.ctx = &reporter };
	struct pollfd life = { .fd = parts->life_fd, .events = POLLIN };
	struct http_server *server;
	int r = http_start(&conf, &server);

	if (r < 0) {
		struct log_line l;

		log_open(&l, LOG_ERROR, "http_start_failed");
		log_num(&l, "port", parts->port);
		log_err(&l, r);
		log_close(&l);
		return 1;
	}
	while (life.revents == 0) {
		if (poll(&life, 1, -1) < 0 && errno != EINTR) {
			break;
		}
	}
	http_stop(server, DRAIN_MS);
	return 0;
}
