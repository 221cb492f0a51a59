#include "run/sig.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const int handled[] = { SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGCHLD };

static void
fill_set(sigset_t *set)
{
	(void)sigemptyset(set);
	for (size_t i = 0; i < ARRAY_LEN(handled); i++) {
		(void)sigaddset(set, handled[i]);
	}
}

int
sig_open(void)
{
	sigset_t set;
	int fd;

	fill_set(&set);
	(void)signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0) {
		return -errno;
	}
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

enum sig_event
sig_next(int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
		return SIG_EVENT_NONE;
	}
	switch (info.ssi_signo) {
	case SIGHUP:
		return SIG_EVENT_RELOAD;
	case SIGCHLD:
		return SIG_EVENT_CHILD;
	default:
		return SIG_EVENT_STOP;
	}
}

enum sig_event
sig_wait(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, timeout_ms) <= 0) {
		return SIG_EVENT_NONE;
	}
	return sig_next(fd);
}

void
sig_child_reset(void)
{
	sigset_t none;

	for (size_t i = 0; i < ARRAY_LEN(handled); i++) {
		(void)signal(handled[i], SIG_DFL);
	}
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}
