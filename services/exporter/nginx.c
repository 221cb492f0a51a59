/*
 * nginx: its stub_status page, under the names of nginx-prometheus-exporter.
 */
#include <stdlib.h>

#include "exporter/collector.h"
#include "exporter/fetch.h"
#include "exporter/stub_status.h"

static void
write_up(struct metrics *m, uint64_t up)
{
	metrics_one_u64(m, "nginx_up", METRICS_GAUGE,
	    "Status of the last metric scrape", up);
}

static void
write_status(struct metrics *m, const struct stub_status *s)
{
	write_up(m, 1);
	metrics_one_u64(m, "nginx_connections_accepted", METRICS_COUNTER,
	    "Accepted client connections", s->accepted);
	metrics_one_u64(m, "nginx_connections_handled", METRICS_COUNTER,
	    "Handled client connections", s->handled);
	metrics_one_u64(m, "nginx_connections_active", METRICS_GAUGE,
	    "Active client connections", s->active);
	metrics_one_u64(m, "nginx_connections_reading", METRICS_GAUGE,
	    "Connections where NGINX is reading the request header",
	    s->reading);
	metrics_one_u64(m, "nginx_connections_writing", METRICS_GAUGE,
	    "Connections where NGINX is writing the response back to the "
	    "client",
	    s->writing);
	metrics_one_u64(m, "nginx_connections_waiting", METRICS_GAUGE,
	    "Idle client connections", s->waiting);
	metrics_one_u64(m, "nginx_http_requests_total", METRICS_COUNTER,
	    "Total http requests", s->requests);
}

static int
read_page(struct view page, struct metrics *m)
{
	struct stub_status status;
	int r = stub_status_parse(page, &status);

	if (r == 0) {
		write_status(m, &status);
	}
	return r;
}

static int
collect(void *self, struct collection *c)
{
	return fetch_page(c, self, read_page, "stub_status page");
}

static void
down(void *self, struct metrics *m)
{
	(void)self;
	write_up(m, 0);
}

static const struct collector_class nginx_class = { .collect = collect,
	.down = down,
	.done = free };

int
nginx_collector(const struct exporter_conf *conf, const struct target *target,
    struct collector *ret)
{
	(void)conf;
	return collector_init_page(ret, &nginx_class, "nginx", target);
}
