/* What is read from Redis beside INFO, and what may be changed there. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cachemon/board.h"
#include "cachemon/control.h"
#include "cachemon/jobs.h"
#include "cachemon/json.h"
#include "cachemon/monitor.h"
#include "cachemon/plugin.h"
#include "cachemon/remove.h"
#include "cachemon/server.h"

/* Reads an answer as the library would from the wire. */
static redisReply *
reply_of(const char *wire)
{
	redisReader *reader = redisReaderCreate();
	void *reply = NULL;

	assert_non_null(reader);
	assert_int_equal(redisReaderFeed(reader, wire, strlen(wire)), REDIS_OK);
	assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_OK);
	assert_non_null(reply);
	redisReaderFree(reader);
	return reply;
}

static void
test_clients(void **state)
{
	struct server s = { .clients_n = 0 };

	(void)state;
	server_clients(
	    VIEW("id=3 addr=192.0.2.1:40000 laddr=192.0.2.2:6379 fd=8 name= "
		 "age=12 idle=3 flags=N db=0 tot-mem=20512 cmd=mget "
		 "user=wordpress resp=2\n"
		 "id=4 addr=192.0.2.3:1 name=cachemon age=1 cmd=info "
		 "user=cachemon\n"
		 "rubbish\n\n"),
	    &s);
	assert_int_equal(s.clients_all, 2);
	assert_int_equal(s.clients_n, 2);
	assert_string_equal(s.clients[0].address, "192.0.2.1:40000");
	assert_string_equal(s.clients[0].user, "wordpress");
	assert_string_equal(s.clients[0].command, "mget");
	assert_int_equal(s.clients[0].age_s, 12);
	assert_int_equal(s.clients[0].idle_s, 3);
	assert_int_equal(s.clients[0].memory, 20512);
	server_clients((struct view){ NULL, 0 }, &s);
	assert_int_equal(s.clients_all, 0);
}

static void
test_server(void **state)
{
	struct server s = { .clients_n = 0 };
	redisReply *latency = reply_of("*2\r\n"
				       "*4\r\n$7\r\ncommand\r\n:1700\r\n:120"
				       "\r\n:300\r\n"
				       "*1\r\n$1\r\nx\r\n");
	redisReply *memory = reply_of("*5\r\n$14\r\npeak.allocated\r\n:900\r\n"
				      "$13\r\nfragmentation\r\n$4\r\n1.25\r\n"
				      "$5\r\nstray\r\n");
	redisReply *other = reply_of("+OK\r\n");
	struct buf out;

	(void)state;
	assert_int_equal(server_latency(latency, &s), 0);
	assert_int_equal(server_latency(other, &s), -EPROTO);
	assert_int_equal(server_latency(NULL, &s), -EPROTO);
	assert_int_equal(s.latency_n, 1);
	assert_int_equal(server_memory(memory, &s), 0);
	assert_int_equal(server_memory(other, &s), -EPROTO);
	assert_int_equal(s.memory.peak, 900);
	buf_init(&out, 65536);
	server_json(&s, &out);
	assert_non_null(strstr(buf_cstr(&out),
	    "\"latency\":[{\"event\":\"command\",\"time\":1700,"
	    "\"last_ms\":120,\"highest_ms\":300}]"));
	assert_non_null(strstr(buf_cstr(&out), "\"fragmentation\":1.25"));
	buf_done(&out);
	freeReplyObject(latency);
	freeReplyObject(memory);
	freeReplyObject(other);
}

#define OBJECT \
	"O:26:\"Rhubarb\\RedisCache\\Metrics\":8:{s:2:\"id\";s:2:\"a\"\";" \
	"s:4:\"hits\";i:90;s:6:\"misses\";i:10;s:5:\"ratio\";d:90;" \
	"s:5:\"bytes\";i:4096;s:4:\"time\";d:0.0025;s:5:\"calls\";i:7;" \
	"s:9:\"timestamp\";i:1700000000;}"

