/*
 * How often an address may guess.  Pure: the time is given.
 *
 * The first THROTTLE_FREE failures cost nothing; each further one doubles the
 * time in which logins of that party are refused unseen.  A success, or quiet
 * for THROTTLE_FORGET_MS, wipes the slate.  The table has a fixed size: when it
 * is full, who was quiet for longest is forgotten.
 */
#ifndef FTPD_THROTTLE_H
#define FTPD_THROTTLE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define THROTTLE_SIZE 512
#define THROTTLE_FREE 5
#define THROTTLE_LONGEST_MS (5 * 60 * 1000)
#define THROTTLE_FORGET_MS (15 * 60 * 1000)

struct throttle_entry {
	struct in6_addr party;
	int64_t last; /* of the last failure; 0: free */
	unsigned failures;
};

struct throttle {
	struct throttle_entry entries[THROTTLE_SIZE];
};

/* May this party try now? */
bool throttle_allows(const struct throttle *t, const struct in6_addr *party,
    int64_t now);
void throttle_failed(struct throttle *t, const struct in6_addr *party,
    int64_t now);
void throttle_succeeded(struct throttle *t, const struct in6_addr *party);

#endif
