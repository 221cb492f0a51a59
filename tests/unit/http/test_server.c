/*
 * http/http.h over real sockets: what the linked libmicrohttpd and our checks
 * make of each line that RFC 9112 wants refused, and the limits of time and
 * number.  SECURITY.md lists what a library version swallows before we see it;
 * those lines are marked here and tested as such.
 */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/macros.h"
#include "http/http.h"
#include "run/clock.h"
#include "run/net.h"

#define PATIENCE_MS 10000
#define BIG (64 * 1024 * 1024)
#define SMALL 4096
#define FILE_BYTES (1024 * 1024)

struct world {
	struct http_server *server;
	uint16_t port;
	_Atomic unsigned answered[600];
};

static enum MHD_Result
serve_big(struct http_request *rq, void *ctx)
{
	static char block[BIG];

	(void)ctx;
	return http_reply_response_take(rq, MHD_HTTP_OK, HTTP_TEXT,
	    MHD_create_response_from_buffer(BIG, block, MHD_RESPMEM_PERSISTENT),
	    NULL);
}

/* A file of FILE_BYTES, of which but one is there by the time it is sent. */
static enum MHD_Result
serve_cut(struct http_request *rq, void *ctx)
{
	int fd = memfd_create("cut", MFD_CLOEXEC);

	(void)ctx;
	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, 1), 0);
	http_expect_bytes(rq, FILE_BYTES);
	http_expect_file(rq, fd, FILE_BYTES);
	return http_reply_response_take(rq, MHD_HTTP_OK, HTTP_TEXT,
	    MHD_create_response_from_fd(FILE_BYTES, fd), NULL);
}

static void
note_answer(void *ctx, const struct http_request *rq, unsigned status,
    uint64_t bytes)
{
	struct world *w = ctx;

	(void)rq;
	(void)bytes;
	w->answered[status < 600 ? status : 0]++;
}

static const struct http_route routes[] = {
	{ "/ok", http_serve_ok },
	{ "/big", serve_big },
	{ "/cut", serve_cut },
};

/* A server on a port that was free a moment ago. */
static int
begin(void **state, struct http_conf conf)
{
	static unsigned next;
	struct world *w = calloc(1, sizeof(*w));
	int r = -EADDRINUSE;

	conf.routes = routes;
	conf.route_count = ARRAY_LEN(routes);
	conf.threads = 2;
	conf.answered = note_answer;
	conf.ctx = w;
	for (unsigned i = 0; w != NULL && r == -EADDRINUSE && i < 100; i++) {
		w->port = (uint16_t)(20000
		    + ((unsigned)getpid() * 7 + next++) % 10000);
		conf.port = w->port;
		r = http_start(&conf, &w->server);
	}
	*state = w;
	return r;
}

static int
begin_plain(void **state)
{
	return begin(state, (struct http_conf){ .idle_seconds = 5 });
}

static int
begin_hasty(void **state)
{
	return begin(state,
	    (struct http_conf){ .idle_seconds = 30,
		.head_seconds = 1,
		.answer_seconds = 1 });
}

static int
begin_narrow(void **state)
{
	return begin(state, (struct http_conf){ .per_address = 3 });
}

static const struct http_header common[] = {
	{ "X-Content-Type-Options", "nosniff" },
	{ "Content-Security-Policy", "default-src 'none'" },
	{ NULL, NULL },
};

static int
begin_small(void **state)
{
	return begin(state,
	    (struct http_conf){ .connection_memory = SMALL,
		.headers = common });
}

static int
end(void **state)
{
	struct world *w = *state;

	http_stop(w->server, 100);
	free(w);
	return 0;
}

static int
dial(const struct world *w)
{
	int fd;

	assert_int_equal(net_connect("127.0.0.1", w->port,
			     clock_ms() + PATIENCE_MS, &fd),
	    0);
	return fd;
}

