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
#include "run/net.h"

struct link {
	struct redis_target target;
	struct redis_client *client; /* NULL: closed */
	struct ledger *ledger;
	uint64_t sent; /* in the ledger, of this connection */
	uint64_t received;
	struct cutoff cutoff;
};

struct link *
link_new(const struct redis_target *target, struct ledger *ledger)
{
	struct link *link = calloc(1, sizeof(*link));

	if (link != NULL) {
		link->target = *target;
		link->ledger = ledger;
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
	link->sent = 0;
	link->received = 0;
	atomic_fetch_add(&link->ledger->commands, 1); /* AUTH */
	atomic_fetch_add(&link->ledger->connections, 1);
	return 0;
}

void
link_close(struct link *link)
{
	if (link->client != NULL) {
		link_settle(link);
		atomic_fetch_sub(&link->ledger->connections, 1);
	}
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
	atomic_fetch_add(&link->ledger->commands, 1);
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
	atomic_fetch_add(&link->ledger->commands, 1);
	r = redis_vsend(link->client, fmt, args);
	va_end(args);
	return r;
}

int
link_next(struct link *link, redisReply **ret)
{
	return redis_next(link->client, ret);
}

int
link_push(struct link *link, int64_t deadline, redisReply **ret)
{
	return redis_push(link->client, deadline, ret);
}

void
link_looked_up(struct link *link, bool found)
{
	atomic_fetch_add(found ? &link->ledger->hits : &link->ledger->misses,
	    1);
}

void
link_settle(struct link *link)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);

	if (link->client == NULL) {
		return;
	}
	memset(&info, 0, sizeof(info));
	/* An old kernel fills less and leaves the counts at zero. */
	if (getsockopt(redis_context(link->client)->fd, IPPROTO_TCP, TCP_INFO,
		&info, &n)
	    < 0) {
		return;
	}
	if (info.tcpi_bytes_acked > link->sent) {
		atomic_fetch_add(&link->ledger->bytes_sent,
		    info.tcpi_bytes_acked - link->sent);
		link->sent = info.tcpi_bytes_acked;
	}
	if (info.tcpi_bytes_received > link->received) {
		atomic_fetch_add(&link->ledger->bytes_received,
		    info.tcpi_bytes_received - link->received);
		link->received = info.tcpi_bytes_received;
	}
}

void
link_own_address(const struct link *link, char *out, size_t size)
{
	struct sockaddr_storage addr;
	socklen_t n = sizeof(addr);
	char text[NET_ADDR_TEXT];

	out[0] = '\0';
	if (link->client != NULL
	    && getsockname(redis_context(link->client)->fd,
		   (struct sockaddr *)&addr, &n)
		== 0) {
		net_addr_text((const struct sockaddr *)&addr, text);
		(void)snprintf(out, size, "%s", text);
	}
}

void
ledger_read(const struct ledger *ledger, struct own_use *ret)
{
	ret->commands = atomic_load(&ledger->commands);
	ret->bytes_sent = atomic_load(&ledger->bytes_sent);
	ret->bytes_received = atomic_load(&ledger->bytes_received);
	ret->hits = atomic_load(&ledger->hits);
	ret->misses = atomic_load(&ledger->misses);
	ret->connections = atomic_load(&ledger->connections);
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
