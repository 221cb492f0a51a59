#include "login/bans.h"

#include "run/addr.h"

void
bans_add(struct bans *b, const struct in6_addr *party, int64_t until)
{
	size_t at = 0;

	for (size_t i = 0; i < BANS_SIZE; i++) {
		if (b->each[i].until != 0
		    && addr_eq(&b->each[i].party, party)) {
			at = i;
			break;
		}
		if (b->each[i].until < b->each[at].until) {
			at = i;
		}
	}
	b->each[at].party = *party;
	b->each[at].until = until;
}

bool
bans_hold(const struct bans *b, const struct in6_addr *party, int64_t now)
{
	for (size_t i = 0; i < BANS_SIZE; i++) {
		if (b->each[i].until > now
		    && addr_eq(&b->each[i].party, party)) {
			return true;
		}
	}
	return false;
}

size_t
bans_count(const struct bans *b, int64_t now)
{
	size_t n = 0;

	for (size_t i = 0; i < BANS_SIZE; i++) {
		n += b->each[i].until > now;
	}
	return n;
}
