/* Samples, rates over resets, merging. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cachemon/point.h"
#include "cachemon/sample.h"

static const char info[] =
    "# Server\r\nredis_version:7.0.15\r\nrun_id:abc\r\n"
    "uptime_in_seconds:12\r\n# Clients\r\nconnected_clients:4\r\n"
    "maxclients:256\r\n# Memory\r\nused_memory:1000\r\n"
    "used_memory_human:1K\r\nmaxmemory:5000\r\n"
    "maxmemory_policy:allkeys-lru\r\n# Stats\r\nkeyspace_hits:90\r\n"
    "keyspace_misses:10\r\ntotal_commands_processed:500\r\n"
    "evicted_keys:nonsense\r\n"
    "# Keyspace\r\ndb0:keys=7,expires=2,avg_ttl=33,subexpiry=0\r\n"
    "db1:keys=900,expires=0,avg_ttl=0\r\n";

static void
test_sample(void **state)
{
	struct sample s;

	(void)state;
	assert_int_equal(sample_parse(view_str(info), &s), 0);
	assert_string_equal(s.version, "7.0.15");
	assert_string_equal(s.run_id, "abc");
	assert_string_equal(s.policy, "allkeys-lru");
	assert_int_equal(s.hits, 90);
	assert_int_equal(s.misses, 10);
	assert_int_equal(s.evicted, 0);
	assert_int_equal(s.memory_limit, 5000);
	assert_int_equal(s.keys, 7);
	assert_int_equal(s.keys_expiring, 2);
	assert_int_equal(s.avg_ttl_ms, 33);
	assert_int_equal(s.clients, 4);
}

static void
test_sample_refuses(void **state)
{
	struct sample s = { .hits = 77 };

	(void)state;
	assert_int_not_equal(sample_parse(VIEW(""), &s), 0);
	assert_int_not_equal(sample_parse((struct view){ NULL, 0 }, &s), 0);
	assert_int_not_equal(sample_parse(VIEW("-LOADING\r\n"), &s), 0);
	assert_int_not_equal(sample_parse(VIEW("redis_version:7\r\n"), &s), 0);
	assert_int_equal(s.hits, 77);
	/* A version that does not fit is no version. */
	assert_int_not_equal(sample_parse(VIEW("used_memory:1\r\nredis_version:"
					       "0123456789012345678901234567890"
					       "123456789\r\n"),
				 &s),
	    0);
}

static void
test_delta(void **state)
{
	(void)state;
	assert_int_equal(point_delta(10, 15), 5);
	assert_int_equal(point_delta(10, 10), 0);
	/* CONFIG RESETSTAT, then three more. */
	assert_int_equal(point_delta(10, 3), 3);
	assert_int_equal(point_delta(UINT64_MAX, 0), 0);
}

static void
test_between(void **state)
{
	struct sample a, b;
	struct own_use own = { .commands = 10,
		.bytes_sent = 5,
		.bytes_received = 1000000,
		.connections = 1 };
	struct point p;

	(void)state;
	assert_int_equal(sample_parse(view_str(info), &a), 0);
	b = a;
	b.hits += 30;
	b.misses += 10;
	b.commands += 50;
	b.net_in += 105;
	b.net_out += 10;
	point_between(&a, &b, 2000, &own, &p);
	assert_int_equal(p.hits, 30);
	assert_int_equal(p.misses, 10);
	assert_int_equal(p.commands, 40);
	assert_int_equal(p.net_in, 100);
	/* More of our own than there was at all: zero, not a wrap. */
	assert_int_equal(p.net_out, 0);
	assert_int_equal(p.clients, 3);
	assert_true(point_hit_ratio(&p) == 0.75);
	assert_true(point_rate(&p, p.commands) == 20);
}

/* After a restart the counters are small and may be above the old ones. */
static void
test_restart(void **state)
{
	struct sample a, b;
	struct own_use none = { .commands = 0 };
	struct point p;

	(void)state;
	assert_int_equal(sample_parse(view_str(info), &a), 0);
	b = a;
	strcpy(b.run_id, "def");
	b.hits = 95;
	b.misses = 2;
	point_between(&a, &b, 2000, &none, &p);
	assert_int_equal(p.hits, 95);
	assert_int_equal(p.misses, 2);
	/* A reset of the same server. */
	strcpy(b.run_id, "abc");
	b.hits = 4;
	point_between(&a, &b, 2000, &none, &p);
	assert_int_equal(p.hits, 4);
}

static void
test_unknown(void **state)
{
	struct point p = { .hits = 0 };
	struct sample s;

	(void)state;
	assert_true(isnan(point_hit_ratio(&p)));
	assert_true(isnan(point_rate(&p, 5)));
	assert_int_equal(sample_parse(view_str(info), &s), 0);
	s.clients = 0;
	point_of_states(&s, 1, &p);
	assert_int_equal(p.clients, 0);
	assert_int_equal(p.span_ms, 0);
	assert_int_equal(p.memory_used, 1000);
}

static void
test_merge(void **state)
{
	struct point sum = { .time = 100,
		.hits = 1,
		.answer_us = 50,
		.span_ms = 2000,
		.evicted = UINT32_MAX - 1,
		.clients = 9 };
	struct point next = { .time = 102,
		.hits = 2,
		.answer_us = 20,
		.span_ms = UINT32_MAX,
		.evicted = 5,
		.clients = 3,
		.keys = 8 };

	(void)state;
	point_merge(&sum, &next);
	assert_int_equal(sum.time, 100);
	assert_int_equal(sum.hits, 3);
	assert_int_equal(sum.answer_us, 50);
	assert_int_equal(sum.clients, 3);
	assert_int_equal(sum.keys, 8);
	/* Full, not wrapped. */
	assert_int_equal(sum.span_ms, UINT32_MAX);
	assert_int_equal(sum.evicted, UINT32_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_sample_refuses),
		cmocka_unit_test(test_delta),
		cmocka_unit_test(test_between),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_unknown),
		cmocka_unit_test(test_merge),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
