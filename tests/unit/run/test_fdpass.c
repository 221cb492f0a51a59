/* Descriptors that are handed over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/fdpass.h"

static int pair[2];

static int
connect_pair(void **state)
{
	(void)state;
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int
disconnect_pair(void **state)
{
	(void)state;
	return close(pair[0]) + close(pair[1]);
}

static void
a_descriptor(void **state)
{
	uint32_t word = 7, got = 0;
	char text[4] = "";
	int file[2], fd;

	(void)state;
	assert_int_equal(pipe2(file, O_CLOEXEC), 0);
	assert_int_equal(fdpass_send(pair[0], &word, sizeof(word), file[0]), 0);
	fd = fdpass_receive(pair[1], &got, sizeof(got));
	assert_true(fd >= 0);
	assert_int_equal(got, 7);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(write(file[1], "abc", 3), 3);
	assert_int_equal(read(fd, text, 3), 3);
	assert_string_equal(text, "abc");
	assert_int_equal(close(fd) + close(file[0]) + close(file[1]), 0);
}

/* Whatever is no such message: nothing, and nothing stays open. */
static void
no_descriptor(void **state)
{
	uint64_t word = 7;
	int before = dup(0), after;

	(void)state;
	assert_int_equal(close(before), 0);
	assert_int_equal(fdpass_receive(pair[1], &word, sizeof(word)), -1);
	assert_int_equal(send(pair[0], &word, sizeof(word), 0), sizeof(word));
	assert_int_equal(fdpass_receive(pair[1], &word, sizeof(word)), -1);
	/* Too short, and too long. */
	assert_int_equal(fdpass_send(pair[0], &word, 4, 0), 0);
	assert_int_equal(fdpass_receive(pair[1], &word, sizeof(word)), -1);
	assert_int_equal(fdpass_send(pair[0], &word, sizeof(word), 0), 0);
	assert_int_equal(fdpass_receive(pair[1], &word, 4), -1);
	after = dup(0);
	assert_int_equal(after, before);
	assert_int_equal(close(after), 0);
	assert_true(fdpass_send(-1, &word, sizeof(word), 0) < 0);
}

/* Nobody can leave descriptors behind in another process. */
static void
two_descriptors(void **state)
{
	char word = 7, got = 0;
	int before = dup(0), twice[2] = { 0, 0 }, fd;
	struct iovec part = { .iov_base = &word, .iov_len = 1 };
	union {
		char room[CMSG_SPACE(sizeof(twice))];
		struct cmsghdr align;
	} control = { .room = { 0 } };
	struct msghdr m = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);

	(void)state;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(twice));
	memcpy(CMSG_DATA(c), twice, sizeof(twice));
	assert_int_equal(close(before), 0);
	assert_int_equal(sendmsg(pair[0], &m, 0), 1);
	fd = fdpass_receive(pair[1], &got, 1);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	fd = dup(0);
	assert_int_equal(fd, before);
	assert_int_equal(close(fd), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_descriptor, connect_pair,
		    disconnect_pair),
		cmocka_unit_test_setup_teardown(no_descriptor, connect_pair,
		    disconnect_pair),
		cmocka_unit_test_setup_teardown(two_descriptors, connect_pair,
		    disconnect_pair),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
