/*
 * staticd/access.h and counters.h: one line for one answer, whatever was sent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "staticd/access.h"
#include "staticd/counters.h"

static void
expect_line(const struct access *access, const char *line)
{
	struct buf b;

	buf_init(&b, ACCESS_LINE_MAX);
	access_common(&b, access, 971211336);
	assert_string_equal(buf_cstr(&b), line);
	buf_done(&b);
}

static void
common_format(void **state)
{
	(void)state;
	expect_line(&(struct access){ .addr = "192.0.2.7",
			.method = VIEW("GET"),
			.path = VIEW("/site/a b.html"),
			.version = VIEW("HTTP/1.1"),
			.status = 200,
			.bytes = 2326 },
	    "192.0.2.7 - - [10/Oct/2000:20:55:36 +0000] "
	    "\"GET /site/a%20b.html HTTP/1.1\" 200 2326\n");
}

static void
nothing_is_forged(void **state)
{
	(void)state;
	expect_line(&(struct access){ .addr = "::1",
			.method = VIEW("G\"T"),
			.path = VIEW("/x HTTP/1.1\" 200 1\r\n10.0.0.1 - \\"),
			.version = VIEW(""),
			.status = 505 },
	    "::1 - - [10/Oct/2000:20:55:36 +0000] \"G%22T "
	    "/x%20HTTP/1.1%22%20200%201%0D%0A10.0.0.1%20-%20%5C -\" 505 0\n");
}

static void
long_words_are_cut(void **state)
{
	char path[8192];
	struct access access = { .addr = "192.0.2.7",
		.method = { path, sizeof(path) },
		.path = { path, sizeof(path) },
		.version = { path, sizeof(path) },
		.status = 400 };
	struct buf b;

	(void)state;
	memset(path, '"', sizeof(path));
	buf_init(&b, ACCESS_LINE_MAX);
	access_common(&b, &access, 0);
	assert_int_equal(buf_error(&b), 0);
	assert_non_null(strstr(buf_cstr(&b), "\" 400 0\n"));
	buf_done(&b);
}

static uint64_t
counted(struct counters *c, size_t method, size_t status)
{
	return atomic_load(&c->requests[method][status]);
}

static void
each_answer_is_counted(void **state)
{
	static struct counters c;

	(void)state;
	counters_answer(&c, VIEW("GET"), 200, 10);
	counters_answer(&c, VIEW("HEAD"), 304, 0);
	counters_answer(&c, VIEW("OPTIONS"), 204, 0);
	counters_answer(&c, VIEW("get"), 405, 5);
	counters_answer(&c, VIEW("DELETE"), 418, 5);
	assert_int_equal(counters_statuses[0], 200);
	assert_int_equal(counted(&c, 0, 0), 1);
	assert_int_equal(counted(&c, 1, 2), 1);
	assert_int_equal(counted(&c, 2, 5), 1);
	assert_int_equal(counted(&c, 3, 7), 1);
	assert_int_equal(counted(&c, 3, COUNTERS_STATUSES), 1);
	assert_int_equal(atomic_load(&c.body_bytes), 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(common_format),
		cmocka_unit_test(nothing_is_forged),
		cmocka_unit_test(long_words_are_cut),
		cmocka_unit_test(each_answer_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
