#include "login/throttle.h"

#include <stddef.h>

#include "run/addr.h"

#define FIRST_MS 1000

/* The party's entry, or THROTTLE_SIZE. */
static size_t
find(const struct throttle *t, const struct in6_addr *party)
{
	size_t i = 0;

	while (i < THROTTLE_SIZE
	    && (t->entries[i].last == 0
		|| !addr_eq(&t->entries[i].party, party))) {
		i++;
	}
	return i;
}

static int64_t
penalty(const struct throttle *t, unsigned failures)
{
	int64_t longest = t->longest == 0 ? THROTTLE_LONGEST_MS : t->longest;
	unsigned most = t->free == 0 ? THROTTLE_FREE : t->free;
	unsigned above = failures > most ? failures - most : 0;
	int64_t ms = above == 0 ? 0
	    : above > 20        ? longest
				: (int64_t)FIRST_MS << (above - 1);

	return ms < longest ? ms : longest;
}

bool
throttle_allows(const struct throttle *t, const struct in6_addr *party,
    int64_t now)
{
	size_t i = find(t, party);

	return i == THROTTLE_SIZE
	    || now - t->entries[i].last >= penalty(t, t->entries[i].failures);
}

/* The party's entry, made if need be. */
static struct throttle_entry *
obtain(struct throttle *t, const struct in6_addr *party)
{
	size_t known = find(t, party);
	struct throttle_entry *e = &t->entries[known % THROTTLE_SIZE];

	if (known == THROTTLE_SIZE) {
		for (size_t i = 1; i < THROTTLE_SIZE; i++) {
			if (t->entries[i].last < e->last) {
				e = &t->entries[i];
			}
		}
		*e = (struct throttle_entry){ .party = *party };
	}
	return e;
}

void
throttle_failed(struct throttle *t, const struct in6_addr *party,
    uint64_t account, int64_t now)
{
	struct throttle_entry *e = obtain(t, party);

	if (now - e->last >= THROTTLE_FORGET_MS) {
		*e = (struct throttle_entry){ .party = *party };
	}
	e->in_a_row = e->account == account ? e->in_a_row + 1 : 1;
	e->account = account;
	e->failures++;
	e->strikes++;
	e->last = now > 0 ? now : 1;
}

void
throttle_succeeded(struct throttle *t, const struct in6_addr *party,
    uint64_t account)
{
	size_t i = find(t, party);
	struct throttle_entry *e = &t->entries[i % THROTTLE_SIZE];

	if (i == THROTTLE_SIZE || e->account != account) {
		return;
	}
	e->failures -= e->in_a_row;
	e->strikes -= e->strikes < e->in_a_row ? e->strikes : e->in_a_row;
	e->in_a_row = 0;
}

void
throttle_refused(struct throttle *t, const struct in6_addr *party)
{
	size_t i = find(t, party);

	if (i < THROTTLE_SIZE) {
		t->entries[i].strikes++;
	}
}

bool
throttle_struck_out(struct throttle *t, const struct in6_addr *party,
    uint64_t strikes)
{
	size_t i = find(t, party);

	if (i == THROTTLE_SIZE || strikes == 0
	    || t->entries[i].strikes < strikes) {
		return false;
	}
	t->entries[i].strikes = 0;
	return true;
}
