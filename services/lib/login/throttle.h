/*
 * How often somebody may guess.  Pure: the time is given.
 *
 * Who that is, the caller says by sixteen bytes: an address, or an account.
 * The first failures cost nothing; each further one doubles the time in which
 * logins of that party are refused unseen, up to a limit.  Quiet for
 * THROTTLE_FORGET_MS wipes the slate.  A success takes back the failures for
 * that very account that came just before it, and no others: who has an account
 * cannot use it to go on guessing another one's password.
 *
 * Each failure, and each try that was refused, is a strike; who has too many
 * may be banned.  The table has a fixed size: when it is full, who was quiet
 * for longest is forgotten.
 */
#ifndef LOGIN_THROTTLE_H
#define LOGIN_THROTTLE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#define THROTTLE_SIZE 512
#define THROTTLE_FREE 5
#define THROTTLE_LONGEST_MS (5 * 60 * 1000)
#define THROTTLE_FORGET_MS (15 * 60 * 1000)

struct throttle_entry {
	struct in6_addr party;
	uint64_t account; /* of the last failure */
	int64_t last; /* time of the last failure; 0: free */
	unsigned failures;
	unsigned in_a_row; /* of these, the last ones, all for `account` */
	unsigned strikes;
};

struct throttle {
	int64_t longest; /* refusal, in ms; 0: THROTTLE_LONGEST_MS */
	unsigned free; /* failures that cost nothing; 0: THROTTLE_FREE */
	struct throttle_entry entries[THROTTLE_SIZE];
};

/* May this party try now? */
bool throttle_allows(const struct throttle *t, const struct in6_addr *party,
    int64_t now);
void throttle_failed(struct throttle *t, const struct in6_addr *party,
    uint64_t account, int64_t now);
void throttle_succeeded(struct throttle *t, const struct in6_addr *party,
    uint64_t account);
/* It tried while it might not. */
void throttle_refused(struct throttle *t, const struct in6_addr *party);
/* Has it so many strikes?  If so, they are counted anew from here on. */
bool throttle_struck_out(struct throttle *t, const struct in6_addr *party,
    uint64_t strikes);

#endif
