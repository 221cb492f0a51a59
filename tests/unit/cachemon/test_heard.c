/* What the drop-in and Redis tell by themselves: report, activity, advice. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cachemon/activity.h"
#include "cachemon/advice.h"
#include "cachemon/report.h"

#define T0 1700000040

static void
test_report(void **state)
{
	struct view rest = VIEW("stack1 50000 1200 3\n10 5 1 2 900 options\n"
				"junk\n1 2 3 4 5\n1 2 3 4 5 \n"
				"1 2 3 -4 5 x\n0 1 0 0 7 a b\n");
	struct report_page page;
	struct report_group g;

	(void)state;
	assert_int_equal(report_begin(&rest, &page), 0);
	assert_int_equal(page.page_us, 50000);
	assert_int_equal(page.redis_us, 1200);
	assert_int_equal(page.round_trips, 3);
	assert_true(report_next(&rest, &g));
	assert_int_equal(g.memory_hits, 10);
	assert_int_equal(g.hits, 5);
	assert_int_equal(g.misses, 1);
	assert_int_equal(g.writes, 2);
	assert_int_equal(g.us, 900);
	assert_true(view_eq(g.name, VIEW("options")));
	/* Lines of another form are passed over. */
	assert_true(report_next(&rest, &g));
	assert_true(view_eq(g.name, VIEW("a b")));
	assert_false(report_next(&rest, &g));
}

static void
test_report_refused(void **state)
{
	static const char *const bad[] = { "", "stack2 1 2 3\n", "stack1 ",
		"stack1 1 2\n", "stack1 1 2 x\n", "stack1 -1 2 3\n",
		"stack1 99999999999999 2 3\n", "1 2 3 4 5 g\n" };
	struct report_page page = { .page_us = 7 };
	char *long_one = calloc(1, REPORT_MOST + 1);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct view rest = view_str(bad[i]);

		assert_int_equal(report_begin(&rest, &page), -EPROTO);
	}
	assert_non_null(long_one);
	memcpy(long_one, "stack1 1 2 3\n", 13);
	assert_int_equal(report_begin(&(struct view){ long_one,
					  REPORT_MOST + 1 },
			     &page),
	    -EPROTO);
	assert_int_equal(page.page_us, 7);
	free(long_one);
}

static struct activity *
new_activity(void)
{
	struct activity *a = calloc(1, sizeof(*a));

	assert_non_null(a);
	return a;
}

static uint64_t
window_hits(const struct activity_row *row)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < ACTIVITY_MINUTES; i++) {
		sum += row->minutes[i].hits;
	}
	return sum;
}

static void
test_window(void **state)
{
	static const char text[] = "stack1 500 70 3\n1 5 1 2 60 g\n";
	struct activity *a = new_activity();

	(void)state;
	activity_report(a, view_str(text), T0);
	activity_report(a, view_str(text), T0 + 60);
	activity_report(a, VIEW("rubbish"), T0 + 60);
	assert_int_equal(a->n, 1);
	assert_int_equal(a->total.views, 2);
	assert_int_equal(a->total.us, 140);
	assert_int_equal(a->page_us, 1000);
	assert_int_equal(a->reports_bad, 1);
	assert_int_equal(a->rows[0].total.hits, 10);
	assert_int_equal(window_hits(&a->rows[0]), 10);
	/* The first falls out after ten minutes, the second a minute later. */
	activity_turn(a, T0 + 600);
	assert_int_equal(window_hits(&a->rows[0]), 5);
	activity_turn(a, T0 + 660);
	assert_int_equal(window_hits(&a->rows[0]), 0);
	assert_int_equal(a->rows[0].total.hits, 10);
	/* The clock is set back, and far ahead. */
	activity_report(a, view_str(text), T0);
	assert_int_equal(window_hits(&a->rows[0]), 5);
	activity_turn(a, T0 + 1000000);
	assert_int_equal(window_hits(&a->rows[0]), 0);
	free(a);
}