static void
say(int fd, const void *bytes, size_t n)
{
	assert_int_equal(net_write_all(fd, bytes, n, clock_ms() + PATIENCE_MS),
	    0);
}

/*
 * What comes until the end, or for `quiet_ms` nothing; at most `max` bytes.
 * *ret_closed: the other side has closed.
 */
static size_t
hear(int fd, char *out, size_t max, int quiet_ms, bool *ret_closed)
{
	size_t n = 0;

	*ret_closed = false;
	while (n < max && net_wait_read(fd, clock_ms() + quiet_ms) == 0) {
		ssize_t got = read(fd, out + n, max - n);

		if (got <= 0) {
			*ret_closed = got == 0 || errno == ECONNRESET;
			break;
		}
		n += (size_t)got;
	}
	return n;
}

/* --- one line at a time -------------------------------------------------- */

enum fate {
	TAKEN, /* 200 */
	REFUSED, /* 400 or the like, and the end of the connection */
	UNWANTED, /* 405; the connection may go on */
	SWALLOWED, /* before 1.0 the library hides it from us; later: refused */
	LATE, /* before 1.0 it waits for the end of the line; later: refused */
	HUNG, /* it waits for the end of the line */
};

struct line {
	const char *what;
	const char *bytes;
	size_t n; /* 0: as long as the string */
	enum fate fate;
};

#define HEAD(rest) "GET /ok HTTP/1.1\r\nHost: a\r\n" rest "\r\n"
#define POST(rest) "POST /ok HTTP/1.1\r\nHost: a\r\n" rest "\r\n"
#define WITH_NUL(text) text, sizeof(text) - 1

