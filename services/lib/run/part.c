#include "run/part.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "run/log.h"

pid_t
part_fork(void)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* It may have ended before. */
		if (getppid() != parent) {
			_exit(1);
		}
	}
	return pid;
}

pid_t
part_fork_pair(int *ret_fd)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		return -errno;
	}
	pid = part_fork();
	if (pid < 0) {
		pid = -errno;
		(void)close(pair[0]);
		(void)close(pair[1]);
		return pid;
	}
	(void)close(pair[pid == 0 ? 0 : 1]);
	*ret_fd = pair[pid == 0 ? 1 : 0];
	return pid;
}

/* The program of that name in the folder of this one.  0, or -errno. */
static int
beside(const char *name, char ret[PATH_MAX])
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const char *slash;

	if (n < 0) {
		return -errno;
	}
	path[n] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL
	    || snprintf(ret, PATH_MAX, "%.*s/%s", (int)(slash - path), path,
		   name)
		>= PATH_MAX) {
		return -ENAMETOOLONG;
	}
	return 0;
}

/* Gives them their numbers, by way of others that are nobody's. */
static int
hand_over(const int fds[], size_t n)
{
	int over[PART_FDS_MOST];

	for (size_t i = 0; i < n; i++) {
		over[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, PART_FD + (int)n);
		if (over[i] < 0) {
			return -errno;
		}
	}
	for (size_t i = 0; i < n; i++) {
		if (dup2(over[i], PART_FD + (int)i) < 0) {
			return -errno;
		}
	}
	return 0;
}

int
part_exec(const char *const argv[], const int fds[], size_t n)
{
	char path[PATH_MAX];
	char *words[PART_WORDS_MOST + 1] = { NULL };
	size_t words_n = 0;
	int r;

	while (argv[words_n] != NULL) {
		words_n++;
	}
	if (n > PART_FDS_MOST || words_n > PART_WORDS_MOST) {
		return -E2BIG;
	}
	/* execv(3) does not change them, though its type does not say so. */
	memcpy(words, argv, words_n * sizeof(words[0]));
	r = beside(words[0], path);
	if (r == 0) {
		r = hand_over(fds, n);
	}
	if (r < 0) {
		return r;
	}
	(void)execv(path, words);
	return -errno;
}

bool
part_begin(const char *daemon, size_t n)
{
	log_init(daemon, LOG_INFO);
	for (size_t i = 0; i < n; i++) {
		int fd = PART_FD + (int)i;

		if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0) {
			(void)fprintf(stderr, "%s starts this by itself\n",
			    daemon);
			return false;
		}
	}
	return true;
}