static void
test_keys(void **state)
{
	struct activity *a = new_activity();
	struct groups *g = groups_new();

	(void)state;
	assert_non_null(g);
	for (int i = 0; i < 3; i++) {
		(void)groups_add(g, VIEW("wp:posts:1"));
	}
	assert_int_equal(activity_keys(a, &g->rows[0]), 3);
	activity_key(a, KEY_NEW, VIEW("wp:posts:2"), T0);
	activity_key(a, KEY_NEW, VIEW("wp:posts:3"), T0);
	activity_key(a, KEY_EXPIRED, VIEW("wp:posts:3"), T0);
	activity_key(a, KEY_NEW, VIEW("wp:terms:3"), T0);
	activity_key(a, KEY_EVICTED, VIEW("nogroup"), T0);
	assert_int_equal(activity_keys(a, &g->rows[0]), 4);
	assert_int_equal(activity_find(a, &g->rows[0])->expired, 1);
	assert_int_equal(a->n, 3);
	/* Never below zero. */
	for (int i = 0; i < 9; i++) {
		activity_key(a, KEY_REMOVED, VIEW("wp:posts:4"), T0);
	}
	assert_int_equal(activity_keys(a, &g->rows[0]), 0);
	activity_counted(a);
	assert_int_equal(activity_keys(a, &g->rows[0]), 3);
	groups_unref(g);
	free(a);
}

static void
test_bounded(void **state)
{
	struct activity *a = new_activity();
	struct buf out;
	char key[64];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		(void)snprintf(key, sizeof(key), "wp:g%d:1", i);
		activity_key(a, KEY_NEW, view_str(key), T0);
	}
	activity_key(a, KEY_NEW, VIEW("none"), T0);
	assert_int_equal(a->n, ACTIVITY_MAX + 2);
	assert_int_equal(a->rows[ACTIVITY_MAX].moved, 1000 - ACTIVITY_MAX);
	buf_init(&out, 1024 * 1024);
	activity_json(a, &out);
	assert_int_equal(buf_error(&out), 0);
	assert_non_null(strstr(buf_cstr(&out),
	    "\"name\":\"overflow\",\"kind\":\"other\",\"moved\":800"));
	assert_non_null(strstr(buf_cstr(&out),
	    "\"name\":\"unclassified\",\"kind\":\"none\",\"moved\":1"));
	buf_done(&out);
	free(a);
}

/* --- advice ----------------------------------------------------------------
 */

struct scene {
	struct settings settings;
	struct status status;
	struct activity *activity;
	struct advice_facts facts;
	struct buf out;
};

static void
begin_scene(struct scene *s)
{
	memset(s, 0, sizeof(*s));
	s->settings = (struct settings){ .warn_hit_percent = 70,
		.warn_memory_percent = 90,
		.warn_evictions = 1,
		.warn_answer_ms = 50 };
	s->status.state = REDIS_UP;
	s->status.known = true;
	s->status.sample.memory_limit = 100 << 20;
	s->status.sample.memory_used = 50 << 20;
	strcpy(s->status.sample.policy, "allkeys-lru");
	s->status.minute =
	    (struct point){ .span_ms = 60000, .hits = 90, .misses = 10 };
	s->activity = new_activity();
	s->facts = (struct advice_facts){ .settings = &s->settings,
		.status = &s->status,
		.activity = s->activity };
	buf_init(&s->out, 65536);
}

static const char *
advise(struct scene *s)
{
	buf_clear(&s->out);
	advice_json(&s->facts, &s->out);
	assert_int_equal(buf_error(&s->out), 0);
	return buf_cstr(&s->out);
}

static void
end_scene(struct scene *s)
{
	buf_done(&s->out);
	free(s->activity);
}

static void
test_advice_quiet(void **state)
{
	struct scene s;

	(void)state;
	begin_scene(&s);
	assert_string_equal(advise(&s),
	    "{\"items\":[],\"thresholds\":{\"hit_ratio\":0.7,"
	    "\"memory\":0.9,\"evictions\":1,\"answer\":0.05},\"alerts\":[]}");
	/* Nothing is said of what is not known. */
	s.status.minute.hits = 0;
	s.status.state = REDIS_DOWN;
	assert_non_null(strstr(advise(&s), "\"items\":[],"));
	end_scene(&s);
}

