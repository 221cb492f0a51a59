#include "exporter/redis_names.h"

#include <stdio.h>
#include <string.h>

#include "redis/info.h"

#define NAME_MAX_BYTES 63

enum how {
	PLAIN,
	STATUS, /* ok is 1, anything else 0 */
	MICROSECONDS, /* shown in seconds */
};

/* The fields of one number each.  redis_ stands before every name. */
static const struct simple {
	struct view field;
	const char *name;
	enum metrics_type type;
	enum how how;
} simple_fields[] = {
#define FIELD(field) \
	{ \
		field, sizeof(field) - 1 \
	}
#define GAUGE(field, name) \
	{ \
		FIELD(field), name, METRICS_GAUGE, PLAIN \
	}
#define COUNTER(field, name) \
	{ \
		FIELD(field), name, METRICS_COUNTER, PLAIN \
	}
	/* Server */
	GAUGE("uptime_in_seconds", "uptime_in_seconds"),
	GAUGE("process_id", "process_id"),
	GAUGE("io_threads_active", "io_threads_active"),
	GAUGE("hz", "hz"),
	GAUGE("configured_hz", "configured_hz"),
	/* Clients */
	GAUGE("connected_clients", "connected_clients"),
	GAUGE("maxclients", "max_clients"),
	GAUGE("blocked_clients", "blocked_clients"),
	GAUGE("tracking_clients", "tracking_clients"),
	GAUGE("clients_in_timeout_table", "clients_in_timeout_table"),
	GAUGE("pubsub_clients", "pubsub_clients"),
	GAUGE("watching_clients", "watching_clients"),
	GAUGE("total_watched_keys", "total_watched_keys"),
	GAUGE("total_blocking_keys", "total_blocking_keys"),
	GAUGE("client_recent_max_output_buffer",
	    "client_recent_max_output_buffer_bytes"),
	GAUGE("client_recent_max_input_buffer",
	    "client_recent_max_input_buffer_bytes"),
	/* Memory */
	GAUGE("allocator_active", "allocator_active_bytes"),
	GAUGE("allocator_allocated", "allocator_allocated_bytes"),
	GAUGE("allocator_resident", "allocator_resident_bytes"),
	GAUGE("allocator_frag_ratio", "allocator_frag_ratio"),
	GAUGE("allocator_frag_bytes", "allocator_frag_bytes"),
	GAUGE("allocator_rss_ratio", "allocator_rss_ratio"),
	GAUGE("allocator_rss_bytes", "allocator_rss_bytes"),
	GAUGE("used_memory", "memory_used_bytes"),
	GAUGE("used_memory_rss", "memory_used_rss_bytes"),
	GAUGE("used_memory_peak", "memory_used_peak_bytes"),
	GAUGE("used_memory_lua", "memory_used_lua_bytes"),
	GAUGE("used_memory_overhead", "memory_used_overhead_bytes"),
	GAUGE("used_memory_startup", "memory_used_startup_bytes"),
	GAUGE("used_memory_dataset", "memory_used_dataset_bytes"),
	GAUGE("used_memory_scripts", "memory_used_scripts_bytes"),
	GAUGE("used_memory_vm_eval", "memory_used_vm_eval_bytes"),
	GAUGE("used_memory_vm_functions", "memory_used_vm_functions_bytes"),
	GAUGE("used_memory_vm_total", "memory_used_vm_total_bytes"),
	GAUGE("used_memory_scripts_eval", "memory_used_scripts_eval_bytes"),
	GAUGE("used_memory_functions", "memory_used_functions_bytes"),
	GAUGE("number_of_cached_scripts", "number_of_cached_scripts"),
	GAUGE("number_of_functions", "number_of_functions"),
	GAUGE("number_of_libraries", "number_of_libraries"),
	GAUGE("maxmemory", "memory_max_bytes"),
	GAUGE("mem_fragmentation_ratio", "mem_fragmentation_ratio"),
	GAUGE("mem_fragmentation_bytes", "mem_fragmentation_bytes"),
	GAUGE("mem_clients_slaves", "mem_clients_slaves"),
	GAUGE("mem_clients_normal", "mem_clients_normal"),
	GAUGE("mem_cluster_links", "mem_cluster_links_bytes"),
	GAUGE("mem_aof_buffer", "mem_aof_buffer_bytes"),
	GAUGE("mem_replication_backlog", "mem_replication_backlog_bytes"),
	GAUGE("mem_total_replication_buffers",
	    "mem_total_replication_buffers_bytes"),
	GAUGE("mem_not_counted_for_evict",
	    "mem_not_counted_for_eviction_bytes"),
	GAUGE("active_defrag_running", "active_defrag_running"),
	GAUGE("lazyfree_pending_objects", "lazyfree_pending_objects"),
	GAUGE("lazyfreed_objects", "lazyfreed_objects"),
	/* Persistence */
	GAUGE("loading", "loading_dump_file"),
	GAUGE("async_loading", "async_loading"),
	GAUGE("rdb_changes_since_last_save", "rdb_changes_since_last_save"),
	GAUGE("rdb_bgsave_in_progress", "rdb_bgsave_in_progress"),
	GAUGE("rdb_last_save_time", "rdb_last_save_timestamp_seconds"),
	{ FIELD("rdb_last_bgsave_status"), "rdb_last_bgsave_status",
	    METRICS_GAUGE, STATUS },
	GAUGE("rdb_last_bgsave_time_sec", "rdb_last_bgsave_duration_sec"),
	GAUGE("rdb_current_bgsave_time_sec", "rdb_current_bgsave_duration_sec"),
	COUNTER("rdb_saves", "rdb_saves_total"),
	GAUGE("rdb_last_cow_size", "rdb_last_cow_size_bytes"),
	GAUGE("rdb_last_load_keys_expired", "rdb_last_load_expired_keys"),
	GAUGE("rdb_last_load_keys_loaded", "rdb_last_load_loaded_keys"),
	GAUGE("aof_enabled", "aof_enabled"),
	GAUGE("aof_rewrite_in_progress", "aof_rewrite_in_progress"),
	GAUGE("aof_rewrite_scheduled", "aof_rewrite_scheduled"),
	GAUGE("aof_last_rewrite_time_sec", "aof_last_rewrite_duration_sec"),
	GAUGE("aof_current_rewrite_time_sec",
	    "aof_current_rewrite_duration_sec"),
	GAUGE("aof_last_cow_size", "aof_last_cow_size_bytes"),
	GAUGE("aof_current_size", "aof_current_size_bytes"),
	GAUGE("aof_base_size", "aof_base_size_bytes"),
	GAUGE("aof_pending_rewrite", "aof_pending_rewrite"),
	GAUGE("aof_buffer_length", "aof_buffer_length"),
	GAUGE("aof_rewrite_buffer_length", "aof_rewrite_buffer_length"),
	GAUGE("aof_pending_bio_fsync", "aof_pending_bio_fsync"),
	GAUGE("aof_delayed_fsync", "aof_delayed_fsync"),
	{ FIELD("aof_last_bgrewrite_status"), "aof_last_bgrewrite_status",
	    METRICS_GAUGE, STATUS },
	{ FIELD("aof_last_write_status"), "aof_last_write_status",
	    METRICS_GAUGE, STATUS },
	GAUGE("module_fork_in_progress", "module_fork_in_progress"),
	GAUGE("module_fork_last_cow_size", "module_fork_last_cow_size"),
	/* Stats */
	COUNTER("total_connections_received", "connections_received_total"),
	COUNTER("total_commands_processed", "commands_processed_total"),
	COUNTER("rejected_connections", "rejected_connections_total"),
	COUNTER("total_net_input_bytes", "net_input_bytes_total"),
	COUNTER("total_net_output_bytes", "net_output_bytes_total"),
	COUNTER("total_net_repl_input_bytes", "net_repl_input_bytes_total"),
	COUNTER("total_net_repl_output_bytes", "net_repl_output_bytes_total"),
	COUNTER("expired_keys", "expired_keys_total"),
	COUNTER("expired_subkeys", "expired_subkeys_total"),
	COUNTER("evicted_keys", "evicted_keys_total"),
	COUNTER("evicted_clients", "evicted_clients_total"),
	COUNTER("evicted_scripts", "evicted_scripts_total"),
	COUNTER("keyspace_hits", "keyspace_hits_total"),
	COUNTER("keyspace_misses", "keyspace_misses_total"),
	COUNTER("total_eviction_exceeded_time", "eviction_exceeded_time_total"),
	COUNTER("total_error_replies", "total_error_replies"),
	COUNTER("unexpected_error_replies", "unexpected_error_replies"),
	COUNTER("dump_payload_sanitizations", "dump_payload_sanitizations"),
	COUNTER("total_reads_processed", "total_reads_processed"),
	COUNTER("total_writes_processed", "total_writes_processed"),
	COUNTER("io_threaded_reads_processed", "io_threaded_reads_processed"),
	COUNTER("io_threaded_writes_processed", "io_threaded_writes_processed"),
	COUNTER("acl_access_denied_auth", "acl_access_denied_auth_total"),
	COUNTER("acl_access_denied_cmd", "acl_access_denied_cmd_total"),
	COUNTER("acl_access_denied_key", "acl_access_denied_key_total"),
	COUNTER("acl_access_denied_channel", "acl_access_denied_channel_total"),
	GAUGE("expired_stale_perc", "expired_stale_percentage"),
	GAUGE("expired_time_cap_reached_count",
	    "expired_time_cap_reached_total"),
	GAUGE("pubsub_channels", "pubsub_channels"),
	GAUGE("pubsub_patterns", "pubsub_patterns"),
	GAUGE("pubsubshard_channels", "pubsubshard_channels"),
	{ FIELD("latest_fork_usec"), "latest_fork_seconds", METRICS_GAUGE,
	    MICROSECONDS },
	GAUGE("migrate_cached_sockets", "migrate_cached_sockets_total"),
	GAUGE("slave_expires_tracked_keys", "slave_expires_tracked_keys"),
	GAUGE("active_defrag_hits", "defrag_hits"),
	GAUGE("active_defrag_misses", "defrag_misses"),
	GAUGE("active_defrag_key_hits", "defrag_key_hits"),
	GAUGE("active_defrag_key_misses", "defrag_key_misses"),
	GAUGE("tracking_total_keys", "tracking_total_keys"),
	GAUGE("tracking_total_items", "tracking_total_items"),
	GAUGE("tracking_total_prefixes", "tracking_total_prefixes"),
	/* Replication */
	GAUGE("connected_slaves", "connected_slaves"),
	GAUGE("repl_backlog_size", "replication_backlog_bytes"),
	GAUGE("repl_backlog_active", "repl_backlog_is_active"),
	GAUGE("repl_backlog_first_byte_offset",
	    "repl_backlog_first_byte_offset"),
	GAUGE("repl_backlog_histlen", "repl_backlog_history_bytes"),
	GAUGE("master_repl_offset", "master_repl_offset"),
	GAUGE("second_repl_offset", "second_repl_offset"),
	GAUGE("slave_priority", "slave_priority"),
	GAUGE("sync_full", "replica_resyncs_full"),
	GAUGE("sync_partial_ok", "replica_partial_resync_accepted"),
	GAUGE("sync_partial_err", "replica_partial_resync_denied"),
	/* CPU */
	COUNTER("used_cpu_sys", "cpu_sys_seconds_total"),
	COUNTER("used_cpu_user", "cpu_user_seconds_total"),
	COUNTER("used_cpu_sys_children", "cpu_sys_children_seconds_total"),
	COUNTER("used_cpu_user_children", "cpu_user_children_seconds_total"),
	COUNTER("used_cpu_sys_main_thread",
	    "cpu_sys_main_thread_seconds_total"),
	COUNTER("used_cpu_user_main_thread",
	    "cpu_user_main_thread_seconds_total"),
	/* Cluster */
	GAUGE("cluster_enabled", "cluster_enabled"),
	GAUGE("cluster_connections", "cluster_connections"),
#undef GAUGE
#undef COUNTER
#undef FIELD
};