static const struct line lines[] = {
	{ "sound", HEAD(""), 0, TAKEN },
	{ "sound, old, without Host", "GET /ok HTTP/1.0\r\n\r\n", 0, TAKEN },
	{ "empty line before", "\r\n" HEAD(""), 0, TAKEN },
	{ "absolute target", "GET http://a/ok HTTP/1.1\r\nHost: a\r\n\r\n", 0,
	    TAKEN },
	{ "length 0", HEAD("Content-Length: 0\r\n"), 0, TAKEN },
	{ "no Host", "GET /ok HTTP/1.1\r\n\r\n", 0, REFUSED },
	{ "two Hosts", HEAD("Host: a\r\n"), 0, REFUSED },
	{ "two Hosts, old", "GET /ok HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", 0,
	    REFUSED },
	{ "Host with blank", "GET /ok HTTP/1.1\r\nHost: a b\r\n\r\n", 0,
	    REFUSED },
	{ "Host with path", "GET /ok HTTP/1.1\r\nHost: a/b\r\n\r\n", 0,
	    REFUSED },
	{ "Host with user", "GET /ok HTTP/1.1\r\nHost: a@b\r\n\r\n", 0,
	    REFUSED },
	{ "Host list", "GET /ok HTTP/1.1\r\nHost: a, b\r\n\r\n", 0, REFUSED },
	{ "Host with bad port", "GET /ok HTTP/1.1\r\nHost: a:x\r\n\r\n", 0,
	    REFUSED },
	{ "two lengths", POST("Content-Length: 0\r\nContent-Length: 0\r\n"), 0,
	    REFUSED },
	{ "two lengths on GET",
	    HEAD("Content-Length: 0\r\nContent-Length: 0\r\n"), 0, REFUSED },
	{ "lengths as a list", HEAD("Content-Length: 0, 0\r\n"), 0, REFUSED },
	{ "length with sign", HEAD("Content-Length: +0\r\n"), 0, REFUSED },
	{ "negative length", POST("Content-Length: -1\r\n"), 0, REFUSED },
	{ "hexadecimal length", POST("Content-Length: 0x5\r\n"), 0, REFUSED },
	{ "length beyond 64 bits",
	    POST("Content-Length: 99999999999999999999\r\n"), 0, REFUSED },
	{ "length and coding",
	    POST("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n") "0\r"
									"\n"
									"\r"
									"\n",
	    0, REFUSED },
	{ "coding and length",
	    POST("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n") "0\r"
									"\n"
									"\r"
									"\n",
	    0, REFUSED },
	{ "two codings",
	    POST("Transfer-Encoding: chunked\r\nTransfer-Encoding: "
		 "chunked\r\n") "0\r\n\r\n",
	    0, REFUSED },
	{ "chunked not last",
	    POST("Transfer-Encoding: chunked, gzip\r\n") "0\r\n\r\n", 0,
	    REFUSED },
	{ "other coding", POST("Transfer-Encoding: gzip, chunked\r\n"), 0,
	    REFUSED },
	{ "hidden coding", POST("Transfer-Encoding: xchunked\r\n"), 0,
	    REFUSED },
	{ "chunked, old",
	    "POST /ok HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: "
	    "chunked\r\n\r\n"
	    "0\r\n\r\n",
	    0, REFUSED },
	{ "body on GET", HEAD("Content-Length: 5\r\n") "hello", 0, REFUSED },
	{ "chunks on GET", HEAD("Transfer-Encoding: chunked\r\n") "0\r\n\r\n",
	    0, REFUSED },
	{ "body on HEAD",
	    "HEAD /ok HTTP/1.1\r\nHost: a\r\nContent-Length: "
	    "5\r\n\r\nhello",
	    0, REFUSED },
	{ "body on OPTIONS",
	    "OPTIONS /ok HTTP/1.1\r\nHost: a\r\nContent-Length: "
	    "5\r\n\r\nhello",
	    0, REFUSED },
	{ "space before colon", HEAD("X : y\r\n"), 0, REFUSED },
	{ "tab before colon", HEAD("X\t: y\r\n"), 0, REFUSED },
	{ "space in name", HEAD("X Y: z\r\n"), 0, REFUSED },
	{ "bytes in name", HEAD("X\xff: y\r\n"), 0, REFUSED },
	{ "no colon", HEAD("X\r\n"), 0, REFUSED },
	{ "bare CR in value", HEAD("X: a\rb\r\n"), 0, REFUSED },
	{ "bare CR in a hidden field", HEAD("X: a\rHost: b\r\n"), 0, REFUSED },
	{ "folded", HEAD("X: a\r\n b\r\n"), 0, SWALLOWED },
	{ "empty name", HEAD(": y\r\n"), 0, SWALLOWED },
	{ "NUL in value", WITH_NUL(HEAD("X: a\0b\r\n")), SWALLOWED },
	{ "NUL in name", WITH_NUL(HEAD("X\0Y: a\r\n")), REFUSED },
	{ "bare LF", "GET /ok HTTP/1.1\nHost: a\n\n", 0, SWALLOWED },
	{ "bare LF in the middle", HEAD("X: a\nY: b\r\n"), 0, SWALLOWED },
	{ "NUL in target", WITH_NUL("GET /ok\0/x HTTP/1.1\r\nHost: a\r\n\r\n"),
	    SWALLOWED },
	{ "escaped NUL", "GET /ok%00 HTTP/1.1\r\nHost: a\r\n\r\n", 0, REFUSED },
	{ "bad escape", "GET /ok%zz HTTP/1.1\r\nHost: a\r\n\r\n", 0, REFUSED },
	{ "cut escape", "GET /ok% HTTP/1.1\r\nHost: a\r\n\r\n", 0, REFUSED },
	{ "fragment", "GET /ok#x HTTP/1.1\r\nHost: a\r\n\r\n", 0, REFUSED },
	{ "bytes in target", "GET /ok\xff HTTP/1.1\r\nHost: a\r\n\r\n", 0,
	    REFUSED },
	{ "relative target", "GET ok HTTP/1.1\r\nHost: a\r\n\r\n", 0, REFUSED },
	{ "authority alone", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n", 0,
	    REFUSED },
	{ "climbing", "GET /../ok HTTP/1.1\r\nHost: a\r\n\r\n", 0, REFUSED },
	{ "climbing, escaped", "GET /%2e%2e/ok HTTP/1.1\r\nHost: a\r\n\r\n", 0,
	    REFUSED },
	{ "two blanks", "GET  /ok HTTP/1.1\r\nHost: a\r\n\r\n", 0, SWALLOWED },
	{ "tab for blank", "GET\t/ok\tHTTP/1.1\r\nHost: a\r\n\r\n", 0,
	    REFUSED },
	{ "blank at the end", "GET /ok HTTP/1.1 \r\nHost: a\r\n\r\n", 0,
	    REFUSED },
	{ "blank in target", "GET /ok /ok HTTP/1.1\r\nHost: a\r\n\r\n", 0,
	    REFUSED },
	{ "blank before the method", " GET /ok HTTP/1.1\r\nHost: a\r\n\r\n", 0,
	    REFUSED },
	{ "CR in the request line", "GET /ok\r HTTP/1.1\r\nHost: a\r\n\r\n", 0,
	    REFUSED },
	{ "CR for the line's end", "GET /ok HTTP/1.1\rHost: a\r\r", 0, LATE },
	{ "two CRs", "GET /ok HTTP/1.1\r\r\nHost: a\r\n\r\n", 0, REFUSED },
	{ "blank before the first field",
	    "GET /ok HTTP/1.1\r\n X: y\r\nHost: a\r\n\r\n", 0, REFUSED },
	{ "folded Host", "GET /ok HTTP/1.1\r\nHost:\r\n a\r\n\r\n", 0,
	    REFUSED },
	{ "folded coding",
	    HEAD("Transfer-Encoding:\r\n chunked\r\n") "0\r\n\r\n", 0,
	    REFUSED },
	{ "folded length", HEAD("Content-Length:\r\n 5\r\n") "hello", 0,
	    REFUSED },
	{ "empty Host", "GET /ok HTTP/1.1\r\nHost:\r\n\r\n", 0, REFUSED },
	{ "empty length", POST("Content-Length:\r\n"), 0, REFUSED },
	{ "blank in the length", POST("Content-Length: 1 1\r\n"), 0, REFUSED },
	{ "empty coding", POST("Transfer-Encoding:\r\n"), 0, REFUSED },
	{ "coding with a comma",
	    POST("Transfer-Encoding: chunked,\r\n") "0\r\n\r\n", 0, REFUSED },
	{ "chunked twice",
	    POST("Transfer-Encoding: chunked, chunked\r\n") "0\r\n\r\n", 0,
	    REFUSED },
	{ "asterisk", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 0, REFUSED },
	{ "OPTIONS of all", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 0, TAKEN },
	{ "TRACE", "TRACE /ok HTTP/1.1\r\nHost: a\r\n\r\n", 0, UNWANTED },
	{ "version in small letters", "GET /ok http/1.1\r\nHost: a\r\n\r\n", 0,
	    REFUSED },
	{ "version 1.10", "GET /ok HTTP/1.10\r\nHost: a\r\n\r\n", 0, REFUSED },
	{ "version 2", "GET /ok HTTP/2.0\r\nHost: a\r\n\r\n", 0, REFUSED },
	{ "version 1.2", "GET /ok HTTP/1.2\r\nHost: a\r\n\r\n", 0, REFUSED },
	{ "version 0.9", "GET /ok\r\n\r\n", 0, REFUSED },
	{ "small letters", "get /ok HTTP/1.1\r\nHost: a\r\n\r\n", 0, UNWANTED },
	{ "DELETE", "DELETE /ok HTTP/1.1\r\nHost: a\r\n\r\n", 0, UNWANTED },
	{ "not HTTP", "\x16\x03\x01\x02\r\n\r\n", 0, REFUSED },
	{ "not HTTP, short", "\x16\x03\x01\x02", 0, HUNG },
};

