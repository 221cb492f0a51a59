/*
 * Signals as events (skalibs: "a signal should be an event like any other").
 *
 * sig_open() blocks SIGTERM, SIGINT, SIGQUIT, SIGHUP and SIGCHLD in the
 * calling thread, and so in every thread made after it; ignores SIGPIPE; and
 * gives a descriptor that becomes readable when one of them is pending.
 * Exactly one thread reads it.
 */
#ifndef RUN_SIG_H
#define RUN_SIG_H

#include "base/macros.h"

enum sig_event {
	SIG_EVENT_NONE,
	SIG_EVENT_STOP, /* TERM, INT, QUIT: drain and end */
	SIG_EVENT_RELOAD, /* HUP: read changed files again */
	SIG_EVENT_CHILD, /* CHLD: reap with waitpid(WNOHANG) */
};

/* The descriptor (close-on-exec, non-blocking), or -errno. */
NODISCARD int sig_open(void);

/* The next pending event; SIG_EVENT_NONE when there is none. */
enum sig_event sig_next(int fd);

/* Waits up to `timeout_ms` (-1: no limit) for an event. */
enum sig_event sig_wait(int fd, int timeout_ms);

/*
 * In a forked child that goes its own way: unblocks all signals and restores
 * their defaults (SIGPIPE stays ignored).
 */
void sig_child_reset(void);

#endif
