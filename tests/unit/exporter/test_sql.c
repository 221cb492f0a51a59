/* A database server that lies: what sql.c tells it, and what it does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exporter/sql.h"
#include "run/clock.h"
#include "run/net.h"

#define SECRET "not-for-strangers"

/* The greeting; it offers no end of rows by OK (CLIENT_DEPRECATE_EOF). */
static const char hello[] = "\x0a"
			    "5.5.5-10.11.6-MariaDB\0"
			    "\1\0\0\0"
			    "12345678\0"
			    "\xff\xf7\x2d\x02\0\xff\x80\x15\0\0\0\0\0\0\0\0\0\0"
			    "123456789012\0"
			    "mysql_native_password";

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

/* The client's side: settings, a run, and the port of a listener. */
struct client {
	struct exporter_conf conf;
	struct cutoff cutoff;
	struct buf why;
	struct collection c;
	struct sql *sql;
	int fd; /* listens */
};

static void
set_up(struct client *k)
{
	static char host[] = "127.0.0.1", user[] = "exporter",
		    secret[] = SECRET;
	struct sockaddr_storage addr;
	socklen_t size = sizeof(addr);

	*k = (struct client){ .conf = { .db_host = host,
				  .db_user = user,
				  .db_password = secret } };
	assert_int_equal(net_listen(0, 4, &k->fd), 0);
	assert_int_equal(getsockname(k->fd, (struct sockaddr *)&addr, &size),
	    0);
	/* The port is at the same place for both families. */
	k->conf.db_port = ntohs(
	    ((struct sockaddr_in *)(void *)&addr)->sin_port);
	cutoff_init(&k->cutoff);
	buf_init(&k->why, COLLECTOR_WHY_MAX);
	k->c = (struct collection){ .deadline = clock_ms() + 5000,
		.cutoff = &k->cutoff,
		.why = &k->why };
	k->sql = sql_new(&k->conf);
	assert_non_null(k->sql);
}

static void
tear_down(struct client *k)
{
	sql_free(k->sql);
	buf_done(&k->why);
	cutoff_done(&k->cutoff);
	(void)close(k->fd);
}

/* Connects to a server that asks for this plugin; it has to fail. */
static void
ask_for(const char *plugin)
{
	struct server s = { .plugin = plugin };
	struct client k;
	pthread_t thread;

	set_up(&k);
	s.fd = k.fd;
	assert_int_equal(pthread_create(&thread, NULL, serve, &s), 0);
	assert_true(sql_begin(k.sql, &k.c, NULL, 0) < 0);
	assert_true(buf_size(&k.why) > 0);
	(void)pthread_join(thread, NULL);
	assert_true(s.n > 0);
	assert_null(memmem(s.seen, s.n, SECRET, sizeof(SECRET) - 1));
	tear_down(&k);
}

static void
the_secret_is_not_said(void **state)
{
	(void)state;
	ask_for("mysql_clear_password");
	ask_for("dialog");
	ask_for("mysql_old_password");
}

/* --- batches ------------------------------------------------------------- */

#define MORE "\x0a\0" /* autocommit, and another answer follows */
#define LAST "\x02\0"

/*
 * A server that answers each batch by what its statements are: "SELECT x" one
 * row of one column, "CALL x" the same and a status, "CALL none" a status,
 * "SELECT bad" and so on an error, "SET ..." a status.
 */
struct batches {
	int fd;
	int connections; /* to be taken, one after the other */
	int per_connection; /* batches, then it is closed */
	char seen[4096]; /* the batches, a line each */
	size_t n;
};

static void
say_ok(int fd, unsigned char *seq, const char *status)
{
	char ok[7] = { 0, 0, 0, status[0], status[1], 0, 0 };

	say(fd, (*seq)++, ok, sizeof(ok));
}

static void
say_rows(int fd, unsigned char *seq, const char *text, const char *status)
{
	static const char column[] =
	    "\3def\0\0\0\1x\1x\x0c\x21\0\0\1\0\0\xfd\0\0\0\0";
	char end[5] = { (char)0xfe, 0, 0, 2, 0 };
	char row[64] = { (char)strlen(text) };

	say(fd, (*seq)++, "\1", 1);
	say(fd, (*seq)++, column, sizeof(column));
	say(fd, (*seq)++, end, sizeof(end));
	memcpy(row + 1, text, strlen(text));
	say(fd, (*seq)++, row, strlen(text) + 1);
	memcpy(end + 3, status, 2);
	say(fd, (*seq)++, end, sizeof(end));
}

