/*
 * Who may try to log in.  Pure but for the randomness at the start: the time is
 * given.
 *
 * An address that guesses is made to wait, and told to be banned when it goes
 * on; but not one that many clients share (a gateway's), of which nobody can
 * tell who it was.
 *
 * An account has limits of its own: a strict one for those behind a shared
 * address, and one for all addresses together that a hundred guesses reach,
 * which does not keep its owner out where he has logged in before.  Only
 * accounts that exist are counted, so that made-up names cannot push them out
 * of the tables.
 */
#ifndef LOGIN_LIMITS_H
#define LOGIN_LIMITS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/macros.h"
#include "base/view.h"
#include "login/throttle.h"

/* Logins of which is remembered from which address they came. */
#define LIMITS_KNOWN 64
/* Guesses of an account from all addresses that cost nothing. */
#define LIMITS_FREE 100
/*
 * The longest that an account has to wait: no address can be blamed, and its
 * owner may come from there, too.
 */
#define LIMITS_LONGEST_MS (60 * 1000)

struct limits {
	/* Private. */
	uint64_t seed; /* of accounts' numbers */
	uint64_t strikes; /* after which an address is to be banned; 0: never */
	struct throttle addresses;
	struct throttle shared; /* accounts, guessed from shared addresses */
	struct throttle everywhere; /* accounts, guessed from all addresses */
	struct limits_known {
		struct in6_addr party;
		uint64_t account;
	} known[LIMITS_KNOWN];
	size_t known_next;
};

/* Who tries what. */
struct limits_try {
	struct in6_addr party;
	bool shared; /* no address of one client: others hide behind it */
	bool exists; /* the account */
	uint64_t account; /* by limits_number() */
};

enum limits_outcome {
	LIMITS_RIGHT,
	LIMITS_WRONG,
	LIMITS_REFUSED, /* it tried while it might not */
	LIMITS_NOTHING, /* nobody looked at it */
};

/* `l` is zeroed.  0, or -EIO when there is no randomness. */
NODISCARD int limits_init(struct limits *l, uint64_t strikes);

/* A number for a name, its letters' case aside; nobody else can tell it. */
uint64_t limits_number(const struct limits *l, struct view name);

/* May this address, this account try now? */
bool limits_allow_address(const struct limits *l, const struct limits_try *t,
    int64_t now);
bool limits_allow_account(const struct limits *l, const struct limits_try *t,
    int64_t now);

/* Counts what came of it.  True when the address is to be banned. */
bool limits_count(struct limits *l, const struct limits_try *t,
    enum limits_outcome outcome, int64_t now);

#endif
