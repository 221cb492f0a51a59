#include "redis/client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "run/clock.h"
#include "run/net.h"

struct redis_client {
	redisContext *context;
	int timeout_ms;
	size_t reply_max;
	bool broken; /* answers and questions are out of step */
};

/* Before we know who that is, no long answer is waited for. */
#define LOGIN_REPLY_MAX (64UL * 1024)

static struct timeval
to_timeval(int ms)
{
	return (struct timeval){ .tv_sec = ms / 1000,
		.tv_usec = ms % 1000 * 1000L };
}

/* What hiredis' error means; read errno before anything else touches it. */
static int
context_error(const redisContext *context)
{
	int saved = errno;

	switch (context->err) {
	case REDIS_ERR_IO:
		/* A receive time-out shows as EAGAIN. */
		if (saved == EAGAIN || saved == EINPROGRESS) {
			return -ETIMEDOUT;
		}
		return saved != 0 ? -saved : -EIO;
	case REDIS_ERR_EOF:
		return -ECONNRESET;
	case REDIS_ERR_PROTOCOL:
		return -EPROTO;
	case REDIS_ERR_OOM:
		return -ENOMEM;
#ifdef REDIS_ERR_TIMEOUT
	case REDIS_ERR_TIMEOUT:
		return -ETIMEDOUT;
#endif
	default:
		/* REDIS_ERR_OTHER: the name did not resolve. */
		return -EHOSTUNREACH;
	}
}

static int
reply_error(const redisReply *reply)
{
	struct view text = { reply->str, (size_t)reply->len };

	if (reply->type != REDIS_REPLY_ERROR) {
		return 0;
	}
	if (view_starts(text, VIEW("NOPERM"))) {
		return -EPERM;
	}
	if (view_starts(text, VIEW("WRONGPASS"))
	    || view_starts(text, VIEW("NOAUTH"))) {
		return -EACCES;
	}
	return -EREMOTEIO;
}

/*
 * hiredis' own redisGetReply() waits anew for every piece that comes and reads
 * for as long as pieces come; here the whole reply has one deadline and a size.
 */
static int
read_reply(struct redis_client *client, redisReply **ret)
{
	redisContext *context = client->context;
	int64_t deadline = clock_ms() + client->timeout_ms;
	size_t total = 0;
	int done = 0;

	while (done == 0) {
		if (clock_left(deadline) == 0) {
			return -ETIMEDOUT;
		}
		errno = 0;
		if (redisBufferWrite(context, &done) != REDIS_OK) {
			return context_error(context);
		}
	}
	for (;;) {
		void *reply = NULL;
		size_t before;
		int r;

		if (redisReaderGetReply(context->reader, &reply) != REDIS_OK) {
			return context->reader->err == REDIS_ERR_OOM ? -ENOMEM
								     : -EPROTO;
		}
		if (reply != NULL) {
			*ret = reply;
			return 0;
		}
		r = net_wait_read(context->fd, deadline);
		if (r < 0) {
			return r;
		}
		before = context->reader->len;
		errno = 0;
		if (redisBufferRead(context) != REDIS_OK) {
			return context_error(context);
		}
		total += context->reader->len - before;
		if (total > client->reply_max) {
			return -EMSGSIZE;
		}
	}
}

/*
 * The library makes room for as many elements as an answer announces, of which
 * each takes three bytes or more; before version 1 that has no limit.
 */
static void
set_reply_max(struct redis_client *client, size_t most)
{
	client->reply_max = most;
#ifdef REDIS_READER_MAX_ARRAY_ELEMENTS
	client->context->reader->maxelements = (long long)(most / 3);
#endif
}

int
redis_vsend(struct redis_client *client, const char *fmt, va_list args)
{
	if (redisvAppendCommand(client->context, fmt, args) != REDIS_OK) {
		client->broken = true;
		return -ENOMEM;
	}
	return 0;
}

