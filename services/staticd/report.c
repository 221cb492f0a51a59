/*
 * /metrics.
 */
#include <stdio.h>

#include "metrics/metrics.h"
#include "metrics/volume.h"
#include "staticd/serve.h"

#define REPORT_MAX (256 * 1024)

static uint64_t
load_u64(const atomic_uint_fast64_t *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

static void
report_answers(struct metrics *m, const struct counters *c)
{
	metrics_family(m, "staticd_http_requests_total", METRICS_COUNTER,
	    "Answers, /metrics and /healthz and refusals among them, by method "
	    "and status.");
	for (size_t method = 0; method < COUNTERS_METHODS; method++) {
		for (size_t i = 0; i <= COUNTERS_STATUSES; i++) {
			char status[16] = "other";

			if (i < COUNTERS_STATUSES) {
				(void)snprintf(status, sizeof(status), "%u",
				    counters_statuses[i]);
			}
			metrics_label(m, "method",
			    view_str(counters_methods[method]));
			metrics_label(m, "status", view_str(status));
			metrics_u64(m, load_u64(&c->requests[method][i]));
		}
	}
	metrics_one_u64(m, "staticd_http_response_body_bytes_total",
	    METRICS_COUNTER, "Bytes of the bodies answered with.",
	    load_u64(&c->body_bytes));
}

/* Prometheus counts upwards: each bucket holds those before it. */
static void
report_durations(struct metrics *m, const struct http_stats *stats)
{
	uint64_t sum = 0;

	metrics_family(m, "staticd_http_request_duration_seconds",
	    METRICS_HISTOGRAM,
	    "From the end of a request's head until the kernel has the "
	    "answer's "
	    "last byte.");
	for (size_t i = 0; i < HTTP_DURATIONS; i++) {
		char bound[32] = "+Inf";

		if (i < HTTP_DURATIONS - 1) {
			(void)snprintf(bound, sizeof(bound), "%g",
			    (double)http_duration_us(i) / 1e6);
		}
		sum += stats->durations[i];
		metrics_suffix(m, "_bucket");
		metrics_label(m, "le", view_str(bound));
		metrics_u64(m, sum);
	}
	metrics_suffix(m, "_sum");
	metrics_double(m, (double)stats->duration_us / 1e6);
	metrics_suffix(m, "_count");
	metrics_u64(m, sum);
}

static void
report_server(struct metrics *m, const struct http_server *server)
{
	struct http_stats stats;

	http_stats(server, &stats);
	metrics_family(m, "staticd_http_responses_total", METRICS_COUNTER,
	    "All answers, /metrics and /healthz and refusals among them, "
	    "by class of status.");
	for (size_t i = 0; i < HTTP_CLASSES; i++) {
		metrics_label(m, "class", view_str(http_class_name(i)));
		metrics_u64(m, stats.requests[i]);
	}
	report_durations(m, &stats);
	metrics_one_u64(m, "staticd_http_refused_total", METRICS_COUNTER,
	    "Malformed or ambiguous requests that were refused.",
	    stats.refused);
	metrics_one_u64(m, "staticd_http_connections", METRICS_GAUGE,
	    "Open connections.", stats.connections);
}

static void
report_site(struct metrics *m, const struct site_counts *counts)
{
	const struct {
		const char *name;
		const char *help;
		uint64_t value;
	} gauges[] = {
		{ "staticd_site_files", "Files of the site.", counts->files },
		{ "staticd_site_paths",
		    "Request paths that lead to a file or "
		    "a folder.",
		    counts->paths },
		{ "staticd_site_skipped",
		    "Hidden names, links and what is no "
		    "file, passed over by the last load.",
		    counts->skipped },
		{ "staticd_site_bytes", "Size of the files.", counts->bytes },
		{ "staticd_site_memory_bytes",
		    "Content held in memory, with "
		    "its compressed forms.",
		    counts->memory_bytes },
	};

	for (size_t i = 0; i < ARRAY_LEN(gauges); i++) {
		metrics_one_u64(m, gauges[i].name, METRICS_GAUGE,
		    gauges[i].help, gauges[i].value);
	}
}

static void
report_loads(struct metrics *m, const struct counters *c)
{
	metrics_family(m, "staticd_reloads_total", METRICS_COUNTER,
	    "Loads of the site, the first one among them, by result.");
	metrics_label(m, "result", VIEW("success"));
	metrics_u64(m, load_u64(&c->reloads_good));
	metrics_label(m, "result", VIEW("failure"));
	metrics_u64(m, load_u64(&c->reloads_failed));
	metrics_one(m, "staticd_last_reload_successful", METRICS_GAUGE,
	    "Whether the last load worked; if not, the site before is served.",
	    atomic_load(&c->last_good) ? 1 : 0);
	metrics_family(m, "staticd_last_reload_success_timestamp_seconds",
	    METRICS_GAUGE, "When the site that is served was loaded.");
	metrics_i64(m, atomic_load(&c->last_time));
	metrics_one(m, "staticd_last_reload_duration_seconds", METRICS_GAUGE,
	    "How long that took.", (double)atomic_load(&c->last_ms) / 1000);
}

static void
report_volume(struct metrics *m, const struct counters *c, const char *root)
{
	const struct volume volume = { .size = load_u64(&c->volume_size),
		.free = load_u64(&c->volume_free),
		.avail = load_u64(&c->volume_avail) };

	volume_write(m, &volume, root, NULL, NULL);
}

enum MHD_Result
serve_metrics(struct http_request *rq, void *ctx)
{
	struct serve *serve = ctx;
	struct site *site = store_hold(&serve->store);
	struct metrics m;
	struct buf out;
	enum MHD_Result result;

	buf_init(&out, REPORT_MAX);
	metrics_init(&m, &out);
	metrics_family(&m, "staticd_build_info", METRICS_GAUGE,
	    "1, with the version as a label.");
	metrics_label(&m, "version", VIEW(VERSION));
	metrics_u64(&m, 1);
	report_answers(&m, &serve->counters);
	report_server(&m, http_server_of(rq));
	report_site(&m, site_counts(site));
	report_loads(&m, &serve->counters);
	report_volume(&m, &serve->counters, serve->root);
	site_let_go(site);
	result = http_reply_take(rq, MHD_HTTP_OK, METRICS_CONTENT_TYPE, &out,
	    NULL);
	buf_done(&out);
	return result;
}
