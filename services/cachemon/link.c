#include "cachemon/link.h"

#include <errno.h>
/* Not netinet/tcp.h: its tcp_info ends before the byte counts. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct link {
	const struct redis_target *target;
	struct redis_client *client; /* the collector's; NULL: closed */
	uint64_t commands;
	pthread_mutex_t lock; /* guards the two below */
	int fd; /* -1: none */
	bool aborted;
};

struct link *
link_new(const struct redis_target *target)
{
	struct link *link = calloc(1, sizeof(*link));

	if (link != NULL) {
		link->target = target;
		link->fd = -1;
		(void)pthread_mutex_init(&link->lock, NULL);
	}
	return link;
}

void
link_free(struct link *link)
{
	if (link != NULL) {
		link_close(link);
		(void)pthread_mutex_destroy(&link->lock);
		free(link);
	}
}

int
link_open(struct link *link)
{
	struct redis_client *client = NULL;
	bool aborted;
	int r = redis_open(link->target, &client);

	if (r < 0) {
		return r;
	}
	(void)pthread_mutex_lock(&link->lock);
	aborted = link->aborted;
	if (!aborted) {
		link->fd = redis_context(client)->fd;
	}
	(void)pthread_mutex_unlock(&link->lock);
	if (aborted) {
		redis_close(client);
		return -ECANCELED;
	}
	link->client = client;
	link->commands = 1; /* AUTH */
	return 0;
}

void
link_close(struct link *link)
{
	(void)pthread_mutex_lock(&link->lock);
	link->fd = -1;
	(void)pthread_mutex_unlock(&link->lock);
	redis_close(link->client);
	link->client = NULL;
}

bool
link_is_open(const struct link *link)
{
	return link->client != NULL && redis_usable(link->client);
}

int
link_ask(struct link *link, redisReply **ret, const char *fmt, ...)
{
	va_list args;
	int r;

	va_start(args, fmt);
	link->commands++;
	r = redis_vask(link->client, ret, fmt, args);
	va_end(args);
	return r;
}

int
link_send(struct link *link, const char *fmt, ...)
{
	va_list args;
	int r;

	va_start(args, fmt);
	link->commands++;
	r = redis_vsend(link->client, fmt, args);
	va_end(args);
	return r;
}

int
link_next(struct link *link, redisReply **ret)
{
	return redis_next(link->client, ret);
}

void
link_used(const struct link *link, struct own_use *ret)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);

	*ret = (struct own_use){ .commands = 0 };
	if (link->client == NULL) {
		return;
	}
	ret->commands = link->commands;
	memset(&info, 0, sizeof(info));
	/* An old kernel fills less and leaves the counts at zero. */
	if (getsockopt(redis_context(link->client)->fd, IPPROTO_TCP, TCP_INFO,
		&info, &n)
	    == 0) {
		ret->bytes_sent = info.tcpi_bytes_acked;
		ret->bytes_received = info.tcpi_bytes_received;
	}
}

void
link_abort(struct link *link)
{
	(void)pthread_mutex_lock(&link->lock);
	link->aborted = true;
	if (link->fd >= 0) {
		(void)shutdown(link->fd, SHUT_RDWR);
	}
	(void)pthread_mutex_unlock(&link->lock);
}
