/*
 * pace: latency of HTTP servers at a fixed rate of requests (an open loop).
 *
 *     pace CONNECTIONS RATE WINDOWS MILLISECONDS PATH PORT...
 *
 * Keeps CONNECTIONS connections to each server on the loopback and sends GET
 * for PATH, RATE in a second, at random (Poisson) moments, each on the
 * connection that has been idle for the longest.  The servers take turns: one
 * window of so many milliseconds each, WINDOWS rounds, each round beginning
 * with the next one, so that what disturbs the machine meets all of them.
 *
 * A request's time runs from the moment it was due, whether a connection was
 * free then or not, to the last byte of its answer: a server that stalls pays
 * for all that had to wait.  An answer that is not 200, or has another length
 * than the first one, ends the program.
 *
 * On stdout for each window its port, number of requests, p50, p99 and maximum
 * in microseconds; at the end the same for all windows of each server together,
 * with a minus sign before the port.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL
#define SERVERS_MAX 8
#define EVENTS 64
/* Before each window; what the one before has left over is done by then. */
#define PAUSE_NS 20000000LL
/* Rounds that do not count, to warm up. */
#define WARM 2

struct connection {
	int fd;
	int64_t due; /* of the request that is on its way */
	size_t got; /* bytes of its answer */
};

struct server {
	int port;
	int epoll;
	size_t length; /* of each answer with its head */
	struct connection *connections;
	/* The idle ones: a ring, the one that was so for longest first. */
	unsigned *idle;
	unsigned first;
	unsigned idle_count;
	/* Of all windows that count, in nanoseconds. */
	int64_t *times;
	size_t count;
	size_t room;
};

static unsigned connection_count;
static double rate;
static char request[512];
static char bytes[1 << 18];

static int64_t
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

/* From one request to the next. */
static int64_t
gap_ns(void)
{
	return (int64_t)(-log(1 - drand48()) / rate * (double)SECOND);
}

static void
add_time(struct server *s, int64_t ns)
{
	if (s->count == s->room) {
		s->room = s->room == 0 ? 4096 : s->room * 2;
		s->times = reallocarray(s->times, s->room, sizeof(*s->times));
		if (s->times == NULL) {
			err(1, "memory");
		}
	}
	s->times[s->count++] = ns;
}

static void
set_idle(struct server *s, unsigned number)
{
	s->idle[(s->first + s->idle_count++) % connection_count] = number;
}

static void
send_request(struct server *s, int64_t due)
{
	struct connection *c = &s->connections[s->idle[s->first]];
	size_t n = strlen(request);

	s->first = (s->first + 1) % connection_count;
	s->idle_count--;
	c->due = due;
	c->got = 0;
	if (send(c->fd, request, n, MSG_NOSIGNAL) != (ssize_t)n) {
		err(1, "port %d: send", s->port);
	}
}

/* Reads what there is; the answer may be complete then. */
static void
receive(struct server *s, unsigned number)
{
	struct connection *c = &s->connections[number];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), 0);

	if (n < 0 && errno == EAGAIN) {
		return;
	}
	if (n <= 0 || (c->got == 0 && strncmp(bytes, "HTTP/1.1 200", 12) != 0)
	    || c->got + (size_t)n > s->length) {
		errx(1, "port %d: a wrong answer", s->port);
	}
	c->got += (size_t)n;
	if (c->got == s->length) {
		add_time(s, now_ns() - c->due);
		set_idle(s, number);
	}
}

/* Waits until `until` at the most, and takes the answers that are there. */
static void
wait_for_answers(struct server *s, int64_t until)
{
	int64_t left = until - now_ns();
	struct timespec t = { .tv_sec = left > 0 ? left / SECOND : 0,
		.tv_nsec = left > 0 ? left % SECOND : 0 };
	struct pollfd p = { .fd = s->epoll, .events = POLLIN };
	struct epoll_event events[EVENTS];
	int n;

	if (left > 0 && ppoll(&p, 1, &t, NULL) <= 0) {
		return;
	}
	n = epoll_wait(s->epoll, events, EVENTS, 0);
	for (int i = 0; i < n; i++) {
		receive(s, events[i].data.u32);
	}
}

