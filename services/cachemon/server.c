#include "cachemon/server.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "cachemon/json.h"
#include "cachemon/slowlog.h"
#include "redis/reply.h"

static void
keep(struct view v, char out[SERVER_TEXT + 1])
{
	size_t n = v.n < SERVER_TEXT ? v.n : SERVER_TEXT;

	if (n > 0) {
		memcpy(out, v.p, n);
	}
	out[n] = '\0';
}

static uint64_t
number_or_zero(struct view v)
{
	uint64_t number;

	return view_u64(v, &number) == 0 ? number : 0;
}

/* "id=7 addr=192.0.2.1:40000 name= age=3 ..."; values have no spaces. */
static void
read_client(struct view line, struct server_client *ret)
{
	while (line.p != NULL) {
		struct view value = view_cut(&line, ' ');
		struct view name = view_cut(&value, '=');

		if (view_eq(name, VIEW("addr"))) {
			keep(value, ret->address);
		} else if (view_eq(name, VIEW("name"))) {
			keep(value, ret->name);
		} else if (view_eq(name, VIEW("user"))) {
			keep(value, ret->user);
		} else if (view_eq(name, VIEW("cmd"))) {
			keep(value, ret->command);
		} else if (view_eq(name, VIEW("age"))) {
			ret->age_s = number_or_zero(value);
		} else if (view_eq(name, VIEW("idle"))) {
			ret->idle_s = number_or_zero(value);
		} else if (view_eq(name, VIEW("tot-mem"))) {
			ret->memory = number_or_zero(value);
		}
	}
}

void
server_clients(struct view list, struct server *ret)
{
	ret->clients_all = 0;
	ret->clients_n = 0;
	while (list.p != NULL) {
		struct view line = view_trim(view_cut(&list, '\n'));
		struct server_client client = { .age_s = 0 };

		if (line.n == 0) {
			continue;
		}
		read_client(line, &client);
		if (strcmp(client.name, SLOWLOG_OWN_NAME) == 0) {
			continue;
		}
		ret->clients_all++;
		if (ret->clients_n < SERVER_CLIENTS) {
			ret->clients[ret->clients_n++] = client;
		}
	}
}

int
server_latency(const redisReply *reply, struct server *ret)
{
	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) {
		return -EPROTO;
	}
	ret->latency_n = 0;
	for (size_t i = 0;
	     i < reply->elements && ret->latency_n < SERVER_LATENCIES; i++) {
		const redisReply *row = reply->element[i];
		struct server_latency l = { .time = 0 };

		if (reply_integer(reply_element(row, 1), &l.time)
		    && reply_integer(reply_element(row, 2), &l.last_ms)
		    && reply_integer(reply_element(row, 3), &l.highest_ms)) {
			keep(reply_text(reply_element(row, 0)), l.event);
			ret->latency[ret->latency_n++] = l;
		}
	}
	return 0;
}

static const struct {
	const char *name;
	size_t offset;
} stats[] = {
	{ "peak.allocated", offsetof(struct server_memory, peak) },
	{ "total.allocated", offsetof(struct server_memory, total) },
	{ "startup.allocated", offsetof(struct server_memory, startup) },
	{ "clients.normal", offsetof(struct server_memory, clients) },
	{ "overhead.total", offsetof(struct server_memory, overhead) },
	{ "dataset.bytes", offsetof(struct server_memory, dataset) },
	{ "keys.bytes-per-key", offsetof(struct server_memory, bytes_per_key) },
};

static void
read_stat(struct view name, const redisReply *value, struct server_memory *ret)
{
	int64_t number;

	for (size_t i = 0; i < ARRAY_LEN(stats); i++) {
		if (view_eq(name, view_str(stats[i].name))
		    && reply_integer(value, &number) && number >= 0) {
			*(uint64_t *)(void *)((char *)ret + stats[i].offset) =
			    (uint64_t)number;
		}
	}
	if (view_eq(name, VIEW("fragmentation"))
	    && view_double(reply_text(value), &ret->fragmentation) < 0) {
		ret->fragmentation = 0;
	}
}

int
server_memory(const redisReply *reply, struct server *ret)
{
	struct server_memory m = { .peak = 0 };

	if (reply == NULL || reply->type != REDIS_REPLY_ARRAY) {
		return -EPROTO;
	}
	for (size_t i = 0; i + 1 < reply->elements; i += 2) {
		read_stat(reply_text(reply->element[i]), reply->element[i + 1],
		    &m);
	}
	ret->memory = m;
	return 0;
}

static void
client_json(const struct server_client *c, struct buf *out)
{
	json_open(out, NULL, '{');
	json_str(out, "address", view_str(c->address));
	json_str(out, "name", view_str(c->name));
	json_str(out, "user", view_str(c->user));
	json_str(out, "command", view_str(c->command));
	json_u64(out, "age_s", c->age_s);
	json_u64(out, "idle_s", c->idle_s);
	json_u64(out, "memory", c->memory);
	json_close(out, '}');
}

static void
memory_json(const struct server_memory *m, struct buf *out)
{
	json_open(out, "memory", '{');
	json_u64(out, "peak", m->peak);
	json_u64(out, "total", m->total);
	json_u64(out, "startup", m->startup);
	json_u64(out, "clients", m->clients);
	json_u64(out, "overhead", m->overhead);
	json_u64(out, "dataset", m->dataset);
	json_u64(out, "bytes_per_key", m->bytes_per_key);
	json_num(out, "fragmentation", m->fragmentation, 2);
	json_close(out, '}');
}

void
server_json(const struct server *server, struct buf *out)
{
	json_open(out, NULL, '{');
	json_u64(out, "clients_all", server->clients_all);
	json_open(out, "clients", '[');
	for (size_t i = 0; i < server->clients_n; i++) {
		client_json(&server->clients[i], out);
	}
	json_close(out, ']');
	memory_json(&server->memory, out);
	json_open(out, "latency", '[');
	for (size_t i = 0; i < server->latency_n; i++) {
		const struct server_latency *l = &server->latency[i];

		json_open(out, NULL, '{');
		json_str(out, "event", view_str(l->event));
		json_i64(out, "time", l->time);
		json_i64(out, "last_ms", l->last_ms);
		json_i64(out, "highest_ms", l->highest_ms);
		json_close(out, '}');
	}
	json_close(out, ']');
	json_close(out, '}');
}