static bool
library_is_old(void)
{
	return strncmp(MHD_get_version(), "0.", 2) == 0;
}

static enum fate
fate_of(const struct world *w, const struct line *line)
{
	char reply[4096] = { 0 };
	unsigned status = 0;
	bool closed;
	int fd = dial(w);
	size_t n;

	say(fd, line->bytes, line->n != 0 ? line->n : strlen(line->bytes));
	n = hear(fd, reply, sizeof(reply) - 1, 700, &closed);
	(void)close(fd);
	if (n == 0) {
		return closed ? REFUSED : HUNG;
	}
	assert_int_equal(sscanf(reply, "HTTP/1.%*c %3u", &status), 1);
	if (status < 400) {
		return TAKEN;
	}
	if (status == 405) {
		return UNWANTED;
	}
	/* Nothing behind it may pass for a second request. */
	if (!closed) {
		print_message("%s: not closed\n", line->what);
		fail();
	}
	return REFUSED;
}

static void
each_line(void **state)
{
	bool right = true;

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		enum fate wanted = lines[i].fate;
		enum fate got = fate_of(*state, &lines[i]);

		if (wanted == SWALLOWED) {
			wanted = library_is_old() ? TAKEN : REFUSED;
		} else if (wanted == LATE) {
			wanted = library_is_old() ? HUNG : REFUSED;
		}
		if (got != wanted) {
			print_message("%s: %d, not %d\n", lines[i].what, got,
			    wanted);
			right = false;
		}
	}
	assert_true(right);
}

