#include "run/net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "run/clock.h"

/* Ports of a range that are tried. */
#define RANGE_TRIES 64

/* A socket to listen on; with IPv6 for IPv4, too. */
static int
open_socket(int family)
{
	int one = 1, zero = 0;
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0) {
		return -errno;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (family == AF_INET6) {
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero,
		    sizeof(zero));
	}
	return fd;
}

int
net_listen_on(const struct sockaddr *addr, socklen_t n, int backlog,
    int *ret_fd)
{
	int fd = open_socket(addr->sa_family);
	int r;

	if (fd < 0) {
		return fd;
	}
	if (bind(fd, addr, n) < 0 || listen(fd, backlog) < 0) {
		r = -errno;
		(void)close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

/* Where it stands in an address; NULL: there is none. */
static in_port_t *
port_in(struct sockaddr_storage *addr)
{
	switch (addr->ss_family) {
	case AF_INET:
		return &((struct sockaddr_in *)addr)->sin_port;
	case AF_INET6:
		return &((struct sockaddr_in6 *)addr)->sin6_port;
	default:
		return NULL;
	}
}

uint16_t
net_port(const struct sockaddr_storage *addr)
{
	struct sockaddr_storage copy = *addr;
	const in_port_t *port = port_in(&copy);

	return port == NULL ? 0 : ntohs(*port);
}

/* Binds to a free port of the range.  0, or -errno. */
static int
bind_in_range(int fd, struct sockaddr_storage *addr, uint16_t least,
    uint16_t most)
{
	in_port_t *port = port_in(addr);
	socklen_t n = addr->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
						  : sizeof(struct sockaddr_in);
	unsigned count = (unsigned)(most - least + 1), start;
	int r = -EADDRINUSE;

	if (getrandom(&start, sizeof(start), 0) != (ssize_t)sizeof(start)) {
		return -EIO;
	}
	start %= count;
	for (unsigned i = 0; i < count && i < RANGE_TRIES && r == -EADDRINUSE;
	     i++) {
		*port = htons((uint16_t)(least + (start + i) % count));
		r = bind(fd, (struct sockaddr *)addr, n) < 0 ? -errno : 0;
	}
	return r;
}

int
net_listen_range(struct sockaddr_storage *addr, uint16_t least, uint16_t most,
    int backlog, int *ret_fd)
{
	int fd = port_in(addr) == NULL ? -EAFNOSUPPORT
				       : open_socket(addr->ss_family);
	int r = fd < 0 ? fd : bind_in_range(fd, addr, least, most);

	if (r == 0 && listen(fd, backlog) < 0) {
		r = -errno;
	}
	if (r < 0 && fd >= 0) {
		(void)close(fd);
	}
	if (r == 0) {
		*ret_fd = fd;
	}
	return r;
}

int
net_listen(uint16_t port, int backlog, int *ret_fd)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_ANY_INIT,
		.sin6_port = htons(port) };
	struct sockaddr_in four = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_ANY),
		.sin_port = htons(port) };
	int r = net_listen_on((struct sockaddr *)&six, sizeof(six), backlog,
	    ret_fd);

	if (r == -EAFNOSUPPORT || r == -EADDRNOTAVAIL) {
		r = net_listen_on((struct sockaddr *)&four, sizeof(four),
		    backlog, ret_fd);
	}
	return r;
}

static int
wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int r;

	do {
		r = poll(&p, 1, clock_left(deadline));
	} while (r < 0 && errno == EINTR);
	if (r < 0) {
		return -errno;
	}
	return r == 0 ? -ETIMEDOUT : 0;
}

int
net_wait_read(int fd, int64_t deadline)
{
	return wait_for(fd, POLLIN, deadline);
}

int
net_wait_write(int fd, int64_t deadline)
{
	return wait_for(fd, POLLOUT, deadline);
}

static int
connect_to(const struct addrinfo *to, int64_t deadline, int *ret_fd)
{
	int fd = socket(to->ai_family,
	    SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int r = 0, err = 0;
	socklen_t n = sizeof(err);

	if (fd < 0) {
		return -errno;
	}
	if (connect(fd, to->ai_addr, to->ai_addrlen) < 0) {
		r = errno == EINPROGRESS ? net_wait_write(fd, deadline)
					 : -errno;
	}
	if (r == 0 && getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &n) == 0) {
		r = -err;
	}
	if (r < 0) {
		(void)close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

int
net_connect(const char *host, uint16_t port, int64_t deadline, int *ret_fd)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICSERV };
	struct addrinfo *list;
	char service[8];
	int r = -EHOSTUNREACH;

	(void)snprintf(service, sizeof(service), "%u", (unsigned)port);
	if (getaddrinfo(host, service, &hints, &list) != 0) {
		return r;
	}
	for (struct addrinfo *a = list; a != NULL; a = a->ai_next) {
		r = connect_to(a, deadline, ret_fd);
		if (r == 0 || r == -ETIMEDOUT) {
			break;
		}
	}
	freeaddrinfo(list);
	return r;
}

int
net_write_all(int fd, const void *bytes, size_t n, int64_t deadline)
{
	const char *p = bytes;

	while (n > 0) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
		int r;

		if (sent >= 0) {
			p += sent;
			n -= (size_t)sent;
			continue;
		}
		if (errno != EAGAIN && errno != EINTR) {
			return -errno;
		}
		r = net_wait_write(fd, deadline);
		if (r < 0) {
			return r;
		}
	}
	return 0;
}

void
net_addr_text(const struct sockaddr *addr, char out[NET_ADDR_TEXT])
{
	const void *bytes = NULL;
	int family = addr->sa_family;

	if (family == AF_INET) {
		bytes = &((const struct sockaddr_in *)addr)->sin_addr;
	} else if (family == AF_INET6) {
		const struct in6_addr *six =
		    &((const struct sockaddr_in6 *)addr)->sin6_addr;

		bytes = six;
		if (IN6_IS_ADDR_V4MAPPED(six)) {
			family = AF_INET;
			bytes = &six->s6_addr[12];
		}
	}
	if (bytes == NULL
	    || inet_ntop(family, bytes, out, NET_ADDR_TEXT) == NULL) {
		out[0] = '?';
		out[1] = '\0';
	}
}
