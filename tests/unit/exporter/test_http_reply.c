/* HTTP responses, whole and byte by byte, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "exporter/http_reply.h"

#define BODY_MAX 64

/* Feeds the text in pieces of `step` bytes, then closes. */
static int
read_all(struct http_reply *reply, struct view text, size_t step)
{
	int r = 0;

	http_reply_init(reply, BODY_MAX);
	while (text.n > 0 && r == 0) {
		struct view piece = { text.p, text.n < step ? text.n : step };

		r = http_reply_feed(reply, piece);
		text = view_drop(text, piece.n);
	}
	return r < 0 ? r : http_reply_close(reply);
}

static const struct {
	const char *text;
	unsigned status;
	const char *body;
} good[] = {
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello" },
	{ "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, more", 200,
	    "hello" },
	{ "HTTP/1.1 200\ncontent-length:0\n\n", 200, "" },
	{ "HTTP/1.0 404 Not Found\r\nX: y\r\n\r\nuntil the end", 404,
	    "until the end" },
	{ "HTTP/1.1 204 No Content\r\n\r\n", 204, "" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
	  "5\r\nhello\r\n1;x=y\r\n!\r\n0\r\nTrailer: t\r\n\r\n",
	    200, "hello!" },
	{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "A\r\n0123456789\r\na\r\n0123456789\r\n00\r\n\r\n",
	    200, "01234567890123456789" },
};

static void
good_replies(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		for (size_t step = 1; step < 200; step += 7) {
			struct http_reply reply;

			assert_int_equal(read_all(&reply,
					     view_str(good[i].text), step),
			    0);
			assert_true(http_reply_finished(&reply));
			assert_int_equal(reply.status, good[i].status);
			assert_true(view_eq(buf_view(&reply.body),
			    view_str(good[i].body)));
			http_reply_done(&reply);
		}
	}
}

static void
bad_replies(void **state)
{
	static const char *const bad[] = {
		"",
		"\n",
		"SSH-2.0-OpenSSH\r\n",
		"HTTP/2 200 OK\r\n\r\n",
		"HTTP/1.1 20 OK\r\n\r\n",
		"HTTP/1.1 2000 OK\r\n\r\n",
		"HTTP/1.1 +20 OK\r\n\r\n",
		"HTTP/1.1 100 Continue\r\n\r\n",
		"HTTP/1.1 999 No\r\n\r\n",
		"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
		"HTTP/1.1 200 OK\r\n: empty\r\n\r\n",
		"HTTP/1.1 200 OK\r\nA B: c\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1"
		"\r\n\r\nx",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n"
		"Transfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n;\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"1\r\nxy\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"1\r\nx\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"0\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
		"ffffffffffffffffff\r\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		for (size_t step = 1; step < 100; step += 13) {
			struct http_reply reply;

			assert_int_equal(read_all(&reply, view_str(bad[i]),
					     step),
			    -EPROTO);
			http_reply_done(&reply);
		}
	}
}

static void
nul_bytes(void **state)
{
	struct http_reply reply;

	(void)state;
	assert_int_equal(read_all(&reply,
			     VIEW("HTTP/1.1 200 OK\r\nA: \0\r\n\r\n"), 100),
	    -EPROTO);
	http_reply_done(&reply);
	assert_int_equal(
	    read_all(&reply,
		VIEW("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\0\0\0"), 2),
	    0);
	assert_int_equal(buf_size(&reply.body), 3);
	http_reply_done(&reply);
}

/* Feeds a beginning, and then the same piece until it is refused. */
static void
expect_too_large(const char *head, const char *piece)
{
	struct http_reply reply;
	size_t fed = 0;
	int r;

	http_reply_init(&reply, BODY_MAX);
	r = http_reply_feed(&reply, view_str(head));
	while (r == 0 && fed < 1 << 20) {
		r = http_reply_feed(&reply, view_str(piece));
		fed += strlen(piece);
	}
	assert_int_equal(r, -EMSGSIZE);
	http_reply_done(&reply);
}

static void
everything_has_a_limit(void **state)
{
	(void)state;
	expect_too_large("", "HTTP/1.1 ");
	expect_too_large("HTTP/1.1 200 OK\r\n", "A: b\r\n");
	expect_too_large("HTTP/1.1 200 OK\r\nA: ", "bbbbbbbb");
	expect_too_large("HTTP/1.1 200 OK\r\n\r\n", "endless ");
	expect_too_large("HTTP/1.1 200 OK\r\nContent-Length: 65\r\n", "\r\n");
	expect_too_large("HTTP/1.1 200 OK\r\nTransfer-Encoding: "
			 "chunked\r\n\r\n",
	    "1\r\nx\r\n");
	expect_too_large(
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "41\r\n");
	expect_too_large(
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;", "xxxx");
	expect_too_large("HTTP/1.1 200 OK\r\nTransfer-Encoding: "
			 "chunked\r\n\r\n0\r\n",
	    "T: t\r\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_replies),
		cmocka_unit_test(bad_replies),
		cmocka_unit_test(nul_bytes),
		cmocka_unit_test(everything_has_a_limit),
	};

	return cmocka_run_group_tests_name("http_reply", tests, NULL, NULL);
}
