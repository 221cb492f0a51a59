#include "cachemon/probe.h"

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
	int r = link_ask(link, &reply, "INFO all");

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
