/*
 * A queue that serves all parties in turn, and of each party all accounts in
 * turn (start-time fair queueing), and in which nobody can take the place of
 * all others.  Pure.
 *
 * A party is whoever shares one address or network, an account what it is
 * after.  In a full queue, and for a party that has its share of it, whoever
 * has two more than a new one would have gives way.
 *
 * An item is the first member of what the caller queues, which stays the
 * caller's.
 */
#ifndef LOGIN_FAIRQ_H
#define LOGIN_FAIRQ_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FAIRQ_MOST 64
/* Of one party, at most, so that it leaves room for others. */
#define FAIRQ_SHARE 48

enum fairq_state {
	FAIRQ_WAITS, /* cannot be worked at yet */
	FAIRQ_READY,
	FAIRQ_BUSY, /* somebody works at it: it does not give way */
};

struct fairq_item {
	/* The caller's; the state may change at any time. */
	struct in6_addr party;
	uint64_t account;
	enum fairq_state state;
	/* Private. */
	uint64_t turn;
	size_t before; /* items of its party for its account when it came */
};

struct fairq {
	/* To be read only: the oldest first. */
	struct fairq_item *each[FAIRQ_MOST];
	size_t n;
	/* Private. */
	uint64_t turn; /* of the last one that was begun */
};

/*
 * Is there room for one more of that party, which may have `most` of them, for
 * that account?  If so, *ret_out is NULL or one that has to be removed for it.
 */
bool fairq_room(const struct fairq *q, const struct in6_addr *party,
    uint64_t account, size_t most, struct fairq_item **ret_out);

/* There has to be room: q->n < FAIRQ_MOST. */
void fairq_add(struct fairq *q, struct fairq_item *item);
void fairq_remove(struct fairq *q, const struct fairq_item *item);

/* The one to begin with next, of those that are ready; NULL: none. */
struct fairq_item *fairq_next(struct fairq *q);
/* It is begun: it is busy from here on. */
void fairq_begin(struct fairq *q, struct fairq_item *item);

#endif
