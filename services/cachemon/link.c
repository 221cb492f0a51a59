#include "cachemon/link.h"

#include <errno.h>
/* Not netinet/tcp.h: its tcp_info ends before the byte counts. */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "run/cutoff.h"

struct link {
	struct redis_target target;
	struct redis_client *client; /* the collector's; NULL: closed */
	uint64_t commands;
	struct cutoff cutoff;
};

struct link *
link_new(const struct redis_target *target)
{
	struct link *link = calloc(1, sizeof(*link));

	if (link != NULL) {
		link->target = *target;
		cutoff_init(&link->cutoff);
	}
	return link;
}

void
link_free(struct link *link)
{
	if (link != NULL) {
		link_close(link);
		cutoff_done(&link->cutoff);
		free(link);
	}
}

int
link_open(struct link *link)
{
	int r = redis_open(&link->target, &link->client);

	if (r < 0) {
		return r;
	}
	cutoff_set(&link->cutoff, redis_context(link->client)->fd);
	link->commands = 1; /* AUTH */
	return 0;
}

void
link_close(struct link *link)
{
	cutoff_clear(&link->cutoff);
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
link_explain(const struct link *link, int r, char *out, size_t size)
{
	const char *host = link->target.host;
	unsigned port = link->target.port;

	switch (-r) {
	case EACCES:
		(void)snprintf(out, size,
		    "Redis at %s:%u refuses the login of "
		    "user '%s': the secret and Redis' ACL differ",
		    host, port, link->target.user);
		break;
	case EPERM:
		(void)snprintf(out, size,
		    "Redis' ACL does not let user '%s' "
		    "read INFO",
		    link->target.user);
		break;
	case EHOSTUNREACH:
		(void)snprintf(out, size,
		    "The name '%s' does not resolve: "
		    "Redis is not running, or not on this network",
		    host);
		break;
	case ECONNREFUSED:
		(void)snprintf(out, size, "Nothing listens at %s:%u", host,
		    port);
		break;
	case ETIMEDOUT:
		(void)snprintf(out, size,
		    "Redis at %s:%u does not answer "
		    "within %d ms",
		    host, port, LINK_TIMEOUT_MS);
		break;
	case ECONNRESET:
	case EPIPE:
		(void)snprintf(out, size,
		    "Redis at %s:%u closed the "
		    "connection",
		    host, port);
		break;
	case EREMOTEIO:
		(void)snprintf(out, size,
		    "Redis at %s:%u answers with an "
		    "error; it may still be loading its data",
		    host, port);
		break;
	default:
		(void)snprintf(out, size, "Redis at %s:%u: %s", host, port,
		    strerror(-r));
		break;
	}
}

void
link_abort(struct link *link)
{
	cutoff_now(&link->cutoff);
}
