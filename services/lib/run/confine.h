/*
 * Confining a process by what the running kernel offers: Landlock (files, TCP
 * ports, signals), a seccomp allow-list, resource limits.  None of it needs a
 * capability or can be undone, and further calls only take more away.
 *
 * Landlock is used from ABI 2 on (Linux 5.19): ABI 1 would forbid renaming
 * between two folders altogether.  Rules for TCP ports came with ABI 4 (6.7),
 * for signals and abstract sockets with ABI 6 (6.12); what the kernel does not
 * know is left out, and confine_probe() tells.
 */
#ifndef RUN_CONFINE_H
#define RUN_CONFINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"

struct confine_support {
	int landlock_abi; /* 0: none, or too old to be used */
	bool files; /* paths */
	bool ports; /* TCP bind and connect */
	bool scope; /* signals and abstract unix sockets */
	bool seccomp;
};

/* What the running kernel offers. */
void confine_probe(struct confine_support *ret);

/*
 * Promises that nothing this process executes gains privileges; all that
 * follows needs it.  Children inherit it.
 */
NODISCARD int confine_no_new_privs(void);

#define CONFINE_READ 1U /* read files, list folders */
#define CONFINE_WRITE 2U /* write, create, remove and rename both */

struct confine_path {
	int fd; /* a folder (O_PATH will do); the rule is for all beneath */
	unsigned rights; /* CONFINE_READ, CONFINE_WRITE */
};

struct confine_rules {
	const struct confine_path *paths;
	size_t path_count;
	uint16_t bind; /* the TCP port that may be bound; 0: none */
	uint16_t connect; /* the TCP port to connect to; 0: none */
};

/*
 * Makes a Landlock ruleset: everything that the kernel can forbid is
 * forbidden but what `rules` allow.  The descriptor (close-on-exec) may be
 * entered by many processes.  -ENOSYS when the kernel has no usable Landlock.
 */
NODISCARD int confine_ruleset(const struct confine_rules *rules, int *ret_fd);

/* Enters a ruleset: for the calling thread and what it makes from now on. */
NODISCARD int confine_enter(int ruleset_fd);

/* A condition on a system call's argument: (argument & mask) == value. */
struct confine_check {
	uint8_t arg;
	uint32_t mask;
	uint32_t value;
};

/* An allowed call; it is allowed if one entry with its number fits. */
struct confine_call {
	int nr;
	uint8_t checks; /* how many of `check` count */
	struct confine_check check[3];
};

/*
 * Allows the calls of the list and answers all others with EPERM, and clone3
 * with ENOSYS, which makes C libraries use clone.  Another architecture's
 * calls kill the process.  -ENOSYS where this is not to be had.
 */
NODISCARD int confine_seccomp(const struct confine_call *calls, size_t n);

/*
 * Behind such a list: the calls of this one are answered with EPERM from now
 * on, whatever their arguments.  Much cheaper than another list of what is
 * allowed, both to make and with each call.  Errors as above.
 */
NODISCARD int confine_seccomp_less(const struct confine_call *calls, size_t n);

/*
 * Both at once, where a layer that the kernel lacks is no error: enters a
 * ruleset (-1: none) and keeps to these calls.  0, or -errno.
 */
NODISCARD int confine_by(int ruleset_fd, const struct confine_call *calls,
    size_t n);
/* The same with rules that nobody else enters. */
NODISCARD int confine_wholly(const struct confine_rules *rules,
    const struct confine_call *calls, size_t n);

/* Limits of a process; 0 leaves a limit as it is. */
struct confine_limits {
	uint64_t files; /* open descriptors */
	uint64_t data; /* bytes of private memory */
};

/* Sets them, and forbids core dumps. */
NODISCARD int confine_limit(const struct confine_limits *limits);

#endif
