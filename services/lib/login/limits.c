#include "login/limits.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "base/hash.h"
#include "run/addr.h"

int
limits_init(struct limits *l, uint64_t strikes)
{
	l->strikes = strikes;
	l->shared.longest = LIMITS_LONGEST_MS;
	l->everywhere.longest = LIMITS_LONGEST_MS;
	l->everywhere.free = LIMITS_FREE;
	return getrandom(&l->seed, sizeof(l->seed), 0)
		== (ssize_t)sizeof(l->seed)
	    ? 0
	    : -EIO;
}

uint64_t
limits_number(const struct limits *l, struct view name)
{
	uint64_t hash = l->seed;

	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (c >= 'A' && c <= 'Z') {
			/* The bit in which letters differ by their case. */
			c |= 0x20;
		}
		hash = hash_more(hash, (struct view){ &c, 1 });
	}
	return hash;
}

/* An account in the place of an address. */
static struct in6_addr
as_party(uint64_t account)
{
	struct in6_addr party = { .s6_addr = { 0 } };

	memcpy(party.s6_addr, &account, sizeof(account));
	return party;
}

static bool
is_known(const struct limits *l, const struct limits_try *t)
{
	for (size_t i = 0; i < LIMITS_KNOWN; i++) {
		if (l->known[i].account == t->account
		    && addr_eq(&l->known[i].party, &t->party)) {
			return true;
		}
	}
	return false;
}

bool
limits_allow_address(const struct limits *l, const struct limits_try *t,
    int64_t now)
{
	return t->shared || throttle_allows(&l->addresses, &t->party, now);
}

bool
limits_allow_account(const struct limits *l, const struct limits_try *t,
    int64_t now)
{
	struct in6_addr account = as_party(t->account);

	if (!t->exists) {
		return true;
	}
	if (t->shared && !throttle_allows(&l->shared, &account, now)) {
		return false;
	}
	return is_known(l, t) || throttle_allows(&l->everywhere, &account, now);
}

static void
count_account(struct limits *l, const struct limits_try *t,
    enum limits_outcome outcome, int64_t now)
{
	struct in6_addr account = as_party(t->account);

	if (outcome == LIMITS_RIGHT) {
		if (!is_known(l, t)) {
			l->known[l->known_next] =
			    (struct limits_known){ .party = t->party,
				    .account = t->account };
			l->known_next = (l->known_next + 1) % LIMITS_KNOWN;
		}
		if (t->shared) {
			throttle_succeeded(&l->shared, &account, t->account);
		}
	} else if (outcome == LIMITS_WRONG) {
		throttle_failed(&l->everywhere, &account, t->account, now);
		if (t->shared) {
			throttle_failed(&l->shared, &account, t->account, now);
		}
	}
}

bool
limits_count(struct limits *l, const struct limits_try *t,
    enum limits_outcome outcome, int64_t now)
{
	if (t->exists) {
		count_account(l, t, outcome, now);
	}
	if (t->shared) {
		return false;
	}
	switch (outcome) {
	case LIMITS_RIGHT:
		throttle_succeeded(&l->addresses, &t->party, t->account);
		break;
	case LIMITS_WRONG:
		throttle_failed(&l->addresses, &t->party, t->account, now);
		break;
	case LIMITS_REFUSED:
		throttle_refused(&l->addresses, &t->party);
		break;
	case LIMITS_NOTHING:
		break;
	}
	return throttle_struck_out(&l->addresses, &t->party, l->strikes);
}
