#include "cachemon/probe.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "redis/reply.h"
#include "run/clock.h"

int
probe_ping(struct link *link, uint32_t *ret)
{
	int64_t begun = clock_us();
	redisReply *reply = NULL;
	int r = link_ask(link, &reply, "PING");

	if (r < 0) {
		return r;
	}
	*ret = (uint32_t)(clock_us() - begun);
	freeReplyObject(reply);
	return 0;
}

int
probe_info(struct link *link, struct sample *ret)
{
	redisReply *reply = NULL;
	int r = link_ask(link, &reply, "INFO");

	if (r < 0) {
		return r;
	}
	/* Any other answer is no INFO for it, either. */
	r = sample_parse(reply_text(reply), ret);
	freeReplyObject(reply);
	return r;
}

int
probe_threshold(struct link *link, int64_t *ret_us)
{
	redisReply *reply = NULL;
	int r = link_ask(link, &reply, "CONFIG GET slowlog-log-slower-than");

	if (r < 0) {
		return r;
	}
	if (view_i64(reply_text(reply_element(reply, 1)), ret_us) < 0) {
		*ret_us = -1;
	}
	freeReplyObject(reply);
	return 0;
}

int
probe_slowlog(struct link *link, struct slowlog *ret)
{
	redisReply *reply = NULL;
	int r = link_ask(link, &reply, "SLOWLOG LEN");

	if (r < 0) {
		return r;
	}
	ret->length = reply->type == REDIS_REPLY_INTEGER
	    ? (uint64_t)reply->integer
	    : 0;
	freeReplyObject(reply);
	reply = NULL;
	r = link_ask(link, &reply, "SLOWLOG GET %d", SLOWLOG_ASK);
	if (r < 0) {
		return r;
	}
	r = slowlog_parse(reply, ret);
	freeReplyObject(reply);
	return r;
}

/* One part of probe_server().  A refusal is no failure of the others. */
static int
ask_part(struct link *link, const char *command, redisReply **ret)
{
	int r = link_ask(link, ret, command);

	if (r < 0) {
		*ret = NULL;
		return link_is_open(link) ? 0 : r;
	}
	return 0;
}

int
probe_server(struct link *link, struct server *ret)
{
	struct server server = { .clients_n = 0 };
	redisReply *reply = NULL;
	int r = ask_part(link, "CLIENT LIST", &reply);

	if (r == 0) {
		server_clients(reply_text(reply), &server);
		freeReplyObject(reply);
		r = ask_part(link, "LATENCY LATEST", &reply);
	}
	if (r == 0) {
		/* Another answer leaves that part empty. */
		(void)!server_latency(reply, &server);
		freeReplyObject(reply);
		r = ask_part(link, "MEMORY STATS", &reply);
	}
	if (r == 0) {
		(void)!server_memory(reply, &server);
		freeReplyObject(reply);
		*ret = server;
	}
	return r;
}

int
probe_plugin(struct link *link, const char *key, struct plugin *ret)
{
	redisReply *reply = NULL;
	int64_t kept = 0;
	int r = link_ask(link, &reply, "ZCARD %s", key);

	if (r < 0) {
		return r;
	}
	if (reply_integer(reply, &kept)) {
		link_looked_up(link, kept > 0);
	}
	freeReplyObject(reply);
	r = link_ask(link, &reply, "ZREVRANGE %s 0 %d", key, PLUGIN_ASK - 1);
	if (r < 0) {
		return r;
	}
	if (reply->type == REDIS_REPLY_ARRAY) {
		link_looked_up(link, reply->elements > 0);
		for (size_t i = 0; i < reply->elements; i++) {
			struct plugin_request request;

			if (plugin_parse(reply_text(reply->element[i]),
				&request)
			    == 0) {
				plugin_add(ret, &request);
			}
		}
	}
	ret->kept = (uint64_t)kept;
	freeReplyObject(reply);
	return 0;
}

int
probe_stream(struct link *link, const struct status *status)
{
	const struct point *p = &status->minute;
	double ratio = point_hit_ratio(p);
	redisReply *reply = NULL;
	char text[16];
	int r;

	(void)snprintf(text, sizeof(text), "%.4f", isnan(ratio) ? 0 : ratio);
	r = link_ask(link, &reply,
	    "XADD " PROBE_STREAM " MAXLEN ~ %d * span_ms %u hits %" PRIu64
	    " misses %" PRIu64 " hit_ratio %s commands %" PRIu64
	    " evicted %u memory_used %" PRIu64 " memory_limit %" PRIu64
	    " keys %" PRIu64 " clients %u answer_us %u",
	    PROBE_STREAM_MOST, p->span_ms, p->hits, p->misses,
	    isnan(ratio) ? "" : text, p->commands, p->evicted, p->memory_used,
	    p->memory_limit, p->keys, p->clients, p->answer_us);
	if (r == 0) {
		freeReplyObject(reply);
	}
	return r;
}
