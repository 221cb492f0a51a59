/* TCP with deadlines, and the time they are made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "run/clock.h"
#include "run/net.h"

static uint16_t
port_of(int fd)
{
	struct sockaddr_storage addr;
	socklen_t n = sizeof(addr);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &n), 0);
	return ntohs(addr.ss_family == AF_INET6
		? ((struct sockaddr_in6 *)&addr)->sin6_port
		: ((struct sockaddr_in *)&addr)->sin_port);
}

static void
is_careful(int fd)
{
	assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
	assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
}

static void
listen_and_connect(void **state)
{
	int listener, client, server;
	char byte;

	(void)state;
	assert_int_equal(net_listen(0, 16, &listener), 0);
	is_careful(listener);
	assert_int_equal(net_connect("127.0.0.1", port_of(listener),
			     clock_ms() + 2000, &client),
	    0);
	is_careful(client);
	assert_int_equal(net_wait_read(listener, clock_ms() + 2000), 0);
	server = accept(listener, NULL, NULL);
	assert_true(server >= 0);
	assert_int_equal(net_write_all(client, "x", 1, clock_ms() + 2000), 0);
	assert_int_equal(net_wait_read(server, clock_ms() + 2000), 0);
	assert_int_equal(read(server, &byte, 1), 1);
	assert_int_equal(byte, 'x');
	(void)close(server);
	/* The end can be read, too. */
	assert_int_equal(net_wait_read(client, clock_ms() + 2000), 0);
	(void)close(client);

	/* By name; localhost may be IPv6 or IPv4. */
	assert_int_equal(net_connect("localhost", port_of(listener),
			     clock_ms() + 2000, &client),
	    0);
	(void)close(client);
	(void)close(listener);
}

static void
a_port_that_is_taken(void **state)
{
	int listener, second = 77;

	(void)state;
	assert_int_equal(net_listen(0, 16, &listener), 0);
	assert_int_equal(net_listen(port_of(listener), 16, &second),
	    -EADDRINUSE);
	assert_int_equal(second, 77);
	(void)close(listener);
}

static void
nobody_there(void **state)
{
	int listener, fd = 77;
	uint16_t port;

	(void)state;
	assert_int_equal(net_listen(0, 16, &listener), 0);
	port = port_of(listener);
	(void)close(listener);
	assert_int_equal(net_connect("127.0.0.1", port, clock_ms() + 2000, &fd),
	    -ECONNREFUSED);
	assert_int_equal(net_connect("no.such.host.invalid", port,
			     clock_ms() + 2000, &fd),
	    -EHOSTUNREACH);
	assert_int_equal(fd, 77);
}

static void
deadlines(void **state)
{
	int pair[2];
	int64_t start = clock_ms();
	static char much[4 << 20];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
			     pair),
	    0);
	assert_int_equal(net_wait_read(pair[0], start + 100), -ETIMEDOUT);
	assert_true(clock_ms() - start >= 100);
	assert_true(clock_ms() - start < 2000);
	/* A deadline that has passed does not wait. */
	start = clock_ms();
	assert_int_equal(net_wait_read(pair[0], start - 5000), -ETIMEDOUT);
	assert_true(clock_ms() - start < 90);
	assert_int_equal(net_wait_write(pair[0], start + 1000), 0);
	/* Nobody reads: it does not fit. */
	start = clock_ms();
	assert_int_equal(net_write_all(pair[0], much, sizeof(much),
			     start + 100),
	    -ETIMEDOUT);
	assert_true(clock_ms() - start < 2000);
	assert_int_equal(net_wait_write(pair[0], clock_ms() + 50), -ETIMEDOUT);
	(void)close(pair[1]);
	/* No SIGPIPE. */
	assert_int_equal(net_write_all(pair[0], much, 1, clock_ms() + 100),
	    -EPIPE);
	(void)close(pair[0]);
}

