#include "login/fairq.h"

#include "run/addr.h"

/* Items of that party, and for that account, if one is given. */
static size_t
share_of(const struct fairq *q, const struct in6_addr *party,
    const uint64_t *account)
{
	size_t n = 0;

	for (size_t i = 0; i < q->n; i++) {
		n += addr_eq(&q->each[i]->party, party)
		    && (account == NULL || q->each[i]->account == *account);
	}
	return n;
}

/*
 * The newest that may go, of the greatest party, if that has two more than
 * `share`; with a party, of its greatest account.
 */
static struct fairq_item *
one_to_give_way(const struct fairq *q, const struct in6_addr *party,
    size_t share)
{
	struct fairq_item *newest = NULL;
	size_t most = share + 2;

	for (size_t i = 0; i < q->n; i++) {
		struct fairq_item *item = q->each[i];
		size_t n = share_of(q, &item->party,
		    party == NULL ? NULL : &item->account);

		if (item->state != FAIRQ_BUSY && n >= most
		    && (party == NULL || addr_eq(&item->party, party))) {
			newest = item;
			most = n;
		}
	}
	return newest;
}

bool
fairq_room(const struct fairq *q, const struct in6_addr *party,
    uint64_t account, size_t most, struct fairq_item **ret_out)
{
	size_t share = share_of(q, party, NULL);

	*ret_out = NULL;
	if (share >= most) {
		*ret_out = one_to_give_way(q, party,
		    share_of(q, party, &account));
	} else if (q->n == FAIRQ_MOST) {
		*ret_out = one_to_give_way(q, NULL, share);
	} else {
		return true;
	}
	return *ret_out != NULL;
}

/* All parties get their turns one after the other, however many they want. */
static uint64_t
turn_of(const struct fairq *q, const struct in6_addr *party)
{
	uint64_t turn = q->turn;

	for (size_t i = 0; i < q->n; i++) {
		if (q->each[i]->turn >= turn
		    && addr_eq(&q->each[i]->party, party)) {
			turn = q->each[i]->turn + 1;
		}
	}
	return turn;
}

void
fairq_add(struct fairq *q, struct fairq_item *item)
{
	item->turn = turn_of(q, &item->party);
	item->before = share_of(q, &item->party, &item->account);
	q->each[q->n++] = item;
}

void
fairq_remove(struct fairq *q, const struct fairq_item *item)
{
	size_t i = 0;

	while (i < q->n && q->each[i] != item) {
		i++;
	}
	if (i == q->n) {
		return;
	}
	q->n--;
	for (; i < q->n; i++) {
		q->each[i] = q->each[i + 1];
	}
}

/*
 * The party with the lowest turn is next; of its items the one with fewest
 * before it for the same account, and of these the oldest, which takes that
 * turn.
 */
struct fairq_item *
fairq_next(struct fairq *q)
{
	struct fairq_item *next = NULL, *best = NULL;
	uint64_t turn;

	for (size_t i = 0; i < q->n; i++) {
		struct fairq_item *item = q->each[i];

		if (item->state == FAIRQ_READY
		    && (next == NULL || item->turn < next->turn)) {
			next = item;
		}
	}
	for (size_t i = 0; next != NULL && i < q->n; i++) {
		struct fairq_item *item = q->each[i];

		if (item->state == FAIRQ_READY
		    && addr_eq(&item->party, &next->party)
		    && (best == NULL || item->before < best->before)) {
			best = item;
		}
	}
	if (best != NULL) {
		turn = next->turn;
		next->turn = best->turn;
		best->turn = turn;
	}
	return best;
}

void
fairq_begin(struct fairq *q, struct fairq_item *item)
{
	item->state = FAIRQ_BUSY;
	q->turn = item->turn;
}
