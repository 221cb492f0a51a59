/* INFO ALL as redis_exporter's families. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/buf.h"
#include "exporter/page.h"
#include "exporter/redis_names.h"

#define INFO \
	"# Server\r\nredis_version:7.0.15\r\nredis_build_id:ae4d\r\n" \
	"redis_mode:standalone\r\nos:Linux \"x\\\r\nprocess_id:25\r\n" \
	"run_id:de59\r\ntcp_port:6379\r\nuptime_in_seconds:100\r\n\r\n" \
	"# Clients\r\nconnected_clients:3\r\nmaxclients:10000\r\n" \
	"# Memory\r\nused_memory:1168576\r\nused_memory_human:1.11M\r\n" \
	"maxmemory_policy:allkeys-lru\r\nmem_fragmentation_ratio:1.25\r\n" \
	"# Persistence\r\nrdb_last_bgsave_status:ok\r\n" \
	"aof_last_write_status:err\r\n" \
	"# Stats\r\nkeyspace_hits:7\r\nlatest_fork_usec:1500\r\n" \
	"# Replication\r\nrole:master\r\n" \
	"slave0:ip=10.0.0.2,port=6379,state=online,offset=17,lag=1\r\n" \
	"# Commandstats\r\n" \
	"cmdstat_client|setname:calls=1,usec=2,usec_per_call=2.00," \
	"rejected_calls=3,failed_calls=4\r\n" \
	"cmdstat_old:calls=5,usec=1000000,usec_per_call=2.00\r\n" \
	"cmdstat_bad:calls=x\r\n" \
	"# Errorstats\r\nerrorstat_WRONGTYPE:count=6\r\n" \
	"# Latencystats\r\n" \
	"latency_percentiles_usec_old:p50=2.007,p99.9=3.5,x=1,p=2,p1=y\r\n" \
	"latency_percentiles_usec_none:p50=1\r\n" \
	"# Keyspace\r\ndb0:keys=4,expires=1,avg_ttl=983348\r\n"

static const char *const expected[] = {
	"redis_instance_info{role=\"master\",redis_version=\"7.0.15\","
	"redis_build_id=\"ae4d\",redis_mode=\"standalone\","
	"os=\"Linux \\\"x\\\\\",maxmemory_policy=\"allkeys-lru\","
	"tcp_port=\"6379\",run_id=\"de59\",process_id=\"25\"} 1\n",
	"# TYPE redis_uptime_in_seconds gauge\nredis_uptime_in_seconds 100\n",
	"redis_start_time_seconds 900\n",
	"redis_connected_clients 3\n",
	"redis_max_clients 10000\n",
	"# HELP redis_memory_used_bytes memory_used_bytes metric\n",
	"redis_memory_used_bytes 1168576\n",
	"redis_mem_fragmentation_ratio 1.25\n",
	"redis_memory_fragmentation_ratio 1.25\n",
	"redis_rdb_last_bgsave_status 1\n",
	"redis_aof_last_write_status 0\n",
	"# TYPE redis_keyspace_hits_total counter\nredis_keyspace_hits_total "
	"7\n",
	"redis_latest_fork_seconds 0.0015\n",
	"redis_commands_total{cmd=\"client|setname\"} 1\n",
	"redis_commands_total{cmd=\"old\"} 5\n",
	"redis_commands_duration_seconds_total{cmd=\"old\"} 1\n",
	"redis_commands_rejected_calls_total{cmd=\"client|setname\"} 3\n",
	"redis_commands_failed_calls_total{cmd=\"client|setname\"} 4\n",
	"redis_errors_total{err=\"WRONGTYPE\"} 6\n",
	"# TYPE redis_latency_percentiles_usec summary\n"
	"redis_latency_percentiles_usec{cmd=\"old\",quantile=\"50\"} 2.007\n"
	"redis_latency_percentiles_usec{cmd=\"old\",quantile=\"99.9\"} 3.5\n"
	"redis_latency_percentiles_usec_sum{cmd=\"old\"} 1000000\n"
	"redis_latency_percentiles_usec_count{cmd=\"old\"} 5\n",
	"redis_db_keys{db=\"db1\"} 0\nredis_db_keys{db=\"db0\"} 4\n",
	"redis_db_keys_expiring{db=\"db0\"} 1\n",
	"redis_db_avg_ttl_seconds{db=\"db0\"} 983.348",
	"redis_connected_slave_offset_bytes{slave_ip=\"10.0.0.2\","
	"slave_port=\"6379\",slave_state=\"online\"} 17\n",
	"redis_connected_slave_lag_seconds{slave_ip=\"10.0.0.2\","
	"slave_port=\"6379\",slave_state=\"online\"} 1\n",
};

static void
write(struct buf *out, struct view info, uint64_t databases)
{
	struct metrics m;

	metrics_init(&m, out);
	redis_names_write(&m, info, databases, 1000);
	assert_int_equal(buf_error(out), 0);
}

static void
everything_is_there(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 20);
	write(&out, VIEW(INFO), 2);
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		if (strstr(buf_cstr(&out), expected[i]) == NULL) {
			fail_msg("missing: %s\nin: %s", expected[i],
			    buf_cstr(&out));
		}
	}
	assert_null(strstr(buf_cstr(&out), "human"));
	assert_null(strstr(buf_cstr(&out), "cmd=\"bad\""));
	assert_null(strstr(buf_cstr(&out), "cmd=\"none\""));
	buf_done(&out);
}

/* Whatever INFO holds, what comes out is valid. */
static void
every_beginning_is_valid(void **state)
{
	static const struct page_source own = { .foreign = false };

	(void)state;
	for (size_t n = 0; n < sizeof(INFO) - 1; n++) {
		struct page *page = page_new();
		struct buf out;

		buf_init(&out, 1 << 20);
		write(&out, (struct view){ INFO, n }, 2);
		assert_int_equal(page_add(page, buf_view(&out), &own), 0);
		page_free(page);
		buf_done(&out);
	}
}

static void
lies(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 20);
	write(&out,
	    VIEW("\0\xff:\xff\n# Keyspace\ndb0:keys=1,expires=\n"
		 "db0:\n:\n# Latencystats\nlatency_percentiles_usec_\n"
		 "latency_percentiles_usec_x:p50\n# Commandstats\n"
		 "cmdstat_\"\xff:calls=1\nused_memory:1e999\nhz:nan\n"
		 "uptime_in_seconds:9223372036854775808\n"),
	    UINT64_MAX);
	assert_null(strstr(buf_cstr(&out), "redis_hz"));
	assert_null(strstr(buf_cstr(&out), "redis_memory_used_bytes"));
	/* Not as many databases as somebody says. */
	assert_non_null(strstr(buf_cstr(&out), "db=\"db63\""));
	assert_null(strstr(buf_cstr(&out), "db=\"db64\""));
	assert_non_null(strstr(buf_cstr(&out),
	    "redis_commands_total{cmd=\"\\\"\xef\xbf\xbd\"} 1\n"));
	buf_done(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_is_there),
		cmocka_unit_test(every_beginning_is_valid),
		cmocka_unit_test(lies),
	};

	return cmocka_run_group_tests_name("redis_names", tests, NULL, NULL);
}
