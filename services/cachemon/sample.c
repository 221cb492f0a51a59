#include "cachemon/sample.h"

#include <errno.h>
#include <stddef.h>

#include "redis/info.h"

struct number_field {
	const char *name;
	size_t offset;
};

static const struct number_field numbers[] = {
	{ "keyspace_hits", offsetof(struct sample, hits) },
	{ "keyspace_misses", offsetof(struct sample, misses) },
	{ "total_commands_processed", offsetof(struct sample, commands) },
	{ "evicted_keys", offsetof(struct sample, evicted) },
	{ "expired_keys", offsetof(struct sample, expired) },
	{ "total_connections_received", offsetof(struct sample, connections) },
	{ "rejected_connections", offsetof(struct sample, rejected) },
	{ "total_net_input_bytes", offsetof(struct sample, net_in) },
	{ "total_net_output_bytes", offsetof(struct sample, net_out) },
	{ "uptime_in_seconds", offsetof(struct sample, uptime_s) },
	{ "used_memory", offsetof(struct sample, memory_used) },
	{ "used_memory_peak", offsetof(struct sample, memory_peak) },
	{ "used_memory_rss", offsetof(struct sample, memory_rss) },
	{ "used_memory_dataset", offsetof(struct sample, memory_dataset) },
	{ "maxmemory", offsetof(struct sample, memory_limit) },
	{ "connected_clients", offsetof(struct sample, clients) },
	{ "blocked_clients", offsetof(struct sample, clients_blocked) },
	{ "maxclients", offsetof(struct sample, clients_limit) },
	{ "loading", offsetof(struct sample, loading) },
};

struct text_field {
	const char *name;
	size_t offset;
	size_t size;
};

static const struct text_field texts[] = {
	{ "maxmemory_policy", offsetof(struct sample, policy),
	    sizeof(((struct sample *)0)->policy) },
	{ "redis_version", offsetof(struct sample, version),
	    sizeof(((struct sample *)0)->version) },
	{ "run_id", offsetof(struct sample, run_id),
	    sizeof(((struct sample *)0)->run_id) },
};

static void
read_number(struct sample *s, const struct info_field *field)
{
	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (view_eq(field->name, view_str(numbers[i].name))) {
			uint64_t *to =
			    (uint64_t *)(void *)((char *)s + numbers[i].offset);

			if (view_u64(field->value, to) < 0) {
				*to = 0;
			}
			return;
		}
	}
}

static void
read_text(struct sample *s, const struct info_field *field)
{
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		if (view_eq(field->name, view_str(texts[i].name))) {
			char *to = (char *)s + texts[i].offset;

			if (view_to_cstr(field->value, to, texts[i].size) < 0) {
				to[0] = '\0';
			}
			return;
		}
	}
}

static uint64_t
part_u64(struct view value, const char *name)
{
	uint64_t number;

	return view_u64(info_part(value, name), &number) == 0 ? number : 0;
}

int
sample_parse(struct view info, struct sample *ret)
{
	struct sample s = { .hits = 0 };
	struct info_field field = { .section = { NULL, 0 } };

	while (info_next(&info, &field)) {
		if (view_eq(field.name, VIEW("db0"))) {
			s.keys = part_u64(field.value, "keys");
			s.keys_expiring = part_u64(field.value, "expires");
			s.avg_ttl_ms = part_u64(field.value, "avg_ttl");
			continue;
		}
		read_number(&s, &field);
		read_text(&s, &field);
	}
	if (s.version[0] == '\0' || s.memory_used == 0) {
		return -EPROTO;
	}
	*ret = s;
	return 0;
}
