#include "ftpd/resolver.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/log.h"
#include "run/sig.h"

#define AGAIN_MS (5 * 60 * 1000)
#define RETRY_MS (15 * 1000)
#define LOOKUP_SECONDS 30

void
resolver_init(struct resolver *r, const char *address)
{
	*r = (struct resolver){ .fd = -1 };
	if (inet_pton(AF_INET, address, &r->addr) == 1) {
		r->known = true;
	} else if (address[0] != '\0') {
		r->name = address;
	}
}

/* The process: writes four bytes, or none. */
static void
look_up(const char *name, int fd)
{
	struct addrinfo hints = { .ai_family = AF_INET,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	struct sockaddr_in four;
	int ok = 0;

	(void)alarm(LOOKUP_SECONDS);
	if (getaddrinfo(name, NULL, &hints, &list) == 0) {
		memcpy(&four, list->ai_addr, sizeof(four));
		ok = write(fd, &four.sin_addr, sizeof(four.sin_addr))
		    == (ssize_t)sizeof(four.sin_addr);
	}
	_exit(ok ? 0 : 1);
}

void
resolver_tick(struct resolver *r, int64_t now)
{
	int pipes[2];

	if (r->name == NULL || r->pid != 0 || now < r->next) {
		return;
	}
	r->next = now + RETRY_MS;
	if (pipe2(pipes, O_CLOEXEC) < 0) {
		return;
	}
	r->pid = fork();
	if (r->pid == 0) {
		sig_child_reset();
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		look_up(r->name, pipes[1]);
	}
	(void)close(pipes[1]);
	if (r->pid < 0) {
		r->pid = 0;
		(void)close(pipes[0]);
		return;
	}
	r->fd = pipes[0];
}

void
resolver_read(struct resolver *r)
{
	struct in_addr addr;
	bool good = read(r->fd, &addr, sizeof(addr)) == (ssize_t)sizeof(addr);
	char text[INET_ADDRSTRLEN] = "?";
	struct log_line l;

	(void)close(r->fd);
	r->fd = -1;
	if (good && r->known && addr.s_addr == r->addr.s_addr) {
		r->next += AGAIN_MS - RETRY_MS;
		return;
	}
	if (good) {
		r->next += AGAIN_MS - RETRY_MS;
		r->known = true;
		r->addr = addr;
		(void)inet_ntop(AF_INET, &addr, text, sizeof(text));
	}
	log_open(&l, good ? LOG_INFO : LOG_WARN, "pasv_address");
	log_str(&l, "name", r->name);
	log_str(&l, "resolved", good ? text : "no");
	log_close(&l);
}

bool
resolver_ended(struct resolver *r, pid_t pid)
{
	if (r->pid == 0 || r->pid != pid) {
		return false;
	}
	r->pid = 0;
	return true;
}
