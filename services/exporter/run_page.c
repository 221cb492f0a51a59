#include "exporter/run_page.h"

#include "metrics/metrics.h"

#define BODY_MAX (16 * 1024 * 1024)

static void
write_each(struct metrics *m, const struct run_shot *shots, size_t n,
    double (*value)(const struct run_shot *))
{
	for (size_t i = 0; i < n; i++) {
		metrics_label(m, "collector",
		    view_str(shots[i].collector->name));
		metrics_double(m, value(&shots[i]));
	}
}

static double
shot_success(const struct run_shot *shot)
{
	return shot->up;
}

static double
shot_seconds(const struct run_shot *shot)
{
	return shot->seconds;
}

static double
shot_dropped(const struct run_shot *shot)
{
	return (double)shot->dropped;
}

/* What the exporter says about itself. */
static void
write_summary(struct buf *out, const struct run_shot *shots, size_t n,
    uint64_t runs, double seconds)
{
	struct metrics m;

	metrics_init(&m, out);
	metrics_family(&m, "exporter_build_info", METRICS_GAUGE,
	    "Version of the exporter.");
	metrics_label(&m, "version", VIEW(VERSION));
	metrics_u64(&m, 1);
	metrics_one_u64(&m, "exporter_scrapes_total", METRICS_COUNTER,
	    "Runs of all collectors.", runs);
	metrics_one(&m, "exporter_scrape_duration_seconds", METRICS_GAUGE,
	    "How long this run took.", seconds);
	metrics_family(&m, "exporter_collector_success", METRICS_GAUGE,
	    "Whether the collector came back in time with an answer.");
	write_each(&m, shots, n, shot_success);
	metrics_family(&m, "exporter_collector_duration_seconds", METRICS_GAUGE,
	    "How long the collector took.");
	write_each(&m, shots, n, shot_seconds);
	metrics_family(&m, "exporter_collector_dropped_lines", METRICS_GAUGE,
	    "Lines of this run that were left out: invalid, of another type "
	    "than the family has, or a series that is there already.");
	write_each(&m, shots, n, shot_dropped);
}

static void
write_downs(struct buf *out, const struct run_shot *shots, size_t n)
{
	struct metrics m;

	metrics_init(&m, out);
	for (size_t i = 0; i < n; i++) {
		const struct collector *c = shots[i].collector;

		if (!shots[i].up && c->class->down != NULL) {
			c->class->down(c->self, &m);
		}
	}
}

void
run_page_init(struct run_page *run, struct run_shot *shots, size_t n,
    uint64_t runs, double seconds)
{
	static const struct page_source own = { .trusted = true };

	run->page = page_new();
	buf_init(&run->downs, COLLECTION_MAX);
	buf_init(&run->summary, COLLECTION_MAX);
	if (run->page == NULL) {
		return;
	}
	write_downs(&run->downs, shots, n);
	(void)page_add(run->page, buf_view(&run->downs), &own);
	/* First all of our own, then foreign text. */
	for (size_t i = 0; i < n; i++) {
		if (shots[i].up) {
			shots[i].dropped += page_add(run->page, shots[i].out,
			    &own);
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (shots[i].up) {
			shots[i].dropped += page_add(run->page,
			    shots[i].foreign, &shots[i].collector->source);
		}
	}
	write_summary(&run->summary, shots, n, runs, seconds);
	(void)page_add(run->page, buf_view(&run->summary), &own);
}

void
run_page_done(struct run_page *run)
{
	page_free(run->page);
	buf_done(&run->downs);
	buf_done(&run->summary);
}

struct shared *
run_page_body(const struct run_page *run, enum page_format format)
{
	struct buf text;

	if (run->page == NULL) {
		return NULL;
	}
	buf_init(&text, BODY_MAX);
	page_write(run->page, format, &text);
	return shared_from_buf(&text);
}
