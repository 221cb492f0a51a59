#include "cachemon/slowlog.h"

#include <errno.h>
#include <string.h>

#include "cachemon/json.h"
#include "redis/reply.h"

/* Commands whose first argument is no key. */
static const char *const no_key[] = { "ACL", "AUTH", "CLIENT", "CONFIG",
	"DEBUG", "EVAL", "EVALSHA", "EVALSHA_RO", "EVAL_RO", "FCALL",
	"FCALL_RO", "FUNCTION", "HELLO", "INFO", "KEYS", "LATENCY", "MEMORY",
	"MIGRATE", "MODULE", "PSUBSCRIBE", "PUBLISH", "REPLICAOF", "SCAN",
	"PING", "SCRIPT", "SELECT", "SLOWLOG", "SUBSCRIBE" };

/* Copies the beginning of `v`; returns how many bytes. */
static uint8_t
keep(struct view v, char *out, size_t most)
{
	size_t n = v.n < most ? v.n : most;

	if (n > 0) {
		memcpy(out, v.p, n);
	}
	out[n] = '\0';
	return (uint8_t)n;
}

bool
command_names_key(struct view command)
{
	for (size_t i = 0; i < ARRAY_LEN(no_key); i++) {
		if (view_eq_nocase(command, view_str(no_key[i]))) {
			return false;
		}
	}
	return true;
}

/* id, time, microseconds, arguments, and since Redis 4 address and name. */
static bool
read_entry(const redisReply *reply, struct slow_entry *ret)
{
	const redisReply *args = reply_element(reply, 3);
	struct view command = reply_text(reply_element(args, 0));
	struct slow_entry e = { .id = 0 };

	if (!reply_integer(reply_element(reply, 0), &e.id)
	    || !reply_integer(reply_element(reply, 1), &e.time)
	    || !reply_integer(reply_element(reply, 2), &e.usec)
	    || reply_element(args, 0) == NULL
	    || view_eq(reply_text(reply_element(reply, 5)),
		VIEW(SLOWLOG_OWN_NAME))) {
		return false;
	}
	e.command_n = keep(command, e.command, SLOWLOG_NAME);
	e.hidden = args->elements - 1;
	if (args->elements > 1 && command_names_key(command)) {
		e.key_n = keep(reply_text(args->element[1]), e.key,
		    SLOWLOG_KEY);
		e.hidden--;
	}
	e.client_n = keep(reply_text(reply_element(reply, 4)), e.client,
	    SLOWLOG_CLIENT);
	*ret = e;
	return true;
}

int
slowlog_parse(const redisReply *reply, struct slowlog *ret)
{
	ret->n = 0;
	if (reply->type != REDIS_REPLY_ARRAY) {
		return -EPROTO;
	}
	for (size_t i = 0; i < reply->elements && ret->n < SLOWLOG_MOST; i++) {
		if (read_entry(reply->element[i], &ret->entries[ret->n])) {
			ret->n++;
		}
	}
	return 0;
}

bool
slowlog_same(const struct slowlog *a, const struct slowlog *b)
{
	if (a->length != b->length || a->threshold_us != b->threshold_us
	    || a->n != b->n) {
		return false;
	}
	/* Ids start again when Redis does, so times count, too. */
	for (size_t i = 0; i < a->n; i++) {
		if (a->entries[i].id != b->entries[i].id
		    || a->entries[i].time != b->entries[i].time
		    || a->entries[i].usec != b->entries[i].usec) {
			return false;
		}
	}
	return true;
}

static void
entry_json(const struct slow_entry *e, struct buf *out)
{
	json_open(out, NULL, '{');
	json_i64(out, "id", e->id);
	json_i64(out, "time", e->time);
	json_i64(out, "usec", e->usec);
	json_str(out, "command", (struct view){ e->command, e->command_n });
	json_str(out, "key", (struct view){ e->key, e->key_n });
	json_u64(out, "hidden", e->hidden);
	json_str(out, "client", (struct view){ e->client, e->client_n });
	json_close(out, '}');
}

void
slowlog_json(const struct slowlog *log, struct buf *out)
{
	json_open(out, NULL, '{');
	json_u64(out, "length", log->length);
	if (log->threshold_us >= 0) {
		json_i64(out, "threshold_us", log->threshold_us);
	} else {
		json_null(out, "threshold_us");
	}
	json_open(out, "entries", '[');
	for (size_t i = 0; i < log->n; i++) {
		entry_json(&log->entries[i], out);
	}
	json_close(out, ']');
	json_close(out, '}');
}