/* False: an error, which ends the batch. */
static bool
answer(int fd, unsigned char *seq, struct view query, const char *status)
{
	static const char unknown[] = "\xff\x55\x04#42S02no such table";
	static const char denied[] = "\xff\x76\x04#42000denied";

	if (view_starts(query, VIEW("SELECT unknown"))) {
		say(fd, *seq, unknown, sizeof(unknown) - 1);
		return false;
	}
	if (view_starts(query, VIEW("SELECT denied"))) {
		say(fd, *seq, denied, sizeof(denied) - 1);
		return false;
	}
	if (view_starts(query, VIEW("SELECT "))) {
		say_rows(fd, seq, "selected", status);
	} else if (view_eq(query, VIEW("CALL rows"))) {
		say_rows(fd, seq, "called", MORE);
		say_ok(fd, seq, status);
	} else if (view_eq(query, VIEW("CALL two"))) {
		say_rows(fd, seq, "called", MORE);
		say_rows(fd, seq, "called", MORE);
		say_ok(fd, seq, status);
	} else {
		say_ok(fd, seq, status);
	}
	return true;
}

/* One batch.  False: the client has hung up. */
static bool
serve_batch(struct batches *b, int fd)
{
	char bytes[4096];
	unsigned char seq = 1;
	struct view rest;
	bool good = true;
	ssize_t n = net_wait_read(fd, clock_ms() + 5000) < 0
	    ? 0
	    : read(fd, bytes, sizeof(bytes));

	/* A packet's head, the command COM_QUERY. */
	if (n < 5 || bytes[4] != 3) {
		return false;
	}
	rest = (struct view){ bytes + 5, (size_t)n - 5 };
	memcpy(b->seen + b->n, rest.p, rest.n);
	b->n += rest.n;
	b->seen[b->n++] = '\n';
	while (good && rest.p != NULL) {
		struct view query = view_cut(&rest, ';');

		good = answer(fd, &seq, query, rest.p == NULL ? LAST : MORE);
	}
	return true;
}

static void *
serve_batches(void *data)
{
	struct batches *b = data;

	for (int i = 0; i < b->connections; i++) {
		char login[512];
		int fd, left = b->per_connection;
		unsigned char seq = 2;

		if (net_wait_read(b->fd, clock_ms() + 5000) < 0) {
			return NULL;
		}
		fd = accept(b->fd, NULL, NULL);
		say(fd, 0, hello, sizeof(hello));
		(void)!read(fd, login, sizeof(login));
		say_ok(fd, &seq, LAST);
		while (left > 0 && serve_batch(b, fd)) {
			left--;
		}
		(void)close(fd);
	}
	return NULL;
}

static int
note_row(void *ctx, const struct view *names, const struct view *cells,
    size_t n)
{
	char *text = ctx;

	(void)names;
	assert_int_equal(n, 1);
	assert_true(view_to_cstr(cells[0], text, 64) >= 0);
	return 0;
}

static void
expect_row(struct sql *sql, const char *text)
{
	char row[64] = "";

	assert_int_equal(sql_next(sql, note_row, row), 0);
	assert_string_equal(row, text);
}

/* A client and a server of so many connections with so many batches each. */
static void
start(struct client *k, struct batches *b, int connections, int batches,
    pthread_t *thread)
{
	set_up(k);
	*b = (struct batches){ .fd = k->fd,
		.connections = connections,
		.per_connection = batches };
	assert_int_equal(pthread_create(thread, NULL, serve_batches, b), 0);
}

static size_t
lines(const struct batches *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->n; i++) {
		n += b->seen[i] == '\n';
	}
	return n;
}

