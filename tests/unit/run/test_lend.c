/*
 * Sockets that are lent: which port, to whom, and what becomes of questions
 * that are none and of borrowers that end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "run/lend.h"

#define FIRST 29880
#define LAST 29882

static struct lender lender;
static struct sockaddr_storage here;

static int
set_up(void **state)
{
	(void)state;
	memcpy(&here,
	    &(struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) },
	    sizeof(struct sockaddr_in));
	return lend_init(&lender, FIRST, LAST, 8);
}

static int
tear_down(void **state)
{
	(void)state;
	lend_leave(&lender);
	return 0;
}

/* Asks, is answered, takes.  The port, or -errno; *ret_fd listens there. */
static int
borrow(int fd, int *ret_fd)
{
	struct sockaddr_in addr;
	socklen_t n = sizeof(addr);
	int r = lend_ask(fd, &here);

	assert_int_equal(r, 0);
	lend_serve(&lender);
	r = lend_take(fd, ret_fd);
	if (r < 0) {
		return r;
	}
	assert_int_equal(getsockname(*ret_fd, (struct sockaddr *)&addr, &n), 0);
	assert_int_equal(addr.sin_addr.s_addr, htonl(INADDR_LOOPBACK));
	return ntohs(addr.sin_port);
}

static void
each_port_once(void **state)
{
	int fd, sockets[LAST - FIRST + 1], more;
	unsigned seen = 0;

	(void)state;
	assert_int_equal(lend_open(&lender, &fd), 0);
	for (int i = 0; i <= LAST - FIRST; i++) {
		int port = borrow(fd, &sockets[i]);

		assert_in_range(port, FIRST, LAST);
		seen |= 1U << (port - FIRST);
	}
	assert_int_equal(seen, (1U << (LAST - FIRST + 1)) - 1);
	assert_int_equal(borrow(fd, &more), -EADDRINUSE);
	/* What is given back can be lent again. */
	(void)close(sockets[1]);
	assert_in_range(borrow(fd, &sockets[1]), FIRST, LAST);
	for (int i = 0; i <= LAST - FIRST; i++) {
		(void)close(sockets[i]);
	}
	(void)close(fd);
}

static void
it_listens(void **state)
{
	int fd, passive, taken = -1;
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct pollfd p = { .events = POLLIN };

	(void)state;
	assert_int_equal(lend_open(&lender, &fd), 0);
	to.sin_port = htons((uint16_t)borrow(fd, &passive));
	assert_int_equal(fcntl(passive, F_GETFD), FD_CLOEXEC);
	assert_int_equal(accept(passive, NULL, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof(to)),
	    0);
	p.fd = passive;
	assert_int_equal(poll(&p, 1, 5000), 1);
	taken = accept(passive, NULL, NULL);
	assert_true(taken >= 0);
	(void)close(taken);
	(void)close(client);
	(void)close(passive);
	(void)close(fd);
}

static void
each_its_own_channel(void **state)
{
	int one, two, passive;

	(void)state;
	assert_int_equal(lend_open(&lender, &one), 0);
	assert_int_equal(lend_open(&lender, &two), 0);
	assert_in_range(borrow(two, &passive), FIRST, LAST);
	assert_int_equal(lend_take(one, &passive), -EPIPE);
	(void)close(one);
	(void)close(two);
	(void)close(passive);
}

/* An address that is not this machine's, or none at all. */
static void
bad_questions(void **state)
{
	struct sockaddr_storage far = { .ss_family = AF_INET };
	struct sockaddr_storage none = { .ss_family = AF_UNIX };
	int fd, passive;

	(void)state;
	/* RFC 5737. */
	((struct sockaddr_in *)&far)->sin_addr.s_addr = htonl(0xC0000201);
	assert_int_equal(lend_open(&lender, &fd), 0);
	assert_int_equal(lend_ask(fd, &far), 0);
	lend_serve(&lender);
	assert_int_equal(lend_take(fd, &passive), -EADDRNOTAVAIL);
	assert_int_equal(lend_ask(fd, &none), 0);
	lend_serve(&lender);
	assert_int_equal(lend_take(fd, &passive), -EAFNOSUPPORT);
	/* Who asks nonsense is not listened to any more. */
	assert_int_equal(send(fd, &here, sizeof(here) - 1, 0),
	    sizeof(here) - 1);
	lend_serve(&lender);
	assert_int_equal(lend_take(fd, &passive), -EPIPE);
	assert_int_equal(lend_ask(fd, &here), -EPIPE);
	(void)close(fd);
}

/* Who may not open so many descriptors is told at once. */
static void
too_many_borrowers(void **state)
{
	struct lender other;

	(void)state;
	assert_int_equal(lend_init(&other, FIRST, LAST, SIZE_MAX / 2), -EMFILE);
	(void)close(other.events);
}

/* Who asks and does not read: its own queue fills, nobody waits for it. */
static void
deaf_borrower(void **state)
{
	int fd, other, passive;

	(void)state;
	assert_int_equal(lend_open(&lender, &fd), 0);
	assert_int_equal(lend_open(&lender, &other), 0);
	for (int i = 0; i < 2000; i++) {
		int r = lend_ask(fd, &here);

		assert_true(r == 0 || r == -EAGAIN);
		lend_serve(&lender);
	}
	/* Some answers are left to it, not all ports. */
	(void)close(fd);
	lend_serve(&lender);
	assert_in_range(borrow(other, &passive), FIRST, LAST);
	(void)close(passive);
	(void)close(other);
}

/* The lender's ends go with the borrowers', and none is left in a fork. */
static void
no_descriptor_is_left(void **state)
{
	int before = dup(0), fd[8], after;

	(void)state;
	(void)close(before);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(lend_open(&lender, &fd[i]), 0);
	}
	assert_true(fcntl(lender.last, F_GETFD) >= 0);
	for (int i = 0; i < 8; i++) {
		(void)close(fd[i]);
	}
	lend_serve(&lender);
	for (int i = 256; i <= lender.last; i++) {
		assert_int_equal(fcntl(i, F_GETFD), -1);
	}
	after = dup(0);
	(void)close(after);
	assert_int_equal(after, before);
	assert_int_equal(lend_open(&lender, &fd[0]), 0);
	lend_leave(&lender);
	assert_int_equal(fcntl(256, F_GETFD), -1);
	assert_int_equal(lend_take(fd[0], &after), -EPIPE);
	(void)close(fd[0]);
	assert_int_equal(lend_init(&lender, FIRST, LAST, 8), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_port_once),
		cmocka_unit_test(it_listens),
		cmocka_unit_test(each_its_own_channel),
		cmocka_unit_test(bad_questions),
		cmocka_unit_test(too_many_borrowers),
		cmocka_unit_test(deaf_borrower),
		cmocka_unit_test(no_descriptor_is_left),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
