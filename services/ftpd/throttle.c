#include "ftpd/throttle.h"

#include <stddef.h>

#include "ftpd/addr.h"

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
penalty(unsigned failures)
{
	unsigned above = failures > THROTTLE_FREE ? failures - THROTTLE_FREE
						  : 0;
	int64_t ms = above == 0 ? 0
	    : above > 20        ? THROTTLE_LONGEST_MS
				: (int64_t)FIRST_MS << (above - 1);

	return ms < THROTTLE_LONGEST_MS ? ms : THROTTLE_LONGEST_MS;
}

bool
throttle_allows(const struct throttle *t, const struct in6_addr *party,
    int64_t now)
{
	size_t i = find(t, party);

	return i == THROTTLE_SIZE
	    || now - t->entries[i].last >= penalty(t->entries[i].failures);
}

void
throttle_failed(struct throttle *t, const struct in6_addr *party, int64_t now)
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
	if (now - e->last >= THROTTLE_FORGET_MS) {
		e->failures = 0;
	}
	e->failures++;
	e->last = now > 0 ? now : 1;
}

void
throttle_succeeded(struct throttle *t, const struct in6_addr *party)
{
	size_t i = find(t, party);

	if (i < THROTTLE_SIZE) {
		t->entries[i] = (struct throttle_entry){ .last = 0 };
	}
}
