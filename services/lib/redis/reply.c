#include "redis/reply.h"

struct view
reply_text(const redisReply *reply)
{
	if (reply == NULL
	    || (reply->type != REDIS_REPLY_STRING
		&& reply->type != REDIS_REPLY_STATUS)) {
		return (struct view){ NULL, 0 };
	}
	return (struct view){ reply->str, (size_t)reply->len };
}

const redisReply *
reply_element(const redisReply *reply, size_t i)
{
	return reply != NULL && reply->type == REDIS_REPLY_ARRAY
		&& i < (size_t)reply->elements
	    ? reply->element[i]
	    : NULL;
}

bool
reply_integer(const redisReply *reply, int64_t *ret)
{
	if (reply == NULL || reply->type != REDIS_REPLY_INTEGER) {
		return false;
	}
	*ret = (int64_t)reply->integer;
	return true;
}