static void
test_advice_thresholds(void **state)
{
	struct scene s;
	const char *text;

	(void)state;
	begin_scene(&s);
	s.status.minute.hits = 20;
	s.status.minute.misses = 30;
	s.status.minute.evicted = 600;
	s.status.minute.answer_us = 80000;
	s.status.sample.memory_used = 95 << 20;
	activity_report(s.activity, VIEW("stack1 1 1 1\n0 1 44 0 1 posts\n"),
	    T0);
	text = advise(&s);
	assert_non_null(strstr(text, "Memory is 95 % full."));
	assert_non_null(strstr(text, "600 keys in the last minute"));
	assert_non_null(strstr(text, "Redis took 80 ms"));
	assert_non_null(strstr(text, "Only 40 % of the lookups"));
	assert_non_null(strstr(text, "Group posts missed most, 44 times"));
	assert_non_null(strstr(text,
	    "\"alerts\":[\"hit_ratio\",\"memory\",\"evictions\",\"answer\"]"));
	/* Few lookups say nothing. */
	s.status.minute.hits = 2;
	s.status.minute.misses = 3;
	assert_null(strstr(advise(&s), "Only"));
	strcpy(s.status.sample.policy, "noeviction");
	assert_non_null(strstr(advise(&s), "can store nothing new"));
	s.status.sample.memory_limit = 0;
	assert_non_null(strstr(advise(&s), "no memory limit"));
	end_scene(&s);
}

static void
test_advice_fall(void **state)
{
	struct scene s;

	(void)state;
	begin_scene(&s);
	s.facts.before = (struct point){ .span_ms = 1,
		.hits = 1000 + 50,
		.misses = 50 + 50 };
	s.facts.lately =
	    (struct point){ .span_ms = 1, .hits = 50, .misses = 50 };
	activity_turn(s.activity, T0);
	assert_non_null(strstr(advise(&s),
	    "last five minutes is 50 %; it was 95 % in the hour before"));
	for (int i = 0; i < ACTIVITY_BURST + 20; i++) {
		activity_key(s.activity, KEY_REMOVED, VIEW("wp:posts:1"), T0);
	}
	/* 1700000040 is 22:14 UTC. */
	assert_non_null(strstr(advise(&s),
	    "fell from 95 % to 50 % after 22:14 UTC, when 120 keys of group "
	    "posts were removed."));
	/* Long ago is no reason. */
	activity_turn(s.activity, T0 + 7200);
	assert_null(strstr(advise(&s), "posts"));
	s.facts.lately.hits = 900;
	assert_null(strstr(advise(&s), "\"fall\""));
	end_scene(&s);
}

static void
test_advice_keys(void **state)
{
	struct scene s;
	struct groups *g = groups_new();
	size_t row;
	const char *text;

	(void)state;
	assert_non_null(g);
	begin_scene(&s);
	for (int i = 0; i < 1001; i++) {
		row = groups_add(g, VIEW("wp:transient:1"));
		groups_measure(g, row, VIEW("wp:transient:1"), 1000);
		groups_live(g, row, i % 4 == 0 ? -1 : 5000);
	}
	row = groups_add(g, VIEW("wp:options:alloptions"));
	groups_measure(g, row, VIEW("wp:options:alloptions"), 1500000);
	row = groups_add(g, VIEW("wp:redis-cache:metrics"));
	groups_measure(g, row, VIEW("wp:redis-cache:metrics"), 20 << 20);
	groups_sort(g);
	s.facts.groups = g;
	text = advise(&s);
	assert_non_null(strstr(text, "(alloptions) take 1.4 MB"));
	assert_non_null(strstr(text,
	    "keeps 20 MB of metrics at "
	    "wp:redis-cache:metrics"));
	assert_null(strstr(text, "is transients"));
	strcpy(s.status.sample.policy, "volatile-lru");
	s.status.sample.memory_used = 95 << 20;
	text = advise(&s);
	assert_non_null(strstr(text, "Group redis-cache alone takes 89 %"));
	groups_unref(g);
	end_scene(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_report),
		cmocka_unit_test(test_report_refused),
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_bounded),
		cmocka_unit_test(test_advice_quiet),
		cmocka_unit_test(test_advice_thresholds),
		cmocka_unit_test(test_advice_fall),
		cmocka_unit_test(test_advice_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