static void
begin(struct metrics *m, const char *name, enum metrics_type type,
    const char *help)
{
	char family[NAME_MAX_BYTES + 8], text[NAME_MAX_BYTES + 16];

	(void)snprintf(family, sizeof(family), "redis_%s", name);
	if (help == NULL) {
		/* Word for word what redis_exporter says. */
		(void)snprintf(text, sizeof(text), "%s metric", name);
		help = text;
	}
	metrics_family(m, family, type, help);
}

static void
write_simple(struct metrics *m, const struct simple *s, struct view value)
{
	double number;

	if (s->how == STATUS) {
		begin(m, s->name, s->type, NULL);
		metrics_u64(m, view_eq(value, VIEW("ok")));
	} else if (view_double(value, &number) == 0) {
		begin(m, s->name, s->type, NULL);
		if (s->how == MICROSECONDS) {
			metrics_double(m, number / 1e6);
		} else {
			metrics_text(m, value);
		}
	}
}

/* Fields of INFO that mixin dashboards know under a second name. */
static void
write_more(struct metrics *m, struct view name, struct view value, int64_t now)
{
	uint64_t seconds;
	double ratio;

	if (view_eq(name, VIEW("uptime_in_seconds"))
	    && view_u64(value, &seconds) == 0) {
		begin(m, "start_time_seconds", METRICS_GAUGE,
		    "Start time of the Redis instance since unix epoch in "
		    "seconds.");
		metrics_double(m, (double)now - (double)seconds);
	} else if (view_eq(name, VIEW("mem_fragmentation_ratio"))
	    && view_double(value, &ratio) == 0) {
		begin(m, "memory_fragmentation_ratio", METRICS_GAUGE, NULL);
		metrics_text(m, value);
	}
}

