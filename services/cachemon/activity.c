#include "cachemon/activity.h"

#include <string.h>

#include "base/hash.h"
#include "cachemon/json.h"
#include "cachemon/report.h"

static bool
row_is(const struct activity_row *row, enum group_kind kind, struct view name)
{
	return row->other == (kind == GROUP_OTHER)
	    && row->none == (kind == GROUP_NONE)
	    && view_eq((struct view){ row->name, row->name_n }, name);
}

static struct activity_row *
find(struct activity *a, enum group_kind kind, struct view name)
{
	struct activity_row *row;

	if (name.n > GROUP_NAME_MAX) {
		name = group_name_head(name);
	}
	for (size_t i = 0; i < a->n; i++) {
		if (row_is(&a->rows[i], kind, name)) {
			return &a->rows[i];
		}
	}
	/* The two unnamed rows have room of their own. */
	if (kind == GROUP_NAMED && a->n >= ACTIVITY_MAX) {
		return find(a, GROUP_OTHER, (struct view){ NULL, 0 });
	}
	row = &a->rows[a->n++];
	row->other = kind == GROUP_OTHER;
	row->none = kind == GROUP_NONE;
	row->name_n = (uint8_t)name.n;
	if (name.n > 0) {
		memcpy(row->name, name.p, name.n);
	}
	return row;
}

void
activity_turn(struct activity *a, int64_t now_s)
{
	int64_t minute = now_s / 60;
	int64_t passed = minute - a->minute;

	if (passed == 0) {
		return;
	}
	/* Also when the clock was set back: the window begins anew. */
	if (passed < 0 || passed > ACTIVITY_MINUTES) {
		passed = ACTIVITY_MINUTES;
	}
	for (int64_t m = minute - passed + 1; m <= minute; m++) {
		size_t at = (size_t)(m % ACTIVITY_MINUTES);

		a->minutes[at] = (struct tally){ .views = 0 };
		a->page_us_minutes[at] = 0;
		for (size_t i = 0; i < a->n; i++) {
			a->rows[i].minutes[at] = (struct tally){ .views = 0 };
		}
	}
	for (size_t i = 0; i < a->n; i++) {
		a->rows[i].removed_minute = 0;
	}
	a->minute = minute;
	a->changes++;
}

static void
add_tally(struct tally *sum, const struct report_group *g)
{
	sum->views++;
	sum->memory_hits += g->memory_hits;
	sum->hits += g->hits;
	sum->misses += g->misses;
	sum->writes += g->writes;
	sum->us += g->us;
}

void
activity_report(struct activity *a, struct view message, int64_t now_s)
{
	struct report_page page;
	struct report_group g;
	struct report_group sum = { .us = 0 };
	size_t at;

	activity_turn(a, now_s);
	a->changes++;
	if (report_begin(&message, &page) < 0) {
		a->reports_bad++;
		return;
	}
	at = (size_t)(a->minute % ACTIVITY_MINUTES);
	while (report_next(&message, &g)) {
		struct activity_row *row = find(a, GROUP_NAMED, g.name);

		add_tally(&row->total, &g);
		add_tally(&row->minutes[at], &g);
		sum.memory_hits += g.memory_hits;
		sum.hits += g.hits;
		sum.misses += g.misses;
		sum.writes += g.writes;
	}
	sum.us = page.redis_us;
	add_tally(&a->total, &sum);
	add_tally(&a->minutes[at], &sum);
	a->page_us += page.page_us;
	a->page_us_minutes[at] += page.page_us;
	a->round_trips += page.round_trips;
}

static void
note_burst(struct activity *a, const struct activity_row *row)
{
	struct burst *b = &a->burst;

	if (row->removed_minute < ACTIVITY_BURST
	    || (b->minute == a->minute && b->keys > row->removed_minute)) {
		return;
	}
	b->minute = a->minute;
	b->keys = row->removed_minute;
	b->name_n = row->name_n;
	memcpy(b->name, row->name, sizeof(b->name));
}

