/*
 * nginx: its stub_status page, under the names of nginx-prometheus-exporter.
 */
#include <errno.h>
#include <stdlib.h>

#include "exporter/collector.h"
#include "exporter/fetch.h"
#include "exporter/stub_status.h"

#define PAGE_MAX 4096

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
collect(void *self, struct collection *c)
{
	struct stub_status status;
	struct metrics m;
	struct buf page;
	int r;

	buf_init(&page, PAGE_MAX);
	r = fetch(c, self, PAGE_MAX, &page);
	if (r == 0 && stub_status_parse(buf_view(&page), &status) < 0) {
		r = collection_fail(c, -EPROTO,
		    "the page is no stub_status page");
	}
	if (r == 0) {
		metrics_init(&m, c->out);
		write_status(&m, &status);
	}
	buf_done(&page);
	return r;
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
	struct target *self = malloc(sizeof(*self));

	(void)conf;
	if (self == NULL) {
		return -ENOMEM;
	}
	*self = *target;
	collector_init(ret, &nginx_class, self, "nginx", NULL);
	return 0;
}
