/* Memory that is shared, and by its descriptor only read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/shmem.h"

#define SIZE 5000

static void
shared_and_sealed(void **state)
{
	int fd, status, other = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char *p = shmem_new("test", SIZE, &fd);
	const char *same;
	pid_t pid;

	(void)state;
	assert_non_null(p);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	same = shmem_open(fd, SIZE);
	assert_non_null(same);
	assert_int_equal(same[0] + same[SIZE - 1], 0);
	assert_null(shmem_open(fd, SIZE + 1));
	assert_null(shmem_open(other, SIZE));
	assert_null(shmem_open(-1, SIZE));
	/* What a child writes is seen by all. */
	pid = fork();
	if (pid == 0) {
		p[SIZE - 1] = 7;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(same[SIZE - 1], 7);
	/* Whoever is given the descriptor cannot change what is there. */
	assert_int_equal(write(fd, "1", 1), -1);
	assert_ptr_equal(mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_SHARED,
			     fd, 0),
	    MAP_FAILED);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, 2 * SIZE), -1);
	assert_int_equal(same[0], 0);
	assert_int_equal(close(fd) + close(other), 0);
	assert_int_equal(munmap(p, SIZE), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shared_and_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
