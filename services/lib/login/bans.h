/*
 * Who is not let in for a while.  Pure: the time is given.  When the table is
 * full, the ban that would end first is given up.
 */
#ifndef LOGIN_BANS_H
#define LOGIN_BANS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BANS_SIZE 256

struct bans {
	struct {
		struct in6_addr party;
		int64_t until; /* 0: free */
	} each[BANS_SIZE];
};

void bans_add(struct bans *b, const struct in6_addr *party, int64_t until);
bool bans_hold(const struct bans *b, const struct in6_addr *party, int64_t now);
/* How many hold now? */
size_t bans_count(const struct bans *b, int64_t now);

#endif
