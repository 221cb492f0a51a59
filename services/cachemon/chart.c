#include "cachemon/chart.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "cachemon/json.h"

/* Of a part of the past: its shortest and longest, and points at most. */
#define PART_LEAST_S 60
#define PART_MOST_S (2 * 366 * 86400)
#define PART_POINTS 400
/* So long a part's begin may be without a live point. */
#define LIVE_SLACK_S 20

struct range {
	const char *name;
	enum history_tier tier;
	int64_t step; /* seconds; a multiple of the tier's */
	int64_t count;
};

static const struct range ranges[] = {
	{ "10m", TIER_LIVE, 2, 300 },
	{ "1h", TIER_LIVE, 10, 360 },
	{ "6h", TIER_10S, 30, 720 },
	{ "24h", TIER_MINUTE, 120, 720 },
	{ "7d", TIER_MINUTE, 900, 672 },
	{ "30d", TIER_HOUR, 3600, 720 },
	{ "1y", TIER_HOUR, 43200, 730 },
};

struct chart {
	int64_t from;
	int64_t step;
	int64_t count;
	struct point *points; /* time 0: a gap */
};

static void
place(void *ctx, const struct point *p)
{
	struct chart *chart = ctx;
	int64_t at = (p->time - chart->from) / chart->step;

	if (p->time < chart->from || at >= chart->count) {
		return;
	}
	point_merge(&chart->points[at], p);
	chart->points[at].time = p->time;
}

static double
value_commands(const struct point *p)
{
	return point_rate(p, p->commands);
}

static double
value_evicted(const struct point *p)
{
	return point_rate(p, p->evicted);
}

static double
value_memory_used(const struct point *p)
{
	return (double)p->memory_used;
}

static double
value_memory_limit(const struct point *p)
{
	return (double)p->memory_limit;
}

static double
value_keys(const struct point *p)
{
	return (double)p->keys;
}

static double
value_clients(const struct point *p)
{
	return p->clients;
}

static double
value_answer_us(const struct point *p)
{
	return p->answer_us;
}

struct series {
	const char *name;
	double (*value)(const struct point *p);
	int decimals;
};

static const struct series all_series[] = {
	{ "hit_ratio", point_hit_ratio, 4 },
	{ "commands", value_commands, 2 },
	{ "evicted", value_evicted, 2 },
	{ "memory_used", value_memory_used, 0 },
	{ "memory_limit", value_memory_limit, 0 },
	{ "keys", value_keys, 0 },
	{ "clients", value_clients, 0 },
	{ "answer_us", value_answer_us, 0 },
};

static void
series_json(const struct chart *chart, const struct series *series,
    struct buf *out)
{
	json_open(out, series->name, '[');
	for (int64_t i = 0; i < chart->count; i++) {
		const struct point *p = &chart->points[i];

		json_num(out, NULL,
		    p->time == 0 ? (double)NAN : series->value(p),
		    series->decimals);
	}
	json_close(out, ']');
}

/*
 * The live tier begins when cachemon did; what is before it comes from the
 * file.
 */
static void
read_live(struct history *h, struct chart *chart)
{
	int64_t first = 0;

	history_read(h, TIER_LIVE, chart->from,
	    chart->from + chart->count * chart->step, place, chart);
	while (first < chart->count && chart->points[first].time == 0) {
		first++;
	}
	history_read(h, TIER_10S, chart->from,
	    chart->from + first * chart->step, place, chart);
}

static const struct range *
find_range(struct view name)
{
	for (size_t i = 0; i < ARRAY_LEN(ranges); i++) {
		if (view_eq(name, view_str(ranges[i].name))) {
			return &ranges[i];
		}
	}
	return NULL;
}

/* Reads the chart's points and writes the object. */
static int
write_chart(struct history *h, const struct range *range, struct chart *chart,
    int64_t now_ms, struct buf *out)
{
	chart->points = calloc((size_t)chart->count, sizeof(chart->points[0]));
	if (chart->points == NULL) {
		return -ENOMEM;
	}
	if (range->tier == TIER_LIVE) {
		read_live(h, chart);
	} else {
		history_read(h, range->tier, chart->from,
		    chart->from + chart->count * chart->step, place, chart);
	}
	json_open(out, NULL, '{');
	json_u64(out, "api", 1);
	json_str(out, "range", view_str(range->name));
	json_i64(out, "step_s", chart->step);
	json_i64(out, "from", chart->from);
	json_i64(out, "now_ms", now_ms);
	json_open(out, "series", '{');
	for (size_t i = 0; i < ARRAY_LEN(all_series); i++) {
		series_json(chart, &all_series[i], out);
	}
	json_close(out, '}');
	json_close(out, '}');
	free(chart->points);
	return 0;
}

int
chart_json(struct history *h, struct view name, int64_t now_ms, struct buf *out)
{
	const struct range *range = find_range(name);
	struct chart chart;

	if (range == NULL) {
		return -ENOENT;
	}
	chart = (struct chart){ .step = range->step, .count = range->count };
	/* Stretches lie on whole steps, so that a chart does not flicker. */
	chart.from = (now_ms / 1000 / range->step + 1 - range->count)
	    * range->step;
	return write_chart(h, range, &chart, now_ms, out);
}

static void
note_point(void *ctx, const struct point *p)
{
	bool *any = ctx;

	(void)p;
	*any = true;
}

/* Was cachemon running then already?  Else the file alone knows of it. */
static bool
is_live(struct history *h, int64_t time)
{
	bool any = false;

	history_read(h, TIER_LIVE, time, time + LIVE_SLACK_S, note_point, &any);
	return any;
}

int
chart_part_json(struct history *h, int64_t from, int64_t to, int64_t now_ms,
    struct buf *out)
{
	/* How far each tier goes back, in seconds, and its step. */
	static const struct {
		enum history_tier tier;
		int64_t reach;
		int64_t step;
	} tiers[] = {
		{ TIER_LIVE, 3600, 2 },
		{ TIER_10S, 6 * 3600, 10 },
		{ TIER_MINUTE, 7 * 86400, 60 },
		{ TIER_HOUR, 366 * 86400, 3600 },
	};
	int64_t now_s = now_ms / 1000;
	struct range range = { .name = "part" };
	struct chart chart;
	size_t i = 0;

	if (from < 0 || to < from || to - from < PART_LEAST_S
	    || to - from > PART_MOST_S || from >= now_s) {
		return -ENOENT;
	}
	while (i + 1 < ARRAY_LEN(tiers) && now_s - from > tiers[i].reach) {
		i++;
	}
	if (tiers[i].tier == TIER_LIVE && !is_live(h, from)) {
		i++;
	}
	range.tier = tiers[i].tier;
	chart.step = ((to - from) / PART_POINTS / tiers[i].step + 1)
	    * tiers[i].step;
	chart.from = from / chart.step * chart.step;
	chart.count = (to - chart.from) / chart.step + 1;
	return write_chart(h, &range, &chart, now_ms, out);
}