static void
test_plugin(void **state)
{
	static const char *const bad[] = { "", "O:", "a:0:{}", "O:1:\"x\":1:{",
		"O:1:\"x\":1:{s:4:\"hits\";}", "O:1:\"x\":1:{i:0;i:1;}",
		"O:1:\"x\":1:{s:99:\"hits\";i:1;}",
		"O:1:\"x\":1:{s:4:\"hits\";a:0:{}}",
		"O:1:\"x\":1:{s:4:\"hits\";i:1;" };
	struct plugin_request r = { .hits = 3 };
	struct plugin p = { .kept = 12 };
	struct buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(plugin_parse(view_str(bad[i]), &r), -EPROTO);
	}
	assert_true(r.hits == 3);
	assert_int_equal(plugin_parse(VIEW(OBJECT), &r), 0);
	assert_true(r.hits == 90 && r.misses == 10 && r.bytes == 4096);
	assert_true(r.seconds == 0.0025 && r.calls == 7);
	plugin_add(&p, &r);
	plugin_add(&p, &r);
	buf_init(&out, 4096);
	plugin_json(&p, &out);
	assert_string_equal(buf_cstr(&out),
	    "{\"requests\":2,\"kept\":12,\"set_bytes\":0,"
	    "\"newest\":1700000000,\"hit_ratio\":0.9,\"hits\":90,"
	    "\"misses\":10,\"bytes\":4096,\"us\":2500,\"calls\":7}");
	buf_done(&out);
	assert_true(plugin_is_key(VIEW("wp:redis-cache:metrics")));
	assert_true(plugin_is_key(VIEW("redis-cache:metrics")));
	assert_false(plugin_is_key(VIEW("wpredis-cache:metrics")));
	assert_false(plugin_is_key(VIEW("wp:redis-cache:metrics:1")));
}

static void
test_monitor(void **state)
{
	static const char *const bad[] = { "", "OK", "17.5 [0 a:1]",
		"17.5 [0 a:1 \"GET\"", "17.5 0 a:1] \"GET\"",
		"17.5 [0 a:1] \"GET", "17.5 [0 a:1] \"GET\" \"k",
		"17.5 [0 a:1] \"GET\" k", "x.5 [0 a:1] \"GET\"" };
	struct monitor_line l;
	struct burst_of_commands *b = calloc(1, sizeof(*b));
	struct buf out;

	(void)state;
	assert_non_null(b);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(monitor_parse(view_str(bad[i]), &l), -EPROTO);
	}
	assert_int_equal(
	    monitor_parse(VIEW("1700000000.000123 [0 192.0.2.1:40000] \"set\" "
			       "\"wp:po\\\"s\\\\ts:\\x01\\n\" \"secret value\" "
			       "\"EX\" \"5\""),
		&l),
	    0);
	assert_int_equal(l.us, INT64_C(1700000000000123));
	assert_string_equal(l.command, "SET");
	assert_string_equal(l.key, "wp:po\"s\\ts:\x01\n");
	assert_string_equal(l.client, "192.0.2.1:40000");
	assert_int_equal(l.hidden, 3);
	monitor_add(b, &l);
	assert_int_equal(monitor_parse(VIEW("1700000000.000150 "
					    "[0 [2001:db8::1]:40000] \"get\" "
					    "\"wp:a:b\""),
			     &l),
	    0);
	assert_string_equal(l.client, "[2001:db8::1]:40000");
	assert_string_equal(l.key, "wp:a:b");
	/* What follows AUTH is no key, and is never shown. */
	assert_int_equal(monitor_parse(VIEW("1700000000.000200 [0 lua] "
					    "\"AUTH\" \"joe\" \"pw\""),
			     &l),
	    0);
	assert_string_equal(l.key, "");
	assert_int_equal(l.hidden, 2);
	for (int i = 0; i < 3 * MONITOR_LINES; i++) {
		monitor_add(b, &l);
	}
	assert_int_equal(b->commands, 3 * MONITOR_LINES + 1);
	assert_int_equal(b->lines_n, MONITOR_LINES);
	buf_init(&out, 1024 * 1024);
	json_open(&out, NULL, '{');
	monitor_json(b, &out);
	assert_null(strstr(buf_cstr(&out), "secret"));
	assert_null(strstr(buf_cstr(&out), "joe"));
	assert_non_null(strstr(buf_cstr(&out),
	    "\"by_command\":[{\"name\":\"AUTH\",\"count\":450},"));
	buf_done(&out);
	free(b);
}