/* A body that is refused is not read as the next request. */
static void
no_second_request(void **state)
{
	static const char request[] = HEAD("Content-Length: 38\r\n")
	    HEAD("X: smuggled\r\n");
	struct world *w = *state;
	char reply[4096] = { 0 };
	bool closed;
	int fd = dial(w);

	say(fd, request, sizeof(request) - 1);
	(void)hear(fd, reply, sizeof(reply) - 1, 1000, &closed);
	(void)close(fd);
	assert_true(closed);
	assert_non_null(strstr(reply, "HTTP/1.1 400"));
	assert_null(strstr(reply, "200 OK"));
	assert_null(strstr(reply + 1, "HTTP/1.1"));
}

/* --- life ---------------------------------------------------------------- */

static void
one_connection_many_requests(void **state)
{
	struct world *w = *state;
	struct http_stats stats;
	uint64_t durations = 0;
	int fd = dial(w);

	for (int i = 0; i < 20; i++) {
		char reply[4096] = { 0 };
		bool closed;

		say(fd, HEAD(""), sizeof(HEAD("")) - 1);
		(void)hear(fd, reply, sizeof(reply) - 1, 50, &closed);
		assert_false(closed);
		assert_non_null(strstr(reply, "HTTP/1.1 200"));
	}
	(void)close(fd);
	http_stats(w->server, &stats);
	for (size_t i = 0; i < HTTP_DURATIONS; i++) {
		durations += stats.durations[i];
	}
	assert_int_equal(durations, 20);
	assert_true(stats.duration_us > 0);
	assert_int_equal(stats.requests[2], 20);
	assert_int_equal(w->answered[200], 20);
}

static void
bounds_rise(void **state)
{
	(void)state;
	for (size_t i = 1; i < HTTP_DURATIONS; i++) {
		assert_true(http_duration_us(i) > http_duration_us(i - 1));
	}
	assert_true(http_duration_us(HTTP_DURATIONS - 1) == UINT64_MAX);
	assert_int_equal(http_worker(), http_worker());
}

