/* Log lines: one write each, escaped, cut where they are too long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/log.h"

static int saved = -1, pipe_fd[2];

/* Standard error goes into a pipe. */
static int
setup(void **state)
{
	(void)state;
	assert_int_equal(pipe2(pipe_fd, O_NONBLOCK), 0);
	saved = dup(STDERR_FILENO);
	assert_true(saved >= 0);
	assert_true(dup2(pipe_fd[1], STDERR_FILENO) >= 0);
	log_init("testd", LOG_INFO);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)dup2(saved, STDERR_FILENO);
	(void)close(saved);
	(void)close(pipe_fd[0]);
	(void)close(pipe_fd[1]);
	return 0;
}

/* What has been written since the last call. */
static const char *
written(void)
{
	static char text[16384];
	ssize_t n = read(pipe_fd[0], text, sizeof(text) - 1);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void
has(const char *text, const char *piece)
{
	if (strstr(text, piece) == NULL) {
		fail_msg("no %s in: %s", piece, text);
	}
}

static void
a_line(void **state)
{
	struct log_line l;
	const char *text;
	int year, month, day, hour, minute, second, ms;
	char pid[32];

	(void)state;
	log_open(&l, LOG_WARN, "login_failed");
	log_str(&l, "user", "bob");
	log_num(&l, "tries", -3);
	log_view(&l, "addr", VIEW("192.0.2.1"));
	log_err(&l, -ENOENT);
	log_err(&l, ENOENT);
	log_close(&l);
	text = written();
	assert_int_equal(sscanf(text, "time=%4d-%2d-%2dT%2d:%2d:%2d.%3dZ ",
			     &year, &month, &day, &hour, &minute, &second, &ms),
	    7);
	(void)snprintf(pid, sizeof(pid), " pid=%d ", (int)getpid());
	has(text, pid);
	has(text, " level=warn daemon=testd ");
	has(text,
	    " event=login_failed user=bob tries=-3 addr=192.0.2.1 "
	    "error=\"No such file or directory\" "
	    "error=\"No such file or directory\"\n");
	assert_int_equal(strlen(strchr(text, '\n')), 1);
}

static void
no_peer_forges_a_line(void **state)
{
	struct log_line l;
	const char *text;

	(void)state;
	log_open(&l, LOG_INFO, "e");
	log_view(&l, "user", VIEW("x\nlevel=error event=fire \"\\ \0\x1b["));
	log_str(&l, "none", NULL);
	log_str(&l, "utf8", "\xc3\xa4");
	log_close(&l);
	text = written();
	has(text,
	    " user=\"x\\nlevel=error event=fire \\\"\\\\ "
	    "\\x00\\x1b[\" none=\"\" ");
	assert_int_equal(strlen(strchr(text, '\n')), 1);
}

static void
levels(void **state)
{
	(void)state;
	log_say(LOG_DEBUG, "hidden", "%d", 1);
	assert_string_equal(written(), "");
	log_say(LOG_ERROR, "shown", "%d %s", 1, "two");
	has(written(), " level=error daemon=testd ");
	log_init("testd", LOG_DEBUG);
	log_say(LOG_DEBUG, "shown", "%d %s", 1, "two");
	has(written(), " event=shown message=\"1 two\"\n");
	log_init("testd", LOG_ERROR);
	log_say(LOG_WARN, "hidden", "x");
	log_say(LOG_INFO, "hidden", "x");
	assert_string_equal(written(), "");
}

static void
long_lines_are_cut(void **state)
{
	static char large[LOG_LINE_MAX * 2];
	struct log_line l;
	const char *text;

	(void)state;
	memset(large, 'x', sizeof(large) - 1);
	/* One long value does not push out the others. */
	log_open(&l, LOG_INFO, "e");
	log_str(&l, "large", large);
	log_str(&l, "after", "here");
	log_close(&l);
	text = written();
	has(text, " after=here\n");
	assert_true(strlen(text) <= LOG_LINE_MAX);

	log_open(&l, LOG_INFO, "e");
	for (int i = 0; i < 10; i++) {
		log_str(&l, "large", large);
	}
	log_num(&l, "after", 1);
	log_close(&l);
	text = written();
	assert_true(strlen(text) <= LOG_LINE_MAX);
	has(text, " cut=1\n");
	assert_null(strstr(text, "after"));

	/* Every byte becomes four. */
	memset(large, '\x01', sizeof(large) - 1);
	log_open(&l, LOG_INFO, "e");
	log_str(&l, "large", large);
	log_str(&l, "large", large);
	log_str(&l, "after", "here");
	log_close(&l);
	text = written();
	has(text, " large=\"\\x01\\x01");
	has(text, " after=here\n");
	assert_true(strlen(text) <= LOG_LINE_MAX);
}

static void
standard_error_is_gone(void **state)
{
	(void)state;
	assert_int_equal(close(STDERR_FILENO), 0);
	log_say(LOG_ERROR, "nowhere", "to go");
	assert_true(dup2(saved, STDERR_FILENO) >= 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_line),
		TEST(no_peer_forges_a_line),
		TEST(levels),
		TEST(long_lines_are_cut),
		TEST(standard_error_is_gone),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