static void
test_removal(void **state)
{
	struct removal site = { .prefix = VIEW("wp:") };
	struct removal group = { .prefix = VIEW("wp:"),
		.group = VIEW("a*[b]") };
	struct buf out;

	(void)state;
	assert_true(remove_is_meant(&site, VIEW("wp:wp:posts:1")));
	assert_true(remove_is_meant(&site, VIEW("wp:posts:1")));
	assert_false(remove_is_meant(&site, VIEW("other:posts:1")));
	assert_false(remove_is_meant(&site, VIEW("wp")));
	/* The drop-in's count of changes stays. */
	assert_false(remove_is_meant(&site, VIEW("wp:wp:stack:clock")));
	assert_true(remove_is_meant(&group, VIEW("wp:wp:a*[b]:1")));
	assert_false(remove_is_meant(&group, VIEW("wp:wp:axb:1")));
	assert_false(remove_is_meant(&group, VIEW("wp:a*[b]:posts:1")));
	buf_init(&out, 256);
	remove_pattern(&group, &out);
	assert_string_equal(buf_cstr(&out), "wp:*a\\*\\[b\\]:*");
	buf_clear(&out);
	remove_pattern(&site, &out);
	assert_string_equal(buf_cstr(&out), "wp:*");
	buf_done(&out);
}

static void
test_origin(void **state)
{
	struct view host = VIEW("joe.42.fr:8443");

	(void)state;
	assert_true(control_same_origin(VIEW("https://joe.42.fr:8443"), host));
	assert_true(control_same_origin(VIEW("https://JOE.42.fr:8443"), host));
	assert_false(control_same_origin(VIEW("https://joe.42.fr"), host));
	assert_false(
	    control_same_origin(VIEW("https://evil.joe.42.fr:8443"), host));
	assert_false(control_same_origin(VIEW("null"), host));
	assert_false(control_same_origin(VIEW("joe.42.fr:8443"), host));
	assert_false(control_same_origin(VIEW("https://"), VIEW("")));
}

/* Asks until the answer is `wanted`, or ten seconds have gone. */
static bool
trusts(struct jobs *jobs, const char *address, bool wanted)
{
	bool answer = jobs_trusts(jobs, view_str(address));

	for (int i = 0; i < 1000 && answer != wanted; i++) {
		(void)usleep(10000);
		/* A stranger's request has the name looked up again. */
		(void)jobs_trusts(jobs, VIEW("192.0.2.1"));
		answer = jobs_trusts(jobs, view_str(address));
	}
	return answer;
}

static void
test_proxy_that_is_gone(void **state)
{
	static char here[] = "127.0.0.1", nowhere[] = "a..b", none[] = "";
	static struct ledger ledger;
	struct settings settings = { .proxy = here,
		.redis_host = here,
		.redis_port = 1,
		.redis_user = none,
		.redis_password = none,
		.actions_user = none,
		.actions_password = none,
		.actions_prefix = none };
	struct board *board = board_new();
	struct jobs *jobs = jobs_new(&settings, board, &ledger);

	(void)state;
	assert_non_null(jobs);
	assert_int_equal(jobs_start(jobs), 0);
	assert_true(trusts(jobs, "127.0.0.1", true));
	assert_false(jobs_trusts(jobs, VIEW("127.0.0.2")));
	settings.proxy = nowhere;
	assert_false(trusts(jobs, "127.0.0.1", false));
	settings.proxy = here;
	assert_true(trusts(jobs, "127.0.0.1", true));
	assert_true(jobs_stop(jobs, 5000));
	jobs_free(jobs);
	board_free(board);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clients),
		cmocka_unit_test(test_server),
		cmocka_unit_test(test_plugin),
		cmocka_unit_test(test_monitor),
		cmocka_unit_test(test_removal),
		cmocka_unit_test(test_origin),
		cmocka_unit_test(test_proxy_that_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
