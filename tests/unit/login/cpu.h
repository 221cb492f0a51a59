/* Time that this process has worked.  To be included by a test. */
#ifndef TEST_CPU_H
#define TEST_CPU_H

#include <stdint.h>
#include <time.h>

static int64_t
cpu_us(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

#endif