static void
write_simples(struct metrics *m, struct view info, int64_t now)
{
	struct info_field field = { .section = { NULL, 0 } };

	while (info_next(&info, &field)) {
		for (size_t i = 0; i < ARRAY_LEN(simple_fields); i++) {
			if (view_eq(field.name, simple_fields[i].field)) {
				write_simple(m, &simple_fields[i], field.value);
				break;
			}
		}
		write_more(m, field.name, field.value, now);
	}
}

static void
write_instance(struct metrics *m, struct view info)
{
	static const char *const labels[] = { "role", "redis_version",
		"redis_build_id", "redis_mode", "os", "maxmemory_policy",
		"tcp_port", "run_id", "process_id" };

	begin(m, "instance_info", METRICS_GAUGE,
	    "Information about the Redis instance");
	for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
		metrics_label(m, labels[i], info_find(info, labels[i]));
	}
	metrics_u64(m, 1);
}

/* --- sections of many lines of one kind ---------------------------------- */

/* One family of a section: the part of the value, and how it is shown. */
struct part {
	const char *part;
	const char *name;
	enum metrics_type type;
	const char *help;
	const char *label;
	double scale;
};

/*
 * A family out of all fields of a section whose name begins with `prefix`; the
 * label is the rest of the name, or the whole name when `whole`.  The family
 * may have `begun` before.
 */