/* Is the connection closed within `ms`, while a byte is sent now and then? */
static bool
closes(int fd, int ms, const char *drip)
{
	int64_t deadline = clock_ms() + ms;

	while (clock_left(deadline) > 0) {
		char sink[16];

		if (drip != NULL && write(fd, drip, 1) < 0 && errno != EAGAIN) {
			return true;
		}
		if (net_wait_read(fd, clock_ms() + 200) == 0
		    && read(fd, sink, sizeof(sink)) <= 0) {
			return true;
		}
	}
	return false;
}

static void
slow_head_is_cut(void **state)
{
	int fd = dial(*state);

	say(fd, "GET /ok HTTP/1.1\r\nX: ", 21);
	assert_true(closes(fd, PATIENCE_MS, "x"));
	(void)close(fd);
}

/* Also behind a request that was sound, once the idle time is over as well. */
static void
silence_is_no_slow_head(void **state)
{
	struct world *w = *state;
	char reply[4096] = { 0 };
	bool closed;
	int fd = dial(w);

	say(fd, HEAD(""), sizeof(HEAD("")) - 1);
	(void)hear(fd, reply, sizeof(reply) - 1, 3000, &closed);
	assert_false(closed);
	say(fd, HEAD(""), sizeof(HEAD("")) - 1);
	memset(reply, 0, sizeof(reply));
	(void)hear(fd, reply, sizeof(reply) - 1, 200, &closed);
	assert_false(closed);
	assert_non_null(strstr(reply, "HTTP/1.1 200"));
	(void)close(fd);
}

/* Reads next to nothing: the rest never comes. */
static void
slow_reader_is_cut(void **state)
{
	static const char request[] = "GET /big HTTP/1.1\r\nHost: a\r\n\r\n";
	struct world *w = *state;
	struct http_stats stats;
	int64_t deadline;
	int fd = dial(w);

	say(fd, request, sizeof(request) - 1);
	deadline = clock_ms() + PATIENCE_MS;
	do {
		(void)poll(NULL, 0, 100);
		http_stats(w->server, &stats);
	} while ((stats.connections != 0 || w->answered[200] == 0)
	    && clock_left(deadline) > 0);
	assert_int_equal(stats.connections, 0);
	(void)close(fd);
}

/* The library would try to send the rest for ever. */
static void
file_cut_short_ends_the_answer(void **state)
{
	static const char request[] = "GET /cut HTTP/1.1\r\nHost: a\r\n\r\n"
				      "GET /ok HTTP/1.1\r\nHost: a\r\n\r\n";
	static const char sound[] = HEAD("");
	char reply[4096] = { 0 };
	bool closed;
	int fd = dial(*state);

	say(fd, request, sizeof(request) - 1);
	(void)hear(fd, reply, sizeof(reply) - 1, PATIENCE_MS, &closed);
	assert_true(closed);
	assert_non_null(strstr(reply, "HTTP/1.1 200"));
	assert_null(strstr(reply, "ok\n"));
	(void)close(fd);
	/* Who is answered after it is not meant. */
	fd = dial(*state);
	say(fd, sound, sizeof(sound) - 1);
	(void)hear(fd, reply, sizeof(reply) - 1, 2500, &closed);
	assert_false(closed);
	(void)close(fd);
}

static void
one_address_is_limited(void **state)
{
	int fds[3];
	int extra;
	char reply[64];
	bool closed;

	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		fds[i] = dial(*state);
		say(fds[i], HEAD(""), sizeof(HEAD("")) - 1);
		assert_int_equal(hear(fds[i], reply, sizeof(reply), 1000,
				     &closed),
		    sizeof(reply));
	}
	extra = dial(*state);
	assert_int_equal(hear(extra, reply, sizeof(reply), 3000, &closed), 0);
	assert_true(closed);
	(void)close(extra);
	for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
		(void)close(fds[i]);
	}
}

/* --- heads that do not fit ------------------------------------------------ */

/* What stands before, again and again in the middle, and behind. */
struct shape {
	const char *begin;
	const char *again;
	const char *end;
};

