/*
 * Adminer: whether its php-fpm answers the ping, which nginx passes on (nobody
 * else is on a network with it that may speak FastCGI).
 */
#include <errno.h>
#include <stdlib.h>

#include "exporter/collector.h"
#include "exporter/fetch.h"

#define PAGE_MAX 1024

static void
write_up(struct metrics *m, uint64_t up)
{
	metrics_one_u64(m, "adminer_up", METRICS_GAUGE,
	    "Whether Adminer's php-fpm answers.", up);
}

static int
collect(void *self, struct collection *c)
{
	struct metrics m;
	struct buf page;
	int r;

	buf_init(&page, PAGE_MAX);
	r = fetch(c, self, PAGE_MAX, &page);
	if (r == 0 && !view_eq(view_trim(buf_view(&page)), VIEW("pong"))) {
		r = collection_fail(c, -EPROTO,
		    "the answer is no php-fpm's pong");
	}
	if (r == 0) {
		metrics_init(&m, c->out);
		write_up(&m, 1);
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

static const struct collector_class adminer_class = { .collect = collect,
	.down = down,
	.done = free };

int
adminer_collector(const struct exporter_conf *conf, const struct target *target,
    struct collector *ret)
{
	struct target *self = malloc(sizeof(*self));

	(void)conf;
	if (self == NULL) {
		return -ENOMEM;
	}
	*self = *target;
	collector_init(ret, &adminer_class, self, "adminer", NULL);
	return 0;
}