static void
write_part(struct metrics *m, struct view info, const char *section,
    const char *prefix, bool whole, const struct part *part, bool begun)
{
	struct info_field field = { .section = { NULL, 0 } };

	while (info_next(&info, &field)) {
		struct view label = field.name;
		double value;

		if (!view_eq(field.section, view_str(section))
		    || !view_starts(label, view_str(prefix))
		    || view_double(info_part(field.value, part->part), &value)
			< 0) {
			continue;
		}
		if (!begun) {
			begin(m, part->name, part->type, part->help);
			begun = true;
		}
		metrics_label(m, part->label,
		    whole ? label : view_drop(label, strlen(prefix)));
		metrics_double(m, value * part->scale);
	}
}

static void
write_commands(struct metrics *m, struct view info)
{
	static const struct part parts[] = {
		{ "calls", "commands_total", METRICS_COUNTER,
		    "Total number of calls per command", "cmd", 1 },
		{ "usec", "commands_duration_seconds_total", METRICS_COUNTER,
		    "Total amount of time in seconds spent per command", "cmd",
		    1e-6 },
		{ "rejected_calls", "commands_rejected_calls_total",
		    METRICS_COUNTER,
		    "Total number of errors within command execution per "
		    "command",
		    "cmd", 1 },
		{ "failed_calls", "commands_failed_calls_total",
		    METRICS_COUNTER,
		    "Total number of errors prior command execution per "
		    "command",
		    "cmd", 1 },
	};
	static const struct part error = { "count", "errors_total",
		METRICS_COUNTER, "Total number of errors per error type", "err",
		1 };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		write_part(m, info, "Commandstats", "cmdstat_", false,
		    &parts[i], false);
	}
	write_part(m, info, "Errorstats", "errorstat_", false, &error, false);
}

/* The value of one command in Commandstats; p == NULL when absent. */
static struct view
command_stats(struct view info, struct view command)
{
	struct info_field field = { .section = { NULL, 0 } };

	while (info_next(&info, &field)) {
		if (view_starts(field.name, VIEW("cmdstat_"))
		    && view_eq(view_drop(field.name, 8), command)) {
			return field.value;
		}
	}
	return (struct view){ NULL, 0 };
}

/* p50=0.001,p99=1.003 of one command, with its count and sum. */
static void
write_summary(struct metrics *m, struct view command, struct view value,
    struct view stats)
{
	double calls, usec, number;