static void *
read_slowly(void *data)
{
	int fd = *(int *)data;
	size_t total = 0;
	static char piece[65536];
	ssize_t n;

	do {
		struct timespec ts = { .tv_nsec = 1000000 };

		(void)nanosleep(&ts, NULL);
		n = read(fd, piece, sizeof(piece));
		total += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	return (void *)total;
}

static void
writing_more_than_fits(void **state)
{
	int pair[2];
	pthread_t thread;
	void *total;
	static char much[3 << 20];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(pthread_create(&thread, NULL, read_slowly, &pair[1]),
	    0);
	assert_int_equal(net_write_all(pair[0], much, sizeof(much),
			     clock_ms() + 10000),
	    0);
	(void)close(pair[0]);
	assert_int_equal(pthread_join(thread, &total), 0);
	assert_int_equal((size_t)total, sizeof(much));
	(void)close(pair[1]);
	assert_int_equal(net_write_all(-1, much, 0, 0), 0);
	assert_int_equal(net_write_all(-1, much, 1, clock_ms() + 10), -EBADF);
}

static void
address_texts(void **state)
{
	char text[NET_ADDR_TEXT];
	struct sockaddr_in four = { .sin_family = AF_INET };
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_un other = { .sun_family = AF_UNIX };

	(void)state;
	assert_int_equal(inet_pton(AF_INET, "192.0.2.1", &four.sin_addr), 1);
	net_addr_text((struct sockaddr *)&four, text);
	assert_string_equal(text, "192.0.2.1");
	assert_int_equal(inet_pton(AF_INET6, "2001:db8::1", &six.sin6_addr), 1);
	net_addr_text((struct sockaddr *)&six, text);
	assert_string_equal(text, "2001:db8::1");
	assert_int_equal(inet_pton(AF_INET6, "::ffff:192.0.2.7",
			     &six.sin6_addr),
	    1);
	net_addr_text((struct sockaddr *)&six, text);
	assert_string_equal(text, "192.0.2.7");
	net_addr_text((struct sockaddr *)&other, text);
	assert_string_equal(text, "?");
}

static void
time_left(void **state)
{
	int64_t now = clock_ms();

	(void)state;
	assert_true(now > 0);
	assert_true(clock_ms() >= now);
	assert_int_equal(clock_left(now - 1), 0);
	assert_int_equal(clock_left(INT64_MAX), INT_MAX);
	assert_true(clock_left(clock_ms() + 5000) > 4000);
	assert_true(clock_left(clock_ms() + 5000) <= 5000);
}

static void
a_range_of_ports(void **state)
{
	struct sockaddr_storage addr = { .ss_family = AF_UNSPEC };
	struct sockaddr_in *four = (struct sockaddr_in *)&addr;
	uint16_t first, found[2];
	int fds[3] = { -1, -1, -1 };

	(void)state;
	assert_int_equal(net_listen_range(&addr, 1024, 65535, 1, &fds[0]),
	    -EAFNOSUPPORT);
	assert_int_equal(net_port(&addr), 0);
	four->sin_family = AF_INET;
	four->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	/* Two neighbours that are free. */
	do {
		(void)close(fds[0]);
		(void)close(fds[1]);
		assert_int_equal(net_listen_range(&addr, 20000, 60000, 1,
				     &fds[0]),
		    0);
		first = net_port(&addr);
		assert_in_range(first, 20000, 60000);
		four->sin_port = htons((uint16_t)(first + 1));
	} while (
	    net_listen_on((struct sockaddr *)&addr, sizeof(*four), 1, &fds[1])
	    < 0);
	assert_int_equal(net_listen_range(&addr, first, (uint16_t)(first + 1),
			     1, &fds[2]),
	    -EADDRINUSE);
	assert_int_equal(close(fds[0]) + close(fds[1]), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(net_listen_range(&addr, first,
				     (uint16_t)(first + 1), 1, &fds[i]),
		    0);
		found[i] = net_port(&addr);
	}
	assert_int_equal(found[0] + found[1], 2 * first + 1);
	assert_int_equal(close(fds[0]) + close(fds[1]), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(listen_and_connect),
		cmocka_unit_test(a_port_that_is_taken),
		cmocka_unit_test(a_range_of_ports),
		cmocka_unit_test(nobody_there),
		cmocka_unit_test(deadlines),
		cmocka_unit_test(writing_more_than_fits),
		cmocka_unit_test(address_texts),
		cmocka_unit_test(time_left),
	};

	return cmocka_run_group_tests_name("net", tests, NULL, NULL);
}
