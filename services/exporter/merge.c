/*
 * The metrics of another daemon of the stack, merged in (see exporter/page.h).
 * A daemon that does not run costs its own `exporter_target_up` only.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "exporter/collector.h"
#include "exporter/fetch.h"

#define BODY_MAX (1024 * 1024)

struct merge {
	struct target target;
	char prefix[TARGET_HOST_MAX + 2]; /* "ftpd_" */
};

static void
write_up(const struct merge *merge, struct metrics *m, uint64_t up)
{
	metrics_family(m, "exporter_target_up", METRICS_GAUGE,
	    "Whether the daemon gave its metrics.");
	metrics_label(m, "target", view_str(merge->target.name));
	metrics_u64(m, up);
}

static int
collect(void *self, struct collection *c)
{
	struct merge *merge = self;
	struct metrics m;
	int r = fetch(c, &merge->target, BODY_MAX, c->foreign);

	if (r == 0) {
		metrics_init(&m, c->out);
		write_up(merge, &m, 1);
	}
	return r;
}

static void
down(void *self, struct metrics *m)
{
	write_up(self, m, 0);
}

static const struct collector_class merge_class = { .collect = collect,
	.down = down,
	.done = free };

int
merge_collector(const struct exporter_conf *conf, const struct target *target,
    struct collector *ret)
{
	struct merge *merge = calloc(1, sizeof(*merge));

	(void)conf;
	if (merge == NULL) {
		return -ENOMEM;
	}
	merge->target = *target;
	(void)snprintf(merge->prefix, sizeof(merge->prefix), "%s_",
	    target->host);
	collector_init(ret, &merge_class, merge, "merge", target);
	ret->source = (struct page_source){ .foreign = true,
		.prefix = view_str(merge->prefix),
		.target = view_str(merge->target.name) };
	return 0;
}
