/* A database server that lies: what sql.c tells it, and what it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exporter/sql.h"
#include "run/clock.h"
#include "run/net.h"

#define SECRET "not-for-strangers"

/* The server's side of one connection. */
struct server {
	int fd;
	const char *plugin; /* what it wants the client to log in by */
	char seen[4096]; /* all that the client said */
	size_t n;
};

static void
say(int fd, unsigned char seq, const void *bytes, size_t n)
{
	char packet[512] = { (char)n, 0, 0, (char)seq };

	memcpy(packet + 4, bytes, n);
	(void)!write(fd, packet, n + 4);
}

static void
hear(struct server *s, int fd)
{
	ssize_t n = read(fd, s->seen + s->n, sizeof(s->seen) - s->n);

	s->n += n > 0 ? (size_t)n : 0;
}

/* Greets, asks for another way to log in, refuses. */
static void *
serve(void *data)
{
	static const char hello[] =
	    "\x0a"
	    "5.5.5-10.11.6-MariaDB\0"
	    "\1\0\0\0"
	    "12345678\0"
	    "\xff\xf7\x2d\x02\0\xff\x81\x15\0\0\0\0\0\0\0\0\0\0"
	    "123456789012\0"
	    "mysql_native_password";
	static const char no[] = "\xff\x15\x04#28000denied";
	struct server *s = data;
	char ask[64];
	int fd, n;

	if (net_wait_read(s->fd, clock_ms() + 5000) < 0) {
		return NULL;
	}
	fd = accept(s->fd, NULL, NULL);
	if (fd < 0) {
		return NULL;
	}
	say(fd, 0, hello, sizeof(hello));
	hear(s, fd);
	n = snprintf(ask, sizeof(ask), "\xfe%s", s->plugin);
	ask[++n] = 'x';
	say(fd, 2, ask, (size_t)n + 1);
	hear(s, fd);
	say(fd, 4, no, sizeof(no) - 1);
	(void)close(fd);
	return NULL;
}

/* Connects to a server that asks for this plugin; it has to fail. */
static void
ask_for(const char *plugin)
{
	struct server s = { .plugin = plugin };
	struct sockaddr_storage addr;
	socklen_t size = sizeof(addr);
	struct exporter_conf conf = { .db_host = (char[]){ "127.0.0.1" },
		.db_user = (char[]){ "exporter" },
		.db_password = (char[]){ SECRET } };
	struct collection c = { .deadline = clock_ms() + 3000 };
	struct cutoff cutoff;
	struct buf why;
	struct sql *sql = NULL;
	pthread_t thread;

	assert_int_equal(net_listen(0, 1, &s.fd), 0);
	assert_int_equal(getsockname(s.fd, (struct sockaddr *)&addr, &size), 0);
	/* The port is at the same place for both families. */
	conf.db_port = ntohs(((struct sockaddr_in *)(void *)&addr)->sin_port);
	assert_int_equal(pthread_create(&thread, NULL, serve, &s), 0);
	cutoff_init(&cutoff);
	buf_init(&why, COLLECTOR_WHY_MAX);
	c.cutoff = &cutoff;
	c.why = &why;
	assert_true(sql_open(&conf, &c, &sql) < 0);
	assert_null(sql);
	assert_true(buf_size(&why) > 0);
	(void)pthread_join(thread, NULL);
	assert_true(s.n > 0);
	assert_null(memmem(s.seen, s.n, SECRET, sizeof(SECRET) - 1));
	buf_done(&why);
	cutoff_done(&cutoff);
	(void)close(s.fd);
}

static void
the_secret_is_not_said(void **state)
{
	(void)state;
	ask_for("mysql_clear_password");
	ask_for("dialog");
	ask_for("mysql_old_password");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_secret_is_not_said),
	};

	return cmocka_run_group_tests_name("sql", tests, NULL, NULL);
}
