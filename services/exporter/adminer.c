/*
 * Adminer: whether its php-fpm answers the ping, which nginx passes on (nobody
 * else is on a network with it that may speak FastCGI).
 */
#include <errno.h>
#include <stdlib.h>

#include "exporter/collector.h"
#include "exporter/fetch.h"

static void
write_up(struct metrics *m, uint64_t up)
{
	metrics_one_u64(m, "adminer_up", METRICS_GAUGE,
	    "Whether Adminer's php-fpm answers.", up);
}

static int
read_page(struct view page, struct metrics *m)
{
	if (!view_eq(view_trim(page), VIEW("pong"))) {
		return -EPROTO;
	}
	write_up(m, 1);
	return 0;
}

static int
collect(void *self, struct collection *c)
{
	return fetch_page(c, self, read_page, "pong of php-fpm");
}

static void
down(void *self, struct metrics *m)
{
	(void)self;
	write_up(m, 0);
}

static const struct collector_class adminer_class = { .collect = collect,
	.down = down,
	.done = free };

int
adminer_collector(const struct exporter_conf *conf, const struct target *target,
    struct collector *ret)
{
	(void)conf;
	return collector_init_page(ret, &adminer_class, "adminer", target);
}