static const struct shape shapes[] = {
	{ "GET /ok HTTP/1.1\r\nHost: a\r\nX: ", "a", "\r\n\r\n" },
	{ "GET /ok HTTP/1.1\r\nHost: a\r\n", "A: b\r\n", "\r\n" },
	{ "GET /ok", "a", " HTTP/1.1\r\nHost: a\r\n\r\n" },
	{ "GET /ok?", "a&", " HTTP/1.1\r\nHost: a\r\n\r\n" },
	{ "GET /ok?", "a=b&%20", " HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n" },
	/* and a request that comes in one piece with the one before */
	{ "GET /ok HTTP/1.1\r\nHost: a\r\nX: ", "a",
	    "\r\n\r\nGET /ok HTTP/1.1\r\nHost: a\r\nX: "
	    "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
	    "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
	    "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"
	    "\r\n\r\n" },
};

/* The status of the first answer; 0: none came. */
static unsigned
status_of(const struct world *w, const struct shape *shape, size_t times)
{
	struct buf head;
	char reply[13] = { 0 };
	char rest[4096] = { 0 };
	unsigned status = 0;
	bool closed;
	int fd = dial(w);

	buf_init(&head, 1 << 16);
	buf_add_str(&head, shape->begin);
	for (size_t i = 0; i < times; i++) {
		buf_add_str(&head, shape->again);
	}
	buf_add_str(&head, shape->end);
	say(fd, buf_cstr(&head), buf_size(&head));
	if (hear(fd, reply, sizeof(reply) - 1, PATIENCE_MS, &closed)
	    == sizeof(reply) - 1) {
		(void)sscanf(reply, "HTTP/1.%*c %3u", &status);
	}
	if (status >= 414) {
		/* It is the only one, and the end. */
		(void)hear(fd, rest, sizeof(rest) - 1, PATIENCE_MS, &closed);
		assert_true(closed);
		assert_null(strstr(rest, "HTTP/1.1 "));
	}
	(void)close(fd);
	buf_done(&head);
	return status;
}

/*
 * However much of the connection's memory a head takes: there is an answer,
 * and one that was too much is told so (RFC 6585 section 5, RFC 9110 section
 * 15.5.15).
 */
static void
each_head_is_answered(void **state)
{
	struct http_stats stats;

	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		size_t step = strlen(shapes[i].again);
		unsigned last = 200;

		for (size_t n = 1; n * step < 2 * SMALL;
		     n += step == 1 ? 3 : 1) {
			unsigned status = status_of(*state, &shapes[i], n);

			if (status != 200 && status != 404 && status != 414
			    && status != 431) {
				print_message("shape %zu, %zu times: %u\n", i,
				    n, status);
				fail();
			}
			/* From some length on, and never less than that. */
			assert_true(last < 414 || status >= 414);
			last = status;
		}
		assert_in_range(last, 414, 431);
	}
	http_stats(((struct world *)*state)->server, &stats);
	assert_true(stats.refused > 0);
	assert_true(((struct world *)*state)->answered[431] > 0);
	assert_true(((struct world *)*state)->answered[414] > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_line, begin_plain, end),
		cmocka_unit_test_setup_teardown(no_second_request, begin_plain,
		    end),
		cmocka_unit_test_setup_teardown(each_head_is_answered,
		    begin_small, end),
		cmocka_unit_test_setup_teardown(one_connection_many_requests,
		    begin_plain, end),
		cmocka_unit_test(bounds_rise),
		cmocka_unit_test_setup_teardown(slow_head_is_cut, begin_hasty,
		    end),
		cmocka_unit_test_setup_teardown(silence_is_no_slow_head,
		    begin_hasty, end),
		cmocka_unit_test_setup_teardown(slow_reader_is_cut, begin_hasty,
		    end),
		cmocka_unit_test_setup_teardown(file_cut_short_ends_the_answer,
		    begin_plain, end),
		cmocka_unit_test_setup_teardown(one_address_is_limited,
		    begin_narrow, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