int
redis_next(struct redis_client *client, redisReply **ret)
{
	redisReply *reply = NULL;
	int r = read_reply(client, &reply);

	if (r < 0 || reply == NULL) {
		/* What comes later would be taken for another answer. */
		client->broken = true;
		return r < 0 ? r : -EPROTO;
	}
	r = reply_error(reply);
	if (r < 0) {
		freeReplyObject(reply);
		return r;
	}
	*ret = reply;
	return 0;
}

/* As redis_push(), without noting that the connection is lost. */
static int
read_push(struct redis_client *client, int64_t deadline, redisReply **ret)
{
	redisContext *context = client->context;
	int done = 0;

	errno = 0;
	if (redisBufferWrite(context, &done) != REDIS_OK) {
		return context_error(context);
	}
	for (;;) {
		void *reply = NULL;
		int r;

		if (redisReaderGetReply(context->reader, &reply) != REDIS_OK) {
			return context->reader->err == REDIS_ERR_OOM ? -ENOMEM
								     : -EPROTO;
		}
		if (reply != NULL) {
			*ret = reply;
			return 0;
		}
		if (context->reader->len > client->reply_max) {
			return -EMSGSIZE;
		}
		r = net_wait_read(context->fd, deadline);
		if (r < 0) {
			return r == -ETIMEDOUT ? -EAGAIN : r;
		}
		errno = 0;
		if (redisBufferRead(context) != REDIS_OK) {
			return context_error(context);
		}
	}
}

int
redis_push(struct redis_client *client, int64_t deadline, redisReply **ret)
{
	int r = read_push(client, deadline, ret);

	client->broken |= r < 0 && r != -EAGAIN;
	return r;
}

int
redis_vask(struct redis_client *client, redisReply **ret, const char *fmt,
    va_list args)
{
	int r = redis_vsend(client, fmt, args);

	return r < 0 ? r : redis_next(client, ret);
}

int
redis_ask(struct redis_client *client, redisReply **ret, const char *fmt, ...)
{
	va_list args;
	int r;

	va_start(args, fmt);
	r = redis_vask(client, ret, fmt, args);
	va_end(args);
	return r;
}

bool
redis_usable(const struct redis_client *client)
{
	return !client->broken && client->context->err == 0;
}

void
redis_set_timeout(struct redis_client *client, int timeout_ms)
{
	client->timeout_ms = timeout_ms;
}

redisContext *
redis_context(struct redis_client *client)
{
	return client->context;
}

static int
login(struct redis_client *client, const struct redis_target *target)
{
	redisReply *reply = NULL;
	int r = redis_ask(client, &reply, "AUTH %s %s", target->user,
	    target->password);

	if (r == 0) {
		freeReplyObject(reply);
	}
	return r;
}

int
redis_open(const struct redis_target *target, struct redis_client **ret)
{
	struct timeval limit = to_timeval(target->timeout_ms);
	struct redis_client *client = calloc(1, sizeof(*client));
	int r = -ENOMEM;

	if (client == NULL) {
		return -ENOMEM;
	}
	client->timeout_ms = target->timeout_ms;
	errno = 0;
	client->context = redisConnectWithTimeout(target->host,
	    (int)target->port, limit);
	if (client->context == NULL) {
		goto fail;
	}
	if (client->context->err != 0) {
		r = context_error(client->context);
		goto fail;
	}
	if (redisSetTimeout(client->context, limit) != REDIS_OK) {
		r = -EIO;
		goto fail;
	}
	set_reply_max(client, LOGIN_REPLY_MAX);
	r = login(client, target);
	if (r < 0) {
		goto fail;
	}
	set_reply_max(client,
	    target->reply_max > 0 ? target->reply_max : REDIS_REPLY_MAX);
	*ret = client;
	return 0;
fail:
	redis_close(client);
	return r;
}

void
redis_close(struct redis_client *client)
{
	if (client != NULL) {
		if (client->context != NULL) {
			redisFree(client->context);
		}
		free(client);
	}
}
