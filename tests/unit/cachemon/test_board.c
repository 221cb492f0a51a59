/* JSON of statuses and slow logs; snapshots and their life. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cachemon/board.h"
#include "cachemon/json.h"
#include "cachemon/page_metrics.h"
#include "cachemon/slowlog.h"

static void
test_json(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	json_open(&b, NULL, '{');
	json_num(&b, "a", 1.5, 3);
	json_num(&b, "b", 100, 2);
	json_num(&b, "c", (double)NAN, 2);
	json_num(&b, "d", (double)INFINITY, 2);
	json_num(&b, "e", 120, 0);
	json_num(&b, "f", 1e308, 1);
	json_open(&b, "g", '[');
	json_u64(&b, NULL, UINT64_MAX);
	json_i64(&b, NULL, INT64_MIN);
	json_str(&b, NULL, VIEW("x,{[:"));
	json_null(&b, NULL);
	json_open(&b, NULL, '{');
	json_close(&b, '}');
	json_close(&b, ']');
	json_bool(&b, "h", true);
	json_raw(&b, "i", VIEW("[1]"));
	json_close(&b, '}');
	assert_int_equal(buf_error(&b), 0);
	assert_non_null(strstr(buf_cstr(&b),
	    "{\"a\":1.5,\"b\":100,\"c\":null,"
	    "\"d\":null,\"e\":120,\"f\":1"));
	assert_non_null(strstr(buf_cstr(&b),
	    ",\"g\":[18446744073709551615,"
	    "-9223372036854775808,\"x,{[:\",null,{}],\"h\":true,\"i\":[1]}"));
	buf_done(&b);
}

static void
test_status_json(void **state)
{
	struct status s = { .state = REDIS_DOWN,
		.since_ms = 5,
		.scan_progress = -1,
		.error = "it's <down>\n" };
	struct buf b;

	(void)state;
	buf_init(&b, 8192);
	status_json(&s, &b);
	assert_string_equal(buf_cstr(&b),
	    "{\"tried_ms\":0,"
	    "\"interval_ms\":1000,\"redis\":{\"state\":\"down\","
	    "\"since_ms\":5,\"answered_ms\":null,\"error\":"
	    "\"it\\u0027s \\u003cdown\\u003e\\u000a\"},"
	    "\"scan_progress\":null,\"history_kept\":false,\"feed\":false}");
	buf_clear(&b);
	s.known = true;
	s.answered_ms = 7;
	s.sample =
	    (struct sample){ .hits = 3, .misses = 1, .memory_limit = 10 };
	status_json(&s, &b);
	assert_non_null(strstr(buf_cstr(&b), "\"answered_ms\":7,"));
	assert_non_null(strstr(buf_cstr(&b),
	    "\"hit_ratio\":{\"interval\":null"
	    ",\"minute\":null,\"total\":0.75},\"per_second\":{\"hits\":null"));
	buf_done(&b);
}

/* --- a slow log made by hand ------------------------------------------- */

static redisReply
number(long long value)
{
	return (redisReply){ .type = REDIS_REPLY_INTEGER, .integer = value };
}

static redisReply
text(char *s)
{
	return (redisReply){ .type = REDIS_REPLY_STRING,
		.str = s,
		.len = strlen(s) };
}

static redisReply
array(redisReply **element, size_t n)
{
	return (redisReply){ .type = REDIS_REPLY_ARRAY,
		.element = element,
		.elements = n };
}

static void
test_slowlog(void **state)
{
	char set[] = "SET", key[] = "wp:options:<b>", value[] = "secret";
	char eval[] = "eval", script[] = "return 'secret'", zero[] = "0";
	char client[] = "127.0.0.1:5", name[] = "", own[] = "cachemon";
	redisReply a[] = { number(1), number(1700000000), number(20000),
		{ .type = REDIS_REPLY_NIL }, text(client), text(name) };
	redisReply set_args[] = { text(set), text(key), text(value) };
	redisReply *set_list[] = { &set_args[0], &set_args[1], &set_args[2] };
	redisReply eval_args[] = { text(eval), text(script), text(zero) };
	redisReply *eval_list[] = { &eval_args[0], &eval_args[1],
		&eval_args[2] };
	redisReply sets = array(set_list, 3), evals = array(eval_list, 3);
	redisReply own_name = text(own);
	redisReply *first[] = { &a[0], &a[1], &a[2], &sets, &a[4], &a[5] };
	redisReply *second[] = { &a[0], &a[1], &a[2], &evals };
	redisReply *third[] = { &a[0], &a[1], &a[2], &sets, &a[4], &own_name };
	redisReply *bad[] = { &a[0], &a[1], &a[2], &a[3] };
	redisReply e1 = array(first, 6), e2 = array(second, 4);
	redisReply e3 = array(third, 6), e4 = array(bad, 4);
	redisReply *all[] = { &e1, &e2, &e3, &e4, &a[0] };
	redisReply reply = array(all, 5);
	struct slowlog log = { .length = 9, .threshold_us = -1 };
	struct slowlog same;
	struct buf b;

	(void)state;
	assert_int_equal(slowlog_parse(&reply, &log), 0);
	/* Own ones and those of another shape are passed over. */
	assert_int_equal(log.n, 2);
	buf_init(&b, 8192);
	slowlog_json(&log, &b);
	assert_null(strstr(buf_cstr(&b), "secret"));
	assert_string_equal(buf_cstr(&b),
	    "{\"length\":9,\"threshold_us\":null,"
	    "\"entries\":[{\"id\":1,\"time\":1700000000,\"usec\":20000,"
	    "\"command\":\"SET\",\"key\":\"wp:options:\\u003cb\\u003e\","
	    "\"hidden\":1,\"client\":\"127.0.0.1:5\"},{\"id\":1,"
	    "\"time\":1700000000,\"usec\":20000,\"command\":\"eval\","
	    "\"key\":\"\",\"hidden\":2,\"client\":\"\"}]}");
	same = log;
	assert_true(slowlog_same(&log, &same));
	same.entries[1].usec++;
	assert_false(slowlog_same(&log, &same));
	same = log;
	same.length++;
	assert_false(slowlog_same(&log, &same));
	assert_int_equal(slowlog_parse(&a[0], &log), -EPROTO);
	assert_int_equal(log.n, 0);
	buf_done(&b);
}