void
activity_key(struct activity *a, enum key_event what, struct view key,
    int64_t now_s)
{
	enum group_kind kind;
	struct view name = group_of_key(key, &kind);
	struct activity_row *row;

	activity_turn(a, now_s);
	row = find(a, kind, name);
	a->changes++;
	a->key_events++;
	row->moved += what == KEY_NEW ? 1 : -1;
	row->expired += what == KEY_EXPIRED;
	row->evicted += what == KEY_EVICTED;
	if (what == KEY_REMOVED) {
		row->removed++;
		row->removed_minute++;
		note_burst(a, row);
	}
}

void
activity_counted(struct activity *a)
{
	for (size_t i = 0; i < a->n; i++) {
		a->rows[i].moved = 0;
	}
	a->changes++;
}

const struct activity_row *
activity_find(const struct activity *a, const struct group *group)
{
	struct view name = { group->name, group->name_n };

	for (size_t i = 0; i < a->n; i++) {
		if (row_is(&a->rows[i], group->kind, name)) {
			return &a->rows[i];
		}
	}
	return NULL;
}

uint64_t
activity_keys(const struct activity *a, const struct group *group)
{
	const struct activity_row *row = activity_find(a, group);
	int64_t keys = (int64_t)group->keys + (row == NULL ? 0 : row->moved);

	return keys > 0 ? (uint64_t)keys : 0;
}

static struct tally
window_of(const struct tally *minutes)
{
	struct tally sum = { .views = 0 };

	for (size_t i = 0; i < ACTIVITY_MINUTES; i++) {
		sum.views += minutes[i].views;
		sum.memory_hits += minutes[i].memory_hits;
		sum.hits += minutes[i].hits;
		sum.misses += minutes[i].misses;
		sum.writes += minutes[i].writes;
		sum.us += minutes[i].us;
	}
	return sum;
}

static void
tally_json(const char *name, const struct tally *t, struct buf *out)
{
	json_open(out, name, '{');
	json_u64(out, "views", t->views);
	json_u64(out, "memory_hits", t->memory_hits);
	json_u64(out, "hits", t->hits);
	json_u64(out, "misses", t->misses);
	json_u64(out, "writes", t->writes);
	json_u64(out, "us", t->us);
	json_close(out, '}');
}

static const char *
kind_name(const struct activity_row *row)
{
	return row->other ? "other" : row->none ? "none" : "group";
}

static struct view
row_label(const struct activity_row *row)
{
	struct group same = { .kind = row->other ? GROUP_OTHER
		    : row->none                  ? GROUP_NONE
						 : GROUP_NAMED };

	return same.kind == GROUP_NAMED
	    ? (struct view){ row->name, row->name_n }
	    : group_label(&same);
}

static void
row_json(const struct activity_row *row, struct buf *out)
{
	struct tally window = window_of(row->minutes);

	json_open(out, NULL, '{');
	json_str(out, "name", row_label(row));
	json_str(out, "kind", view_str(kind_name(row)));
	json_i64(out, "moved", row->moved);
	json_u64(out, "expired", row->expired);
	json_u64(out, "evicted", row->evicted);
	json_u64(out, "removed", row->removed);
	tally_json("window", &window, out);
	tally_json("total", &row->total, out);
	json_close(out, '}');
}

void
activity_json(const struct activity *a, struct buf *out)
{
	struct tally window = window_of(a->minutes);
	uint64_t page_us = 0;

	for (size_t i = 0; i < ACTIVITY_MINUTES; i++) {
		page_us += a->page_us_minutes[i];
	}
	json_open(out, NULL, '{');
	json_u64(out, "window_s", 60 * ACTIVITY_MINUTES);
	json_u64(out, "page_us", page_us);
	json_u64(out, "key_events", a->key_events);
	tally_json("window", &window, out);
	tally_json("total", &a->total, out);
	json_open(out, "rows", '[');
	for (size_t i = 0; i < a->n; i++) {
		row_json(&a->rows[i], out);
	}
	json_close(out, ']');
	json_close(out, '}');
}
