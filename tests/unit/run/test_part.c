/*
 * Processes that become programs of their own: this one, started again by
 * itself with other words.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/macros.h"
#include "run/part.h"

#define PROGRAM "test_part"
#define FDS 64

/* --- what the program does ------------------------------------------------ */

/* Did it get two pipes in their order, and nothing else? */
static int
look_at_what_is_given(void)
{
	char first, second;

	if (!part_begin("test", 2)) {
		return 1;
	}
	if (read(PART_FD, &first, 1) != 1 || read(PART_FD + 1, &second, 1) != 1
	    || first != 'a' || second != 'b') {
		return 2;
	}
	if (fcntl(PART_FD, F_GETFD) != FD_CLOEXEC
	    || fcntl(PART_FD + 1, F_GETFD) != FD_CLOEXEC) {
		return 3;
	}
	for (int fd = PART_FD + 2; fd < FDS; fd++) {
		if (fcntl(fd, F_GETFD) >= 0) {
			return 4;
		}
	}
	return 42;
}

static int
look_at_nothing(void)
{
	return part_begin("test", 1) ? 1 : 43;
}

/* --- tests ---------------------------------------------------------------- */

static int
status_of(pid_t pid)
{
	int status = -1;

	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/* The reading end of a pipe with that letter in it. */
static int
pipe_with(const char *letter)
{
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(write(ends[1], letter, 1), 1);
	assert_int_equal(close(ends[1]), 0);
	return ends[0];
}

static void
descriptors_in_their_order(void **state)
{
	/* The second one has the number that the first one is to get. */
	int b = pipe_with("b"), a = pipe_with("a");
	pid_t pid = part_fork();

	(void)state;
	if (pid == 0) {
		_exit(part_exec((const char *[]){ PROGRAM, "given", NULL },
		    (int[]){ a, b }, 2));
	}
	assert_int_equal(status_of(pid), 42);
	pid = part_fork();
	if (pid == 0) {
		_exit(part_exec((const char *[]){ PROGRAM, "nothing", NULL },
		    NULL, 0));
	}
	assert_int_equal(status_of(pid), 43);
	assert_int_equal(close(a) + close(b), 0);
}

static void
what_cannot_be(void **state)
{
	static const char *many[PART_WORDS_MOST + 2] = { PROGRAM };
	int fds[PART_FDS_MOST + 1] = { 0 };

	(void)state;
	for (size_t i = 1; i < ARRAY_LEN(many) - 1; i++) {
		many[i] = "word";
	}
	assert_int_equal(part_exec(many, NULL, 0), -E2BIG);
	assert_int_equal(part_exec((const char *[]){ PROGRAM, NULL }, fds,
			     ARRAY_LEN(fds)),
	    -E2BIG);
	assert_int_equal(part_exec((const char *[]){ "no-such-program", NULL },
			     NULL, 0),
	    -ENOENT);
	assert_int_equal(part_exec((const char *[]){ PROGRAM, NULL },
			     (int[]){ -1 }, 1),
	    -EBADF);
}

static void
a_pair(void **state)
{
	char answer[8];
	int fd = -1;
	pid_t pid = part_fork_pair(&fd);

	(void)state;
	if (pid == 0) {
		_exit(send(fd, "hello", 5, 0) == 5
			    && recv(fd, answer, sizeof(answer), 0) == 0
			? 7
			: 8);
	}
	assert_int_equal(recv(fd, answer, sizeof(answer), 0), 5);
	assert_memory_equal(answer, "hello", 5);
	assert_int_equal(close(fd), 0);
	assert_int_equal(status_of(pid), 7);
}

/* The process in between ends; its part must not stay. */
static void
it_ends_with_its_parent(void **state)
{
	int ends[2];
	char letter;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		if (part_fork() == 0) {
			(void)!write(ends[1], "x", 1);
			(void)pause();
		}
		/* Not before it has begun. */
		_exit(read(ends[0], &letter, 1) == 1 ? 0 : 1);
	}
	assert_int_equal(close(ends[1]), 0);
	assert_int_equal(status_of(pid), 0);
	/* Nobody holds the other end any more. */
	assert_int_equal(read(ends[0], &letter, 1), 0);
	assert_int_equal(close(ends[0]), 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_in_their_order),
		cmocka_unit_test(what_cannot_be),
		cmocka_unit_test(a_pair),
		cmocka_unit_test(it_ends_with_its_parent),
	};

	if (argc == 2) {
		return strcmp(argv[1], "given") == 0 ? look_at_what_is_given()
						     : look_at_nothing();
	}
	/* What make may have left open. */
	for (int fd = PART_FD; fd < FDS; fd++) {
		(void)close(fd);
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
