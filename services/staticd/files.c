#include "staticd/files.h"

#include <dirent.h>
#include <stddef.h>
#include <sys/resource.h>

/* Events, signals, a folder being read and the like. */
#define SPARE 64

void
files_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		/* When this fails, files_for() says what there is. */
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* The descriptors that are open now, and two or three more. */
static uint64_t
count_open(void)
{
	DIR *dir = opendir("/proc/self/fd");
	uint64_t n = 0;

	while (dir != NULL && readdir(dir) != NULL) {
		n++;
	}
	if (dir != NULL) {
		(void)closedir(dir);
	}
	return n;
}

uint64_t
files_for(uint64_t wanted)
{
	uint64_t taken = 2 * count_open() + SPARE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0
	    || limit.rlim_cur == RLIM_INFINITY
	    || limit.rlim_cur >= taken + wanted) {
		return wanted;
	}
	return limit.rlim_cur > taken ? limit.rlim_cur - taken : 1;
}