/* --- the board ----------------------------------------------------------- */

static void
count_up(void *ctx)
{
	int *n = ctx;

	(*n)++;
}

static void
test_board(void **state)
{
	struct board *board = board_new();
	struct status status = { .state = REDIS_UP, .scan_progress = -1 };
	struct groups *g = groups_new();
	struct snapshot *before, *after;
	struct buf scratch;
	int published = 0;

	(void)state;
	assert_non_null(board);
	assert_non_null(g);
	board_on_publish(board, count_up, &published);
	buf_init(&scratch, 65536);
	before = board_get(board);
	assert_null(before->parts[PART_LIVE].event);
	assert_int_equal(board_publish_status(board, &status, &scratch), 0);
	(void)groups_add(g, VIEW("wp:posts:1"));
	assert_int_equal(board_publish_groups_take(board, g, &scratch), 0);
	assert_int_equal(board_publish_json(board, PART_SLOWLOG, VIEW("{}")),
	    0);
	assert_int_equal(published, 3);
	after = board_get(board);
	/* What a reader holds does not change. */
	assert_null(before->parts[PART_LIVE].event);
	assert_null(before->groups);
	assert_int_equal(after->status.state, REDIS_UP);
	assert_int_equal(after->groups->keys, 1);
	assert_true(view_eq(shared_view(after->parts[PART_SLOWLOG].event),
	    VIEW("event: slowlog\ndata: {}\n\n")));
	assert_true(view_eq(after->parts[PART_SLOWLOG].json, VIEW("{}")));
	assert_int_not_equal(after->parts[PART_LIVE].serial,
	    after->parts[PART_GROUPS].serial);
	snapshot_unref(before);
	/* The board may go first. */
	board_free(board);
	assert_int_equal(after->groups->n, 1);
	snapshot_unref(after);
	buf_done(&scratch);
}

/* A buffer too small: the board keeps what it had. */
static void
test_board_cap(void **state)
{
	struct board *board = board_new();
	struct status status = { .state = REDIS_UP, .scan_progress = -1 };
	struct groups *g = groups_new();
	struct snapshot *now;
	struct buf small;

	(void)state;
	assert_non_null(board);
	assert_non_null(g);
	buf_init(&small, 16);
	assert_int_equal(board_publish_status(board, &status, &small),
	    -ENOBUFS);
	assert_int_equal(board_publish_groups_take(board, g, &small), -ENOBUFS);
	now = board_get(board);
	assert_null(now->parts[PART_LIVE].event);
	assert_null(now->groups);
	snapshot_unref(now);
	board_free(board);
	board_free(NULL);
	buf_done(&small);
}

static void
test_metrics(void **state)
{
	struct snapshot s = { .status = { .state = REDIS_DOWN,
				  .known = true,
				  .scan_progress = -1,
				  .volume = { 30, 20, 10 } } };
	struct http_stats http = { .requests = { 0, 0, 5 } };
	struct settings settings = { .warn_memory_percent = 90,
		.dir = (char[]){ "/var/lib/cachemon" } };
	struct activity activity = { .n = 0 };
	struct page_facts facts = { .snapshot = &s,
		.settings = &settings,
		.activity = &activity,
		.http = &http,
		.streams = 3 };
	struct buf out;

	(void)state;
	s.groups = groups_new();
	assert_non_null(s.groups);
	(void)groups_add(s.groups, VIEW("wp:a\"b\n\\:1"));
	buf_init(&out, 65536);
	page_metrics(&facts, &out);
	assert_non_null(strstr(buf_cstr(&out), "\ncachemon_redis_up 0\n"));
	assert_non_null(strstr(buf_cstr(&out),
	    "\ncachemon_http_requests_total{code=\"2xx\"} 5\n"));
	assert_non_null(strstr(buf_cstr(&out),
	    "\nnode_filesystem_avail_bytes{"
	    "mountpoint=\"/var/lib/cachemon\"} 10\n"));
	/* Down: nothing that is not true now. */
	assert_null(strstr(buf_cstr(&out), "cachemon_memory"));
	assert_null(strstr(buf_cstr(&out), "redis_key_group"));
	buf_clear(&out);
	s.status.state = REDIS_UP;
	page_metrics(&facts, &out);
	assert_non_null(strstr(buf_cstr(&out),
	    "\nredis_key_group_count{"
	    "db=\"db0\",key_group=\"a\\\"b\\n\\\\\"} 1\n"));
	buf_done(&out);
	groups_unref(s.groups);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_status_json),
		cmocka_unit_test(test_slowlog),
		cmocka_unit_test(test_board),
		cmocka_unit_test(test_board_cap),
		cmocka_unit_test(test_metrics),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
