#include "ftpd/throttle.h"

#include <stddef.h>

#include "ftpd/addr.h"

#define FIRST_MS 1000

static const struct throttle_entry *
find(const struct throttle *t, const struct in6_addr *party)
{
	for (size_t i = 0; i < THROTTLE_SIZE; i++) {
		if (t->entries[i].last != 0
		    && addr_eq(&t->entries[i].party, party)) {
			return &t->entries[i];
		}
	}
	return NULL;
}

static int64_t
penalty(unsigned failures)
{
	int64_t ms = FIRST_MS;

	if (failures <= THROTTLE_FREE) {
		return 0;
	}
	for (unsigned i = THROTTLE_FREE + 1; i < failures; i++) {
		ms *= 2;
		if (ms >= THROTTLE_LONGEST_MS) {
			return THROTTLE_LONGEST_MS;
		}
	}
	return ms;
}

bool
throttle_allows(const struct throttle *t, const struct in6_addr *party,
    int64_t now)
{
	const struct throttle_entry *e = find(t, party);

	return e == NULL || now - e->last >= penalty(e->failures);
}

/* The party's entry, or the one that is given up for it. */
static struct throttle_entry *
place(struct throttle *t, const struct in6_addr *party)
{
	struct throttle_entry *oldest = &t->entries[0];

	for (size_t i = 0; i < THROTTLE_SIZE; i++) {
		struct throttle_entry *e = &t->entries[i];

		if (e->last != 0 && addr_eq(&e->party, party)) {
			return e;
		}
		if (e->last < oldest->last) {
			oldest = e;
		}
	}
	*oldest = (struct throttle_entry){ .party = *party };
	return oldest;
}

void
throttle_failed(struct throttle *t, const struct in6_addr *party, int64_t now)
{
	struct throttle_entry *e = place(t, party);

	if (now - e->last >= THROTTLE_FORGET_MS) {
		e->failures = 0;
	}
	e->failures++;
	e->last = now > 0 ? now : 1;
}

void
throttle_succeeded(struct throttle *t, const struct in6_addr *party)
{
	for (size_t i = 0; i < THROTTLE_SIZE; i++) {
		if (t->entries[i].last != 0
		    && addr_eq(&t->entries[i].party, party)) {
			t->entries[i] = (struct throttle_entry){ .last = 0 };
		}
	}
}
