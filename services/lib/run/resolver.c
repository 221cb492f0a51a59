#include "run/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/log.h"

#define AGAIN_MS (5 * 60 * 1000)
#define RETRY_MS (15 * 1000)

static bool
look_up(const char *name, struct in_addr *ret)
{
	struct addrinfo hints = { .ai_family = AF_INET,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	struct sockaddr_in four;

	if (getaddrinfo(name, NULL, &hints, &list) != 0) {
		return false;
	}
	memcpy(&four, list->ai_addr, sizeof(four));
	freeaddrinfo(list);
	*ret = four.sin_addr;
	return true;
}

static void
log_result(const char *name, bool good, struct in_addr addr)
{
	char text[INET_ADDRSTRLEN] = "?";
	struct log_line l;

	(void)inet_ntop(AF_INET, &addr, text, sizeof(text));
	log_open(&l, good ? LOG_INFO : LOG_WARN, "pasv_address");
	log_str(&l, "name", name);
	log_str(&l, "resolved", good ? text : "no");
	log_close(&l);
}

_Noreturn void
resolver_run(const char *name, int fd)
{
	struct in_addr last = { 0 };
	bool heard = true;

	while (heard) {
		struct in_addr addr = last;
		bool good = look_up(name, &addr);

		/* Without an answer the last one stays in use. */
		if (!good || addr.s_addr != last.s_addr) {
			log_result(name, good, addr);
		}
		heard = !good
		    || write(fd, &addr, sizeof(addr)) == (ssize_t)sizeof(addr);
		last = addr;
		(void)poll(NULL, 0, good ? AGAIN_MS : RETRY_MS);
	}
	_exit(1);
}

void
resolver_read(struct resolver *r)
{
	struct in_addr addr;

	if (read(r->fd, &addr, sizeof(addr)) == (ssize_t)sizeof(addr)) {
		r->known = true;
		r->addr = addr;
	} else {
		(void)close(r->fd);
		r->fd = -1;
	}
}