	if (view_double(info_part(stats, "calls"), &calls) < 0
	    || view_double(info_part(stats, "usec"), &usec) < 0) {
		return;
	}
	while (value.p != NULL) {
		struct view part = view_cut(&value, ',');
		struct view key = view_cut(&part, '=');
		char quantile[32];

		if (!view_starts(key, VIEW("p"))
		    || view_double(view_drop(key, 1), &number) < 0
		    || view_to_cstr(view_drop(key, 1), quantile,
			   sizeof(quantile))
			< 0
		    || view_double(part, &number) < 0) {
			continue;
		}
		metrics_label(m, "cmd", command);
		metrics_label(m, "quantile", view_str(quantile));
		metrics_text(m, part);
	}
	metrics_suffix(m, "_sum");
	metrics_label(m, "cmd", command);
	metrics_double(m, usec);
	metrics_suffix(m, "_count");
	metrics_label(m, "cmd", command);
	metrics_double(m, calls);
}

static void
write_latencies(struct metrics *m, struct view info)
{
	static const struct view prefix = { "latency_percentiles_usec_", 25 };
	struct info_field field = { .section = { NULL, 0 } };
	struct view rest = info;
	bool begun = false;

	while (info_next(&rest, &field)) {
		struct view command = view_drop(field.name, prefix.n);

		if (!view_eq(field.section, VIEW("Latencystats"))
		    || !view_starts(field.name, prefix)) {
			continue;
		}
		if (!begun) {
			begin(m, "latency_percentiles_usec", METRICS_SUMMARY,
			    "A summary of latency percentile distribution per "
			    "command");
			begun = true;
		}
		write_summary(m, command, field.value,
		    command_stats(info, command));
	}
}

/* Databases without a key are not in INFO: they have 0 keys. */
static void
write_empty(struct metrics *m, struct view info, uint64_t databases)
{
	for (uint64_t i = 0; i < databases && i < REDIS_DATABASES_MAX; i++) {
		char db[24];

		(void)snprintf(db, sizeof(db), "db%llu", (unsigned long long)i);
		if (info_find(info, db).p == NULL) {
			metrics_label(m, "db", view_str(db));
			metrics_u64(m, 0);
		}
	}
}

static void
write_keyspace(struct metrics *m, struct view info, uint64_t databases)
{
	static const struct part parts[] = {
		{ "keys", "db_keys", METRICS_GAUGE,
		    "Total number of keys by DB", "db", 1 },
		{ "expires", "db_keys_expiring", METRICS_GAUGE,
		    "Total number of expiring keys by DB", "db", 1 },
	};
	static const struct part ttl = { "avg_ttl", "db_avg_ttl_seconds",
		METRICS_GAUGE, "Avg TTL in seconds", "db", 1e-3 };

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		begin(m, parts[i].name, parts[i].type, parts[i].help);
		write_empty(m, info, databases);
		write_part(m, info, "Keyspace", "db", true, &parts[i], true);
	}
	write_part(m, info, "Keyspace", "db", true, &ttl, false);
}

/* slave0:ip=10.0.0.2,port=6379,state=online,offset=17,lag=0 */
static void
write_slaves(struct metrics *m, struct view info, const char *part,
    const char *name, const char *help)
{
	struct info_field field = { .section = { NULL, 0 } };
	bool begun = false;

	while (info_next(&info, &field)) {
		struct view number = info_part(field.value, part);
		double value;

		if (!view_eq(field.section, VIEW("Replication"))
		    || !view_starts(field.name, VIEW("slave"))
		    || view_double(number, &value) < 0) {
			continue;
		}
		if (!begun) {
			begin(m, name, METRICS_GAUGE, help);
			begun = true;
		}
		metrics_label(m, "slave_ip", info_part(field.value, "ip"));
		metrics_label(m, "slave_port", info_part(field.value, "port"));
		metrics_label(m, "slave_state",
		    info_part(field.value, "state"));
		metrics_text(m, number);
	}
}

void
redis_names_write(struct metrics *m, struct view info, uint64_t databases,
    int64_t now)
{
	write_instance(m, info);
	write_simples(m, info, now);
	write_commands(m, info);
	write_latencies(m, info);
	write_keyspace(m, info, databases);
	write_slaves(m, info, "offset", "connected_slave_offset_bytes",
	    "Offset of connected slave");
	write_slaves(m, info, "lag", "connected_slave_lag_seconds",
	    "Lag of connected slave");
}
