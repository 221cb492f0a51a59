/* --healthcheck's question, with servers that answer in every way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/clock.h"
#include "run/health.h"
#include "run/net.h"

struct server {
	int listener;
	uint16_t port;
	const char *answer;
	bool bytewise;
	bool hang; /* does not close after the answer */
	char question[512];
	pthread_t thread;
};

/* Takes one connection, reads the question, answers. */
static void *
serve(void *data)
{
	struct server *s = data;
	size_t have = 0, n = strlen(s->answer);
	char byte;
	int fd;

	if (net_wait_read(s->listener, clock_ms() + 5000) < 0) {
		return NULL;
	}
	fd = accept(s->listener, NULL, NULL);
	if (fd < 0) {
		return NULL;
	}
	while (strstr(s->question, "\r\n\r\n") == NULL
	    && have < sizeof(s->question) - 1
	    && read(fd, s->question + have, 1) == 1) {
		have++;
	}
	for (size_t i = 0; i < n; i += s->bytewise ? 1 : n) {
		if (send(fd, s->answer + i, s->bytewise ? 1 : n, MSG_NOSIGNAL)
		    < 0) {
			break;
		}
	}
	/* Until the other side has enough. */
	while (s->hang && read(fd, &byte, 1) > 0) {
		continue;
	}
	(void)close(fd);
	return NULL;
}

static int
probe(const char *answer, bool bytewise, bool hang)
{
	struct server s = { .answer = answer,
		.bytewise = bytewise,
		.hang = hang };
	struct sockaddr_in6 addr;
	socklen_t n = sizeof(addr);
	int r;

	assert_int_equal(net_listen(0, 4, &s.listener), 0);
	assert_int_equal(getsockname(s.listener, (struct sockaddr *)&addr, &n),
	    0);
	/* The port stands at the same place for both families. */
	s.port = ntohs(addr.sin6_port);
	assert_int_equal(pthread_create(&s.thread, NULL, serve, &s), 0);
	r = health_probe(s.port, 300);
	assert_int_equal(pthread_join(s.thread, NULL), 0);
	(void)close(s.listener);
	assert_int_equal(strncmp(s.question, "GET /healthz HTTP/1.1\r\n", 23),
	    0);
	assert_non_null(strstr(s.question, "\r\nHost: localhost\r\n"));
	return r;
}

static void
healthy(void **state)
{
	(void)state;
	assert_int_equal(probe("HTTP/1.1 200 OK\r\n\r\nok\n", false, false), 0);
	assert_int_equal(probe("HTTP/1.1 200 OK\r\n\r\nok\n", true, false), 0);
	/* Nobody waits for the end of the answer. */
	assert_int_equal(probe("HTTP/1.1 200 ", false, true), 0);
}

static void
not_healthy(void **state)
{
	static const char *const answers[] = { "", "HTTP/1.1 20",
		"HTTP/1.1 503 Service Unavailable\r\n\r\n",
		"HTTP/1.1 2000 no such\r\n", "HTTP/1.0 200 OK\r\n\r\n",
		"220 ftpd ready\r\n", "\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(answers); i++) {
		assert_int_equal(probe(answers[i], false, false), -EPROTO);
	}
}

static void
no_answer_in_time(void **state)
{
	int64_t start = clock_ms();

	(void)state;
	assert_int_equal(probe("HTTP/1.1 ", false, true), -ETIMEDOUT);
	assert_true(clock_ms() - start >= 300);
	assert_true(clock_ms() - start < 3000);
}

static void
nobody_listens(void **state)
{
	struct sockaddr_in6 addr;
	socklen_t n = sizeof(addr);
	int fd;

	(void)state;
	assert_int_equal(net_listen(0, 4, &fd), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&addr, &n), 0);
	(void)close(fd);
	assert_int_equal(health_probe(ntohs(addr.sin6_port), 300),
	    -ECONNREFUSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(healthy),
		cmocka_unit_test(not_healthy),
		cmocka_unit_test(no_answer_in_time),
		cmocka_unit_test(nobody_listens),
	};

	return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
