/*
 * Which session processes there are, and from where their clients come.
 */
#ifndef FTPD_CHILDREN_H
#define FTPD_CHILDREN_H

#include <netinet/in.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/macros.h"

struct child {
	pid_t pid;
	struct in6_addr party;
};

struct children {
	struct child *each;
	size_t n;
	size_t most;
};

/* 0, or -ENOMEM. */
NODISCARD int children_init(struct children *c, size_t most);
void children_done(struct children *c);

/* There has to be room: c->n < c->most. */
void children_add(struct children *c, pid_t pid, const struct in6_addr *party);

/* True when it was one of them. */
NODISCARD int children_remove(struct children *c, pid_t pid);

/* How many come from there. */
size_t children_from(const struct children *c, const struct in6_addr *party);

void children_kill(const struct children *c, int signal);

#endif