static void
a_run_is_one_batch_and_the_next_keeps_the_connection(void **state)
{
	static const char *const queries[] = { "SELECT 1", "CALL rows",
		"CALL none", "SELECT 2" };
	struct batches b;
	struct client k;
	pthread_t thread;

	(void)state;
	/* Nobody knows after the first whether there will be another. */
	start(&k, &b, 2, 3, &thread);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(sql_begin(k.sql, &k.c, queries, 4), 0);
		expect_row(k.sql, "selected");
		expect_row(k.sql, "called");
		expect_row(k.sql, "");
		expect_row(k.sql, "selected");
		assert_true(sql_usable(k.sql));
		sql_end(k.sql);
	}
	/* Whether it answers, no more. */
	assert_int_equal(sql_begin(k.sql, &k.c, NULL, 0), 0);
	sql_end(k.sql);
	(void)pthread_join(thread, NULL);
	assert_int_equal(lines(&b), 4);
	assert_non_null(memmem(b.seen, b.n,
	    "max_statement_time = 6;SELECT 1;CALL rows;CALL none;SELECT 2\n",
	    61));
	tear_down(&k);
}

static void
a_connection_that_has_died_is_opened_anew(void **state)
{
	static const char *const queries[] = { "SELECT 1" };
	struct batches b;
	struct client k;
	pthread_t thread;

	(void)state;
	start(&k, &b, 3, 1, &thread);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(sql_begin(k.sql, &k.c, queries, 1), 0);
		expect_row(k.sql, "selected");
		sql_end(k.sql);
	}
	(void)pthread_join(thread, NULL);
	assert_int_equal(lines(&b), 3);
	tear_down(&k);
}

static void
what_was_behind_an_error_is_asked_again(void **state)
{
	static const char *const queries[] = { "SELECT 1", "SELECT unknown",
		"SELECT 2", "SELECT denied", "CALL rows" };
	struct batches b;
	struct client k;
	pthread_t thread;
	char row[64];

	(void)state;
	start(&k, &b, 1, 3, &thread);
	assert_int_equal(sql_begin(k.sql, &k.c, queries, 5), 0);
	expect_row(k.sql, "selected");
	assert_int_equal(sql_next(k.sql, note_row, row), -ENOENT);
	assert_string_equal(sql_error(k.sql), "no such table");
	assert_true(sql_usable(k.sql));
	expect_row(k.sql, "selected");
	assert_int_equal(sql_next(k.sql, note_row, row), -EACCES);
	expect_row(k.sql, "called");
	sql_end(k.sql);
	(void)pthread_join(thread, NULL);
	assert_int_equal(lines(&b), 3);
	assert_non_null(memmem(b.seen, b.n,
	    "\nSELECT 2;SELECT denied;CALL rows\nCALL rows\n", 44));
	tear_down(&k);
}

static void
what_was_not_read_ends_the_connection(void **state)
{
	static const char *const queries[] = { "CALL two", "SELECT 1" };
	struct batches b;
	struct client k;
	pthread_t thread;
	char row[64];

	(void)state;
	start(&k, &b, 3, 1, &thread);
	/* A procedure that answers twice is none of ours. */
	assert_int_equal(sql_begin(k.sql, &k.c, queries, 2), 0);
	assert_int_equal(sql_next(k.sql, note_row, row), -EPROTO);
	assert_false(sql_usable(k.sql));
	assert_int_equal(sql_next(k.sql, note_row, row), -ECONNRESET);
	sql_end(k.sql);
	/* One that gives up half-way. */
	assert_int_equal(sql_begin(k.sql, &k.c, queries + 1, 1), 0);
	sql_end(k.sql);
	assert_int_equal(sql_begin(k.sql, &k.c, queries + 1, 1), 0);
	expect_row(k.sql, "selected");
	/* No more than was asked. */
	assert_int_equal(sql_next(k.sql, note_row, row), -ECONNRESET);
	sql_end(k.sql);
	(void)pthread_join(thread, NULL);
	assert_int_equal(lines(&b), 3);
	tear_down(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_secret_is_not_said),
		cmocka_unit_test(
		    a_run_is_one_batch_and_the_next_keeps_the_connection),
		cmocka_unit_test(a_connection_that_has_died_is_opened_anew),
		cmocka_unit_test(what_was_behind_an_error_is_asked_again),
		cmocka_unit_test(what_was_not_read_ends_the_connection),
	};

	return cmocka_run_group_tests_name("sql", tests, NULL, NULL);
}
