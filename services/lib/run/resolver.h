/*
 * The IPv4 address of a name, which may change.  A process of its own looks it
 * up again and again, so that no process that serves waits for a name server or
 * needs one, and that what a name server says is parsed where there is nothing
 * to be had.
 */
#ifndef RUN_RESOLVER_H
#define RUN_RESOLVER_H

#include <netinet/in.h>
#include <stdbool.h>

struct resolver {
	bool known;
	struct in_addr addr;
	int fd; /* what the process tells; -1: there is none */
};

/* The process: writes addresses to `fd`, and never returns. */
_Noreturn void resolver_run(const char *name, int fd);

/* Takes what came when `fd` is readable. */
void resolver_read(struct resolver *r);

#endif