/* One window; when it returns, all its answers are there. */
static void
run(struct server *s, int64_t window)
{
	int64_t end = now_ns() + window;
	int64_t due = now_ns() + gap_ns();
	bool over = false;

	while (!over || s->idle_count < connection_count) {
		while (!over && due <= now_ns() && s->idle_count > 0) {
			send_request(s, due);
			due += gap_ns();
			over = due >= end;
		}
		wait_for_answers(s,
		    over || s->idle_count == 0 ? now_ns() + SECOND : due);
	}
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a;
	int64_t y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Sorts the times in place. */
static void
report(int name, int64_t *times, size_t n)
{
	size_t half = n / 2;
	size_t most = n * 99 / 100;

	if (n == 0) {
		errx(1, "no request in a window");
	}
	qsort(times, n, sizeof(*times), compare);
	(void)printf("%d %zu %.1f %.1f %.1f\n", name, n,
	    (double)times[half] / 1e3, (double)times[most] / 1e3,
	    (double)times[n - 1] / 1e3);
}

static int
connect_to(int port)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0
	    || setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0) {
		err(1, "port %d: connect", port);
	}
	return fd;
}

/* The length of an answer: all that comes until nothing more does. */
static size_t
learn_length(struct server *s)
{
	int fd = s->connections[0].fd;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	size_t length = 0;

	if (send(fd, request, strlen(request), 0) < 0) {
		err(1, "port %d: send", s->port);
	}
	while (poll(&p, 1, 500) > 0) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

		if (n <= 0) {
			errx(1, "port %d: the connection has ended", s->port);
		}
		length += (size_t)n;
	}
	return length;
}

static void
open_server(struct server *s, int port)
{
	s->port = port;
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	s->connections = calloc(connection_count, sizeof(*s->connections));
	s->idle = calloc(connection_count, sizeof(*s->idle));
	if (s->epoll < 0 || s->connections == NULL || s->idle == NULL) {
		err(1, "port %d", port);
	}
	for (unsigned i = 0; i < connection_count; i++) {
		s->connections[i].fd = connect_to(port);
		set_idle(s, i);
	}
	s->length = learn_length(s);
	for (unsigned i = 0; i < connection_count; i++) {
		struct epoll_event e = { .events = EPOLLIN, .data.u32 = i };
		int fd = s->connections[i].fd;

		if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0
		    || epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &e) < 0) {
			err(1, "port %d: epoll", port);
		}
	}
}

static void
measure(struct server *servers, int n, int rounds, int64_t window)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };

	for (int i = 0; i < (rounds + WARM) * n; i++) {
		struct server *s = &servers[(i / n + i) % n];
		size_t before = s->count;

		(void)nanosleep(&pause, NULL);
		run(s, window);
		if (i < WARM * n) {
			s->count = before;
		} else {
			report(s->port, s->times + before, s->count - before);
		}
	}
	for (int i = 0; i < n; i++) {
		report(-servers[i].port, servers[i].times, servers[i].count);
	}
}

int
main(int argc, char **argv)
{
	struct server servers[SERVERS_MAX] = { { 0 } };
	int n = argc - 6;

	if (n < 1 || n > SERVERS_MAX) {
		errx(2, "six arguments at least, see the file's head");
	}
	connection_count = (unsigned)strtoul(argv[1], NULL, 10);
	rate = strtod(argv[2], NULL);
	(void)snprintf(request, sizeof(request),
	    "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", argv[5]);
	/* Timers are late by as much otherwise. */
	(void)prctl(PR_SET_TIMERSLACK, 1UL);
	for (int i = 0; i < n; i++) {
		open_server(&servers[i], (int)strtol(argv[6 + i], NULL, 10));
	}
	measure(servers, n, (int)strtol(argv[3], NULL, 10),
	    strtol(argv[4], NULL, 10) * (SECOND / 1000));
	return 0;
}
