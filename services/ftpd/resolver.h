/*
 * The address that PASV answers, when the setting is a name.  A process of its
 * own looks it up, so that neither the listener waits for a name server nor a
 * session needs one.
 */
#ifndef FTPD_RESOLVER_H
#define FTPD_RESOLVER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct resolver {
	const char *name; /* NULL: there is none to look up */
	bool known;
	struct in_addr addr;
	pid_t pid; /* 0: no look-up runs */
	int fd; /* what it tells; -1: none */
	int64_t next; /* time of the next look-up */
};

/* `address` is the setting: empty, an IPv4 address, or a name. */
void resolver_init(struct resolver *r, const char *address);

/* Starts a look-up when it is time. */
void resolver_tick(struct resolver *r, int64_t now);

/* Takes the result when `fd` is readable; keeps the old one on failure. */
void resolver_read(struct resolver *r);

/* The process has ended; true when `pid` was it. */
bool resolver_ended(struct resolver *r, pid_t pid);

#endif
